"""Everything an analysis of the observation table gives, in the order it is reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pharmrs.core.records.arrays import FloatArray, read_only
from pharmrs.trial.records.analysis import AnalysisPlan, EffectEstimate, ModelOutcome, StatisticalTest
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.linear_model import LinearModel
from pharmrs.trial.records.observations import ObservationTable


@dataclass(frozen=True, slots=True, kw_only=True)
class BiomarkerLevels:
    """Adjusted and transformed biomarker of each (subject, treatment, time point); NaN where there is none.

    `intercept`, `slope_per_h`: the regression over sampling time; `shift`: what was added before the logarithm
    (|min| + 1); NaN where they do not apply. `samples`: values the regression used.
    """

    keys: tuple[tuple[str, str, str, int], ...]
    levels: FloatArray
    samples: int
    intercept: float
    slope_per_h: float
    shift: float
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", read_only(self.levels, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCount:
    """One line of the sample flow: what is counted, what became of it (empty: nothing is said), for which treatment
    (empty: all), how many.
    """

    what: str
    became: str = ""
    treatment: str
    count: int

    @property
    def stage(self) -> str:
        return f"{self.what}: {self.became}" if self.became else self.what


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineValue:
    """One quantity before treatment in one group (empty: all): `n` known; of a number mean, SD, median and quartiles
    (`low`, `high`), of a level of a category `count`.
    """

    quantity: str
    group: str
    level: str = ""
    n: int = 0
    count: int = 0
    mean: float = float("nan")
    sd: float = float("nan")
    median: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCount:
    """One sequence in one period (0: not known): participants planned, and those whose pair is analysed."""

    sequence: str
    period: int
    treatment: str
    planned: int
    analysed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitChange:
    """The interaction after the biomarker's unit was changed by `factor`; NaN with `reason` where it has none."""

    factor: float
    term: str
    estimate: float
    p: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """The interaction with an exclusion rule lifted (empty: none lifted), or the reason why it has none."""

    lifted: str
    term: str = ""
    estimate: float = float("nan")
    ci_low: float = float("nan")
    ci_high: float = float("nan")
    p: float = float("nan")
    n: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CovariateModel:
    """The main model with one covariate added, or the reason why it could not be fitted."""

    covariate: str
    model: LinearModel | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceChain:
    """The reference analysis. `model` is None only where `reason` says why; `joint`: all interactions together;
    `clustered`: the interactions with CR2 standard errors, where participants have several rows;
    `residual_sd`: of the main model under each treatment, and where they differ `by_treatment`: its interactions with
    a residual variance of each treatment's own;
    `effects`: what each treatment did to each quantity, which is the declared result where the trial is about one
    quantity or one arm;
    `families`: the hypotheses of the declared families, p and adjusted p;
    `terms`: F of each term of the main model; `covariates`: F of each covariate.
    """

    levels: BiomarkerLevels | None
    changes: ChangeTable | None
    flow: tuple[FlowCount, ...]
    model: LinearModel | None = None
    covariate_models: tuple[CovariateModel, ...] = ()
    joint: tuple[StatisticalTest, ...] = ()
    terms: tuple[StatisticalTest, ...] = ()
    clustered: tuple[EffectEstimate, ...] = ()
    residual_sd: Mapping[str, float] = field(default_factory=dict)
    by_treatment: tuple[EffectEstimate, ...] = ()
    effects: tuple[ModelOutcome, ...] = ()
    families: tuple[StatisticalTest, ...] = ()
    baseline: tuple[BaselineValue, ...] = ()
    periods: tuple[PeriodCount, ...] = ()
    covariates: tuple[StatisticalTest, ...] = ()
    correlations: tuple[StatisticalTest, ...] = ()
    oldham: tuple[StatisticalTest, ...] = ()
    paired: tuple[StatisticalTest, ...] = ()
    unit_changes: tuple[UnitChange, ...] = ()
    rule_changes: tuple[RuleChange, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisResult:
    """The whole analysis: table, plan and its hash, the reference chain, the extension models."""

    table: ObservationTable
    plan: AnalysisPlan
    plan_hash: str
    chain: ReferenceChain
    models: tuple[ModelOutcome, ...] = ()

    @property
    def couples(self) -> bool:
        """Whether the declared result is a difference of couplings: two quantities, several treatments."""
        return self.plan.couples and len(self.table.treatments) > 1
