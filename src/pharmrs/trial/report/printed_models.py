"""The extension models as a paper prints them: the interaction in each, then their tests and summaries."""

from __future__ import annotations

import math
from dataclasses import replace

from pharmrs.core.report.numbers import MISSING, number_text, p_text
from pharmrs.core.report.printed_tables import PrintedTable
from pharmrs.trial.records.analysis import EffectEstimate, StatisticalTest
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.report.statistics_text import df_text, interval_text, level_text, statistic_phrase

UNIT = "Unit"  # the last column of tables whose estimates have several
SUMMARIES = ("lognormal", "ros", "kaplan_meier")
_NAMES = {
    "breusch_pagan": "Breusch-Pagan", "kendall": "Kendall", "pearson": "Pearson", "wilcoxon": "Wilcoxon signed rank",
    "mann_whitney": "Wilcoxon rank sum (Mann-Whitney)", "levene": "Levene",
}  # fmt: skip  # of families whose model's title does not say it


def models_table(result: AnalysisResult) -> PrintedTable:
    """The interaction in every model, the declared one first, each with its unit."""
    chain, rows, notes = result.chain, [], []
    main_unit = chain.model.estimates[0].unit if chain.model else ""  # a model that names no unit has that one
    first = [("main", chain.model, chain.reason)] if result.couples else []
    first += [(f"main + {one.covariate}", one.model, one.reason) for one in chain.covariate_models]
    for name, model, reason in first:
        rows += [_model_row(name, "declared", item, main_unit) for item in (model.hypothesis if model else ())]
        if model is None:
            rows.append(_without_result(name, "declared", reason))
    for outcome in result.models:
        plan = "declared" if outcome.declared else "exploratory"
        rows += [_model_row(outcome.title, plan, item, main_unit) for item in outcome.shown]
        if outcome.reason:
            rows.append(_without_result(outcome.title, plan, outcome.reason))
        notes += [f"{outcome.title}: {text.rstrip('.')}." for text in outcome.notes]
    columns = ("Model", "Plan", "Term", "Estimate", level_text(result), "df", "p", "n", "people", UNIT)
    return PrintedTable(title="The interaction in every model", columns=columns, rows=tuple(rows), notes=tuple(notes))


def _model_row(name: str, plan: str, item: EffectEstimate, main_unit: str) -> tuple[str, ...]:
    return (
        name, plan, item.term, number_text(item.estimate), interval_text(item.ci_low, item.ci_high), df_text(item.df),
        p_text(item.p), str(item.n), str(item.subjects), item.unit or main_unit,
    )  # fmt: skip


def _without_result(name: str, plan: str, reason: str) -> tuple[str, ...]:
    return (name, plan, f"not estimable: {reason}", *(MISSING for _ in range(7)))


def effects_table(result: AnalysisResult) -> PrintedTable | None:
    """What each treatment did to each quantity."""
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for effect in result.chain.effects:
        rows += [_model_row(effect.title, "declared", item, "")[:1] + _model_row("", "", item, "")[2:]
                 for item in effect.estimates if item.hypothesis]  # fmt: skip
        notes += [f"{effect.title}: not estimable, {effect.reason}."] if effect.reason else []
        notes += [f"{effect.title}: {text.rstrip('.')}." for text in (*effect.methods, *effect.notes)]
        spread = effect.facts.get("within_person_sd", effect.facts.get("residual_sd"))
        notes += [f"{effect.title}: residual SD {number_text(spread)}."] if spread is not None else []
    if not rows and not notes:
        return None
    columns = ("Quantity", "Term", "Estimate", level_text(result), "df", "p", "n", "people", UNIT)
    return PrintedTable(
        title="What each treatment did to each quantity", columns=columns, rows=tuple(rows), notes=tuple(notes)
    )


def model_tests_table(result: AnalysisResult) -> PrintedTable | None:
    tests = [(model, test) for model in result.models for test in model.tests if test.family not in SUMMARIES]
    if not tests:
        return None
    rows = tuple(
        (
            f"{model.title}: {_about(test)}",
            str(test.n), test.estimate_name or MISSING, number_text(test.estimate),
            interval_text(test.ci_low, test.ci_high) + (f" ({test.interval})" if test.interval else ""),
            _statistic_alone(test), p_text(test.p),
        )
        for model, test in tests
    )  # fmt: skip
    columns = ("Test", "n", "coefficient", "value", level_text(result), "statistic", "p")
    exploratory = [model.title for model in result.models if not model.declared and model.tests]
    note = f"Exploratory: {'; '.join(exploratory)}." if exploratory else ""
    return PrintedTable(title="Tests of the other models", columns=columns, rows=rows, notes=(note,))


def summaries_table(result: AnalysisResult) -> PrintedTable | None:
    """Mean and median with censored values: one line per treatment and time point."""
    tests = [test for model in result.models for test in model.tests if test.family in SUMMARIES]
    if not tests:
        return None
    found = {(test.group, test.family, test.quantity): test for test in tests}
    rows = []
    for group in dict.fromkeys(test.group for test in tests):
        cells = [group, str(next(test.n for test in tests if test.group == group))]
        for family in SUMMARIES:
            mean, median = (found.get((group, family, quantity)) for quantity in ("mean", "median"))
            cells.append(number_text(mean.estimate) if mean else MISSING)
            if family == "lognormal":
                cells.append(interval_text(mean.ci_low, mean.ci_high) if mean else MISSING)
            cells.append(number_text(median.estimate) if median else MISSING)
        rows.append(tuple(cells))
    reasons = dict.fromkeys(f"{test.group}: {test.reason}" for test in tests if test.reason)
    return PrintedTable(
        title="Levels of the biomarker with values below the limit",
        columns=("At", "n", "mean (lognormal)", level_text(result), "median (lognormal)", "mean (ROS)", "median (ROS)",
                 "mean (Kaplan-Meier)", "median (Kaplan-Meier)"),
        rows=tuple(rows), notes=(f"Not estimable: {'; '.join(reasons)}.",) if reasons else (),
    )  # fmt: skip


def _about(test: StatisticalTest) -> str:
    return ", ".join(part for part in (_NAMES.get(test.family, ""), test.quantity, test.group) if part)


def _statistic_alone(test: StatisticalTest) -> str:
    return statistic_phrase(replace(test, p=math.nan, estimate_name="")) or MISSING
