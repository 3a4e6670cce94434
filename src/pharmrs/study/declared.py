"""`study.yaml`: what the study declares before the analysis is run. Every key is documented here and in the schema."""

from __future__ import annotations

from pydantic import Field, model_validator

from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.assay.records.declared import Assay
from pharmrs.genotype.records.declared import GenotypeSection
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.trial.records.declared_analysis import Analysis
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.declared_power import Power


class Study(SpectraPlan):
    """The whole of `study.yaml`."""

    title: str = Field(min_length=1, description="name of the study, for the report")
    design: Design | None = Field(None, description="treatments, periods and time points of the trial")
    analysis: Analysis | None = Field(None, description="the analysis plan of the trial; needs design")
    power: Power | None = Field(None, description="what the planned trial is expected to be like, for pharmrs power")
    anatomy: Anatomy | None = Field(None, description="tissue fractions from images; without it none are looked at")
    assay: Assay | None = Field(None, description="biomarker measured on plates, exports in sourcedata/assay")
    genotype: GenotypeSection | None = Field(None, description="markers of sourcedata/genotyping and rules of calling")

    @model_validator(mode="after")
    def _analysis_has_a_design(self) -> Study:
        if self.analysis is not None and self.design is None:
            raise ValueError("analysis needs design: declare kind, treatments, baseline and follow_up")
        if self.power is not None and (self.design is None or len(self.power.slopes) != len(self.design.treatments)):
            raise ValueError("power needs design, and power.slopes one value per treatment of it")
        return self

    @model_validator(mode="after")
    def _tissue_has_one_source(self) -> Study:
        if self.anatomy is not None and self.quantification.tissue is not None:
            raise ValueError(
                "anatomy and quantification.tissue exclude each other; use tissue_by_scan for single scans"
            )
        return self
