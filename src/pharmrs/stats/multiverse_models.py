"""Models of the multiverse, each for many allocations at once: the interaction, its standard error, its df."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pharmrs.records.arrays import FloatArray
from pharmrs.stats.m_estimation import HUBER
from pharmrs.stats.resampling_weights import batched_least_squares

_RATIOS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)  # variance of participants over residual, searched by REML
_HUBER_STEPS = 15
_TINY = 1e-12
ADDED = "+ "  # begins the name of a model with further columns
INTERACTION = 3  # column of the first interaction; further treatments follow the columns of the first


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchData:
    """`outcome`, `metabolite` (rows,); `treated` (b, rows) 0/1; `members` (participants, rows); `extra` (rows, k)."""

    outcome: FloatArray
    metabolite: FloatArray
    treated: FloatArray
    members: FloatArray
    extra: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEffect:
    """The interaction under every allocation (b,), NaN where it cannot be told."""

    estimate: FloatArray
    se: FloatArray
    df: float


def _designs(data: BatchData) -> FloatArray:
    shape = data.treated.shape
    x = np.broadcast_to(data.metabolite, shape)
    more = [np.broadcast_to(column, shape) for column in data.extra.T]
    return np.stack([np.ones(shape), x, data.treated, x * data.treated, *more], axis=2)


@dataclass(frozen=True, slots=True)
class _Fits:
    estimate: FloatArray
    residual: FloatArray
    inverse: FloatArray
    log_det: FloatArray
    usable: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def _least_squares(outcome: FloatArray, designs: FloatArray) -> _Fits:
    """Fits of `outcome` (b, rows) on `designs` (b, rows, terms), columns scaled."""
    turned = np.swapaxes(designs, 1, 2)
    normal = turned @ designs
    length = np.sqrt(np.maximum(np.diagonal(normal, axis1=1, axis2=2), _TINY))
    scaled = normal / (length[:, :, None] * length[:, None, :])
    values = np.linalg.eigvalsh(scaled)
    usable = values[:, 0] > 1e-9
    safe = np.where(usable[:, None, None], scaled, np.eye(scaled.shape[1]))
    inverse = np.linalg.inv(safe) / (length[:, :, None] * length[:, None, :])
    estimate = (inverse @ (turned @ outcome[:, :, None]))[:, :, 0]
    residual = outcome - (designs @ estimate[:, :, None])[:, :, 0]
    log_det = np.sum(np.log(np.maximum(values, _TINY)), axis=1) + 2 * np.sum(np.log(length), axis=1)
    return _Fits(estimate, residual, inverse, log_det, usable)


def _effect(fits: _Fits, df: float, spread: FloatArray | None = None) -> BatchEffect:
    """The interaction with its classical standard error; `spread`: residual variance (b,) where it is not RSS / df."""
    nan = np.where(fits.usable, 1.0, np.nan)
    if df < 1:
        nan = nan * np.nan
    variance = np.sum(fits.residual**2, axis=1) / max(df, 1.0) if spread is None else spread
    se = np.sqrt(np.maximum(variance * fits.inverse[:, INTERACTION, INTERACTION], 0.0))
    return BatchEffect(estimate=fits.estimate[:, INTERACTION] * nan, se=np.where(se > 0, se, np.nan) * nan, df=df)


def _outcomes(data: BatchData) -> FloatArray:
    return np.broadcast_to(data.outcome, data.treated.shape)


def _ols(data: BatchData) -> BatchEffect:
    designs = _designs(data)
    return _effect(_least_squares(_outcomes(data), designs), designs.shape[1] - designs.shape[2])


def _cluster(data: BatchData) -> BatchEffect:
    fits = batched_least_squares(data.outcome, _designs(data), data.members)
    nan = np.where(fits.usable, 1.0, np.nan)
    return BatchEffect(
        estimate=fits.estimate[:, INTERACTION] * nan, se=fits.se[:, INTERACTION] * nan, df=len(data.members) - 1.0
    )


def _less_share(values: FloatArray, members: FloatArray, share: FloatArray) -> FloatArray:
    """`values` (b, rows, ...) less `share` (participants,) of the mean of each participant."""
    mean = members / members.sum(axis=1, keepdims=True)
    projection = np.eye(members.shape[1]) - members.T @ (share[:, None] * mean)
    return np.asarray(np.einsum("mn,bn...->bm...", projection, values))


def _within(data: BatchData) -> BatchEffect:
    """Participant intercepts, by taking each participant's mean away (the intercept goes with them)."""
    every = np.ones(len(data.members))
    designs = _less_share(_designs(data), data.members, every)
    designs[:, :, 0] = 1.0
    outcome = _less_share(_outcomes(data), data.members, every)
    people, rows = data.members.shape
    return _effect(_least_squares(outcome, designs), rows - people - 3)


