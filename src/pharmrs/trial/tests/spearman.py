"""Spearman's rank correlation with both p values of the literature: Student's t, and the Edgeworth series of AS 89.

Best and Roberts 1975, Appl Stat 24:377, doi:10.2307/2347111; the same constants and rules as R's `cor.test`.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy import stats

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.records.analysis import StatisticalTest

FEWEST_PAIRS = 4  # with three pairs no order of ranks is unusual at any level in use
_EXACT_UP_TO = 9  # n! orders are counted up to here
_SERIES_UP_TO = 1290


def spearman_test(x: FloatArray, y: FloatArray, group: str, quantity: str, family: str = "spearman") -> StatisticalTest:
    """rho of paired values (n,), its p by t with n - 2 degrees of freedom, and by AS 89 (two-sided).

    Ties get mean ranks. AS 89 assumes none; with ties it is given as software prints it, and should be read with care.
    """
    n = len(x)
    reason = _why_not(x, y)
    if reason:
        return StatisticalTest(family=family, group=group, quantity=quantity, n=n, reason=reason)
    rho = float(np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1])
    t, p = t_of_correlation(rho, n)
    return StatisticalTest(
        family=family, group=group, quantity=quantity, estimate_name="rs", estimate=rho, statistic_name="t",
        statistic=t, df=float(n - 2), p=p, p_method="t", p_alternative=as89_p(rho, n),
        p_alternative_method="AS 89" if n <= _SERIES_UP_TO else "t", ties=_has_ties(x) or _has_ties(y), n=n,
    )  # fmt: skip


def pearson_test(x: FloatArray, y: FloatArray, group: str, quantity: str, family: str = "pearson") -> StatisticalTest:
    """r of paired values (n,) and its p by t with n - 2 degrees of freedom."""
    n = len(x)
    reason = _why_not(x, y)
    if reason:
        return StatisticalTest(family=family, group=group, quantity=quantity, n=n, reason=reason)
    r = float(np.corrcoef(x, y)[0, 1])
    t, p = t_of_correlation(r, n)
    return StatisticalTest(
        family=family, group=group, quantity=quantity, estimate_name="r", estimate=r, statistic_name="t", statistic=t,
        df=float(n - 2), p=p, p_method="t", n=n,
    )  # fmt: skip


def _why_not(x: FloatArray, y: FloatArray) -> str:
    if len(x) < FEWEST_PAIRS:
        return f"{len(x)} pairs, {FEWEST_PAIRS} are the least"
    if np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return "one of the two is the same in every pair"
    return ""


def _has_ties(values: FloatArray) -> bool:
    return len(np.unique(values)) < len(values)


def t_of_correlation(r: float, n: int) -> tuple[float, float]:
    """Student's t of a correlation of n pairs and its two-sided p; a perfect correlation has infinite t and p 0."""
    rest = 1.0 - r * r
    if rest <= 1e-15:
        return math.copysign(math.inf, r), 0.0
    t = r * math.sqrt((n - 2) / rest)
    return t, float(2 * stats.t.sf(abs(t), n - 2))


def as89_p(rho: float, n: int) -> float:
    """Two-sided p of Spearman's rho by AS 89: counted for n <= 9, Edgeworth series up to 1290 pairs, then by t."""
    if n > _SERIES_UP_TO:
        return t_of_correlation(rho, n)[1]
    s = (n**3 - n) * (1 - rho) / 6
    tail = _upper_tail(round(s - 1), n) if s > (n**3 - n) / 6 else 1.0 - _upper_tail(round(s) + 2, n)
    return min(2 * tail, 1.0)


def _upper_tail(s: int, n: int) -> float:
    """P(S >= s), S the sum of squared rank differences of n pairs in random order; the coefficients are AS 89's."""
    if s <= 0:
        return 1.0
    if s > n * (n * n - 1) / 3:
        return 0.0
    if n <= _EXACT_UP_TO:
        counts = _orders_by_sum(n)
        return sum(count for total, count in counts.items() if total >= s) / math.factorial(n)
    s += s % 2  # without ties S is even, and the continuity correction below is half of the step between its values
    b = 1.0 / n
    x = (6.0 * (s - 1) * b / (n * n - 1.0) - 1.0) * math.sqrt(1.0 / b - 1.0)
    y = x * x
    inner = 0.0879 + 0.0151 * b - y * (0.0072 - 0.0831 * b + y * b * (0.0131 - 4.6e-4 * y))
    u = x * b * (0.2274 + b * (0.2531 + 0.1745 * b) + y * (-0.0758 + b * (0.1033 + 0.3932 * b) - y * b * inner))
    return min(max(u / math.exp(y / 2.0) + float(stats.norm.sf(x)), 0.0), 1.0)


@lru_cache(maxsize=_EXACT_UP_TO)
def _orders_by_sum(n: int) -> dict[int, int]:
    """How many of the n! orders give each sum of squared rank differences, by dynamic programming over rank sets."""
    reached: dict[int, dict[int, int]] = {0: {0: 1}}
    for position in range(n):
        following: dict[int, dict[int, int]] = {}
        for used, sums in reached.items():
            for rank in range(n):
                if not used >> rank & 1:
                    step = (position - rank) ** 2
                    target = following.setdefault(used | 1 << rank, {})
                    for total, count in sums.items():
                        target[total + step] = target.get(total + step, 0) + count
        reached = following
    return reached[(1 << n) - 1]
