"""Settings of the assay that change numbers."""

from __future__ import annotations

from dataclasses import asdict

from pharmrs.assay.records.acceptance import AcceptanceRules
from pharmrs.assay.records.choices import ModelChoice, RefersTo, Weights
from pharmrs.core.records.declaration import Positive, declaration, key


@declaration
class DeclaredLimit:
    """A limit of quantification stated beforehand, e.g. by the maker of the kit."""

    value: Positive = key("the limit, in assay.unit")
    refers_to: RefersTo = key("in_well: before, in_sample: after multiplication by the dilution")


@declaration
class CurveSettings:
    """What a study declares and the analysis takes as it is."""

    read: str = key("read of the signal by its label or number, where no wavelength identifies it", default="")
    wavelength_nm: Positive | None = key("read of the signal; not needed with a single read", default=None)
    reference_wavelength_nm: Positive | None = key("read that is subtracted well by well", default=None)
    model: ModelChoice = key("auto: five parameters only if AICc asks for it", default="auto")
    weights: Weights = key(
        "weights of the standards; fitted: a power of the response, from the scatter of the replicates",
        default="1/y^2",
    )
    recovery_percent: tuple[Positive, Positive] = key(
        "recovery of a back-fitted standard that counts as quantifiable", default=(80.0, 120.0)
    )
    precision_percent: Positive | None = key(
        "CV of a concentration at a derived limit of quantification, at most (25 in ICH M10); null: no rule",
        default=25.0,
    )
    total_error_percent: Positive | None = key(
        "error of recovery and CV together there, at most (40 in ICH M10); null: no rule", default=40.0
    )
    max_cv_percent: Positive | None = key("replicates that differ by more do not count (CV of responses)", default=None)
    preparation_cv_percent: float = key(
        "error of diluting a sample (%), shared by its replicates; adds to the SD", default=0.0, ge=0, le=100
    )
    bootstrap_draws: int = key("draws for the bootstrap intervals; 0: none", default=1000, ge=0, le=100_000)
    seed: int = key("seed of the draws", default=1, ge=0)
    acceptance: AcceptanceRules = AcceptanceRules()


@declaration
class AssaySettings(CurveSettings):
    """Settings that change numbers; part of the settings hash.

    `lower_limit`, `upper_limit`: declared limits; None: derived from the standards. `blanks_are_zero_standards`: blank
    wells enter the curve at concentration zero. `outlier_limit`: standardised deviation above which a well is an
    outlier; `exclude_outliers`: whether outlier wells are left out (they are shown either way).
    """

    analyte: str = "analyte"
    unit: str = ""
    lower_limit: DeclaredLimit | None = None
    upper_limit: DeclaredLimit | None = None
    blanks_are_zero_standards: bool = True
    outlier_limit: float = 4.0
    exclude_outliers: bool = False
    confidence: float = 0.95

    def as_dict(self) -> dict[str, object]:
        return asdict(self)
