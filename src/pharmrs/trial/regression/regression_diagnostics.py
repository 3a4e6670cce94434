"""What a least-squares fit should be asked: influence, unequal variances, and whether added terms matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.least_squares.coefficients import check_estimable, column_names
from pharmrs.trial.least_squares.not_estimable import NotEstimable


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceTest:
    """A statistic with its chi-square p value."""

    statistic: float
    df: int
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedComparison:
    """F test of the terms that the larger model has more."""

    f: float
    df_numerator: int
    df_denominator: int
    p: float


def cook_distances(outcome: FloatArray, design: FloatArray) -> FloatArray:
    """Cook's distance of every row (Cook 1977, 10.1080/00401706.1977.10489493); NaN at leverage 1."""
    n, p = design.shape
    inverse = np.linalg.inv(design.T @ design)
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    residual = outcome - design @ (inverse @ (design.T @ outcome))
    variance = float(residual @ residual) / (n - p)
    free = 1 - leverage
    free = np.where(free > 1e-12, free, np.nan)
    return np.asarray(residual**2 * leverage / (p * variance * free**2))


def breusch_pagan(outcome: FloatArray, design: FloatArray, *, studentised: bool = True) -> VarianceTest:
    """Breusch-Pagan test of equal variances against the columns of `design` (the first is the intercept).

    Studentised: Koenker 1981, 10.1016/0304-4076(81)90062-2; else Breusch & Pagan 1979, 10.2307/1911963.
    """
    check_estimable("Breusch-Pagan", outcome, design, column_names(design))
    residual = outcome - design @ np.linalg.lstsq(design, outcome, rcond=None)[0]
    squared = residual**2
    relative = squared / np.mean(squared) - 1
    fitted = design @ np.linalg.lstsq(design, relative, rcond=None)[0]
    explained = float(fitted @ fitted)
    statistic = len(outcome) * explained / float(relative @ relative) if studentised else explained / 2
    df = design.shape[1] - 1
    return VarianceTest(statistic=statistic, df=df, p=float(stats.chi2.sf(statistic, df)))


def nested_f(
    outcome: FloatArray, smaller: FloatArray, larger: FloatArray, whole: FloatArray | None = None
) -> NestedComparison:
    """F test of nested least-squares models on the same rows; `whole`: the model whose error is used (`larger`).

    `outcome` (rows,), the designs (rows, terms). Raises `NotEstimable`.
    """
    whole = larger if whole is None else whole
    check_estimable("nested F", outcome, whole, column_names(whole))
    added = larger.shape[1] - smaller.shape[1]
    if added < 1:
        raise NotEstimable("nested F: the larger model has no more terms than the smaller one")
    rest = [
        float(np.sum((outcome - design @ np.linalg.lstsq(design, outcome, rcond=None)[0]) ** 2))
        for design in (smaller, larger, whole)
    ]
    df = len(outcome) - whole.shape[1]
    f = (rest[0] - rest[1]) / added / (rest[2] / df) if rest[2] > 0 else float("inf")
    return NestedComparison(f=f, df_numerator=added, df_denominator=df, p=float(stats.f.sf(f, added, df)))
