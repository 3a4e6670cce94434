"""The tables of the statistics as a paper prints them; n is in every one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pharmrs.core.report.numbers import MISSING, number_text, p_text
from pharmrs.core.report.printed_tables import PrintedTable
from pharmrs.trial.chain.families import rejected
from pharmrs.trial.records.analysis import EffectEstimate, StatisticalTest
from pharmrs.trial.records.analysis_result import AnalysisResult, BaselineValue
from pharmrs.trial.records.linear_model import LinearModel
from pharmrs.trial.report.printed_models import effects_table, model_tests_table, models_table, summaries_table
from pharmrs.trial.report.statistics_text import (
    as89_text,
    dependence_note,
    df_text,
    interval_text,
    level_text,
    scatter_note,
    statistic_phrase,
    term_text,
)


def printed_tables(result: AnalysisResult) -> tuple[PrintedTable, ...]:
    """Main model, the interaction in every model, terms, covariates, correlations, Oldham, t tests, adjusted p, unit
    check, tests of the extension models, sample flow.
    """
    found = (
        _main_table(result) if result.couples else None,
        None if result.couples else effects_table(result),
        models_table(result) if result.couples or any(one.estimates for one in result.models) else None,
        _terms_table(result),
        _covariates_table(result),
        _correlations_table(result),
        _comparisons_table(result),
        effects_table(result) if result.couples else None,
        _families_table(result),
        _adjusted_table(result),
        _rules_table(result),
        _units_table(result),
        model_tests_table(result),
        summaries_table(result),
        _baseline_table(result),
        _flow_table(result),
    )
    return tuple(table for table in found if table is not None)


def model_note(model: LinearModel) -> str:
    """F, R2, normality and n of a linear model in one sentence each."""
    f = (
        f"F({df_text(model.df[0])}, {df_text(model.df[1])}) = {number_text(model.f, 4)}, p = {p_text(model.f_p)}, "
        f"R² = {number_text(model.r2)}, adjusted R² = {number_text(model.adjusted_r2)}"
    )
    return (
        f"{model.n} pairs of {model.subjects} participants; {f}. Residuals: Shapiro-Wilk "
        f"{statistic_phrase(model.shapiro)}."
    )


def _main_table(result: AnalysisResult) -> PrintedTable:
    title = f"Change in {result.plan.biomarker} on change in {result.plan.metabolite}, treatment and their interaction"
    model = result.chain.model
    columns = ("Term", "β", "SE", level_text(result), "t", "df", "p")
    if model is None:
        rows: tuple[tuple[str, ...], ...] = ()
        return PrintedTable(title=title, columns=columns, rows=rows, notes=(f"Not estimable: {result.chain.reason}.",))
    rows = tuple((term_text(item), *_estimate_cells(item)) for item in model.estimates)
    return PrintedTable(
        title=title,
        columns=columns,
        rows=rows,
        notes=(
            model_note(model),
            scatter_note(result.chain, result),
            dependence_note(result.chain, result),
            *map(_sentence, model.notes),
        ),
    )


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:].rstrip('.')}."


def _estimate_cells(item: EffectEstimate) -> tuple[str, ...]:
    return (
        number_text(item.estimate, 4), number_text(item.se, 4), interval_text(item.ci_low, item.ci_high),
        number_text(item.statistic), df_text(item.df), p_text(item.p),
    )  # fmt: skip


def _terms_table(result: AnalysisResult) -> PrintedTable | None:
    tests = [*result.chain.terms, *result.chain.covariates]
    if not tests:
        return None
    rows = tuple(
        (f"{'+ ' if test.family == 'covariate' else ''}{test.group}", number_text(test.statistic), df_text(test.df),
         df_text(test.df2), p_text(test.p), str(test.n))
        for test in tests
    )  # fmt: skip
    note = "Type II: a main effect is tested beside the other one, without the interaction."
    note += " + covariate: all its levels together, added to the main model." if result.chain.covariates else ""
    return PrintedTable(
        title="F tests of the terms of the main model, and of each covariate",
        columns=("Term", "F", "df", "df of error", "p", "n pairs"), rows=rows, notes=(note,),
    )  # fmt: skip


_FAMILIES = {
    "spearman": "rank correlation per treatment",
    "covariate": "covariates",
    "within_treatment": "change within treatments",
    "between_treatments": "levels between treatments",
    "change_between_treatments": "change between treatments",
}


def _adjusted_table(result: AnalysisResult) -> PrintedTable | None:
    """Families of at least two tests, those of pairs in the sample of the reference analysis."""
    chain = result.chain
    tests = [
        *chain.correlations,
        *chain.covariates,
        *(test for test in chain.paired if test.sample == chain.paired[0].sample),
    ]
    known = [test for test in tests if not math.isnan(test.p_holm)]
    families = [test.family for test in known]
    rows = tuple(
        (_FAMILIES[test.family], test.group if test.family == "covariate" else f"{test.quantity}, {test.group}",
         str(test.n), p_text(test.p), p_text(test.p_holm), p_text(test.p_bh))
        for test in known
        if families.count(test.family) > 1
    )  # fmt: skip
    if not rows:
        return None
    return PrintedTable(
        title="p adjusted for the number of tests of a family",
        columns=("Family", "Test", "n", "p", "p (Holm)", "p (Benjamini-Hochberg)"), rows=rows,
        notes=("Holm: probability of any false rejection in the family; Benjamini-Hochberg: false discovery rate.",),
    )  # fmt: skip


def _families_table(result: AnalysisResult) -> PrintedTable | None:
    """The confirmatory hypotheses in the order of their gates."""
    tests = result.chain.families
    if not tests:
        return None
    rows = tuple(
        (test.sample, f"{test.quantity}, {test.group}", test.p_alternative_method, number_text(test.estimate),
         interval_text(test.ci_low, test.ci_high), p_text(test.p), p_text(test.p_alternative),
         "rejected" if rejected(test) else "not rejected", str(test.n))
        for test in tests
    )  # fmt: skip
    note = (
        f'"No effect" is rejected where the adjusted p is at most {result.plan.alpha:g}; a family is tested where all '
        "hypotheses of the one before are rejected. Intervals are not adjusted."
    )
    return PrintedTable(
        title="The declared hypotheses", notes=(note + _reasons(tests),), rows=rows,
        columns=("Family", "Hypothesis", "Method", "Estimate", level_text(result), "p", "p (adjusted)", "no effect",
                 "n"),
    )  # fmt: skip


def _covariates_table(result: AnalysisResult) -> PrintedTable | None:
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for one in result.chain.covariate_models:
        if one.model is None:
            rows.append((one.covariate, *(MISSING for _ in range(7))))
            notes.append(f"{one.covariate}: not estimable, {one.reason}.")
            continue
        main_terms = {item.term for item in result.chain.model.estimates} if result.chain.model else set()
        notes += [f"{one.covariate}: {text}" for text in one.model.notes]
        for item in one.model.estimates:
            if item.hypothesis or item.term not in main_terms:
                rows.append((f"+ {one.covariate}: {term_text(item)}", *_estimate_cells(item), str(item.n)))
    if not rows:
        return None
    columns = ("Model and term", "β", "SE", level_text(result), "t", "df", "p", "n pairs")
    title = "The main model with one covariate added at a time: the covariate and the interaction"
    return PrintedTable(title=title, columns=columns, rows=tuple(rows), notes=tuple(notes))


def _correlations_table(result: AnalysisResult) -> PrintedTable | None:
    tests = [*result.chain.correlations, *result.chain.oldham]
    if not tests:
        return None
    rows = tuple(
        (
            f"{test.quantity}, {test.group}", str(test.n), test.estimate_name or MISSING, number_text(test.estimate),
            p_text(test.p), as89_text(test), p_text(test.alpha), p_text(test.alpha_sidak),
            p_text(test.alpha_reference), p_text(test.alpha_sidak_reference),
        )
        for test in tests
    )  # fmt: skip
    title = "Correlation of the two changes per treatment, and Oldham's check of change against level"
    columns = ("Correlation", "n pairs", "kind", "value", "p (t)", "p (AS 89)", "level (Bonferroni)", "level (Sidak)",
               "Bonferroni, reference study", "Sidak, reference study")  # fmt: skip
    note = (
        "rs: Spearman's rank correlation; r: Pearson's. Levels are corrected for the number of treatments k. The "
        "reference study's alpha / k^(1 - r), r the Pearson correlation under that treatment (negative: 0), is shown "
        "and not used: it grows with what is tested, and the tests together err in more than alpha."
    )
    return PrintedTable(title=title, columns=columns, rows=rows, notes=(f"{note}{_reasons(tests)}",))


def _comparisons_table(result: AnalysisResult) -> PrintedTable | None:
    tests = result.chain.paired
    if not tests:
        return None
    rows = tuple(
        (
            f"{test.quantity}, {test.group}", test.sample, str(test.n),
            number_text(test.estimate), interval_text(test.ci_low, test.ci_high), number_text(test.statistic),
            df_text(test.df), p_text(test.p),
        )
        for test in tests
    )  # fmt: skip
    parallel = any(test.p_method == "Welch t" for test in tests)
    columns = ("Comparison", "Sample", "n" if parallel else "n pairs", "Difference", level_text(result), "t",
               "df", "p")  # fmt: skip
    note = "Paired t tests: pairs are matched by participant, a missing partner drops the pair."
    note += " Between treatments: Welch's t test of two groups." if parallel else ""
    named = (f"{result.plan.biomarker} (adjusted level)" * bool(result.plan.biomarker), result.plan.metabolite)
    quantities = ", ".join(name for name in named if name)
    title = f"Levels and changes within and between treatments: {quantities}"
    return PrintedTable(title=title, columns=columns, rows=rows, notes=(f"{note}{_reasons(tests)}",))


def _reasons(tests: Sequence[StatisticalTest]) -> str:
    given = dict.fromkeys(f"{test.quantity}, {test.group}: {test.reason}" for test in tests if test.reason)
    return f" Not tested: {'; '.join(given)}." if given else ""


def _rules_table(result: AnalysisResult) -> PrintedTable | None:
    changes = result.chain.rule_changes
    if not changes:
        return None
    rows = tuple(
        (
            f"without “{item.lifted}”" if item.lifted else "as declared", str(item.n), item.term or MISSING,
            number_text(item.estimate), interval_text(item.ci_low, item.ci_high), p_text(item.p),
        )
        for item in changes
    )  # fmt: skip
    reasons = [f"{item.lifted or 'as declared'}: {item.reason}" for item in changes if item.reason]
    return PrintedTable(
        title="The interaction with and without each exclusion rule",
        columns=("Exclusion rules", "n pairs", "Term", "β", level_text(result), "p"),
        rows=rows,
        notes=(f"Not estimable {'; '.join(reasons)}.",) if reasons else (),
    )


def _units_table(result: AnalysisResult) -> PrintedTable | None:
    changes = result.chain.unit_changes
    if not changes:
        return None
    rows = tuple(
        (f"{item.factor:g}", item.term or MISSING, number_text(item.estimate), p_text(item.p)) for item in changes
    )
    reasons = dict.fromkeys(f"factor {item.factor:g}: {item.reason}" for item in changes if item.reason)
    note = f" Not estimable at {'; '.join(reasons)}." if reasons else ""
    return PrintedTable(
        title="The interaction after the unit of the assay is changed",
        columns=("Biomarker multiplied by", "Term", "β", "p"),
        rows=rows,
        notes=("A result that does not depend on the unit of the assay has the same p in every line." + note,),
    )


def _baseline_table(result: AnalysisResult) -> PrintedTable | None:
    """Table 1: participants before treatment, by sequence or arm."""
    found = {(item.quantity, item.level, item.group): item for item in result.chain.baseline}
    if not found:
        return None
    groups = list(dict.fromkeys(item.group for item in result.chain.baseline))
    rows = tuple(
        (
            f"{quantity}{f', {level}' if level else ''}",
            *(_baseline_cell(found.get((quantity, level, group))) for group in groups),
        )
        for quantity, level in dict.fromkeys((item.quantity, item.level) for item in result.chain.baseline)
    )  # fmt: skip
    note = (
        "Mean (SD) of the n known, or n of those known. Quantities at the baseline of the first period. Baselines are "
    )
    return PrintedTable(
        title="Participants before treatment", columns=("Quantity", *(group or "all" for group in groups)), rows=rows,
        notes=(f"{note}described and not tested.",),
    )  # fmt: skip


def _baseline_cell(item: BaselineValue | None) -> str:
    if item is None:
        return "0"
    if item.quantity == "participants":
        return str(item.count)
    if item.level:
        return f"{item.count} of {item.n}"
    return f"{number_text(item.mean)} ({number_text(item.sd)}), n = {item.n}" if item.n else MISSING


def _flow_table(result: AnalysisResult) -> PrintedTable:
    treatments = result.table.treatments
    stages = dict.fromkeys(item.stage for item in result.chain.flow)
    count = {(item.stage, item.treatment): item.count for item in result.chain.flow}
    rows = tuple(
        (stage, str(count[stage, ""]), *(str(count.get((stage, name), "")) for name in treatments)) for stage in stages
    )
    notes = tuple(f"{text[:1].upper()}{text[1:]}." for text in result.chain.notes)
    return PrintedTable(title="Sample flow", columns=("Stage", "all", *treatments), rows=rows, notes=notes)
