"""The assay as `study.yaml` declares it: analyte, reads, curve, limits and rules."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pharmrs.assay.records.settings import AssaySettings, DeclaredLimit
from pharmrs.core.records.declaration import Declaration, Positive


class Limit(Declaration):
    """A limit of quantification stated beforehand, e.g. by the maker of the kit."""

    value: Positive = Field(description="the limit, in assay.unit")
    refers_to: Literal["in_well", "in_sample"] = Field(
        description="in_well: before, in_sample: after multiplication by the dilution"
    )

    def declared(self) -> DeclaredLimit:
        """The limit as the assay takes it."""
        return DeclaredLimit(value=self.value, refers_to=self.refers_to)


class Outliers(Declaration):
    """The rule for single wells. Every outlier is shown; whether it counts is declared."""

    limit: Positive = Field(4.0, description="distance from replicates or curve, in SD, above which a well is one")
    action: Literal["keep", "exclude"] = Field("keep", description="exclude: wells beyond the limit do not count")


class Assay(Declaration):
    """A biomarker measured on plates with a standard curve; exports and layouts lie in sourcedata/assay."""

    analyte: str = Field(min_length=1, description="what is measured, e.g. BDNF")
    unit: str = Field(min_length=1, description="unit of the standards and of the results, e.g. pg/mL")
    wavelength_nm: Positive | None = Field(None, description="read of the signal; not needed with a single read")
    reference_wavelength_nm: Positive | None = Field(None, description="read that is subtracted well by well")
    model: Literal["auto", "4pl", "5pl"] = Field("auto", description="auto: five parameters only if AICc asks for it")
    weights: Literal["1/y^2", "1/y", "none"] = Field("1/y^2", description="weights of the standards")
    blanks: Literal["zero_standard", "separate"] = Field(
        "zero_standard", description="whether blank wells are standards of concentration zero; never subtracted"
    )
    lower_limit: Limit | Literal["derived"] = Field(
        description="limit of quantification: value and refers_to, or derived from the recovery of the standards"
    )
    upper_limit: Limit | Literal["derived"] = Field("derived", description="the same at the upper end")
    recovery_percent: tuple[Positive, Positive] = Field(
        (80.0, 120.0), description="recovery of a back-fitted standard that counts as quantifiable"
    )
    max_cv_percent: Positive | None = Field(None, description="flag replicates that differ by more (CV of responses)")
    preparation_cv_percent: float = Field(
        0.0, ge=0, le=100, description="error of diluting a sample (%), shared by its replicates; adds to the SD"
    )
    outliers: Outliers = Outliers()
    bootstrap_draws: int = Field(1000, ge=0, le=100_000, description="draws for the bootstrap intervals; 0: none")
    seed: int = Field(1, ge=0, description="seed of the draws")

    @model_validator(mode="after")
    def _in_order(self) -> Assay:
        if not self.recovery_percent[0] < 100.0 < self.recovery_percent[1]:
            raise ValueError("recovery_percent must be a band around 100, e.g. [80, 120]")
        if self.reference_wavelength_nm is not None and self.wavelength_nm is None:
            raise ValueError("with reference_wavelength_nm, wavelength_nm must be declared too")
        return self

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
