"""The assay as `study.yaml` declares it: analyte, reads, curve, limits and rules."""

from __future__ import annotations

from typing import Literal

from pharmrs.assay.records.settings import AssaySettings, DeclaredLimit
from pharmrs.core.records.declaration import Positive, declaration, key


@declaration
class Limit:
    """A limit of quantification stated beforehand, e.g. by the maker of the kit."""

    value: Positive = key("the limit, in assay.unit")
    refers_to: Literal["in_well", "in_sample"] = key("in_well: before, in_sample: after multiplication by the dilution")

    def declared(self) -> DeclaredLimit:
        """The limit as the assay takes it."""
        return DeclaredLimit(value=self.value, refers_to=self.refers_to)


@declaration
class Outliers:
    """The rule for single wells. Every outlier is shown; whether it counts is declared."""

    limit: Positive = key("distance from replicates or curve, in SD, above which a well is one", default=4.0)
    action: Literal["keep", "exclude"] = key("exclude: wells beyond the limit do not count", default="keep")


@declaration
class Assay:
    """A biomarker measured on plates with a standard curve; exports and layouts lie in sourcedata/assay."""

    analyte: str = key("what is measured, e.g. BDNF", min_length=1)
    unit: str = key("unit of the standards and of the results, e.g. pg/mL", min_length=1)
    wavelength_nm: Positive | None = key("read of the signal; not needed with a single read", default=None)
    reference_wavelength_nm: Positive | None = key("read that is subtracted well by well", default=None)
    model: Literal["auto", "4pl", "5pl"] = key("auto: five parameters only if AICc asks for it", default="auto")
    weights: Literal["1/y^2", "1/y", "none"] = key("weights of the standards", default="1/y^2")
    blanks: Literal["zero_standard", "separate"] = key(
        "whether blank wells are standards of concentration zero; never subtracted", default="zero_standard"
    )
    lower_limit: Limit | Literal["derived"] = key(
        "limit of quantification: value and refers_to, or derived from the recovery of the standards"
    )
    upper_limit: Limit | Literal["derived"] = key("the same at the upper end", default="derived")
    recovery_percent: tuple[Positive, Positive] = key(
        "recovery of a back-fitted standard that counts as quantifiable", default=(80.0, 120.0)
    )
    max_cv_percent: Positive | None = key("flag replicates that differ by more (CV of responses)", default=None)
    preparation_cv_percent: float = key(
        "error of diluting a sample (%), shared by its replicates; adds to the SD", default=0.0, ge=0, le=100
    )
    outliers: Outliers = Outliers()
    bootstrap_draws: int = key("draws for the bootstrap intervals; 0: none", default=1000, ge=0, le=100_000)
    seed: int = key("seed of the draws", default=1, ge=0)

    def __post_init__(self) -> None:
        if not self.recovery_percent[0] < 100.0 < self.recovery_percent[1]:
            raise ValueError("recovery_percent must be a band around 100, e.g. [80, 120]")
        if self.reference_wavelength_nm is not None and self.wavelength_nm is None:
            raise ValueError("with reference_wavelength_nm, wavelength_nm must be declared too")

    def settings(self) -> AssaySettings:
        """The settings of the analysis of plates."""
        lower, upper = self.lower_limit, self.upper_limit
        return AssaySettings(
            analyte=self.analyte,
            unit=self.unit,
            wavelength_nm=self.wavelength_nm,
            reference_wavelength_nm=self.reference_wavelength_nm,
            model=self.model,
            weights=self.weights,
            lower_limit=lower.declared() if isinstance(lower, Limit) else None,
            upper_limit=upper.declared() if isinstance(upper, Limit) else None,
            blanks_are_zero_standards=self.blanks == "zero_standard",
            outlier_limit=self.outliers.limit,
            exclude_outliers=self.outliers.action == "exclude",
            max_cv_percent=self.max_cv_percent,
            preparation_cv_percent=self.preparation_cv_percent,
            recovery_percent=self.recovery_percent,
            bootstrap_draws=self.bootstrap_draws,
            seed=self.seed,
        )
