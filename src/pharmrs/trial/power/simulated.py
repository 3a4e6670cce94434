"""Power by simulation: trials are drawn from the declared truth and analysed by the declared plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.effects import EFFECT, effect_of, quantities
from pharmrs.trial.chain.main_model import main_model
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.registry import MODELS, ModelInput
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.records.analysis import AnalysisPlan, EffectEstimate
from pharmrs.trial.records.power import PowerPoint, RequiredSize
from pharmrs.trial.records.truth import TrialTruth

MAIN = "main"  # the main model of the reference chain; other names are treatment effects and extension models
_LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialBatch:
    """Simulated trials `first` to `first + count - 1` of one model and one number of participants."""

    truth: TrialTruth
    plan: AnalysisPlan
    model: str
    subjects: int
    first: int
    count: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedTrial:
    """What one trial said: the estimate (NaN: not estimable, and why), whether it was significant, complete pairs."""

    estimate: float
    significant: bool
    pairs: int
    reason: str = ""


def models_of(plan: AnalysisPlan) -> tuple[str, ...]:
    """Names whose power can be asked for: the main model of a coupling, the effect on each quantity, extensions."""
    effects = (f"{EFFECT}: {name}" for name in (plan.metabolite, plan.biomarker) if name)
    return (*((MAIN,) if plan.couples else ()), *effects, *MODELS)


def run_batch(batch: TrialBatch) -> tuple[SimulatedTrial, ...]:
    """The trials of a batch. Each has its own generator, so that the split into batches changes nothing."""
    return tuple(_run_trial(batch, number) for number in range(batch.first, batch.first + batch.count))


def _run_trial(batch: TrialBatch, number: int) -> SimulatedTrial:
    generator = np.random.default_rng([batch.seed, batch.subjects, number])
    table = draw_trial(batch.truth, batch.subjects, generator)
    nan, pairs = float("nan"), 0
    try:
        changes, _ = change_table(table, batch.plan)
        known = [one.known for one in quantities(changes, batch.plan)]
        pairs = int(changes.complete.sum()) if batch.plan.couples else int(known[0].sum()) if known else 0
        tested = _tested(batch.model, ModelInput(table=table, changes=changes, plan=batch.plan))
    except NotEstimable as why:
        return SimulatedTrial(estimate=nan, significant=False, pairs=pairs, reason=str(why))
    # several interactions (three treatments): Bonferroni
    alpha = batch.plan.alpha / max(len(tested), 1)
    strongest = max(tested, key=_evidence, default=None)
    if strongest is None:
        return SimulatedTrial(estimate=nan, significant=False, pairs=pairs, reason=f"{batch.model} has no such test")
    return SimulatedTrial(estimate=strongest.estimate, significant=_is_significant(strongest, alpha), pairs=pairs)


def _tested(name: str, given: ModelInput) -> list[EffectEstimate]:
    """What the model called `name` tests in one trial. Raises `NotEstimable`."""
    if name == MAIN:
        return list(main_model(given.changes, given.plan).hypothesis)
    if name in MODELS:
        return [one for one in MODELS[name].run(given).estimates if one.hypothesis]
    quantity = next(one for one in quantities(given.changes, given.plan) if name == f"{EFFECT}: {one.name}")
    return list(effect_of(given.table.kind, name, "", quantity, given.changes, given.plan).tested)


def _evidence(one: EffectEstimate) -> float:
    return -one.p if math.isfinite(one.p) else abs(one.estimate)


def _is_significant(one: EffectEstimate, alpha: float) -> bool:
    """By p; models that give an interval alone: whether it leaves zero out."""
    if math.isfinite(one.p):
        return one.p < alpha
    return one.ci_low > 0 or one.ci_high < 0


def power_point(model: str, subjects: int, trials: Sequence[SimulatedTrial]) -> PowerPoint:
    """The trials of one model and size, counted."""
    count = len(trials)
    hits = sum(trial.significant for trial in trials)
    known = np.array([trial.estimate for trial in trials if math.isfinite(trial.estimate)])
    found = np.array([abs(trial.estimate) for trial in trials if trial.significant])
    center = abs(float(known.mean())) if known.size else 0.0
    interval = stats.binomtest(hits, count).proportion_ci(_LEVEL, method="wilson")
    power = hits / count
    return PowerPoint(
        model=model, subjects=subjects, simulations=count, significant=hits, not_estimable=count - known.size,
        power=power, mc_error=math.sqrt(power * (1 - power) / count), ci_low=float(interval.low),
        ci_high=float(interval.high), pairs=float(np.mean([trial.pairs for trial in trials])),
        exaggeration=float(found.mean()) / center if found.size and center > 0 else float("nan"),
        reason="" if known.size else next((trial.reason for trial in trials), ""),
    )  # fmt: skip


def required_size(model: str, points: Sequence[PowerPoint], target: float) -> RequiredSize:
    """Participants for `target`: probit of the power on the square root of the size, weighted by Monte Carlo error.

    Told only between the smallest and the largest simulated size, where it is not an extrapolation.
    """
    nan = float("nan")
    if reason := next((point.reason for point in points if point.reason), ""):
        return RequiredSize(model=model, target=target, subjects=nan, ci_low=nan, ci_high=nan, reason=reason)
    if len(points) < 2:
        return RequiredSize(model=model, target=target, subjects=nan, ci_low=nan, ci_high=nan, reason="one size only")
    root = np.sqrt([point.subjects for point in points])
    share = np.array([(point.significant + 0.5) / (point.simulations + 1) for point in points])
    probit = stats.norm.ppf(share)
    weight = np.array([point.simulations for point in points]) * stats.norm.pdf(probit) ** 2 / (share * (1 - share))
    design = np.column_stack([np.ones(len(root)), root])
    covariance = np.linalg.inv((design * weight[:, None]).T @ design)
    a, b = covariance @ (design.T @ (weight * probit))
    wanted = float(stats.norm.ppf(target))
    if b <= 0:
        reason = "power does not rise with the number of participants"
        return RequiredSize(model=model, target=target, subjects=nan, ci_low=nan, ci_high=nan, reason=reason)
    place = (wanted - a) / b
    slope = np.array([1.0, place]) / b
    reach = float(stats.norm.ppf(0.5 + _LEVEL / 2) * np.sqrt(slope @ covariance @ slope))
    if not root.min() <= place <= root.max():
        side = "below the smallest" if place < root.min() else "above the largest"
        reason = f"the target is reached {side} simulated size"
        return RequiredSize(model=model, target=target, subjects=nan, ci_low=nan, ci_high=nan, reason=reason)
    return RequiredSize(
        model=model, target=target, subjects=float(place**2), ci_low=float(max(place - reach, 0.0) ** 2),
        ci_high=float((place + reach) ** 2),
    )  # fmt: skip
