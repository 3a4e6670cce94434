"""What `study.yaml` declares about spectra: references, preprocessing, fit, quantification, quality."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pharmrs.core.records.declaration import Declaration, Fraction, Positive, Seconds
from pharmrs.spectra.records.declared_basis import StudyBasis
from pharmrs.spectra.records.declared_inspection import VisualInspection
from pharmrs.spectra.records.declared_reporting import Reporting
from pharmrs.spectra.records.fit import FitSettings, RatioPrior


class References(Declaration):
    """Which `*_mrsref` recording serves which purpose, told apart by a BIDS entity, e.g. `acq-quant`.

    Each key is the text that must occur as an entity in the file name (`acq-ecc`). Without a key, the only reference
    of the scan serves; with several references and no key the choice is ambiguous, which is an error.
    """

    quantification: str | None = Field(None, description="entity of the reference for water scaling, e.g. acq-quant")
    eddy_current: str | None = Field(None, description="entity of the reference for eddy-current correction")
    coil_combination: str | None = Field(None, description="entity of the reference for coil weights")


class QualityRules(Declaration):
    """Pre-declared exclusion rules; a missing key means the rule is not applied."""

    max_crlb_percent: Positive | None = Field(None, description="per metabolite: exclude the value above this (%)")
    max_line_width_hz: Positive | None = Field(None, description="per scan: FWHM of the modelled singlet (Hz)")
    min_signal_to_noise: Positive | None = Field(None, description="per scan: LCModel definition")
    metabolites: tuple[str, ...] = Field((), description="metabolites the CRLB rule is applied to; empty: all")
    visual_inspection: VisualInspection | None = Field(None, description="what the verdicts of `pharmrs review` mean")


class WaterRelaxation(Declaration):
    """Relaxation times used by the `water_relaxation` scale, seconds, with their source."""

    t1_metabolite_s: Seconds = Field(description="T1 of the metabolites, seconds")
    t2_metabolite_s: Seconds = Field(description="T2 of the metabolites, seconds")
    t1_water_s: Seconds = Field(description="T1 of water, seconds")
    t2_water_s: Seconds = Field(description="T2 of water, seconds")
    source: str = Field(description="DOI or 'measured'")


class Tissue(Declaration):
    """Volume fractions of the voxel where no segmentation is available yet."""

    gray_matter: Fraction
    white_matter: Fraction
    csf: Fraction
    sd: Fraction = Field(0.02, description="standard deviation of each fraction")
    source: str = Field(description="where the fractions come from")

    @model_validator(mode="after")
    def _sum_is_one(self) -> Tissue:
        total = self.gray_matter + self.white_matter + self.csf
        if abs(total - 1.0) > 1e-3:
            raise ValueError(f"gray_matter + white_matter + csf must be 1, is {total:g}")
        return self


class TissueWater(Declaration):
    """Relaxation times of water in grey matter, white matter and CSF, seconds, with their source."""

    t1_s: tuple[Seconds, Seconds, Seconds] = Field(description="T1 of grey matter, white matter, CSF, seconds")
    t2_s: tuple[Seconds, Seconds, Seconds] = Field(description="T2 of grey matter, white matter, CSF, seconds")
    source: str = Field(description="DOI or 'measured'")


class Alpha(Declaration):
    """Concentration of a metabolite in white matter over that in grey matter, e.g. 0.5 for GABA."""

    value: float = Field(ge=0, description="concentration in white matter over that in grey matter")
    sd: float = Field(0.0, ge=0, description="its standard deviation")
    source: str = Field(description="DOI or 'measured'")


class Quantification(Declaration):
    """How amplitudes become concentrations. `primary_scale` is the one the statistics will use."""

    primary_scale: Literal[
        "ratio_tcr",
        "institutional",
        "lcmodel_water",
        "water_relaxation",
        "gm_wm_normalised",
        "tissue_molal",
        "tissue_molar",
        "alpha_corrected",
        "alpha_normalised",
    ] = Field(description="declared before the analysis; all computable scales are written")
    water_concentration_mm: Positive = Field(35880.0, description="LCModel WCONC, mmol/L")
    water_attenuation: Positive = Field(0.7, description="LCModel ATTH2O")
    relaxation: WaterRelaxation | None = None
    tissue_water: TissueWater | None = Field(
        None, description="relaxation times of water in each tissue; by default published ones at 3 and 7 T"
    )
    alpha: dict[str, Alpha] = Field(
        default_factory=dict, description="metabolite -> white-to-grey ratio, for the alpha scales (Harris 2015)"
    )
    tissue: Tissue | None = Field(None, description="one set of fractions for all scans")
    tissue_by_scan: dict[str, Tissue] = Field(default_factory=dict, description="scan name (sub-01_ses-1) -> fractions")


class Ratio(Declaration):
    """A soft prior on an amplitude ratio, e.g. NAAG/NAA = 0.15 +- 0.15; it pulls, so it is declared and reported."""

    numerator: str = Field(min_length=1, description="component, e.g. NAAG")
    denominator: tuple[str, ...] = Field(min_length=1, description="components whose sum it is compared with")
    ratio: float = Field(ge=0, description="expected ratio of the amplitudes")
    sd: Positive = Field(description="its standard deviation")

    @model_validator(mode="after")
    def _parts_differ(self) -> Ratio:
        if self.numerator in self.denominator:
            raise ValueError("numerator must not be part of the denominator")
        return self

    def prior(self) -> RatioPrior:
        return RatioPrior(numerator=self.numerator, denominator=self.denominator, ratio=self.ratio, sd=self.sd)


class Fit(Declaration):
    """What is fitted. Everything has a default that suits brain spectra at 3-9.4 T."""

    ppm_low: float = 0.2
    ppm_high: float = 4.2
    omit: tuple[str, ...] = Field((), description="components of the basis set to leave out")
    add: tuple[Literal["mm", "lipids"], ...] = Field(
        (), description="built-in broad components to add: mm (macromolecules, one component), lipids (three)"
    )

    ratio_priors: tuple[Ratio, ...] = Field((), description="soft priors on amplitude ratios; none by default")

    @model_validator(mode="after")
    def _window_is_ordered(self) -> Fit:
        if self.ppm_high - self.ppm_low < 0.5:
            raise ValueError("ppm_high must be at least 0.5 ppm above ppm_low")
        return self

    def settings(self) -> FitSettings:
        return FitSettings(
            ppm_low=self.ppm_low,
            ppm_high=self.ppm_high,
            omit=self.omit,
            add=self.add,
            ratio_priors=tuple(ratio.prior() for ratio in self.ratio_priors),
        )


class Preprocessing(Declaration):
    """Steps that a study may switch off, e.g. for data already combined or corrected at the scanner."""

    eddy_current_correction: bool = True
    align_transients: bool = True
    reject_transients: bool = True
    remove_residual_water: bool = True
    skip_points: int = Field(0, ge=0, le=64, description="corrupt points at the start of each FID to drop")


class SpectraPlan(Declaration):
    """What `study.yaml` declares about spectra, all of it: the room's part of the plan of a study."""

    basis: StudyBasis = Field(description="basis set, path relative to study.yaml, or simulate: with a sequence")
    references: References = References()
    preprocessing: Preprocessing = Preprocessing()
    fit: Fit = Fit()
    quantification: Quantification
    quality: QualityRules
    reporting: Reporting = Field(Reporting(), description="texts for the MRSinMRS checklist that no header tells")
