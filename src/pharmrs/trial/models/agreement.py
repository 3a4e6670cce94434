"""Extension models people ask for by name: slopes, equivalence, correlation within persons, repeatability."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.chain.change_design import change_model
from pharmrs.trial.chain.effects import Quantity, quantities, treatment_effects
from pharmrs.trial.least_squares.linear import NO_RESIDUAL, near_exact
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.models.extension import ExtensionModel, ModelInput
from pharmrs.trial.records.analysis import EffectEstimate, ModelOutcome, StatisticalTest
from pharmrs.trial.regression.cluster_robust import robust_least_squares

_SLOPES = "The slope under each treatment is that of the main model; CR2 standard errors by participant."
_WITHIN = (
    "The correlation within participants is that of analysis of covariance with an intercept of each participant "
    "(10.3389/fpsyg.2017.00456), over all visits under all treatments."
)
_REPEAT = (
    "Repeatability from baseline and follow-up under the reference treatment: intraclass correlation of a single "
    "value, consistency ICC(3,1) and absolute agreement ICC(2,1) (10.1037/0033-2909.86.2.420), and the minimal "
    "detectable change z sqrt(2 MSE)."
)
_TOST = (
    "Equivalence by two one-sided t tests (10.1007/BF01068419) on the treatment effects, within the declared margins."
)


def run_slopes(given: ModelInput) -> ModelOutcome:
    """A slope and an intercept for each treatment: the main model in other words."""
    model = change_model(given.changes, given.plan)
    rows, x = model.rows, model.rows.change_metabolite
    arms = [rows.of_treatment(name).astype(float) for name in rows.treatments]
    terms = [f"slope under {name}" for name in rows.treatments]
    design = np.column_stack([*(arm * x for arm in arms), *arms])
    names = (*terms, *(f"intercept under {name}" for name in rows.treatments))
    found = robust_least_squares(model.outcome, design, names, "CR2", rows.subject, level=1 - given.plan.alpha)
    estimates = tuple(
        EffectEstimate(
            model="slopes", term=terms[k], estimate=float(found.estimate[k]), se=float(found.se[k]),
            ci_low=float(found.ci_low[k]), ci_high=float(found.ci_high[k]), statistic=float(found.statistic[k]),
            df=float(found.df[k]), p=float(found.p[k]), n=int(arms[k].sum()), subjects=int(arms[k].sum()),
            treatment=name,
        )
        for k, name in enumerate(rows.treatments)
    )  # fmt: skip
    return ModelOutcome(name="slopes", title="Slope under each treatment (CR2)", estimates=estimates,
                        notes=found.notes, methods=(_SLOPES,))  # fmt: skip


def run_within_correlation(given: ModelInput) -> ModelOutcome:
    """Repeated-measures correlation of the levels."""
    metabolite, biomarker = (one.levels for one in _both(given)[:2])
    known = np.isfinite(metabolite) & np.isfinite(biomarker)
    subject = np.repeat(given.changes.subject, 2)[known.ravel()]
    people = PersonRows.of(subject.tolist())
    x, y = metabolite[known], biomarker[known]
    df = len(x) - len(people) - 1
    if df < 2:
        raise NotEstimable(f"{len(x)} visits of {len(people)} participants leave no degrees of freedom within them")

    def about(values: FloatArray) -> FloatArray:
        return np.asarray(values - (people.sums(values) / people.sizes)[people.codes])

    x, y = about(x), about(y)
    if not (x @ x > 0 and y @ y > 0):
        raise NotEstimable("one of the two does not vary within participants")
    r = float(x @ y / math.sqrt(float(x @ x) * float(y @ y)))
    if 1 - r * r <= NO_RESIDUAL:
        raise NotEstimable("within participants the two are proportional, there is no scatter to test with")
    t = r * math.sqrt(df / (1 - r * r))
    reach = float(stats.norm.ppf(1 - given.plan.alpha / 2)) / math.sqrt(df - 1)
    test = StatisticalTest(
        family="within_correlation", group="all treatments", quantity="levels within participants",
        estimate_name="r", estimate=r, ci_low=math.tanh(math.atanh(r) - reach),
        ci_high=math.tanh(math.atanh(r) + reach),
        statistic_name="t", statistic=t, df=float(df), p=float(2 * stats.t.sf(abs(t), df)), p_method="t", n=len(x),
    )  # fmt: skip
    return ModelOutcome(name="within_correlation", title="Correlation within participants", tests=(test,),
                        notes=near_exact(1 - r * r, 1.0), methods=(_WITHIN,))  # fmt: skip


def run_repeatability(given: ModelInput) -> ModelOutcome:
    """ICC and minimal detectable change of each quantity under the reference treatment."""
    reference = given.changes.treatments[0]
    first = {name: row for row, name in reversed(list(enumerate(given.changes.subject)))
             if given.changes.treatment[row] == reference}  # fmt: skip
    own = np.isin(np.arange(len(given.changes)), list(first.values()))  # of a treatment given twice the first time
    tests: list[StatisticalTest] = []
    facts: dict[str, float] = {}
    for quantity in (one for one in quantities(given.changes, given.plan) if one.from_baseline):
        levels = quantity.levels[own]
        levels = levels[np.isfinite(levels).all(axis=1)]
        tests += _intraclass(quantity.name, reference, levels, given.plan.alpha, facts)
    return ModelOutcome(name="repeatability", title=f"Repeatability under {reference}", tests=tuple(tests), facts=facts,
                        methods=(_REPEAT,))  # fmt: skip


def _intraclass(
    name: str, group: str, levels: FloatArray, alpha: float, facts: dict[str, float]
) -> list[StatisticalTest]:
    n, k = len(levels), 2
    if n < 3 or np.ptp(levels) == 0:
        reason = f"{n} participants with both values, 3 that differ are the least"
        return [StatisticalTest(family="icc", group=group, quantity=name, n=n, reason=reason)]
    grand, person, time = levels.mean(), levels.mean(axis=1), levels.mean(axis=0)
    between = k * float(np.sum((person - grand) ** 2)) / (n - 1)
    visits = n * float(np.sum((time - grand) ** 2)) / (k - 1)
    rest = float(np.sum((levels - person[:, None] - time + grand) ** 2)) / ((n - 1) * (k - 1))
    f = between / rest if rest > 0 else math.inf
    quantiles = [float(stats.f.ppf(1 - alpha / 2, n - 1, n - 1)) for _ in range(2)]
    low, high = (f / quantiles[0], f * quantiles[1])
    consistency = (between - rest) / (between + (k - 1) * rest)
    agreement = (between - rest) / (between + (k - 1) * rest + k * (visits - rest) / n)
    z = float(stats.norm.ppf(1 - alpha / 2))
    facts |= {
        f"within_person_sd: {name}": math.sqrt(rest),
        f"minimal_detectable_change: {name}": z * math.sqrt(2 * rest),
    }
    return [
        StatisticalTest(
            family="icc", group=group, quantity=f"{name}, consistency", estimate_name="ICC(3,1)", estimate=consistency,
            ci_low=(low - 1) / (low + k - 1), ci_high=(high - 1) / (high + k - 1), statistic_name="F", statistic=f,
            df=float(n - 1), df2=float((n - 1) * (k - 1)), p=float(stats.f.sf(f, n - 1, (n - 1) * (k - 1))), n=n,
        ),
        StatisticalTest(
            family="icc", group=group, quantity=f"{name}, agreement", estimate_name="ICC(2,1)", estimate=agreement, n=n
        ),
    ]  # fmt: skip


def run_equivalence(given: ModelInput) -> ModelOutcome:
    """Two one-sided tests of each treatment effect against its declared margins."""
    margins = {one.quantity: one for one in given.plan.equivalence}
    if not margins:
        raise NotEstimable("no margins are declared: analysis.equivalence names a quantity with low and high")
    tests: list[StatisticalTest] = []
    for quantity, effect in zip(
        quantities(given.changes, given.plan), treatment_effects(given.table.kind, given.changes, given.plan),
        strict=True,
    ):  # fmt: skip
        if (margin := margins.get(quantity.name)) is None:
            continue
        if effect.reason:
            what = f"{quantity.name} within {margin.low:g} to {margin.high:g}"
            tests.append(StatisticalTest(family="equivalence", group="", quantity=what, reason=effect.reason))
        for item in (one for one in effect.estimates if one.hypothesis):
            upper = float(stats.t.sf((item.estimate - margin.low) / item.se, item.df))
            lower = float(stats.t.cdf((item.estimate - margin.high) / item.se, item.df))
            reach = float(stats.t.ppf(1 - given.plan.alpha, item.df)) * item.se
            tests.append(
                StatisticalTest(
                    family="equivalence", group=item.treatment,
                    quantity=f"{quantity.name} within {margin.low:g} to {margin.high:g}", estimate_name="difference",
                    estimate=item.estimate, ci_low=item.estimate - reach, ci_high=item.estimate + reach, df=item.df,
                    p=max(upper, lower), p_method="two one-sided t",
                    interval=f"{100 * (1 - 2 * given.plan.alpha):g} % CI",
                    n=item.n,
                )
            )  # fmt: skip
    return ModelOutcome(name="equivalence", title="Equivalence (two one-sided tests)", tests=tuple(tests),
                        methods=(_TOST,))  # fmt: skip


def _both(given: ModelInput) -> tuple[Quantity, ...]:
    found = quantities(given.changes, given.plan)
    if not given.plan.couples:
        raise NotEstimable("needs a metabolite and a biomarker")
    return found


_NO_COUPLING = (
    ("within_correlation", "Correlation within participants", run_within_correlation),
    ("repeatability", "Repeatability under the reference", run_repeatability),
    ("equivalence", "Equivalence (two one-sided tests)", run_equivalence),
)
AGREEMENT_MODELS = (
    ExtensionModel(name="slopes", title="Slope under each treatment (CR2)", run=run_slopes, takes_as_exact=True),
    *(ExtensionModel(name=name, title=title, run=run) for name, title, run in _NO_COUPLING),
)
