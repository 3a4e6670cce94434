"""Interval of a correlation by Fisher's z transformation (Fisher 1915, 10.2307/2331838)."""

from __future__ import annotations

import math

from scipy import stats

FEWEST_PAIRS = 4  # the variance of z is 1 / (n - 3)


def correlation_interval(r: float, n: int, level: float = 0.95, *, rank: bool = False) -> tuple[float, float]:
    """Interval of Pearson's r of `n` pairs; `rank`: of Spearman's rho, with Bonett & Wright's variance
    (2000, 10.1007/BF02294183). NaN for fewer than four pairs or a perfect correlation.
    """
    if n < FEWEST_PAIRS or abs(r) >= 1:
        return math.nan, math.nan
    spread = math.sqrt((1 + r * r / 2 if rank else 1.0) / (n - 3)) * float(stats.norm.ppf(0.5 + level / 2))
    return math.tanh(math.atanh(r) - spread), math.tanh(math.atanh(r) + spread)
