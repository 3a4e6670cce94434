"""The results paragraphs of the statistics, from what was executed and nothing else."""

from __future__ import annotations

import math

from pharmrs.core.report.numbers import number_text, p_phrase
from pharmrs.trial.chain.analysis_flow import (
    ANALYSED,
    ANALYSED_ALONE,
    BEYOND,
    KEPT,
    MEASURED,
    PLANNED,
    SAMPLES,
    SCANS,
)
from pharmrs.trial.chain.effects import EFFECT
from pharmrs.trial.records.analysis import EffectEstimate, ModelOutcome, StatisticalTest
from pharmrs.trial.records.analysis_result import AnalysisResult, ReferenceChain
from pharmrs.trial.report.printed import model_note
from pharmrs.trial.report.statistics_text import (
    dependence_note,
    df_text,
    effect_findings,
    family_findings,
    findings,
    interval_text,
    level_text,
    scatter_note,
    statistic_phrase,
)

_TESTS_IN_TEXT = 3
_SAME_P = 1e-6  # changes are rounded to ten decimals, so another unit moves p in the last digits


def results_paragraphs(result: AnalysisResult) -> list[str]:
    """What the reference chain found, estimate and interval first; what could not be estimated with its reason."""
    chain = result.chain
    paragraphs = [_sample(result)]
    if not result.couples:
        paragraphs += effect_findings(result)
        paragraphs += [f"{one.title} could not be estimated: {one.reason}." for one in chain.effects if one.reason]
    elif chain.model is None:
        paragraphs.append(f"The main model could not be estimated: {chain.reason}.")
    else:
        effects = " ".join(
            f"{words} Estimate of the difference: {_effect(item, result)}."
            for words, item in zip(findings(result), chain.model.hypothesis, strict=True)
        )
        paragraphs.append(f"{effects} {model_note(chain.model)}")
        notes = (scatter_note(chain, result), dependence_note(chain, result))
        paragraphs += [note for note in notes if note]
        if len(chain.model.hypothesis) > 1:
            paragraphs += [f"All interactions together: {statistic_phrase(test)}." for test in chain.joint]
    paragraphs += family_findings(result)
    if covariates := _covariates(chain):
        paragraphs.append(covariates)
    rank = [test for test in chain.correlations if test.family == "spearman"]
    if rank:
        paragraphs.append(
            "Rank correlation of the two changes: " + "; ".join(_correlation(test) for test in rank) + "."
        )
    oldham = [test for test in chain.oldham if test.group == "all treatments"]
    paragraphs += [
        f"Change against mean level (Oldham): {_correlation(test, judged=False)}." for test in oldham if not test.reason
    ]
    for family, heading in (
        ("within_treatment", "Mean differences within treatments"),
        ("between_treatments", "Mean differences between treatments"),
        ("change_between_treatments", "Mean differences of changes between treatments"),
    ):
        tests = [test for test in chain.paired if test.family == family and test.sample == chain.paired[0].sample]
        if tests:
            paragraphs.append(f"{heading}: " + "; ".join(_comparison(test, result) for test in tests) + ".")
    if result.couples and (words := effect_findings(result)):
        paragraphs.append(" ".join(words))
    paragraphs += _spread_within(chain)
    paragraphs += _rule_paragraph(chain)
    return paragraphs + _unit_paragraph(chain)


def model_paragraphs(result: AnalysisResult) -> list[str]:
    """One paragraph per extension model: its interaction, tests and remarks, or the reason why it has none."""
    return [_model_paragraph(model, result) for model in result.models]


def _spread_within(chain: ReferenceChain) -> list[str]:
    """What a further crossover is planned by (CONSORT 2019, doi:10.1136/bmj.l4378)."""
    parts = [
        f"{one.name.removeprefix(EFFECT + ': ')} {number_text(one.facts['within_person_sd'])} "
        f"({number_text(one.facts['between_person_sd'])})"
        for one in chain.effects
        if "within_person_sd" in one.facts
    ]
    return [f"Residual SD within participants, given the baseline (between them): {'; '.join(parts)}."] if parts else []


def _sample(result: AnalysisResult) -> str:
    count = {(item.what, item.became, item.treatment): item.count for item in result.chain.flow}
    analysed = ANALYSED if result.plan.couples else ANALYSED_ALONE
    pairs = count.get((analysed, "", ""))
    per = ", ".join(f"{count.get((analysed, '', name), 0)} {name}" for name in result.table.treatments)
    text = f"{len(result.table.subjects)} participants ({result.table.kind} design)"
    if pairs is None:
        return f"{text}."
    censored = sum(count.get((SAMPLES, became, ""), 0) for became in BEYOND.values())
    known = "with both changes known" if result.plan.couples else "of baseline and follow-up"
    sentences = [f"{text} gave {pairs} pairs {known} ({per})."]
    if (planned := count.get((SAMPLES, PLANNED, ""))) is not None:
        measured = count[SAMPLES, MEASURED, ""]
        sentences.append(
            f"Of {planned} planned biomarker samples {measured} were measured and {censored} lay beyond a limit of the "
            "assay."
        )
    if (planned := count.get((SCANS, PLANNED, ""))) is not None:
        kept = count[SCANS, KEPT, ""]
        sentences.append(f"Of {planned} planned scans {kept} gave a metabolite that was kept.")
    return " ".join(sentences)


