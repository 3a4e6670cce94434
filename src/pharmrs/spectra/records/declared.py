"""What `study.yaml` declares about spectra: references, preprocessing, fit, quantification, quality."""

from __future__ import annotations

from typing import Literal

from pharmrs.core.records.declaration import Fraction, Positive, Seconds, declaration, key
from pharmrs.spectra.records.declared_basis import BasisOrPath
from pharmrs.spectra.records.declared_inspection import VisualInspection
from pharmrs.spectra.records.declared_reporting import Reporting
from pharmrs.spectra.records.fit import FitSettings, RatioPrior


@declaration
class References:
    """Which `*_mrsref` recording serves which purpose, told apart by a BIDS entity, e.g. `acq-quant`.

    Each key is the text that must occur as an entity in the file name (`acq-ecc`). Without a key, the only reference
    of the scan serves; with several references and no key the choice is ambiguous, which is an error.
    """

    quantification: str | None = key("entity of the reference for water scaling, e.g. acq-quant", default=None)
    eddy_current: str | None = key("entity of the reference for eddy-current correction", default=None)
    coil_combination: str | None = key("entity of the reference for coil weights", default=None)


@declaration
class QualityRules:
    """Pre-declared exclusion rules; a missing key means the rule is not applied."""

    max_crlb_percent: Positive | None = key("per metabolite: exclude the value above this (%)", default=None)
    max_line_width_hz: Positive | None = key("per scan: FWHM of the modelled singlet (Hz)", default=None)
    min_signal_to_noise: Positive | None = key("per scan: LCModel definition", default=None)
    metabolites: tuple[str, ...] = key("metabolites the CRLB rule is applied to; empty: all", default=())
    visual_inspection: VisualInspection | None = key("what the verdicts of `pharmrs review` mean", default=None)


@declaration
class WaterRelaxation:
    """Relaxation times used by the `water_relaxation` scale, seconds, with their source."""

    t1_metabolite_s: Seconds = key("T1 of the metabolites, seconds")
    t2_metabolite_s: Seconds = key("T2 of the metabolites, seconds")
    t1_water_s: Seconds = key("T1 of water, seconds")
    t2_water_s: Seconds = key("T2 of water, seconds")
    source: str = key("DOI or 'measured'")


@declaration
class Tissue:
    """Volume fractions of the voxel where no segmentation is available yet."""

    gray_matter: Fraction
    white_matter: Fraction
    csf: Fraction
    sd: Fraction = key("standard deviation of each fraction", default=0.02)
    source: str = key("where the fractions come from")

    def __post_init__(self) -> None:
        total = self.gray_matter + self.white_matter + self.csf
        if abs(total - 1.0) > 1e-3:
            raise ValueError(f"gray_matter + white_matter + csf must be 1, is {total:g}")


@declaration
class TissueWater:
    """Relaxation times of water in grey matter, white matter and CSF, seconds, with their source."""

    t1_s: tuple[Seconds, Seconds, Seconds] = key("T1 of grey matter, white matter, CSF, seconds")
    t2_s: tuple[Seconds, Seconds, Seconds] = key("T2 of grey matter, white matter, CSF, seconds")
    source: str = key("DOI or 'measured'")


@declaration
class Alpha:
    """Concentration of a metabolite in white matter over that in grey matter, e.g. 0.5 for GABA."""

    value: float = key("concentration in white matter over that in grey matter", ge=0)
    sd: float = key("its standard deviation", default=0.0, ge=0)
    source: str = key("DOI or 'measured'")


@declaration
class Quantification:
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
    ] = key("declared before the analysis; all computable scales are written")
    water_concentration_mm: Positive = key("LCModel WCONC, mmol/L", default=35880.0)
    water_attenuation: Positive = key("LCModel ATTH2O", default=0.7)
    relaxation: WaterRelaxation | None = None
    tissue_water: TissueWater | None = key(
        "relaxation times of water in each tissue; by default published ones at 3 and 7 T", default=None
    )
    alpha: dict[str, Alpha] = key(
        "metabolite -> white-to-grey ratio, for the alpha scales (Harris 2015)", default_factory=dict
    )
    tissue: Tissue | None = key("one set of fractions for all scans", default=None)
    tissue_by_scan: dict[str, Tissue] = key("scan name (sub-01_ses-1) -> fractions", default_factory=dict)


@declaration
class Ratio:
    """A soft prior on an amplitude ratio, e.g. NAAG/NAA = 0.15 +- 0.15; it pulls, so it is declared and reported."""

    numerator: str = key("component, e.g. NAAG", min_length=1)
    denominator: tuple[str, ...] = key("components whose sum it is compared with", min_length=1)
    ratio: float = key("expected ratio of the amplitudes", ge=0)
    sd: Positive = key("its standard deviation")

    def __post_init__(self) -> None:
        if self.numerator in self.denominator:
            raise ValueError("numerator must not be part of the denominator")

    def prior(self) -> RatioPrior:
        return RatioPrior(numerator=self.numerator, denominator=self.denominator, ratio=self.ratio, sd=self.sd)


@declaration
class Fit:
    """What is fitted. Everything has a default that suits brain spectra at 3-9.4 T."""

    ppm_low: float = 0.2
    ppm_high: float = 4.2
    omit: tuple[str, ...] = key("components of the basis set to leave out", default=())
    add: tuple[Literal["mm", "lipids"], ...] = key(
        "built-in broad components to add: mm (macromolecules, one component), lipids (three)", default=()
    )

    ratio_priors: tuple[Ratio, ...] = key("soft priors on amplitude ratios; none by default", default=())

    def __post_init__(self) -> None:
        if self.ppm_high - self.ppm_low < 0.5:
            raise ValueError("ppm_high must be at least 0.5 ppm above ppm_low")

    def settings(self) -> FitSettings:
        return FitSettings(
            ppm_low=self.ppm_low,
            ppm_high=self.ppm_high,
            omit=self.omit,
            add=self.add,
            ratio_priors=tuple(ratio.prior() for ratio in self.ratio_priors),
        )


@declaration
class Preprocessing:
    """Steps that a study may switch off, e.g. for data already combined or corrected at the scanner."""

    eddy_current_correction: bool = True
    align_transients: bool = True
    reject_transients: bool = True
    remove_residual_water: bool = True
    skip_points: int = key("corrupt points at the start of each FID to drop", default=0, ge=0, le=64)


@declaration
class SpectraPlan:
    """What `study.yaml` declares about spectra, all of it: the room's part of the plan of a study."""

    basis: BasisOrPath = key("basis set, path relative to study.yaml, or simulate: with a sequence")
    references: References = References()
    preprocessing: Preprocessing = Preprocessing()
    fit: Fit = Fit()
    quantification: Quantification
    quality: QualityRules
    reporting: Reporting = key("texts for the MRSinMRS checklist that no header tells", default=Reporting())
