"""Tissue fractions of a voxel: what anatomy finds and spectra use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.records.handover import Handover


@dataclass(frozen=True, slots=True, kw_only=True)
class TissueFractions:
    """Volume fractions of the voxel (0-1, sum 1), the SD of each, and where they come from.

    `csf_common_sd`: SD of an error of `csf`, at the cost of grey matter, that all scans share; not part of the others.
    """

    gray_matter: float
    white_matter: float
    csf: float
    gray_matter_sd: float
    white_matter_sd: float
    csf_sd: float
    source: str
    csf_common_sd: float = 0.0

    @property
    def values(self) -> FloatArray:
        """Grey matter, white matter, CSF; shape (3,)."""
        return np.array([self.gray_matter, self.white_matter, self.csf])

    def with_fluid(self, more: float) -> TissueFractions:
        """The same with more CSF and less grey matter, as by their common error."""
        return replace(self, gray_matter=self.gray_matter - more, csf=self.csf + more)

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
class StudyTissue:
    """Tissue fractions measured in the images of a study: scan -> fractions, or scan -> why there are none."""

    measured: Mapping[str, TissueFractions] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


TISSUE: Handover[StudyTissue] = Handover("tissue fractions", StudyTissue())
