"""The analysis plan as `study.yaml` declares it: stated before the analysis, hashed, and named in every result."""

from __future__ import annotations

from typing import Literal

from pharmrs.core.records.declaration import declaration, key, taken_from
from pharmrs.trial.records.analysis import COUPLING, AnalysisPlan
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.declared_power import Power, SeriesPower


@declaration
class AnalysisSection(AnalysisPlan):
    """What the statistics do. Choices that change numbers have no default: they are the study's own."""

    metabolite: str = key("metabolite of metabolites.tsv, e.g. Glu; empty: the biomarker alone", default="")
    biomarker: str = key("analyte of biomarkers.tsv, e.g. BDNF; empty: the metabolite alone", default="")
    scan: str = key("entity of the scan where a session has several, e.g. acq-pgacc", default="")
    time_adjustment: Literal["", "linear", "none"] = key(
        "linear: residuals of the biomarker over the time of day of the sample; none: as measured; needed with a "
        "biomarker",
        default="",
    )
    biomarker_transform: Literal["", "shifted_log", "log", "none"] = key(
        "shifted_log: log(residual + |smallest| + 1), depends on the assay's unit; log; none; needed with a biomarker",
        default="",
    )
    biomarker_change: Literal["", "relative", "difference", "log_ratio"] = key(
        "of the transformed level, from baseline to follow-up; needed with a biomarker", default=""
    )
    metabolite_change: Literal["", "relative", "difference", "log_ratio"] = key(
        "of the concentration, from baseline to follow-up; needed with a metabolite", default=""
    )

    def __post_init__(self) -> None:
        if not self.quantities:
            raise ValueError("metabolite, biomarker, both or outcomes must be named: what the trial is about")
        choices: dict[str, tuple[str, ...]] = {
            "metabolite": ("metabolite_change",),
            "biomarker": ("time_adjustment", "biomarker_transform", "biomarker_change"),
        }
        for quantity, needed in choices.items():
            missing = [name for name in needed if getattr(self, quantity) and not getattr(self, name)]
            if missing:
                raise ValueError(f"{', '.join(missing)} must be declared with a {quantity}: it changes numbers")
        self._check_names()
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

    def _check_names(self) -> None:
        """Names that others refer to: each once, and each reference to one that is there."""
        known = ", ".join(self.quantities)
        if unknown := sorted({one.quantity for one in self.equivalence} - {*self.quantities}):
            raise ValueError(f"equivalence names none of {known}: {', '.join(unknown)}")
        if len(set(self.quantities)) < len(self.quantities):
            raise ValueError("metabolite, biomarker and outcomes must have different names")
        for what, named in (("covariates", self.covariates), ("exposures", self.exposures)):
            if len({one.name for one in named}) < len(named):
                raise ValueError(f"{what} must be named once each")
        members = [name for family in self.families for name in family.members]
        allowed = [*self.quantities, COUPLING] if self.couples else [*self.quantities]
        if unknown := [name for name in members if name not in allowed]:
            raise ValueError(f"families may name {', '.join(allowed)}, not {', '.join(unknown)}")
        if len(set(members)) < len(members):
            raise ValueError("a quantity may stand once in the families")

    def plan(self, primary_scale: str = "") -> AnalysisPlan:
        """The plan as the statistics use it; `primary_scale` is taken where no scale is declared."""
        return taken_from(self, AnalysisPlan, scale=self.scale or primary_scale)


@declaration
class StudyPlan:
    """A study.yaml that declares nothing but the trial: enough for `pharmrs analyse` of a ready observation table."""

    title: str = key("name of the study, for the report", min_length=1)
    design: Design = key("treatments, periods and time points of the trial")
    analysis: AnalysisSection = key("what the statistics do")
    power: Power | None = key("what the planned trial is expected to be like, for pharmrs power", default=None)
    power_series: SeriesPower | None = key("the same for a change during the session", default=None)

    def __post_init__(self) -> None:
        count = len(self.design.treatments)
        if wrong := [one.name for one in self.analysis.contrasts if len(one.weights) != count]:
            raise ValueError(f"contrasts need one weight per treatment ({count}): {', '.join(wrong)}")
        repeated = self.analysis.repeated
        if repeated is not None and self.design.baseline in repeated.time_points:
            raise ValueError(f"analysis.repeated.time_points come after the baseline ({self.design.baseline})")
        if self.power_series is not None and len(self.power_series.change_percent) != count:
            raise ValueError(f"power_series.change_percent needs one value per treatment ({count})")
        if self.power is None:
            return
        for name in ("slopes", "metabolite_changes", "biomarker_changes", "metabolite_change_sds",
                     "biomarker_change_sds"):  # fmt: skip
            if len(getattr(self.power, name)) not in (0, count):
                raise ValueError(f"power.{name} needs one value per treatment ({count})")
        if missing := self.power.missing(self.analysis.metabolite, self.analysis.biomarker):
            raise ValueError(f"power needs {', '.join(missing)}, not 0, for what the analysis names")
