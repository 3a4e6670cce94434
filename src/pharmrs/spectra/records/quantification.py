"""Concentrations and quality of one scan."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """One metabolite on one scale. `value` is NaN only where `reason` says why it cannot be given.

    `scale`: key of the scale registry (`ratio_tcr`, `lcmodel_water`, ...); `unit`: mmol/L, mmol/kg or 1.
    `sd` is propagated from the fit, the water amplitude and, where they enter, the tissue fractions; `common_sd` from
    the error of the tissue fractions that all scans share, which moves their mean and hardly their differences.
    """

    metabolite: str
    scale: str
    value: float
    sd: float
    unit: str
    reason: str = ""
    common_sd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanQuality:
    """Quality of one scan, as defined by the field (definitions in the data dictionary).

    What another program does not tell of its fit is NaN or None. The two of an edited scan are None where there is no
    such editing to judge, NaN where it could not be measured.
    """

    signal_to_noise: float
    line_width_hz: float
    water_line_width_hz: float
    residual_autocorrelation: float
    noise_sd: float
    transients: int | None
    transients_rejected: int | None
    frequency_drift_hz: float
    baseline_freedom: float
    left_out_percent: float
    converged: bool | None
    message: str
    choline_artefact_percent: float | None = None
    naa_residue_percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """One rule that one scan (or one metabolite of it) broke: what, which rule, the value, and who said so."""

    scan: str
    metabolite: str
    rule: str
    limit: float
    value: float
    decided_by: str = "pre-declared rule"
