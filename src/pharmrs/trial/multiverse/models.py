"""Models of the multiverse, each for many allocations at once: the interaction, its standard error, its df.

Nothing here forms a design per allocation where sums will do: the interaction of two arms is the difference of two
simple regressions, and random or fixed intercepts of participants enter by the sums over the rows of each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.trial.least_squares.cross_products import SweptFits, sweep
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.regression.m_estimation import HUBER

_RATIOS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)  # variance of participants over residual, searched by REML
_HUBER_STEPS = 15
_NORMAL_MAD = 0.6745
_ALIASED = 1e-9  # share of an arm's sum of squares left about its mean
_TINY = 1e-12
ADDED = "+ "  # before the name of a further column, which is then that of its model
INTERACTION = 3  # column of the interaction


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchData:
    """`outcome`, `metabolite` (rows,); `treated` (b, rows) 0/1; `people`: whose rows; `extra` (rows, k)."""

    outcome: FloatArray
    metabolite: FloatArray
    treated: FloatArray
    people: PersonRows
    extra: FloatArray

    def centred(self) -> BatchData:
        """The same about the means, which no interaction depends on: sums of squares then lose no digits."""
        return replace(
            self,
            outcome=self.outcome - self.outcome.mean(),
            metabolite=self.metabolite - self.metabolite.mean(),
            extra=self.extra - self.extra.mean(axis=0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEffect:
    """The interaction under every allocation (b,), NaN where it cannot be told."""

    estimate: FloatArray
    se: FloatArray
    df: float


@dataclass(frozen=True, slots=True)
class _Arms:
    """A line per arm: `slope` (b,) the difference of slopes, `unit` (b,) its variance per residual variance;
    `residual`, `influence` (b, rows): what each row adds to the difference per unit of its residual.
    """

    slope: FloatArray
    unit: FloatArray
    residual: FloatArray
    influence: FloatArray
    usable: BoolArray


@dataclass(frozen=True, slots=True)
class _Line:
    """Value at zero, slope, mean of x, sum of squares of x about it (b,), and whether there is a slope."""

    at_zero: FloatArray
    slope: FloatArray
    center: FloatArray
    spread: FloatArray
    usable: BoolArray


def _line(sums: FloatArray) -> _Line:
    """From sums (b, 5) of 1, x, y, x squared, x y."""
    weight, x, y, xx, xy = sums.T
    safe = np.maximum(weight, _TINY)
    spread = xx - x * x / safe
    usable = (weight > _TINY) & (spread > _ALIASED * xx)
    spread = np.where(usable, spread, 1.0)
    slope = (xy - x * y / safe) / spread
    return _Line((y - slope * x) / safe, slope, x / safe, spread, np.asarray(usable))


def _arms(outcome: FloatArray, metabolite: FloatArray, treated: FloatArray, weights: FloatArray | None = None) -> _Arms:
    x, y = metabolite, outcome
    powers = np.column_stack([np.ones_like(x), x, y, x * x, x * y])
    second = (treated if weights is None else treated * weights) @ powers
    first = (powers.sum(axis=0) if weights is None else weights @ powers) - second
    one, other = _line(first), _line(second)

    def of_row(reference: FloatArray, treatment: FloatArray) -> FloatArray:
        return reference[:, None] + (treatment - reference)[:, None] * treated

    about = x - of_row(one.center, other.center)
    residual = y - of_row(one.at_zero, other.at_zero) - of_row(one.slope, other.slope) * x
    influence = about / of_row(-one.spread, other.spread)
    return _Arms(
        slope=other.slope - one.slope, unit=1 / one.spread + 1 / other.spread, residual=residual,
        influence=influence if weights is None else influence * weights, usable=one.usable & other.usable,
    )  # fmt: skip


def _shown(estimate: FloatArray, variance: FloatArray, usable: BoolArray, df: float) -> BatchEffect:
    nan = np.where(usable, 1.0, np.nan) if df >= 1 else np.full(len(usable), np.nan)
    se = np.sqrt(np.maximum(variance, 0.0))
    return BatchEffect(estimate=estimate * nan, se=np.where(se > 0, se, np.nan) * nan, df=df)


def _ols(data: BatchData) -> BatchEffect:
    fits = _arms(data.outcome, data.metabolite, data.treated)
    df = len(data.outcome) - 4.0
    return _shown(fits.slope, np.sum(fits.residual**2, axis=1) / max(df, 1.0) * fits.unit, fits.usable, df)


def _cluster(data: BatchData) -> BatchEffect:
    """Standard errors by CR1."""
    fits = _arms(data.outcome, data.metabolite, data.treated)
    people, rows = len(data.people), len(data.outcome)
    factor = people / (people - 1) * (rows - 1) / max(rows - 4, 1)
    variance = factor * np.sum(data.people.sums(fits.influence * fits.residual, axis=1) ** 2, axis=1)
    return _shown(fits.slope, variance, fits.usable, people - 1.0)


def _columns(data: BatchData) -> FloatArray:
    """Columns (b, rows, 4 + k + 1): intercept, metabolite, treated, product, `extra`, outcome."""
    shape = data.treated.shape
    x = np.broadcast_to(data.metabolite, shape)
    more = [np.broadcast_to(column, shape) for column in (*data.extra.T, data.outcome)]
    return np.stack([np.ones(shape), x, data.treated, x * data.treated, *more], axis=2)


def _added(data: BatchData) -> BatchEffect:
    """Further columns beside the main model's."""
    columns = _columns(data)
    fits = sweep(np.swapaxes(columns, 1, 2) @ columns)
    return _classical(fits, INTERACTION, columns.shape[1] - columns.shape[2] + 1.0)


