"""The analysis plan as `study.yaml` declares it: stated before the analysis, hashed, and named in every result."""

from __future__ import annotations

from typing import Literal

from pharmrs.core.records.declaration import declaration, key, taken_from
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.declared_power import Power


@declaration
class Analysis(AnalysisPlan):
    """What the statistics do. Choices that change numbers have no default: they are the study's own."""

    metabolite: str = key("metabolite of metabolites.tsv, e.g. Glu", min_length=1)
    biomarker: str = key("analyte of biomarkers.tsv, e.g. BDNF", min_length=1)
    scan: str = key("entity of the scan where a session has several, e.g. acq-pgacc", default="")
    time_adjustment: Literal["linear", "none"] = key(
        "linear: residuals of the biomarker over the time of day of the sample; none: as measured"
    )
    biomarker_transform: Literal["shifted_log", "log", "none"] = key(
        "shifted_log: log(residual + |smallest| + 1), depends on the assay's unit; log; none"
    )
    biomarker_change: Literal["relative", "difference", "log_ratio"] = key(
        "of the transformed level, from baseline to follow-up"
    )
    metabolite_change: Literal["relative", "difference", "log_ratio"] = key(
        "of the concentration, from baseline to follow-up"
    )

    def __post_init__(self) -> None:
        names = [covariate.name for covariate in self.covariates]
        if len(set(names)) < len(names):
            raise ValueError("covariates must be named once each")
        if both := sorted({*self.models} & {*self.exploratory}):
            raise ValueError(f"a model is either declared or exploratory, not both: {', '.join(both)}")
        if self.biomarker_transform != "none" and self.biomarker_change == "log_ratio":
            raise ValueError("log_ratio of a logarithm is no change of concentration; with log use difference")
        if (
            self.time_adjustment == "linear"
            and self.biomarker_transform == "none"
            and self.biomarker_change != "difference"
        ):
            raise ValueError("adjusted concentrations can be negative: without a transform use difference")

    def plan(self, primary_scale: str = "") -> AnalysisPlan:
        """The plan as the statistics use it; `primary_scale` is taken where no scale is declared."""
        return taken_from(self, AnalysisPlan, scale=self.scale or primary_scale)


@declaration
class StudyPlan:
    """A study.yaml that declares nothing but the trial: enough for `pharmrs analyse` of a ready observation table."""

    title: str = key("name of the study, for the report", min_length=1)
    design: Design = key("treatments, periods and time points of the trial")
    analysis: Analysis = key("what the statistics do")
    power: Power | None = key("what the planned trial is expected to be like, for pharmrs power", default=None)

    def __post_init__(self) -> None:
        if self.power is not None and len(self.power.slopes) != len(self.design.treatments):
            raise ValueError(f"power.slopes needs one value per treatment ({len(self.design.treatments)})")
