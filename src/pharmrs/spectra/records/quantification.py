"""Concentrations and quality of one scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TissueFractions:
    """Volume fractions of the voxel (0-1, sum 1), the SD of each, and where they come from."""

    gray_matter: float
    white_matter: float
    csf: float
    gray_matter_sd: float
    white_matter_sd: float
    csf_sd: float
    source: str

    @property
    def values(self) -> FloatArray:
        """Grey matter, white matter, CSF; shape (3,)."""
        return np.array([self.gray_matter, self.white_matter, self.csf])

    @property
    def covariance(self) -> FloatArray:
        """Covariance of `values`, shape (3, 3).

        The sum is 1 without error, so the SDs fix it: cov(GM, WM) = (var CSF - var GM - var WM) / 2, and so on.
        """
        variance = np.square([self.gray_matter_sd, self.white_matter_sd, self.csf_sd])
        others = variance.sum() - variance[:, None] - variance[None, :]  # variance of the third of each pair
        pairs = 0.5 * (others - variance[:, None] - variance[None, :])
        return np.asarray(np.where(np.eye(3, dtype=bool), np.diag(variance), pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """One metabolite on one scale. `value` is NaN only where `reason` says why it cannot be given.

    `scale`: key of the scale registry (`ratio_tcr`, `lcmodel_water`, ...); `unit`: mmol/L, mmol/kg or 1.
    `sd` is propagated from the fit, the water amplitude and, where they enter, the tissue fractions.
    """

    metabolite: str
    scale: str
    value: float
    sd: float
    unit: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanQuality:
    """Quality of one scan, as defined by the field (definitions in the data dictionary)."""

    signal_to_noise: float
    line_width_hz: float
    water_line_width_hz: float
    residual_autocorrelation: float
    noise_sd: float
    transients: int
    transients_rejected: int
    frequency_drift_hz: float
    baseline_freedom: float
    left_out_percent: float
    converged: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """One rule that one scan (or one metabolite of it) broke: what, which rule, the value, and who said so."""

    scan: str
    metabolite: str
    rule: str
    limit: float
    value: float
    decided_by: str = "pre-declared rule"
