"""Multiple imputation under a joint normal model, values beyond a limit included, and the rules that pool its results.

Data augmentation (Schafer 1997, 10.1201/9781439821862): draws of mean and covariance given the completed values, then
of every missing value given the others of its row; one that is known to lie beyond a limit is drawn beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.trial.least_squares.coefficients import wald
from pharmrs.trial.least_squares.not_estimable import NotEstimable

_BURN_IN, _APART = 200, 20  # iterations before the first completed table, and between two of them
_PRIOR = 2.0  # rows' worth of a diagonal covariance: what keeps it positive definite
_ROWS_PER_COLUMN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Incomplete:
    """`values` (rows, columns), NaN where missing; `low`, `high`: limits of missing values (infinite: none)."""

    values: FloatArray
    low: FloatArray
    high: FloatArray


def impute(data: Incomplete, count: int, generator: np.random.Generator) -> FloatArray:
    """Completed tables (count, rows, columns). Raises `NotEstimable` with too few rows, or a column without spread."""
    known = np.isfinite(data.values)
    rows, columns = data.values.shape
    if rows < _ROWS_PER_COLUMN * columns:
        raise NotEstimable(f"imputation: {rows} participants for {columns} values of each, twice as many are the least")
    if np.any(known.sum(axis=0) < _ROWS_PER_COLUMN + 1):
        raise NotEstimable("imputation: a value is known of fewer than three participants")
    center, scale = np.nanmean(data.values, axis=0), np.nanstd(data.values, axis=0)
    if not np.all(scale > 0):
        raise NotEstimable("imputation: a value is the same in everybody")
    low, high = (data.low - center) / scale, (data.high - center) / scale
    work = np.where(known, (data.values - center) / scale, np.clip(0.0, low, high))
    found = []
    for step in range(_BURN_IN + count * _APART):
        mean, precision = _parameters(work, generator)
        for column in np.flatnonzero(~known.all(axis=0)):
            _draw(work, int(column), ~known[:, column], mean, precision, (low, high), generator)
        if step >= _BURN_IN and (step - _BURN_IN) % _APART == _APART - 1:
            found.append(work * scale + center)
    return np.array(found)


def _parameters(work: FloatArray, generator: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """A draw of the mean and of the inverse covariance given complete values: normal and Wishart (Bartlett)."""
    rows, columns = work.shape
    about = work - work.mean(axis=0)
    inverse = np.linalg.inv(about.T @ about + _PRIOR * np.eye(columns))
    freedom = rows - 1 + _PRIOR
    lower = np.tril(generator.standard_normal((columns, columns)), -1)
    lower[np.diag_indices(columns)] = np.sqrt(generator.chisquare(freedom - np.arange(columns)))
    half = np.linalg.cholesky(inverse) @ lower
    precision = half @ half.T
    noise = np.linalg.solve(np.linalg.cholesky(precision).T, generator.standard_normal(columns))
    return work.mean(axis=0) + noise / np.sqrt(rows), precision


def _draw(
    work: FloatArray, column: int, missing: BoolArray, mean: FloatArray, precision: FloatArray,
    limits: tuple[FloatArray, FloatArray], generator: np.random.Generator,
) -> None:  # fmt: skip
    """Missing values of one column given the others of their row, within their limits."""
    others = np.arange(len(mean)) != column
    own = float(precision[column, column])
    center = mean[column] - (work[missing][:, others] - mean[others]) @ precision[others, column] / own
    sd = 1 / np.sqrt(own)
    ends = [special.ndtr((limit[missing, column] - center) / sd) for limit in limits]
    share = generator.uniform(np.clip(ends[0], 1e-12, 1 - 1e-12), np.clip(ends[1], 1e-12, 1 - 1e-12))
    work[missing, column] = np.clip(
        center + sd * special.ndtri(share), limits[0][missing, column], limits[1][missing, column]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """An estimate over completed tables. `lost`: share of its variance that is owed to what was missing."""

    estimate: float
    se: float
    df: float
    p: float
    ci_low: float
    ci_high: float
    lost: float


def pool(estimates: FloatArray, errors: FloatArray, freedom: FloatArray, level: float) -> Pooled:
    """Rubin's rules (10.1002/9780470316696) with the degrees of freedom of Barnard and Rubin (10.1093/biomet/86.4.948).

    `estimates`, `errors` (standard errors), `freedom` of the complete-data analyses, shape (tables,).
    """
    m = len(estimates)
    within, between = float(np.mean(errors**2)), float(np.var(estimates, ddof=1))
    total = within + (1 + 1 / m) * between
    lost = (1 + 1 / m) * between / total
    complete = float(np.mean(freedom))
    observed = (complete + 1) / (complete + 3) * complete * (1 - lost)
    df = 1 / (lost**2 / (m - 1) + 1 / observed)
    found = wald("pooled", ("pooled",), np.array([estimates.mean()]), np.array([np.sqrt(total)]), df, n=m, level=level)
    return Pooled(
        estimate=float(found.estimate[0]), se=float(found.se[0]), df=df, p=float(found.p[0]),
        ci_low=float(found.ci_low[0]), ci_high=float(found.ci_high[0]), lost=lost,
    )  # fmt: skip
