"""`study.yaml`: what the study declares before the analysis is run. Every key is documented here and in the schema."""

from __future__ import annotations

from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.assay.records.declared import Assay
from pharmrs.core.records.declaration import declaration, key
from pharmrs.genotype.records.declared import GenotypeSection
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.trial.records.declared_analysis import AnalysisSection
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.declared_power import Power, SeriesPower


@declaration
class Study(SpectraPlan):
    """The whole of `study.yaml`."""

    title: str = key("name of the study, for the report", min_length=1)
    design: Design | None = key("treatments, periods and time points of the trial", default=None)
    analysis: AnalysisSection | None = key("the analysis plan of the trial; needs design", default=None)
    power: Power | None = key("what the planned trial is expected to be like, for pharmrs power", default=None)
    power_series: SeriesPower | None = key(
        "what a change during the session is expected to be, for pharmrs power", default=None
    )
    anatomy: Anatomy | None = key("tissue fractions from images; without it none are looked at", default=None)
    assay: Assay | None = key("biomarker measured on plates, exports in sourcedata/assay", default=None)
    genotype: GenotypeSection | None = key("markers of sourcedata/genotyping and rules of calling", default=None)
    observations: str | None = key(
        "table of observations that is ready, path relative to study.yaml: the analysis takes it instead of what the "
        "other sections measure",
        default=None,
        min_length=1,
    )

    def __post_init__(self) -> None:
        if self.analysis is not None and self.design is None:
            raise ValueError("analysis needs design: declare kind, treatments, baseline and follow_up")
        if self.observations is not None and self.analysis is None:
            raise ValueError("observations needs design and analysis: what is to be done with the table")
        if self.power is not None and (self.design is None or len(self.power.slopes) != len(self.design.treatments)):
            raise ValueError("power needs design, and power.slopes one value per treatment of it")
        if self.power_series is not None and (
            self.design is None or len(self.power_series.change_percent) != len(self.design.treatments)
        ):
            raise ValueError("power_series needs design, and change_percent one value per treatment of it")
        if self.anatomy is not None and self.quantification.tissue is not None:
            raise ValueError(
                "anatomy and quantification.tissue exclude each other; use tissue_by_scan for single scans"
            )
