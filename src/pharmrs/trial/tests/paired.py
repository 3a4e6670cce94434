"""Two-sample t tests, paired within participants or Welch's between groups.

Pairs are matched by name; a missing partner drops the pair and never makes a paired test unpaired.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy import stats

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.records.analysis import StatisticalTest

_FEWEST = 2  # values of each kind: one has no variance
_SAME = 1e-14  # spread relative to the largest value below which values are the same but for rounding


def paired_t_test(
    first: Mapping[str, float], second: Mapping[str, float], alpha: float, what: StatisticalTest
) -> StatisticalTest:
    """`what` completed by t of the mean of `first - second` over the names with two finite values, and its interval.

    n is the number of pairs used. A reason instead of a result when fewer than two pairs are left or all differences
    are the same.
    """
    names = [name for name in sorted(first.keys() & second.keys()) if math.isfinite(first[name] - second[name])]
    difference = np.array([first[name] - second[name] for name in names])
    n = len(names)
    if n < _FEWEST:
        return replace(what, n=n, reason=f"{n} pairs, {_FEWEST} are the least")
    if _constant(difference):
        return replace(what, n=n, reason="the difference is the same in every pair")
    se = float(difference.std(ddof=1)) / math.sqrt(n)
    return _with_t(replace(what, n=n, p_method="paired t"), float(difference.mean()), se, n - 1.0, alpha)


def welch_t_test(first: FloatArray, second: FloatArray, alpha: float, what: StatisticalTest) -> StatisticalTest:
    """`what` completed by Welch's t of the difference of means of two groups, for designs without pairs."""
    first, second = first[np.isfinite(first)], second[np.isfinite(second)]
    n = len(first) + len(second)
    if min(len(first), len(second)) < _FEWEST:
        return replace(what, n=n, reason=f"groups of {len(first)} and {len(second)}, {_FEWEST} each are the least")
    if _constant(first) and _constant(second):
        return replace(what, n=n, reason="the values are the same within both groups")
    parts = [float(group.var(ddof=1)) / len(group) for group in (first, second)]
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(group) - 1) for part, group in zip(parts, (first, second), strict=True)
    )
    difference = float(first.mean() - second.mean())
    return _with_t(replace(what, n=n, p_method="Welch t"), difference, math.sqrt(sum(parts)), freedom, alpha)


def _constant(values: FloatArray) -> bool:
    return float(np.ptp(values)) <= _SAME * float(np.abs(values).max())


def _with_t(what: StatisticalTest, difference: float, se: float, freedom: float, alpha: float) -> StatisticalTest:
    reach = float(stats.t.ppf(1 - alpha / 2, freedom)) * se
    return replace(
        what, estimate_name="mean difference", estimate=difference, ci_low=difference - reach,
        ci_high=difference + reach, statistic_name="t", statistic=difference / se, df=freedom,
        p=float(2 * stats.t.sf(abs(difference / se), freedom)),
    )  # fmt: skip
