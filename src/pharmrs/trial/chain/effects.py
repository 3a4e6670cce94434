"""What a treatment did to each quantity: follow-up given baseline, compared between treatments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.trial.chain.change_design import period_indicators
from pharmrs.trial.least_squares.coefficients import Coefficients
from pharmrs.trial.least_squares.linear import Column, Design, design_of, fit_linear_model
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.records.analysis import AnalysisPlan, EffectEstimate, ModelOutcome
from pharmrs.trial.records.changes import BASELINE, FOLLOW_UP, ChangeTable
from pharmrs.trial.regression.mixed_model import fit_mixed

EFFECT = "effect"
_ANCOVA = (
    "Follow-up was compared between treatments given the baseline (analysis of covariance, ordinary least squares)."
)
_CROSSOVER = (
    "Follow-up was compared between treatments in a mixed model with period, the baseline of the period (its "
    "difference from the participant's mean baseline, and that mean) and a random intercept of the participant (REML, "
    "Kenward-Roger; 10.1002/sim.3994)."
)
_SINGLE = (
    "The mean change from baseline was tested by a one-sample t test: without a second arm it is not the drug's alone."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One outcome as levels at baseline and follow-up (rows, 2), on the scale on which differences are taken."""

    name: str
    levels: FloatArray
    unit: str


def quantities(changes: ChangeTable, plan: AnalysisPlan) -> tuple[Quantity, ...]:
    """The declared metabolite and biomarker; logarithms where the plan takes log ratios."""
    found = []
    for name, levels, kind in (
        (plan.metabolite, changes.metabolite, plan.metabolite_change),
        (plan.biomarker, changes.biomarker_level, plan.biomarker_change),
    ):
        if not name:
            continue
        logarithm = kind == "log_ratio"
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log(np.where(levels > 0, levels, np.nan)) if logarithm else levels
        found.append(Quantity(name=name, levels=values, unit=f"{'log ratio' if logarithm else 'difference'} in {name}"))
    return tuple(found)


def treatment_effects(kind: str, changes: ChangeTable, plan: AnalysisPlan) -> tuple[ModelOutcome, ...]:
    """The effect of every treatment on each quantity, or the reason why there is none. `kind`: of the design."""
    found = []
    for quantity in quantities(changes, plan):
        name, title = f"{EFFECT}: {quantity.name}", f"Treatment effect on {quantity.name}"
        try:
            found.append(_effect(kind, name, title, quantity, changes, plan))
        except NotEstimable as why:
            found.append(ModelOutcome(name=name, title=title, reason=str(why)))
    return tuple(found)


def _effect(
    kind: str, name: str, title: str, quantity: Quantity, changes: ChangeTable, plan: AnalysisPlan
) -> ModelOutcome:
    known: BoolArray = np.asarray(np.isfinite(quantity.levels).all(axis=1))
    rows, levels = changes.where(known), quantity.levels[known]
    if len(rows) == 0:
        raise NotEstimable(f"no participant has {quantity.name} before and after")
    if len(changes.treatments) == 1:
        return _single_arm(name, title, quantity, rows, levels, plan)
    for treatment in changes.treatments:
        if not rows.of_treatment(treatment).any():
            raise NotEstimable(f"treatment {treatment}: no participant has {quantity.name} before and after")
    design = _design(kind, rows, levels[:, BASELINE])
    if kind == "parallel":
        model = fit_linear_model(name, design, levels[:, FOLLOW_UP], rows.subject, plan.alpha, quantity.unit)
        facts = {"residual_sd": model.sigma}
        return ModelOutcome(
            name=name, title=title, estimates=model.estimates, facts=facts, notes=model.notes, methods=(_ANCOVA,)
        )
    fit = fit_mixed(
        levels[:, FOLLOW_UP], design.matrix, design.terms, {"participant": rows.subject}, level=1 - plan.alpha
    )
    facts = {
        "within_person_sd": float(np.sqrt(fit.residual_variance)),
        "between_person_sd": float(np.sqrt(max(fit.components["participant"], 0.0))),
    }
    return ModelOutcome(
        name=name, title=title, estimates=_estimates(name, design, fit.kenward_roger, quantity.unit), facts=facts,
        notes=fit.kenward_roger.notes, methods=(_CROSSOVER,),
    )  # fmt: skip


def _design(kind: str, rows: ChangeTable, baseline: FloatArray) -> Design:
    """Columns: intercept, treatments, periods, baseline."""
    given = {name: rows.of_treatment(name).astype(float) for name in rows.treatments[1:]}
    columns: list[Column] = [("(intercept)", np.ones(len(rows)), False, rows.treatments[0], "")]
    columns += [(name, indicator, True, name, "") for name, indicator in given.items()]
    if kind == "parallel":
        columns.append(("baseline", baseline - baseline.mean(), False, "", ""))
        return design_of(columns, "follow-up ~ treatment + baseline")
    if not np.isfinite(rows.period).all():
        raise NotEstimable(f"the period is not known for {int(np.sum(~np.isfinite(rows.period)))} rows")
    columns += [(name, column, False, "", "") for name, column in period_indicators(rows.period).items()]
    people = PersonRows.of(rows.subject)
    own = (people.sums(baseline) / people.sizes)[people.codes]
    columns.append(("baseline of the period", baseline - own, False, "", ""))
    columns.append(("mean baseline of the participant", own - own.mean(), False, "", ""))
    return design_of(columns, "follow-up ~ treatment + period + baseline of the period + mean baseline")


def _single_arm(
    name: str, title: str, quantity: Quantity, rows: ChangeTable, levels: FloatArray, plan: AnalysisPlan
) -> ModelOutcome:
    change = levels[:, FOLLOW_UP] - levels[:, BASELINE]
    n = len(change)
    if n < 2 or np.ptp(change) == 0:
        raise NotEstimable(f"{n} changes of {quantity.name} that do not vary")
    mean, se = float(change.mean()), float(change.std(ddof=1) / np.sqrt(n))
    reach = float(stats.t.ppf(1 - plan.alpha / 2, n - 1)) * se
    estimate = EffectEstimate(
        model=name, term="mean change", estimate=mean, se=se, ci_low=mean - reach, ci_high=mean + reach,
        statistic=mean / se, df=float(n - 1), p=float(2 * stats.t.sf(abs(mean / se), n - 1)), n=n,
        subjects=len(set(rows.subject)), unit=quantity.unit, hypothesis=True, treatment=rows.treatments[0],
    )  # fmt: skip
    return ModelOutcome(name=name, title=title, estimates=(estimate,), methods=(_SINGLE,))


def _estimates(name: str, design: Design, found: Coefficients, unit: str) -> tuple[EffectEstimate, ...]:
    return tuple(
        EffectEstimate(
            model=name, term=term, estimate=float(found.estimate[k]), se=float(found.se[k]),
            ci_low=float(found.ci_low[k]), ci_high=float(found.ci_high[k]), statistic=float(found.statistic[k]),
            df=float(found.df[k]), p=float(found.p[k]), n=found.n, subjects=found.subjects, unit=unit,
            hypothesis=design.hypothesis[k], **design.about(k),
        )
        for k, term in enumerate(found.terms)
    )  # fmt: skip
