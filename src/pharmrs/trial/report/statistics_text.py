"""Statistics as papers print them: p values, tests, intervals."""

from __future__ import annotations

import math

from pharmrs.core.report.numbers import MISSING, number_text
from pharmrs.trial.records.analysis import StatisticalTest
from pharmrs.trial.records.analysis_result import AnalysisResult


def p_text(p: float) -> str:
    """p with four decimals, `<0.0001` below; `n/a` when missing."""
    if math.isnan(p):
        return MISSING
    return "<0.0001" if p < 0.0001 else f"{p:.4f}"


def level_text(result: AnalysisResult) -> str:
    """`95 % CI` of the declared alpha."""
    return f"{100 * (1 - result.plan.alpha):g} % CI"


def p_phrase(p: float) -> str:
    """`p = 0.0383` or `p < 0.0001`."""
    text = p_text(p)
    return f"p {text[0]} {text[1:]}" if text.startswith("<") else f"p = {text}"


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
