"""What `study.yaml` declares about spectra: references, preprocessing, fit, quantification, quality."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pharmrs.core.constants import LCMODEL_WATER_ATTENUATION, LCMODEL_WATER_CONCENTRATION_MM
from pharmrs.core.records.declaration import Fraction, Positive, declaration, key
from pharmrs.core.records.tissue import TissueFractions
from pharmrs.spectra.records.declared_basis import BasisOrPath
from pharmrs.spectra.records.declared_series import Series
from pharmrs.spectra.records.fit import FitSection
from pharmrs.spectra.records.preprocessing import Preprocessing
from pharmrs.spectra.records.rules import LIMITS, VISUAL_INSPECTION, Rules
from pharmrs.spectra.records.scaling import SCALES, Scaling


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
class QualityRules(Rules):
    """Pre-declared exclusion rules; a missing key means the rule is not applied."""

    visual_inspection: VisualInspection | None = key("what the verdicts of `pharmrs review` mean", default=None)

    def limits(self) -> dict[str, float]:
        """Key -> limit of the rules that were declared; NaN where a rule has none."""
        limits = {rule.key: getattr(self, rule.key) for rule in LIMITS}
        declared = {name: limit for name, limit in limits.items() if limit is not None}
        return declared | ({VISUAL_INSPECTION.key: math.nan} if self.visual_inspection is not None else {})


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

    def fractions(self) -> TissueFractions:
        """As those of images: each with the same SD."""
        return TissueFractions(
            gray_matter=self.gray_matter,
            white_matter=self.white_matter,
            csf=self.csf,
            gray_matter_sd=self.sd,
            white_matter_sd=self.sd,
            csf_sd=self.sd,
            source=self.source,
        )


@declaration
class VisualInspection:
    """Spectra are judged with `pharmrs review`; this rule turns the verdicts into exclusions."""

    raters: int = key("raters that must have judged every scan", ge=1, le=10)
    exclude_when: Literal["any", "all"] = key("any: one rejecting rater suffices; all: every rater must")
    unsure_counts_as: Literal["accept", "reject"] = key("what the verdict 'unsure' means")
    repeats: float = key(
        "share of the scans that is shown to each rater a second time, to see how well raters agree with "
        "themselves; the first verdict counts",
        default=0.0,
        ge=0,
        le=0.5,
    )


@declaration
class Reporting:
    """Texts for the checklist of minimum reporting standards; a text given here stands before that of the headers."""

    region: str | None = key("where the voxel lies, and how it was placed", default=None, min_length=1)
    model: str | None = key("model of the scanner", default=None, min_length=1)
    software: str | None = key("software version of the scanner", default=None, min_length=1)
    transmit_coil: str | None = key("transmit coil: nucleus, channels, body part", default=None, min_length=1)
    receive_coil: str | None = key("receive coil: nucleus, channels, body part", default=None, min_length=1)
    additional_hardware: str | None = key("e.g. dielectric pads; 'none' if none", default=None, min_length=1)
    water_suppression: str | None = key("method of water suppression", default=None, min_length=1)
    shimming: str | None = key("shim method, and what counted as acceptable", default=None, min_length=1)
    motion_correction: str | None = key("triggering or motion correction; 'none'", default=None, min_length=1)


if TYPE_CHECKING:
    ScaleName = str
    NoScale = str
else:
    ScaleName, NoScale = Literal[tuple(SCALES)], Literal[("", *SCALES)]


@declaration
class Quantification(Scaling):
    """How amplitudes become concentrations. `primary_scale` is the one the statistics will use."""

    primary_scale: NoScale = key(
        "declared before the analysis; all computable scales are written; needed where there are spectra", default=""
    )
    tissue: Tissue | None = key("one set of fractions for all scans", default=None)
    tissue_by_scan: dict[str, Tissue] = key("scan name (sub-01_ses-1) -> fractions", default_factory=dict)
    tissue_table: str | None = key(
        "table of fractions, path relative to study.yaml: scan or subject and session, gray_matter, white_matter, csf, "
        "sd; as Osprey and Gannet write them, too",
        default=None,
        min_length=1,
    )


@declaration
class ForeignResults:
    """Concentrations that another program made: of scans without a recording here, or instead of our fit of it.

    What a file tells (LCModel's .table: field, echo time, water scaling) comes before what is declared here.
    """

    folder: str = key("folder of its files, relative to study.yaml", default="sourcedata/results", min_length=1)
    map: str | None = key(
        "table that says which file is which scan (file, scan, subject, session), relative to study.yaml; default: "
        "map.tsv in the folder where there is one, else names such as sub-01_ses-1",
        default=None,
        min_length=1,
    )
    tool: str | None = key("the program, e.g. LCModel; results of another one are refused", default=None)
    scale: ScaleName | None = key(
        "scale of values whose file does not say it, e.g. lcmodel_water for LCModel's .csv", default=None
    )
    water_concentration_mm: Positive = key("WCONC of values on lcmodel_water whose file gives none",
                                           default=LCMODEL_WATER_CONCENTRATION_MM.value)  # fmt: skip
    water_attenuation: Positive = key("ATTH2O, likewise", default=LCMODEL_WATER_ATTENUATION.value)
    metabolite_attenuation: Positive = key("ATTMET, likewise", default=1.0)
    spectrometer_frequency_mhz: Positive | None = key(
        "of scans without a recording, where no file gives it", default=None
    )
    echo_time_ms: Positive | None = key("likewise; of water too", default=None, le=500)
    repetition_time_ms: Positive | None = key("likewise", default=None, le=20000)
    mixing_time_ms: Positive | None = key("likewise, of STEAM", default=None, le=2000)
    prefer: Literal["theirs", "ours"] = key(
        "whose values count where a scan has both; the page of the comparison shows both", default="theirs"
    )


@declaration
class SpectraPlan:
    """What `study.yaml` declares about spectra, all of it: the room's part of the plan of a study."""

    basis: BasisOrPath | None = key(
        "basis set, path relative to study.yaml, or simulate: with a sequence; recordings are fitted with it",
        default=None,
    )
    results: ForeignResults | None = key("concentrations of another program", default=None)
    references: References = References()
    preprocessing: Preprocessing = Preprocessing()
    fit: FitSection = FitSection()
    quantification: Quantification = Quantification()
    quality: QualityRules = QualityRules()
    shared_macromolecules: bool = key(
        "the scans of a person are fitted once more with the macromolecules of the person: both values are reported, "
        "and Glu_shared may be an outcome beside Glu",
        default=False,
    )
    series: Series | None = key(
        "recordings of a session as a course over time: how metabolites change while a drug is given", default=None
    )
    reporting: Reporting = key("texts for the MRSinMRS checklist that no header gives", default=Reporting())
