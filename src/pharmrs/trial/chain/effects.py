"""What a treatment did to each quantity: follow-up given baseline, compared between treatments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.trial.chain.change_design import period_indicators
from pharmrs.trial.chain.what_data_allow import effect_says_nothing, few_people
from pharmrs.trial.least_squares.coefficients import Coefficients
from pharmrs.trial.least_squares.linear import Column, DesignMatrix, design_of, fit_linear_model
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
    """One outcome as levels at baseline and follow-up (rows, 2), on the scale on which differences are taken.

    `from_baseline`: whether it was measured before treatment at all.
    """

    name: str
    levels: FloatArray
    unit: str
    from_baseline: bool = True

    @property
    def known(self) -> BoolArray:
        """Rows that tell of a treatment: with both levels, or the follow-up where there is no baseline."""
        needed = self.levels if self.from_baseline else self.levels[:, [FOLLOW_UP]]
        return np.asarray(np.isfinite(needed).all(axis=1))


def quantities(changes: ChangeTable, plan: AnalysisPlan) -> tuple[Quantity, ...]:
    """The declared metabolite, biomarker and further outcomes; logarithms where the plan takes log ratios."""
    found = []
    for name, levels, kind in (
        (plan.metabolite, changes.metabolite, plan.metabolite_change),
        (plan.biomarker, changes.biomarker_level, plan.biomarker_change),
        *((one.name, changes.outcomes[one.name], one.change) for one in plan.outcomes),
    ):
        if not name:
            continue
        logarithm = kind == "log_ratio"
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log(np.where(levels > 0, levels, np.nan)) if logarithm else levels
        unit = f"{'log ratio' if logarithm else 'difference'} in {name}"
        found.append(Quantity(name=name, levels=values, unit=unit, from_baseline=kind != "follow_up"))
    return tuple(found)


def treatment_effects(kind: str, changes: ChangeTable, plan: AnalysisPlan) -> tuple[ModelOutcome, ...]:
    """The effect of every treatment on each quantity, or the reason why there is none. `kind`: of the design."""
    found = []
    for quantity in quantities(changes, plan):
        name, title = f"{EFFECT}: {quantity.name}", f"Treatment effect on {quantity.name}"
        try:
            effect = effect_of(kind, name, title, quantity, changes, plan)
        except NotEstimable as why:
            found.append(ModelOutcome(name=name, title=title, reason=str(why)))
            continue
        found.append(replace(effect, notes=(*effect.notes, *_what_it_allows(effect, quantity, changes))))
    return tuple(found)


def _what_it_allows(effect: ModelOutcome, quantity: Quantity, changes: ChangeTable) -> Iterator[str]:
    yield from few_people(changes.where(quantity.known).subject)
    if not quantity.from_baseline:
        return
    known = quantity.known
    yield from effect_says_nothing(
        effect.estimates, quantity.levels[:, FOLLOW_UP] - quantity.levels[:, BASELINE], known
    )


def effect_of(
    kind: str, name: str, title: str, quantity: Quantity, changes: ChangeTable, plan: AnalysisPlan,
    turned: Callable[[DesignMatrix], DesignMatrix] = lambda design: design,
) -> ModelOutcome:  # fmt: skip
    """The model of one quantity; `turned`: its columns in other words. Raises `NotEstimable`."""
    rows, levels = changes.where(quantity.known), quantity.levels[quantity.known]
    when = "before and after" if quantity.from_baseline else "after treatment"
    if len(rows) == 0:
        raise NotEstimable(f"no participant has {quantity.name} {when}")
    if len(changes.treatments) == 1:
        return _single_arm(name, title, quantity, rows, levels, plan)
    for treatment in changes.treatments:
        if not rows.of_treatment(treatment).any():
            raise NotEstimable(f"treatment {treatment}: no participant has {quantity.name} {when}")
    design = turned(_design(kind, rows, levels[:, BASELINE] if quantity.from_baseline else None))
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


def _design(kind: str, rows: ChangeTable, baseline: FloatArray | None) -> DesignMatrix:
    """Columns: intercept, treatments, periods, baseline (None: there was none)."""
    given = {name: rows.of_treatment(name).astype(float) for name in rows.treatments[1:]}
    columns: list[Column] = [("(intercept)", np.ones(len(rows)), False, rows.treatments[0], "")]
    columns += [(name, indicator, True, name, "") for name, indicator in given.items()]
    if kind == "parallel":
        columns += [] if baseline is None else [("baseline", baseline - baseline.mean(), False, "", "")]
        return design_of(columns, "follow-up ~ treatment" + ("" if baseline is None else " + baseline"))
    if not np.isfinite(rows.period).all():
        raise NotEstimable(f"the period is not known for {int(np.sum(~np.isfinite(rows.period)))} rows")
    columns += [(name, column, False, "", "") for name, column in period_indicators(rows.period).items()]
    if baseline is None:
        return design_of(columns, "follow-up ~ treatment + period")
    people = PersonRows.of(rows.subject)
    own = (people.sums(baseline) / people.sizes)[people.codes]
    columns.append(("baseline of the period", baseline - own, False, "", ""))
    columns.append(("mean baseline of the participant", own - own.mean(), False, "", ""))
    return design_of(columns, "follow-up ~ treatment + period + baseline of the period + mean baseline")


def _single_arm(
    name: str, title: str, quantity: Quantity, rows: ChangeTable, levels: FloatArray, plan: AnalysisPlan
) -> ModelOutcome:
    if not quantity.from_baseline:
        raise NotEstimable(f"{quantity.name} has no baseline, and there is no other treatment to compare it with")
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


def _estimates(name: str, design: DesignMatrix, found: Coefficients, unit: str) -> tuple[EffectEstimate, ...]:
    return tuple(
        EffectEstimate(
            model=name, term=term, estimate=float(found.estimate[k]), se=float(found.se[k]),
            ci_low=float(found.ci_low[k]), ci_high=float(found.ci_high[k]), statistic=float(found.statistic[k]),
            df=float(found.df[k]), p=float(found.p[k]), n=found.n, subjects=found.subjects, unit=unit,
            hypothesis=design.hypothesis[k], **design.about(k),
        )
        for k, term in enumerate(found.terms)
    )  # fmt: skip
