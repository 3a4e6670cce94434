"""Tests of two samples, pairs and association, with their stated outcome where they cannot be computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pharmrs.records.arrays import FloatArray
from pharmrs.stats.coefficients import FEWEST_ROWS, NotEstimable


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSidedTest:
    """A statistic, its degrees of freedom (NaN: none), two-sided p, and how p was found.

    `n`: rows or pairs (`n2`: of the second sample, 0 where there is none).
    """

    method: str
    statistic: float
    p: float
    p_method: str
    n: int
    n2: int = 0
    df: float = float("nan")
    df2: float = float("nan")
    estimate: float = float("nan")
    ci_low: float = float("nan")
    ci_high: float = float("nan")


def _check(method: str, first: FloatArray, second: FloatArray, *, paired: bool) -> NotEstimable | None:
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError(f"{method}: leave missing values out first")
    if paired and len(first) != len(second):
        raise ValueError(f"{method}: pairs need two values each, got {len(first)} and {len(second)}")
    fewest = min(len(first), len(second))
    if fewest < FEWEST_ROWS:
        return NotEstimable(method=method, reason=f"n = {fewest}; at least {FEWEST_ROWS} are needed", n=fewest)
    return None


def pearson(x: FloatArray, y: FloatArray, level: float = 0.95) -> TwoSidedTest | NotEstimable:
    """Pearson's r with t test and Fisher's z interval."""
    return _check("Pearson", x, y, paired=True) or _constant("Pearson", x, y) or _pearson(x, y, level)


def _constant(method: str, *samples: FloatArray) -> NotEstimable | None:
    if any(np.ptp(sample) == 0 for sample in samples):
        return NotEstimable(method=method, reason="one variable is constant", n=len(samples[0]))
    return None


def _pearson(x: FloatArray, y: FloatArray, level: float) -> TwoSidedTest:
    found = stats.pearsonr(x, y)
    interval = found.confidence_interval(level)
    r, df = float(found.statistic), len(x) - 2
    t = r * np.sqrt(df / (1 - r * r)) if abs(r) < 1 else float(np.copysign(np.inf, r))
    return TwoSidedTest(
        method="Pearson", statistic=float(t), df=df, p=float(found.pvalue), p_method="t", n=len(x),
        estimate=r, ci_low=float(interval.low), ci_high=float(interval.high),
    )  # fmt: skip


def kendall(x: FloatArray, y: FloatArray) -> TwoSidedTest | NotEstimable:
    """Kendall's tau-b; exact p without ties up to 49 pairs (as R), else normal with the correction for ties."""
    problem = _check("Kendall", x, y, paired=True) or _constant("Kendall", x, y)
    if problem:
        return problem
    exact = len(x) < 50 and len(np.unique(x)) == len(x) == len(np.unique(y))
    found = stats.kendalltau(x, y, method="exact" if exact else "asymptotic")
    return TwoSidedTest(
        method="Kendall", statistic=float(found.statistic), p=float(found.pvalue), n=len(x),
        p_method="exact" if exact else "normal, tie-corrected", estimate=float(found.statistic),
    )  # fmt: skip


def wilcoxon_signed_rank(first: FloatArray, second: FloatArray) -> TwoSidedTest | NotEstimable:
    """Signed-rank test of pairs (V: sum of the ranks of positive `second - first`); zeros are left out as in R."""
    problem = _check("Wilcoxon signed rank", first, second, paired=True)
    difference = second - first
    moved = difference[difference != 0]
    if problem is None and len(moved) < FEWEST_ROWS:
        reason = f"{len(moved)} pairs differ; at least {FEWEST_ROWS} are needed"
        problem = NotEstimable(method="Wilcoxon signed rank", reason=reason, n=len(first))
    if problem:
        return problem
    exact = len(moved) == len(difference) < 50 and len(np.unique(np.abs(moved))) == len(moved)
    found = stats.wilcoxon(moved, method="exact" if exact else "asymptotic", correction=not exact)
    ranks = stats.rankdata(np.abs(moved))
    return TwoSidedTest(
        method="Wilcoxon signed rank", statistic=float(ranks[moved > 0].sum()), p=float(found.pvalue),
        p_method="exact" if exact else "normal, continuity- and tie-corrected", n=len(moved),
    )  # fmt: skip


def mann_whitney(first: FloatArray, second: FloatArray) -> TwoSidedTest | NotEstimable:
    """Rank-sum test of two independent samples (W of R: U of `first`)."""
    problem = _check("Wilcoxon rank sum", first, second, paired=False)
    pooled = np.concatenate([first, second])
    if problem is None and np.ptp(pooled) == 0:
        problem = NotEstimable(method="Wilcoxon rank sum", reason="all values are equal", n=len(pooled))
    if problem:
        return problem
    exact = max(len(first), len(second)) < 50 and len(np.unique(pooled)) == len(pooled)
    found = stats.mannwhitneyu(first, second, method="exact" if exact else "asymptotic")
    return TwoSidedTest(
        method="Wilcoxon rank sum", statistic=float(found.statistic), p=float(found.pvalue),
        p_method="exact" if exact else "normal, continuity- and tie-corrected", n=len(first), n2=len(second),
    )  # fmt: skip


def welch(first: FloatArray, second: FloatArray, level: float = 0.95) -> TwoSidedTest | NotEstimable:
    """Welch's t test of the difference of two independent means, `first - second`, with its interval."""
    problem = _check("Welch", first, second, paired=False)
    if problem is None and np.ptp(first) == 0 and np.ptp(second) == 0:
        problem = NotEstimable(method="Welch", reason="both samples are constant", n=len(first))
    if problem:
        return problem
    found = stats.ttest_ind(first, second, equal_var=False)
    interval = found.confidence_interval(level)
    return TwoSidedTest(
        method="Welch", statistic=float(found.statistic), df=float(found.df), p=float(found.pvalue), p_method="t",
        n=len(first), n2=len(second), estimate=float(np.mean(first) - np.mean(second)),
        ci_low=float(interval.low), ci_high=float(interval.high),
    )  # fmt: skip


def levene(
    *samples: FloatArray, center: Callable[[FloatArray], np.floating] = np.median
) -> TwoSidedTest | NotEstimable:
    """Levene's test of equal variances about the medians (Brown & Forsythe 1974, 10.1080/01621459.1974.10482955)."""
    if len(samples) < 2:
        raise ValueError("Levene: at least two samples")
    for sample in samples[1:]:
        problem = _check("Levene", samples[0], sample, paired=False)
        if problem:
            return problem
    deviations = [np.abs(sample - center(sample)) for sample in samples]
    if all(np.ptp(deviation) == 0 for deviation in deviations):
        return NotEstimable(method="Levene", reason="no sample varies", n=len(samples[0]))
    f, p = stats.f_oneway(*deviations)
    df, df2 = len(samples) - 1, sum(map(len, samples)) - len(samples)
    return TwoSidedTest(
        method="Levene", statistic=float(f), df=df, df2=df2, p=float(p), p_method="F",
        n=len(samples[0]), n2=len(samples[1]),
    )  # fmt: skip
