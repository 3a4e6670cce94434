"""Recovery on the fast path: many trials from concentrations, each stage's error alone and all together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.simulate.command import REFERENCE_DESIGN
from pharmrs.simulate.observations import WITHOUT_ERRORS, StageErrors, observed_table
from pharmrs.simulate.recovered import planted_plan
from pharmrs.simulate.trial import draw_trial
from pharmrs.simulate.trial_records import TrialSettings
from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.main_model import main_model
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.records.analysis import AnalysisPlan, EffectEstimate
from pharmrs.trial.records.observations import ObservationTable

PARTICIPANTS = 35
_ALL = StageErrors()
_NONE = WITHOUT_ERRORS
STAGES: dict[str, StageErrors] = {
    "no error": _NONE,
    "fit noise": replace(_NONE, fit_cv=_ALL.fit_cv),
    "tissue error": replace(_NONE, tissue_sd=_ALL.tissue_sd),
    "assay noise": replace(_NONE, assay_cv=_ALL.assay_cv),
    "censoring": replace(_NONE, limit=_ALL.limit),
    "lost scans and samples": replace(_NONE, losses=True),
    "all stages": _ALL,
}
REFERENCE_PLAN = AnalysisPlan(metabolite="Glu", biomarker="BDNF")  # the defaults are the reference study's choices
LOG_PLAN = planted_plan(REFERENCE_PLAN)
MODELS = ("cr2", "mixed", "errors_in_variables", "tobit", "joint")  # extension models, on all stages together
MAIN, REFERENCE = "logarithms, least squares", "reference chain"


@dataclass(frozen=True, slots=True)
class TrialTask:
    """One trial. `models`: whether the extension models are fitted too."""

    seed: int
    models: bool


@dataclass(frozen=True, slots=True)
class Interaction:
    """The interaction by one estimator at one stage; `n` pairs. NaN where it could not be estimated."""

    stage: str
    estimator: str
    estimate: float
    ci_low: float
    ci_high: float
    n: int


def estimate_trial(task: TrialTask) -> list[Interaction]:
    """Every stage and estimator on one trial of the reference study's size."""
    trial = draw_trial(TrialSettings(design=REFERENCE_DESIGN, participants=PARTICIPANTS, seed=task.seed))
    found = []
    for stage, errors in STAGES.items():
        table = observed_table(trial, errors)
        found += estimates(stage, table)
    if task.models:
        found += _by_models("all stages", observed_table(trial, STAGES["all stages"]))
    return found


def estimates(stage: str, table: ObservationTable) -> list[Interaction]:
    """The interaction by the two main models."""
    return [
        _interaction(stage, name, _main(table, plan)) for name, plan in ((MAIN, LOG_PLAN), (REFERENCE, REFERENCE_PLAN))
    ]


def _main(table: ObservationTable, plan: AnalysisPlan) -> EffectEstimate | None:
    try:
        return main_model(change_table(table, plan)[0], plan).hypothesis[0]
    except NotEstimable:
        return None


def _by_models(stage: str, table: ObservationTable) -> list[Interaction]:
    """The extension models, on the scale of the logarithms."""
    result = analyse(table, replace(LOG_PLAN, models=MODELS))
    return [
        _interaction(stage, model.title, next((one for one in model.estimates if one.hypothesis), None))
        for model in result.models
    ]


def _interaction(stage: str, estimator: str, found: EffectEstimate | None) -> Interaction:
    if found is None:
        return Interaction(stage, estimator, np.nan, np.nan, np.nan, 0)
    return Interaction(stage, estimator, found.estimate, found.ci_low, found.ci_high, found.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One estimator at one stage over all trials. `attenuation`: lost share of its value without errors, or of the
    target where it was not estimated without errors.

    `mean_error`, `coverage_error`: Monte Carlo standard errors. `target`: what coverage and bias refer to.
    """

    stage: str
    estimator: str
    trials: int
    failed: int
    target: float
    mean: float
    mean_error: float
    median: float
    sd: float
    coverage: float
    coverage_error: float
    width: float
    n: float
    attenuation: float


def summarise(rows: list[Interaction], stage: str, estimator: str, target: float, robust: bool) -> Summary:
    """Bias, spread, coverage. `robust`: attenuation from medians, for an estimator without a mean."""
    chosen = _values(rows, stage, estimator)
    clean = _values(rows, "no error", estimator)
    estimate, low, high, n = chosen.T
    coverage = float(np.mean((low <= target) & (target <= high)))
    centre = np.median if robust else np.mean
    before = float(centre(clean[:, 0])) if len(clean) else target
    return Summary(
        stage=stage,
        estimator=estimator,
        trials=len(chosen),
        failed=sum(one.stage == stage and one.estimator == estimator and np.isnan(one.estimate) for one in rows),
        target=target,
        mean=float(estimate.mean()),
        mean_error=float(estimate.std(ddof=1) / np.sqrt(len(estimate))),
        median=float(np.median(estimate)),
        sd=float(estimate.std(ddof=1)),
        coverage=coverage,
        coverage_error=float(np.sqrt(max(coverage * (1 - coverage), 1e-9) / len(estimate))),
        width=float(np.median(high - low)),
        n=float(n.mean()),
        attenuation=1.0 - float(centre(estimate)) / before,
    )


def _values(rows: list[Interaction], stage: str, estimator: str) -> FloatArray:
    """Estimate, interval and pairs of every trial that gave one, shape (trials, 4)."""
    return np.array(
        [
            [one.estimate, one.ci_low, one.ci_high, one.n]
            for one in rows
            if one.stage == stage and one.estimator == estimator and np.isfinite(one.estimate)
        ]
    ).reshape(-1, 4)