def _classical(fits: SweptFits, place: int, df: float) -> BatchEffect:
    variance = fits.rss / max(df, 1.0) * fits.inverse[:, place, place]
    return _shown(fits.estimate[:, place], variance, fits.usable, df)


def _by_size(data: BatchData) -> tuple[FloatArray, dict[int, FloatArray]]:
    """Cross-products of all columns (b, k, k), and those of the participants' sums for each number of rows."""
    columns = _columns(data)
    sums = data.people.sums(columns, axis=1)
    found = {}
    for size in np.unique(data.people.sizes).tolist():
        of_size = sums[:, data.people.sizes == size]
        found[int(size)] = np.swapaxes(of_size, 1, 2) @ of_size
    return np.swapaxes(columns, 1, 2) @ columns, found


def _within(data: BatchData) -> BatchEffect:
    """Participant intercepts: what varies about each participant's mean (the intercept goes with it)."""
    whole, by_size = _by_size(data)
    for size, products in by_size.items():
        whole = whole - products / size
    df = len(data.outcome) - len(data.people) - 3.0
    return _classical(sweep(whole[:, 1:, 1:]), INTERACTION - 1, df)


def _mixed(data: BatchData) -> BatchEffect:
    """Random intercepts: generalised least squares at the REML-best of a grid of variance ratios."""
    whole, by_size = _by_size(data)
    df = len(data.outcome) - 4.0
    lowest = np.full(len(whole), np.inf)
    estimate, se = (np.full(len(whole), np.nan) for _ in range(2))
    for ratio in _RATIOS:
        products = whole
        for size, sums in by_size.items():
            products = products - ratio / (1 + ratio * size) * sums
        fits = sweep(products)
        found = _classical(fits, INTERACTION, df)
        determinant = float(np.sum(np.log1p(ratio * data.people.sizes)))
        criterion = df * np.log(np.maximum(fits.rss, _TINY)) + fits.log_det + determinant
        better = criterion < lowest
        lowest = np.where(better, criterion, lowest)
        estimate, se = np.where(better, found.estimate, estimate), np.where(better, found.se, se)
    return BatchEffect(estimate=estimate, se=se, df=df)


def _huber(data: BatchData) -> BatchEffect:
    """Huber's M-estimate with the MAD, a fixed number of reweighting steps, and Huber's standard error."""
    plain = fits = _arms(data.outcome, data.metabolite, data.treated)
    for _ in range(_HUBER_STEPS):
        weights, _ = _huber_weights(fits.residual)
        fits = _arms(data.outcome, data.metabolite, data.treated, weights)
    weights, scale = _huber_weights(fits.residual)
    df = len(data.outcome) - 4.0
    inside = np.abs(fits.residual) <= HUBER * scale
    mean = np.maximum(inside.mean(axis=1), 0.05)
    correction = 1 + 4 * mean * (1 - mean) / (len(data.outcome) * mean**2)
    spread = np.sum((fits.residual * weights) ** 2, axis=1) / max(df, 1.0) * (correction / mean) ** 2
    return _shown(fits.slope, spread * plain.unit, plain.usable & fits.usable, df)


def _huber_weights(residual: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weights (b, rows) and scales (b, 1)."""
    size = np.abs(residual)
    scale = np.maximum(np.median(size, axis=1, keepdims=True) / _NORMAL_MAD, _TINY)
    return np.asarray(HUBER / np.maximum(size / scale, HUBER)), scale


def _ranks(data: BatchData) -> BatchEffect:
    """Ordinary least squares of ranks."""
    ranked = replace(data, outcome=stats.rankdata(data.outcome), metabolite=stats.rankdata(data.metabolite)).centred()
    found = _ols(ranked)
    # back to the units of the values, so that effects of all models are compared on one scale
    unit = float(np.std(data.outcome) / np.std(ranked.outcome) * np.std(ranked.metabolite) / np.std(data.metabolite))
    return BatchEffect(estimate=found.estimate * unit, se=found.se * unit, df=found.df)


def batch_model(name: str) -> Callable[[BatchData], BatchEffect]:
    """The model of that name; `+ column` is least squares with that column among `extra`."""
    model = _MODELS.get(name, _added)
    return lambda data: model(data.centred())


_MODELS: dict[str, Callable[[BatchData], BatchEffect]] = {
    "ols": _ols, "cluster": _cluster, "within": _within, "mixed": _mixed, "huber": _huber, "ranks": _ranks,
}  # fmt: skip
