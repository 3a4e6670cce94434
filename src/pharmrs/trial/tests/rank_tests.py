"""Rank tests and the comparison of variances; what cannot be computed raises `NotEstimable` with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.least_squares.coefficients import FEWEST_ROWS
from pharmrs.trial.least_squares.not_estimable import NotEstimable


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


def _check(method: str, first: FloatArray, second: FloatArray, *, paired: bool) -> None:
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError(f"{method}: leave missing values out first")
    if paired and len(first) != len(second):
        raise ValueError(f"{method}: pairs need two values each, got {len(first)} and {len(second)}")
    fewest = min(len(first), len(second))
    if fewest < FEWEST_ROWS:
        raise NotEstimable(f"{method}: n = {fewest}, at least {FEWEST_ROWS} are needed")


def kendall(x: FloatArray, y: FloatArray) -> TwoSidedTest:
    """Kendall's tau-b; exact p without ties up to 49 pairs (as R), else normal with the correction for ties.

    `x`, `y` (pairs,). Raises `NotEstimable` for a constant variable.
    """
    _check("Kendall", x, y, paired=True)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        raise NotEstimable("Kendall: one variable is constant")
    exact = len(x) < 50 and len(np.unique(x)) == len(x) == len(np.unique(y))
    found = stats.kendalltau(x, y, method="exact" if exact else "asymptotic")
    return TwoSidedTest(
        method="Kendall", statistic=float(found.statistic), p=float(found.pvalue), n=len(x),
        p_method="exact" if exact else "normal, tie-corrected",
    )  # fmt: skip


def wilcoxon_signed_rank(first: FloatArray, second: FloatArray) -> TwoSidedTest:
    """Signed-rank test of pairs (V: sum of the ranks of positive `second - first`); zeros are left out as in R.

    `first`, `second` (pairs,). Raises `NotEstimable` where too few pairs differ.
    """
    _check("Wilcoxon signed rank", first, second, paired=True)
    difference = second - first
    moved = difference[difference != 0]
    if len(moved) < FEWEST_ROWS:
        raise NotEstimable(f"Wilcoxon signed rank: {len(moved)} pairs differ, at least {FEWEST_ROWS} are needed")
    exact = len(moved) == len(difference) < 50 and len(np.unique(np.abs(moved))) == len(moved)
    found = stats.wilcoxon(moved, method="exact") if exact else stats.wilcoxon(moved, method="approx", correction=True)
    ranks = stats.rankdata(np.abs(moved))
    return TwoSidedTest(
        method="Wilcoxon signed rank", statistic=float(ranks[moved > 0].sum()), p=float(found.pvalue),
        p_method="exact" if exact else "normal, continuity- and tie-corrected", n=len(moved),
    )  # fmt: skip


def mann_whitney(first: FloatArray, second: FloatArray) -> TwoSidedTest:
    """Rank-sum test of two independent samples (W of R: U of `first`), (n,) and (n2,).

    Raises `NotEstimable` where all values are equal.
    """
    _check("Wilcoxon rank sum", first, second, paired=False)
    pooled = np.concatenate([first, second])
    if np.ptp(pooled) == 0:
        raise NotEstimable("Wilcoxon rank sum: all values are equal")
    exact = max(len(first), len(second)) < 50 and len(np.unique(pooled)) == len(pooled)
    found = stats.mannwhitneyu(first, second, method="exact" if exact else "asymptotic")
    return TwoSidedTest(
        method="Wilcoxon rank sum", statistic=float(found.statistic), p=float(found.pvalue),
        p_method="exact" if exact else "normal, continuity- and tie-corrected", n=len(first), n2=len(second),
    )  # fmt: skip


def levene(*samples: FloatArray, center: Callable[[FloatArray], np.floating] = np.median) -> TwoSidedTest:
    """Levene's test of equal variances about the medians (Brown & Forsythe 1974, 10.1080/01621459.1974.10482955).

    `samples`: (n,) each. Raises `NotEstimable` where nothing varies, ValueError for fewer than two samples.
    """
    if len(samples) < 2:
        raise ValueError("Levene: at least two samples")
    for sample in samples[1:]:
        _check("Levene", samples[0], sample, paired=False)
    deviations = [np.abs(sample - center(sample)) for sample in samples]
    if all(np.ptp(deviation) == 0 for deviation in deviations):
        raise NotEstimable("Levene: no sample varies")
    f, p = stats.f_oneway(*deviations)
    df, df2 = len(samples) - 1, sum(map(len, samples)) - len(samples)
    return TwoSidedTest(
        method="Levene", statistic=float(f), df=df, df2=df2, p=float(p), p_method="F",
        n=len(samples[0]), n2=len(samples[1]),
    )  # fmt: skip
