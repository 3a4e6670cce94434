"""Statistics as papers print them: p values, tests, intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pharmrs.core.report.numbers import MISSING, number_text, p_phrase, p_text
from pharmrs.trial.chain.families import rejected
from pharmrs.trial.records.analysis import EffectEstimate, StatisticalTest
from pharmrs.trial.records.analysis_result import AnalysisResult, ReferenceChain


def level_text(result: AnalysisResult) -> str:
    """`95 % CI` of the declared alpha."""
    return f"{100 * (1 - result.plan.alpha):g} % CI"


def covers_zero(item: EffectEstimate, alpha: float) -> bool:
    """Whether an effect of nothing is inside the interval; by p where there is no interval."""
    if math.isnan(item.ci_low) or math.isnan(item.ci_high):
        return not item.p < alpha
    return item.ci_low <= 0 <= item.ci_high


def findings(result: AnalysisResult) -> tuple[str, ...]:
    """What each interaction of the main model says, in words that its interval allows."""
    model = result.chain.model
    return tuple(_finding(item, item.treatment, result) for item in model.hypothesis) if model is not None else ()


def _finding(item: EffectEstimate, other: str, result: AnalysisResult) -> str:
    plan, reference = result.plan, result.table.treatments[0]
    coupling = f"the coupling of the change in {plan.biomarker} with the change in {plan.metabolite}"
    interval = interval_text(item.ci_low, item.ci_high)
    if covers_zero(item, result.plan.alpha):
        return (
            f"There is no evidence that {coupling} differs between {other} and {reference}: the data are compatible "
            f"with differences from {interval} ({level_text(result)})."
        )
    sign = "positive" if item.estimate > 0 else "negative"
    return (
        f"{coupling[:1].upper()}{coupling[1:]} was more {sign} under {other} than under {reference} "
        f"({level_text(result)} of the difference {interval})."
    )


def effect_findings(result: AnalysisResult) -> tuple[str, ...]:
    """What each treatment did to each quantity, in words that its interval allows."""
    return tuple(
        _effect_finding(item, effect.title, result)
        for effect in result.chain.effects
        for item in effect.estimates
        if item.hypothesis
    )


def family_findings(result: AnalysisResult) -> tuple[str, ...]:
    """What the declared families say together, each in a sentence."""
    tests = result.chain.families
    found = []
    for name in dict.fromkeys(test.sample for test in tests):
        own = [test for test in tests if test.sample == name]
        parts = [
            f"{test.quantity}, {test.group}: adjusted p = {p_text(test.p_alternative)}, no effect "
            f"{'rejected' if rejected(test) else 'not rejected'}"
            for test in own
        ]
        found.append(
            f"Declared {name} ({own[0].p_alternative_method}, level {result.plan.alpha:g}): {'; '.join(parts)}."
        )
    return tuple(found)


def _effect_finding(item: EffectEstimate, title: str, result: AnalysisResult) -> str:
    against = f" against {result.table.treatments[0]}" if len(result.table.treatments) > 1 else " from baseline"
    interval = f"{level_text(result)} {interval_text(item.ci_low, item.ci_high)}"
    effect = f"{title}, {item.treatment}{against}: {number_text(item.estimate)} ({item.unit}; {interval}; "
    effect += f"t({df_text(item.df)}) = {number_text(item.statistic)}, {p_phrase(item.p)})"
    if covers_zero(item, result.plan.alpha):
        return f"{effect}. The interval covers no effect: there is no evidence of one."
    return f"{effect}: {'higher' if item.estimate > 0 else 'lower'}."


def term_text(item: EffectEstimate) -> str:
    """The term, and where the other part of an interaction is held."""
    return f"{item.term} ({item.condition})" if item.condition else item.term


def as89_text(test: StatisticalTest) -> str:
    """p by AS 89 with a mark where it had ties, which it does not allow for; `n/a` where there is none."""
    known = not math.isnan(test.p_alternative)
    return p_text(test.p_alternative) + (" (ties)" if test.ties and known else "")


def _interactions(items: Sequence[EffectEstimate], result: AnalysisResult) -> str:
    return "; ".join(
        f"{number_text(item.estimate)} ({item.term}; {level_text(result)} {interval_text(item.ci_low, item.ci_high)}; "
        f"t({df_text(item.df)}) = {number_text(item.statistic)}, {p_phrase(item.p)})"
        for item in items
    )


def scatter_note(chain: ReferenceChain, result: AnalysisResult) -> str:
    """The residual SD under each treatment; where they differ, what a test that allows for it says."""
    if not chain.residual_sd:
        return ""
    scatter = ", ".join(f"{number_text(sd)} under {name}" for name, sd in chain.residual_sd.items())
    if not chain.by_treatment:
        return f"Residual SD: {scatter}."
    return (
        f"Residual SD: {scatter}; with a variance of each treatment's own (model by_treatment): "
        f"{_interactions(chain.by_treatment, result)}."
    )


def dependence_note(chain: ReferenceChain, result: AnalysisResult) -> str:
    """That rows of one participant are not independent, with what standard errors that allow for it say."""
    if chain.model is None or not chain.clustered:
        return ""
    return (
        f"The {chain.model.n} rows come from {chain.model.subjects} participants, and ordinary least squares takes "
        f"them for independent; with standard errors clustered by participant (CR2): "
        f"{_interactions(chain.clustered, result)}."
    )


def df_text(df: float) -> str:
    """Degrees of freedom: whole numbers without decimals."""
    return MISSING if math.isnan(df) else f"{df:.0f}" if float(df).is_integer() else f"{df:.1f}"


def interval_text(low: float, high: float, digits: int = 3) -> str:
    """`low to high`; `n/a` when missing."""
    if math.isnan(low) or math.isnan(high):
        return MISSING
    return f"{number_text(low, digits)} to {number_text(high, digits)}"


def statistic_phrase(test: StatisticalTest) -> str:
    """`t(25) = 2.39, p = 0.0249`, the estimate where there is no statistic, or the reason why there is neither."""
    if test.reason:
        return f"not tested: {test.reason}"
    freedom = df_text(test.df) + (f", {df_text(test.df2)}" if not math.isnan(test.df2) else "")
    degrees = f"({freedom})" if not math.isnan(test.df) else ""
    parts = [f"{test.statistic_name}{degrees} = {number_text(test.statistic)}"] if test.statistic_name else []
    if not parts and test.estimate_name:
        known = not math.isnan(test.ci_low) and not math.isnan(test.ci_high)
        interval = f" ({interval_text(test.ci_low, test.ci_high)})" if known else ""
        parts.append(f"{test.estimate_name} = {number_text(test.estimate)}{interval}")
    return ", ".join(parts + ([] if math.isnan(test.p) else [p_phrase(test.p)]))
