"""Settings of the assay that change numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

ModelChoice = Literal["auto", "4pl", "5pl"]
Weights = Literal["1/y^2", "1/y", "none"]
RefersTo = Literal["in_well", "in_sample"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredLimit:
    """A limit of quantification stated beforehand, and whether it holds in the well or in the undiluted sample."""

    value: float
    refers_to: RefersTo


@dataclass(frozen=True, slots=True, kw_only=True)
class AssaySettings:
    """Settings that change numbers; part of the settings hash.

    `wavelength_nm`, `reference_wavelength_nm`: reads used (None: the only one; no correction). `lower_limit`,
    `upper_limit`: declared limits; None: derived from the standards. `blanks_are_zero_standards`: blank wells enter
    the curve at concentration zero. `outlier_limit`: standardised deviation above which a well is an outlier;
    `exclude_outliers`: whether outlier wells are left out (they are shown either way). `max_cv_percent`: replicates
    that disagree by more are flagged (None: no rule). `preparation_cv_percent`: error of preparing (diluting) a sample,
    which its replicates share and cannot show. `recovery_percent`: band of the back-fitted standards within
    which a level counts as quantifiable. `bootstrap_draws`, `seed`: of the bootstrap intervals (0: none).
    """

    analyte: str = "analyte"
    unit: str = ""
    wavelength_nm: float | None = None
    reference_wavelength_nm: float | None = None
    model: ModelChoice = "auto"
    weights: Weights = "1/y^2"
    lower_limit: DeclaredLimit | None = None
    upper_limit: DeclaredLimit | None = None
    blanks_are_zero_standards: bool = True
    outlier_limit: float = 4.0
    exclude_outliers: bool = False
    max_cv_percent: float | None = None
    preparation_cv_percent: float = 0.0
    recovery_percent: tuple[float, float] = (80.0, 120.0)
    confidence: float = 0.95
    bootstrap_draws: int = 1000
    seed: int = 1

    def as_dict(self) -> dict[str, object]:
        return asdict(self)
