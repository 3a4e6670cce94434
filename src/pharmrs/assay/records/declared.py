"""The assay as `study.yaml` declares it: analyte, reads, curve, limits and rules."""

from __future__ import annotations

from typing import Literal

from pharmrs.assay.records.choices import Blanks
from pharmrs.assay.records.presets import PRESETS, PresetName
from pharmrs.assay.records.settings import AssaySettings, CurveSettings, DeclaredLimit
from pharmrs.core.records.declaration import Positive, declaration, key, taken_from


@declaration
class Outliers:
    """The rule for single wells. Every outlier is shown; whether it counts is declared."""

    limit: Positive = key("distance from replicates or curve, in SD, above which a well is one", default=4.0)
    action: Literal["keep", "exclude"] = key("exclude: wells beyond the limit do not count", default="keep")


@declaration
class Assay(CurveSettings):
    """A biomarker measured on plates with a standard curve; exports and layouts lie in sourcedata/assay."""

    analyte: str = key("what is measured, e.g. BDNF", min_length=1)
    unit: str = key("unit of the standards and of the results, e.g. pg/mL", min_length=1)
    blanks: Blanks = key(
        "whether blank wells are standards of concentration zero; never subtracted", default="zero_standard"
    )
    preset: PresetName | None = key(
        "model, weights and blanks as this program offers them first; instead of these three keys", default=None
    )
    lower_limit: DeclaredLimit | Literal["derived"] = key(
        "limit of quantification: value and refers_to, or derived from the recovery of the standards"
    )
    upper_limit: DeclaredLimit | Literal["derived"] = key("the same at the upper end", default="derived")
    outliers: Outliers = Outliers()

    def __post_init__(self) -> None:
        if not self.recovery_percent[0] < 100.0 < self.recovery_percent[1]:
            raise ValueError("recovery_percent must be a band around 100, e.g. [80, 120]")
        if self.preset is not None and (self.model, self.weights, self.blanks) != ("auto", "1/y^2", "zero_standard"):
            raise ValueError("preset stands for model, weights and blanks: declare it, or them")
        if self.reference_wavelength_nm is not None and self.wavelength_nm is None:
            raise ValueError("with reference_wavelength_nm, wavelength_nm must be declared too")

    def settings(self) -> AssaySettings:
        """The settings of the analysis of plates."""
        lower, upper = self.lower_limit, self.upper_limit
        chosen = PRESETS[self.preset] if self.preset is not None else self
        return taken_from(
            self,
            AssaySettings,
            model=chosen.model,
            weights=chosen.weights,
            lower_limit=lower if isinstance(lower, DeclaredLimit) else None,
            upper_limit=upper if isinstance(upper, DeclaredLimit) else None,
            blanks_are_zero_standards=chosen.blanks == "zero_standard",
            outlier_limit=self.outliers.limit,
            exclude_outliers=self.outliers.action == "exclude",
        )
