"""Extension models of the levels themselves: treatment effects on the biomarker, its distribution, rank tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.trial.chain.change_design import period_indicators
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.extension import OUTLIERS, ExtensionModel, ModelInput
from pharmrs.trial.records.analysis import EffectEstimate, ModelOutcome, StatisticalTest
from pharmrs.trial.records.observations import LEFT, NOT_CENSORED
from pharmrs.trial.regression.censored_summary import (
    CensoredSummary,
    kaplan_meier_summary,
    lognormal_summary,
    regression_on_order_statistics,
)
from pharmrs.trial.regression.mixed_model import fit_mixed
from pharmrs.trial.tests.correlation_interval import correlation_interval
from pharmrs.trial.tests.rank_tests import TwoSidedTest, kendall, levene, mann_whitney, wilcoxon_signed_rank
from pharmrs.trial.tests.spearman import pearson_test

_LEVELS = (
    "Log biomarker levels were compared in a mixed model with treatment, time point, their interaction, period and "
    "sequence, a random intercept of the participant and, where a participant has several, of the visit (REML, "
    "Kenward-Roger)."
)
_SUMMARIES = (
    "Biomarker levels with values below the limit were summarised by lognormal maximum likelihood, regression on order "
    "statistics and Kaplan-Meier (10.1002/9781118162729)."
)
_RANKS = (
    "Kendall's tau-b, Pearson's r with Fisher's interval, Wilcoxon signed-rank tests within treatments, the biomarker "
    "change between treatments by signed ranks (rank sums of the two groups in a parallel trial), and Levene's test "
    "(about medians) between treatments."
)


def run_levels(given: ModelInput) -> ModelOutcome:
    """Treatment by time on the log biomarker."""
    rows = [row for row in given.table.paired_rows if row.biomarker_measured > 0]
    if not rows:
        raise NotEstimable("no biomarker value above zero was measured")
    later = np.array([row.time_point == given.table.follow_up for row in rows], dtype=float)
    follow_up = given.table.follow_up
    columns: list[tuple[str, FloatArray, bool]] = [("(intercept)", np.ones(len(rows)), False)]
    treated = {
        name: np.array([row.treatment == name for row in rows], dtype=float) for name in given.table.treatments[1:]
    }
    columns += [(name, column, False) for name, column in treated.items()]
    columns += [(follow_up, later, False)]
    periods = np.array([np.nan if row.period is None else row.period for row in rows], dtype=float)
    if np.isfinite(periods).all():
        columns += [(name, column, False) for name, column in period_indicators(periods).items()]
    sequences = sorted({row.sequence for row in rows})
    if given.table.kind == "crossover" and len(sequences) > 1:
        columns += [
            (f"sequence {name}", np.array([row.sequence == name for row in rows], dtype=float), False)
            for name in sequences[1:]
        ]
    columns += [(f"{name} × {follow_up}", column * later, True) for name, column in treated.items()]
    outcome = np.log(np.array([row.biomarker for row in rows]))
    terms = tuple(term for term, _, _ in columns)
    # what both values of a visit share is no error of the change between them
    groups = {"participant": [row.subject for row in rows]}
    visits = [f"{row.subject} {row.treatment} {row.occasion}" for row in rows]
    if len(set(visits)) > len(set(groups["participant"])):
        groups["visit"] = visits
    fit = fit_mixed(outcome, np.column_stack([values for _, values, _ in columns]), terms, groups,
                    level=1 - given.plan.alpha)  # fmt: skip
    found = fit.kenward_roger
    estimates = tuple(
        EffectEstimate(
            model="levels", term=term, estimate=float(found.estimate[k]), se=float(found.se[k]),
            ci_low=float(found.ci_low[k]), ci_high=float(found.ci_high[k]), statistic=float(found.statistic[k]),
            df=float(found.df[k]), p=float(found.p[k]), n=found.n, subjects=found.subjects,
            unit="log biomarker level",
        )
        for k, term in enumerate(terms)
    )  # fmt: skip
    # what the model is about comes first: tables of models show one line of each
    ordered = sorted(estimates, key=lambda one: f"× {follow_up}" not in one.term)
    facts = {f"variance_{name}": value for name, value in fit.components.items()}
    facts["variance_residual"] = fit.residual_variance
    return ModelOutcome(name="levels", title="Biomarker levels, treatment by time", estimates=tuple(ordered),
                        facts=facts, notes=found.notes, methods=(_LEVELS,))  # fmt: skip


def run_summaries(given: ModelInput) -> ModelOutcome:
    """Mean and median per treatment and time point with censored values."""
    tests, notes = [], []
    methods: dict[str, Callable[[FloatArray, BoolArray], CensoredSummary]] = {
        "lognormal": partial(lognormal_summary, level=1 - given.plan.alpha),
        "ros": regression_on_order_statistics,
        "kaplan_meier": kaplan_meier_summary,
    }  # fmt: skip
    for treatment in given.table.treatments:
        for point in (given.table.baseline, given.table.follow_up):
            rows = [row for row in given.table.paired_rows if (row.treatment, row.time_point) == (treatment, point)]
            kept = [row for row in rows if np.isfinite(row.biomarker_measured) or row.biomarker_censored == LEFT]
            above = sum(row.biomarker_censored not in (NOT_CENSORED, LEFT) for row in rows)
            if above:
                notes.append(f"{treatment}, {point}: {above} values above the range are left out")
            below = np.array([row.biomarker_censored == LEFT for row in kept], dtype=bool)
            values = np.array(
                [row.biomarker_limit if row.biomarker_censored == LEFT else row.biomarker for row in kept]
            )
            for name, summary in methods.items():
                group = f"{treatment}: {point}"
                try:
                    found = summary(values, below)
                except NotEstimable as why:
                    tests.append(
                        StatisticalTest(family=name, group=group, quantity="mean", n=len(kept), reason=str(why))
                    )
                    continue
                for quantity, value in (("mean", found.mean), ("median", found.median)):
                    limits = (found.mean_ci_low, found.mean_ci_high) if quantity == "mean" else (np.nan, np.nan)
                    tests.append(
                        StatisticalTest(
                            family=name, group=group, quantity=quantity, estimate_name=quantity, estimate=value,
                            ci_low=limits[0], ci_high=limits[1], n=found.n,
                        )
                    )  # fmt: skip
    return ModelOutcome(name="summaries", title="Biomarker levels with censored values", tests=tuple(tests),
                        notes=tuple(notes), methods=(_SUMMARIES,))  # fmt: skip


def run_ranks(given: ModelInput) -> ModelOutcome:
    """Kendall and Pearson of the changes, signed ranks of the levels, spread of the changes."""
    tests: list[StatisticalTest] = []
    given = replace(given, changes=given.changes.one_row_each())
    for treatment in given.changes.treatments:
        rows = given.changes.where(given.changes.complete & given.changes.of_treatment(treatment))
        x, y = rows.change_metabolite, rows.change_biomarker
        tests.append(_run_test("kendall", treatment, "changes", partial(kendall, x, y), len(rows)))
        pearson = pearson_test(x, y, treatment, "changes")
        low, high = correlation_interval(pearson.estimate, pearson.n, 1 - given.plan.alpha)
        tests.append(
            StatisticalTest(
                family="pearson", group=treatment, quantity="changes", estimate_name="r", estimate=pearson.estimate,
                ci_low=low, ci_high=high, statistic_name="t", statistic=pearson.statistic, df=pearson.df, p=pearson.p,
                p_method="t", n=pearson.n, reason=pearson.reason,
            )
        )  # fmt: skip
        levels = given.changes.biomarker_level[given.changes.of_treatment(treatment)]
        levels = levels[np.isfinite(levels).all(axis=1)]
        tests.append(
            _run_test("wilcoxon", treatment, "biomarker level",
                  partial(wilcoxon_signed_rank, levels[:, 0], levels[:, 1]), len(levels))
        )  # fmt: skip
    tests += _ranks_between(given)
    changes = [
        given.changes.change_biomarker[given.changes.complete & given.changes.of_treatment(name)]
        for name in given.changes.treatments
    ]
    if len(changes) > 1:
        tests.append(
            _run_test("levene", "all treatments", "biomarker change", partial(levene, *changes), sum(map(len, changes)))
        )
    return ModelOutcome(name="ranks", title="Rank tests and spread", tests=tuple(tests), methods=(_RANKS,))


def _ranks_between(given: ModelInput) -> list[StatisticalTest]:
    """The biomarker change between treatments: signed ranks of a participant's two changes in a crossover, rank sums of
    two groups in a parallel trial.
    """
    rows = given.changes.where(np.isfinite(given.changes.change_biomarker))
    found = []
    by_treatment = [
        {rows.subject[row]: rows.change_biomarker[row] for row in np.flatnonzero(rows.of_treatment(name))}
        for name in rows.treatments
    ]
    for name, other in zip(rows.treatments[1:], by_treatment[1:], strict=True):
        group, reference = f"{rows.treatments[0]} - {name}", by_treatment[0]
        if given.table.kind == "parallel":
            sides = [np.array(list(one.values()), dtype=float) for one in (reference, other)]
            run, n = partial(mann_whitney, *sides), len(reference) + len(other)
            found.append(_run_test("mann_whitney", group, "biomarker change", run, n))
            continue
        both = sorted(reference.keys() & other.keys())
        sides = [np.array([one[subject] for subject in both], dtype=float) for one in (other, reference)]
        found.append(
            _run_test("wilcoxon", group, "biomarker change", partial(wilcoxon_signed_rank, *sides), len(both))
        )  # fmt: skip
    return found


def _run_test(family: str, group: str, quantity: str, run: Callable[[], TwoSidedTest], n: int) -> StatisticalTest:
    try:
        found = run()
    except NotEstimable as why:
        return StatisticalTest(family=family, group=group, quantity=quantity, n=n, reason=str(why))
    name = {"kendall": "tau", "wilcoxon": "V", "mann_whitney": "W", "levene": "F"}[family]
    return StatisticalTest(
        family=family, group=group, quantity=quantity, statistic_name=name, statistic=found.statistic, df=found.df,
        df2=found.df2, p=found.p, p_method=found.p_method, n=n,
    )  # fmt: skip


LEVEL_MODELS = (
    ExtensionModel(name="levels", title="Biomarker levels, treatment by time", run=run_levels),
    ExtensionModel(name="summaries", title="Biomarker levels with censored values", run=run_summaries),
    ExtensionModel(name="ranks", title="Rank tests and spread", run=run_ranks, aspect=OUTLIERS),
)