def _mixed(data: BatchData) -> BatchEffect:
    """Random intercepts: quasi-demeaned least squares at the REML-best of a grid of variance ratios."""
    sizes = data.members.sum(axis=1)
    rows, terms = data.treated.shape[1], 4
    best: BatchEffect | None = None
    lowest = np.full(len(data.treated), np.inf)
    for ratio in _RATIOS:
        share = 1 - 1 / np.sqrt(1 + ratio * sizes)
        fits = _least_squares(
            _less_share(_outcomes(data), data.members, share), _less_share(_designs(data), data.members, share)
        )
        rss = np.maximum(np.sum(fits.residual**2, axis=1), _TINY)
        criterion = (rows - terms) * np.log(rss) + fits.log_det + np.sum(np.log1p(ratio * sizes))
        found = _effect(fits, rows - terms)
        better = criterion < lowest
        lowest = np.where(better, criterion, lowest)
        best = found if best is None else BatchEffect(
            estimate=np.where(better, found.estimate, best.estimate), se=np.where(better, found.se, best.se),
            df=found.df,
        )  # fmt: skip
    assert best is not None
    return best


def _huber(data: BatchData) -> BatchEffect:
    """Huber's M-estimate with the MAD, a fixed number of reweighting steps, and Huber's standard error."""
    designs, outcome = _designs(data), _outcomes(data)
    weights = np.ones(data.treated.shape)
    fits = _least_squares(outcome, designs)
    plain = fits
    scale = np.ones(len(designs))
    for _ in range(_HUBER_STEPS):
        scale = np.maximum(np.median(np.abs(fits.residual), axis=1) / 0.6745, _TINY)
        u = np.abs(fits.residual) / scale[:, None]
        weights = np.sqrt(HUBER / np.maximum(u, HUBER))
        weighted = _least_squares(outcome * weights, designs * weights[:, :, None])
        residual = outcome - (designs @ weighted.estimate[:, :, None])[:, :, 0]
        fits = _Fits(weighted.estimate, residual, plain.inverse, plain.log_det, plain.usable)
    rows, terms = designs.shape[1:]
    inside = np.abs(fits.residual) <= HUBER * scale[:, None]
    mean = np.maximum(inside.mean(axis=1), 0.05)
    correction = 1 + terms * mean * (1 - mean) / (rows * mean**2)
    spread = np.sum((fits.residual * weights**2) ** 2, axis=1) / max(rows - terms, 1) * (correction / mean) ** 2
    return _effect(fits, rows - terms, spread)


def _ranks(data: BatchData) -> BatchEffect:
    """Ordinary least squares of ranks."""
    ranked = BatchData(
        outcome=stats.rankdata(data.outcome), metabolite=stats.rankdata(data.metabolite), treated=data.treated,
        members=data.members, extra=data.extra,
    )  # fmt: skip
    found = _ols(ranked)
    # back to the units of the values, so that effects of all models are compared on one scale
    unit = float(np.std(data.outcome) / np.std(ranked.outcome) * np.std(ranked.metabolite) / np.std(data.metabolite))
    return BatchEffect(estimate=found.estimate * unit, se=found.se * unit, df=found.df)


def batch_model(name: str) -> Callable[[BatchData], BatchEffect]:
    """The model of that name; `+ column` is least squares with that column among `extra`."""
    if name.startswith(ADDED):
        return _ols
    return _MODELS[name]


_MODELS: dict[str, Callable[[BatchData], BatchEffect]] = {
    "ols": _ols, "cluster": _cluster, "within": _within, "mixed": _mixed, "huber": _huber, "ranks": _ranks,
}  # fmt: skip
