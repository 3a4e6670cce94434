"""More than two time points: treatment effects at each of them, given the baseline."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.chain.change_design import period_indicators
from pharmrs.trial.least_squares.coefficients import Coefficients
from pharmrs.trial.least_squares.linear import Column, design_of
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.models.extension import ExtensionModel, ModelInput
from pharmrs.trial.records.analysis import EffectEstimate, ModelOutcome
from pharmrs.trial.records.observations import Observation
from pharmrs.trial.regression.repeated import AR1, UNSTRUCTURED, Repeated, fit_repeated

_TITLE = "Repeated measures (MMRM)"
_METHODS = (
    "All time points after the baseline were analysed together: a mean for each treatment at each time point, the "
    "baseline with a slope for each time point, {covariance} (REML, Kenward-Roger; 10.1177/009286150804200402). "
    "{crossover}Values are taken as missing at random given those that are there."
)
_COVARIANCE = {
    UNSTRUCTURED: "an unstructured covariance within participants",
    AR1: "within participants a correlation that falls by the same factor from one time point to the next (AR(1))",
}
_CROSSOVER = (
    "That covariance is of the time points of a period; all rows of a participant share a variance beside it. Each "
    "period has its own mean, and the baseline is that of the period (its difference from the participant's mean "
    "baseline, and that mean). "
)
Values = Mapping[tuple[str, str, str, int], float]


def run_repeated(given: ModelInput) -> ModelOutcome:
    """The effect of each treatment on each quantity at each time point."""
    estimates: list[EffectEstimate] = []
    facts: dict[str, float] = {}
    notes: list[str] = []
    for name, value in _values(given).items():
        try:
            estimates += _of_quantity(given, name, value, facts)
        except NotEstimable as why:
            notes.append(f"{name}: not estimable, {why}")
    if not estimates:
        raise NotEstimable("; ".join(notes))
    methods = _METHODS.format(
        covariance=_COVARIANCE[given.plan.repeated.covariance if given.plan.repeated else UNSTRUCTURED],
        crossover=_CROSSOVER if given.table.kind == "crossover" else "",
    )
    return ModelOutcome(name="mmrm", title=_TITLE, estimates=tuple(estimates), facts=facts, notes=tuple(notes),
                        methods=(methods,))  # fmt: skip


def _values(given: ModelInput) -> dict[str, Values]:
    """Each quantity by participant, treatment, time point and occasion, on the scale on which its changes are taken."""
    plan = given.plan
    logged = {
        plan.metabolite: plan.metabolite_change == "log_ratio",
        plan.biomarker: plan.biomarker_change == "log_ratio" or plan.biomarker_transform != "none",
        **{one.name: one.change == "log_ratio" for one in plan.outcomes},
    }

    def kept(row: Observation, name: str) -> float:
        own = {plan.metabolite: row.metabolite_kept, plan.biomarker: row.biomarker_measured}
        value = own[name] if name in own else row.number(name)
        return float(np.log(value)) if logged[name] and value > 0 else float("nan") if logged[name] else value

    return {name: {row.key: kept(row, name) for row in given.table.rows} for name in plan.quantities}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """A value after the baseline, with the baseline of its visit."""

    row: Observation
    value: float
    baseline: float

    @property
    def visit(self) -> str:
        return f"{self.row.treatment} {self.row.occasion}"


def _points(given: ModelInput, name: str, value: Values, points: Sequence[str]) -> list[_Point]:
    table = given.table
    found = [
        _Point(row=row, value=value[row.key], baseline=value.get((*row.key[:2], table.baseline, row.key[3]), math.nan))
        for row in table.rows
        if row.time_point in points and row.treatment in table.treatments
    ]
    found = [one for one in found if math.isfinite(one.value) and math.isfinite(one.baseline)]
    if not found:
        raise NotEstimable(f"no participant has {name} at baseline and later")
    return found


def _of_quantity(given: ModelInput, name: str, value: Values, facts: dict[str, float]) -> list[EffectEstimate]:
    plan, table = given.plan, given.table
    points = list(plan.repeated.time_points if plan.repeated else _later_points(given))
    rows = _points(given, name, value, points)
    if missing := [point for point in points if all(one.row.time_point != point for one in rows)]:
        raise NotEstimable(f"no participant has {name} at {', '.join(missing)}")
    design = design_of(list(_columns(given, name, rows, points)), f"{name} ~ time * (treatment + baseline)")
    labels, weights, arms = _contrasts(given, name, points, design.terms)
    fit = fit_repeated(
        Repeated(
            outcome=np.array([one.value for one in rows]), design=design.matrix, terms=design.terms,
            subjects=tuple(one.row.subject for one in rows), visits=tuple(one.visit for one in rows),
            times=np.array([points.index(one.row.time_point) for one in rows], dtype=np.intp),
        ),
        plan.repeated.covariance if plan.repeated else UNSTRUCTURED, combinations=weights if labels else None,
        names=labels, level=1 - plan.alpha,
    )  # fmt: skip
    facts |= {f"sd at {point}: {name}": float(np.sqrt(fit.covariance[k, k])) for k, point in enumerate(points)}
    facts[f"reml_deviance: {name}"] = fit.deviance
    if math.isfinite(fit.correlation):
        facts[f"correlation of neighbouring time points: {name}"] = fit.correlation
    if table.kind == "crossover":
        facts[f"variance shared by the visits of a participant: {name}"] = fit.between
    unit = f"level of {name}"
    return [
        *_estimates(fit.coefficients, unit, design.hypothesis, [design.about(k) for k in range(len(design.terms))]),
        *(_estimates(fit.combined, unit, [True] * len(labels), [{"treatment": arm} for arm in arms])
          if fit.combined else ()),
    ]  # fmt: skip


def _later_points(given: ModelInput) -> list[str]:
    """The time points after the baseline as the table has them, the follow-up first."""
    table = given.table
    points = dict.fromkeys(row.time_point for row in table.rows if row.time_point != table.baseline)
    return sorted(points, key=lambda point: point != table.follow_up)


def _columns(given: ModelInput, name: str, rows: Sequence[_Point], points: Sequence[str]) -> Iterator[Column]:
    """At each time point: the mean, the baseline, in a crossover the periods, and the treatments."""
    table = given.table
    baseline = np.array([one.baseline for one in rows])
    beside = {"baseline": baseline - baseline.mean()}
    if table.kind == "crossover":
        period = np.array([one.row.period or math.nan for one in rows], dtype=float)
        if not np.isfinite(period).all():
            raise NotEstimable(f"the period is not known for {int(np.sum(~np.isfinite(period)))} rows")
        visits = {(one.row.subject, one.visit): one.baseline for one in rows}
        people = PersonRows.of([subject for subject, _ in visits])
        mean = people.sums(np.array(list(visits.values()))) / people.sizes
        own = dict(zip((subject for subject, _ in visits), mean[people.codes], strict=True))
        mine = np.array([own[one.row.subject] for one in rows])
        beside = {
            "baseline of the period": baseline - mine, "mean baseline of the participant": mine - mine.mean(),
            **period_indicators(period),
        }  # fmt: skip
    arms = {arm: np.array([one.row.treatment == arm for one in rows], dtype=float) for arm in table.treatments[1:]}
    for point in points:
        here = np.array([one.row.time_point == point for one in rows], dtype=float)
        yield (f"{name} at {point}", here, len(table.treatments) == 1, table.treatments[0], "")
        yield from ((f"{label} at {point}", here * column, False, "", "") for label, column in beside.items())
        yield from ((_effect(name, point, arm), here * indicator, True, arm, "") for arm, indicator in arms.items())


def _effect(name: str, point: str, arm: str) -> str:
    return f"{name} at {point}: {arm}"


def _contrasts(
    given: ModelInput, name: str, points: Sequence[str], terms: Sequence[str]
) -> tuple[list[str], FloatArray, list[str]]:
    """The declared combinations of time points, of every treatment's effect (in one arm: of the means)."""
    labels: list[str] = []
    weights: list[FloatArray] = []
    arms: list[str] = []
    table, repeated = given.table, given.plan.repeated
    for one, arm in itertools.product(repeated.contrasts if repeated else (), table.treatments[1:] or table.treatments):
        several = len(table.treatments) > 1
        row = np.zeros(len(terms))
        for point, weight in zip(points, one.weights, strict=True):
            row[terms.index(_effect(name, point, arm) if several else f"{name} at {point}")] = weight
        labels.append(f"{name}, {one.name}" + (f": {arm}" if several else ""))
        weights.append(row)
        arms.append(arm)
    return labels, np.array(weights), arms


def _estimates(
    found: Coefficients, unit: str, tested: Sequence[bool], about: Sequence[Mapping[str, str]]
) -> list[EffectEstimate]:
    return [
        EffectEstimate(
            model="mmrm", term=term, estimate=float(found.estimate[k]), se=float(found.se[k]),
            ci_low=float(found.ci_low[k]), ci_high=float(found.ci_high[k]), statistic=float(found.statistic[k]),
            df=float(found.df[k]), p=float(found.p[k]), n=found.n, subjects=found.subjects, unit=unit,
            hypothesis=bool(tested[k]), **about[k],
        )
        for k, term in enumerate(found.terms)
    ]  # fmt: skip


REPEATED_MODELS = (ExtensionModel(name="mmrm", title=_TITLE, run=run_repeated, of_effects=True),)
