"""The analysis plan as `study.yaml` declares it: stated before the analysis, hashed, and named in every result."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pharmrs.core.records.declaration import Declaration
from pharmrs.trial.records.analysis import AnalysisPlan, Covariate
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.declared_multiverse import Multiverse
from pharmrs.trial.records.declared_power import Power


class CovariateDeclaration(Declaration):
    """A covariate that is added alone to the main model."""

    name: str = Field(min_length=1, description="column of participants.tsv, or genotype")
    reference: str = Field("", description="reference level of a category, e.g. Val/Val; empty: it is a number")


class Analysis(Declaration):
    """What the statistics do. Choices that change numbers have no default: they are the study's own."""

    metabolite: str = Field(min_length=1, description="metabolite of metabolites.tsv, e.g. Glu")
    biomarker: str = Field(min_length=1, description="analyte of biomarkers.tsv, e.g. BDNF")
    scale: str = Field("", description="concentration scale; empty: quantification.primary_scale")
    scan: str = Field("", description="entity of the scan where a session has several, e.g. acq-pgacc")
    time_adjustment: Literal["linear", "none"] = Field(
        description="linear: residuals of the biomarker over the time of day of the sample; none: as measured"
    )
    biomarker_transform: Literal["shifted_log", "log", "none"] = Field(
        description="shifted_log: log(residual + |smallest| + 1), depends on the assay's unit; log; none"
    )
    biomarker_change: Literal["relative", "difference", "log_ratio"] = Field(
        description="of the transformed level, from baseline to follow-up"
    )
    metabolite_change: Literal["relative", "difference", "log_ratio"] = Field(
        description="of the concentration, from baseline to follow-up"
    )
    covariates: tuple[CovariateDeclaration, ...] = Field((), description="each is added alone to the main model")
    alpha: float = Field(0.05, gt=0, lt=1, description="two-sided level of tests; intervals cover 1 - alpha")
    models: tuple[str, ...] = Field((), description="extension models that are part of the plan")
    exploratory: tuple[str, ...] = Field((), description="extension models run beside the plan, labelled exploratory")
    seed: int = Field(1, ge=0, description="of every model that draws random numbers")
    multiverse: Multiverse = Field(Multiverse(), description="levels of each choice of the model multiverse")

    @model_validator(mode="after")
    def _makes_sense(self) -> Analysis:
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
        return self

    def plan(self, primary_scale: str = "") -> AnalysisPlan:
        """The plan as the statistics use it; `primary_scale` is taken where no scale is declared."""
        return AnalysisPlan(
            metabolite=self.metabolite,
            scale=self.scale or primary_scale,
            biomarker=self.biomarker,
            time_adjustment=self.time_adjustment,
            biomarker_transform=self.biomarker_transform,
            biomarker_change=self.biomarker_change,
            metabolite_change=self.metabolite_change,
            covariates=tuple(Covariate(name=one.name, reference=one.reference) for one in self.covariates),
            alpha=self.alpha,
            models=self.models,
            exploratory=self.exploratory,
            seed=self.seed,
            multiverse=self.multiverse.plan(),
        )


class StudyPlan(Declaration):
    """A study.yaml that declares nothing but the trial: enough for `pharmrs analyse` of a ready observation table."""

    title: str = Field(min_length=1, description="name of the study, for the report")
    design: Design = Field(description="treatments, periods and time points of the trial")
    analysis: Analysis = Field(description="what the statistics do")
    power: Power | None = Field(None, description="what the planned trial is expected to be like, for pharmrs power")

    @model_validator(mode="after")
    def _one_slope_per_treatment(self) -> StudyPlan:
        if self.power is not None and len(self.power.slopes) != len(self.design.treatments):
            raise ValueError(f"power.slopes needs one value per treatment ({len(self.design.treatments)})")
        return self