def _effect(item: EffectEstimate, result: AnalysisResult) -> str:
    return (
        f"{number_text(item.estimate)} ({item.term}; {level_text(result)} {interval_text(item.ci_low, item.ci_high)}; "
        f"t({df_text(item.df)}) = {number_text(item.statistic)}, {p_phrase(item.p)})"
    )


def _covariates(chain: ReferenceChain) -> str:
    parts = []
    for one in chain.covariate_models:
        if one.model is None:
            parts.append(f"{one.covariate}: not estimable, {one.reason}")
            continue
        effects = ", ".join(f"{number_text(item.estimate)} ({p_phrase(item.p)})" for item in one.model.hypothesis)
        parts.append(f"with {one.covariate} {effects}, n = {one.model.n} pairs")
    return f"The interaction with one covariate added: {'; '.join(parts)}." if parts else ""


def _correlation(test: StatisticalTest, *, judged: bool = True) -> str:
    if test.reason:
        return f"{test.group}: not tested, {test.reason} (n = {test.n})"
    against = f", level {number_text(test.alpha)}" if judged and not math.isnan(test.alpha) else ""
    return (
        f"{test.group} {test.estimate_name} = {number_text(test.estimate)}, {p_phrase(test.p)} by t and "
        f"{p_phrase(test.p_alternative)} by {test.p_alternative_method}{' (ties)' if test.ties else ''}, n = {test.n} "
        f"pairs{against}"
    )


def _comparison(test: StatisticalTest, result: AnalysisResult) -> str:
    pairs = "n" if test.p_method == "Welch t" else "pairs"
    mean = ""
    if not test.reason:
        interval = interval_text(test.ci_low, test.ci_high)
        mean = f"{number_text(test.estimate)} ({level_text(result)} {interval}), "
    return f"{test.quantity}, {test.group}: {mean}{statistic_phrase(test)} ({pairs} = {test.n})"


def _rule_paragraph(chain: ReferenceChain) -> list[str]:
    parts = [
        f"without {_rule(item.lifted)} {number_text(item.estimate)} ({p_phrase(item.p)}, n = {item.n} pairs)"
        for item in chain.rule_changes
        if item.lifted and not item.reason
    ]
    return [f"The interaction with an exclusion rule lifted: {'; '.join(parts)}."] if parts else []


def _rule(lifted: str) -> str:
    return lifted if lifted == "all rules" else f"“{lifted}”"


def _unit_paragraph(chain: ReferenceChain) -> list[str]:
    if chain.model is None:
        return []
    parts: list[str] = []
    for row in chain.model.hypothesis:
        known = [item for item in chain.unit_changes if item.term == row.term]
        low, high = min(known, key=lambda item: item.p), max(known, key=lambda item: item.p)
        if high.p - low.p < _SAME_P:
            parts.append(f"{row.term}: {p_phrase(row.p)} whatever the unit")
        else:
            span = f"{p_phrase(low.p)} (factor {low.factor:g}) to {p_phrase(high.p)} (factor {high.factor:g})"
            parts.append(f"{row.term}: from {span}, it depends on the unit")
    return [f"Were the assay given in another unit, {'; '.join(parts)}."]


def _model_paragraph(model: ModelOutcome, result: AnalysisResult) -> str:
    label = model.title if model.declared else f"{model.title} (exploratory, not part of the plan)"
    if model.reason:
        return f"{label}: not estimable, {model.reason}."
    parts = [_effect_of_model(item, result) for item in model.shown]
    tests = [test for test in model.tests if test.family != "leave_one_out"]  # its notes say it in words
    parts += [_test_of_model(test) for test in tests[:_TESTS_IN_TEXT]]
    more = len(tests) - _TESTS_IN_TEXT
    rest = f" ({more} more in the tables)" if more > 0 else ""
    first = f"{label}: {'; '.join(parts)}{rest}." if parts else f"{label}."
    return " ".join([first, *(_sentence(note) for note in model.notes)])


def _test_of_model(test: StatisticalTest) -> str:
    group = f", {test.group}" if test.group else ""
    name = "" if test.family == "multiverse" else f" ({test.family.replace('_', ' ')})"
    return f"{test.quantity}{name}{group}: {_estimate_first(test)}{statistic_phrase(test)} (n = {test.n})"


def _estimate_first(test: StatisticalTest) -> str:
    """The estimate and its interval, where the phrase of the statistic does not hold them."""
    if test.reason or not test.statistic_name or math.isnan(test.estimate):
        return ""
    interval = "" if math.isnan(test.ci_low) else f" ({interval_text(test.ci_low, test.ci_high)})"
    return f"{test.estimate_name} = {number_text(test.estimate)}{interval}, "


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:].rstrip('.')}."


def _effect_of_model(item: EffectEstimate, result: AnalysisResult) -> str:
    facts = [f"{level_text(result)} {interval_text(item.ci_low, item.ci_high)}"] if math.isfinite(item.ci_low) else []
    facts += [] if math.isnan(item.p) else [p_phrase(item.p)]
    facts.append(f"n = {item.n} of {item.subjects} participants")
    return f"{item.term} {number_text(item.estimate)} ({', '.join(facts)})"
