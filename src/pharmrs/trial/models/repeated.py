"""More than two time points: treatment effects at each of them, given the baseline."""

from __future__ import annotations

import numpy as np

from pharmrs.trial.least_squares.linear import Column, design_of
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.extension import ExtensionModel, ModelInput
from pharmrs.trial.records.analysis import EffectEstimate, ModelOutcome
from pharmrs.trial.records.observations import Observation
from pharmrs.trial.regression.repeated import fit_repeated

_TITLE = "Repeated measures (unstructured covariance)"
_METHODS = (
    "All time points after the baseline were analysed together: a mean for each treatment at each time point, the "
    "baseline with a slope for each time point, an unstructured covariance within participants (REML, Kenward-Roger; "
    "10.1177/009286150804200402). Values are taken as missing at random given those that are there."
)


def run_repeated(given: ModelInput) -> ModelOutcome:
    """The effect of each treatment on each quantity at each time point."""
    if given.table.kind == "crossover":
        raise NotEstimable("repeated measures are for designs in which a participant has one treatment")
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
    return ModelOutcome(name="mmrm", title=_TITLE, estimates=tuple(estimates), facts=facts, notes=tuple(notes),
                        methods=(_METHODS,))  # fmt: skip


def _values(given: ModelInput) -> dict[str, dict[tuple[str, str], float]]:
    """Each quantity by participant and time point, on the scale on which its changes are taken."""
    plan, found = given.plan, {}
    logged = {
        plan.metabolite: plan.metabolite_change == "log_ratio",
        plan.biomarker: plan.biomarker_change == "log_ratio" or plan.biomarker_transform != "none",
        **{one.name: one.change == "log_ratio" for one in plan.outcomes},
    }

    def kept(row: Observation, name: str) -> float:
        own = {plan.metabolite: row.metabolite_kept, plan.biomarker: row.biomarker_measured}
        value = own[name] if name in own else row.number(name)
        return float(np.log(value)) if logged[name] and value > 0 else float("nan") if logged[name] else value

    for name in plan.quantities:
        found[name] = {(row.subject, row.time_point): kept(row, name) for row in given.table.rows}
    return found


def _of_quantity(
    given: ModelInput, name: str, value: dict[tuple[str, str], float], facts: dict[str, float]
) -> list[EffectEstimate]:
    table = given.table
    points = list(dict.fromkeys(row.time_point for row in table.rows if row.time_point != table.baseline))
    points.sort(key=lambda point: point != table.follow_up)
    rows = [
        row for row in table.rows
        if row.time_point != table.baseline and row.treatment in table.treatments
        and np.isfinite(value[row.subject, row.time_point])
        and np.isfinite(value.get((row.subject, table.baseline), float("nan")))
    ]  # fmt: skip
    if not rows:
        raise NotEstimable(f"no participant has {name} at baseline and later")
    at = np.array([points.index(row.time_point) for row in rows], dtype=np.intp)
    baseline = np.array([value[row.subject, table.baseline] for row in rows])
    given_arm = {arm: np.array([row.treatment == arm for row in rows], dtype=float) for arm in table.treatments[1:]}
    columns: list[Column] = []
    for place, point in enumerate(points):
        here = (at == place).astype(float)
        columns.append((f"{name} at {point}", here, len(table.treatments) == 1, table.treatments[0], ""))
        columns.append((f"baseline at {point}", here * (baseline - baseline.mean()), False, "", ""))
        columns += [
            (f"{name} at {point}: {arm}", here * indicator, True, arm, "") for arm, indicator in given_arm.items()
        ]
    design = design_of(columns, f"{name} ~ time * (treatment + baseline)")
    outcome = np.array([value[row.subject, row.time_point] for row in rows])
    subjects = [row.subject for row in rows]
    fit = fit_repeated(outcome, design.matrix, design.terms, subjects, at, level=1 - given.plan.alpha)
    found = fit.coefficients
    facts |= {f"sd at {point}: {name}": float(np.sqrt(fit.covariance[k, k])) for k, point in enumerate(points)}
    facts[f"reml_deviance: {name}"] = fit.deviance
    return [
        EffectEstimate(
            model="mmrm", term=term, estimate=float(found.estimate[k]), se=float(found.se[k]),
            ci_low=float(found.ci_low[k]), ci_high=float(found.ci_high[k]), statistic=float(found.statistic[k]),
            df=float(found.df[k]), p=float(found.p[k]), n=found.n, subjects=found.subjects, unit=f"level of {name}",
            hypothesis=bool(design.hypothesis[k]),
            **design.about(k),
        )
        for k, term in enumerate(found.terms)
    ]  # fmt: skip


REPEATED_MODELS = (ExtensionModel(name="mmrm", title=_TITLE, run=run_repeated, of_effects=True),)
