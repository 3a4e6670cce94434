"""Variance components of a Gaussian linear model, by restricted or full maximum likelihood.

`V = sum_k s_k G_k`, the last `G` being the identity (residual). Harville 1977, 10.1080/01621459.1977.10480998.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.regression.variance_blocks import Blocks

_MOST_STEPS = 200
_MOST_HALVINGS = 20  # a step below a millionth of Newton's only creeps, as where no residual variance is left
_GRADIENT_TOLERANCE = 1e-9  # of the deviance, per relative change of a component
_BOUNDARY = 1e-9  # a component below this share of the total variance is zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The model at given components. `deviance`: -2 log (restricted) likelihood, all constants included.

    `covariance`: (X' V^-1 X)^-1; `gradient`, `expected`, `observed`: first and (expected, observed) second derivatives
    of the deviance by the components; `first` (k, p, p): X' V^-1 G_k V^-1 X; `second` (k, k, p, p): X' V^-1 G_k V^-1
    G_l V^-1 X.
    """

    deviance: float
    estimate: FloatArray
    covariance: FloatArray
    gradient: FloatArray
    expected: FloatArray
    observed: FloatArray
    first: FloatArray
    second: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceComponents:
    """The optimum: `components` (k,), which of them are not at zero, and the model there."""

    components: FloatArray
    free: tuple[int, ...]
    at: Evaluation
    converged: bool


def evaluate(
    components: FloatArray, blocks: Sequence[Blocks], outcome: FloatArray, design: FloatArray, *, restricted: bool
) -> Evaluation | None:
    """The model at `components`; None where V is not positive definite."""
    n, p = design.shape
    log_det, information, moments = 0.0, np.zeros((p, p)), np.zeros(p)
    inverses = []
    for block in blocks:
        total = np.einsum("k,kbij->bij", components, block.kernels)
        try:
            factor = np.linalg.cholesky(total)
        except np.linalg.LinAlgError:
            return None
        log_det += 2 * float(np.sum(np.log(np.diagonal(factor, axis1=1, axis2=2))))
        inverses.append(np.asarray(np.linalg.inv(total), dtype=float))
        weighted = inverses[-1] @ design[block.rows]
        information += np.einsum("bip,biq->pq", design[block.rows], weighted)
        moments += np.einsum("bip,bi->p", weighted, outcome[block.rows])
    covariance = np.asarray(np.linalg.inv(information), dtype=float)
    estimate = covariance @ moments
    residual = outcome - design @ estimate
    sums = _sums(blocks, inverses, residual, design, len(components))
    deviance = log_det + sums.quadratic + (n - p if restricted else n) * float(np.log(2 * np.pi))
    traces, expected = sums.traces, sums.expected
    if restricted:
        deviance += float(np.linalg.slogdet(information)[1])
        turned = covariance @ sums.first
        traces = traces - np.trace(turned, axis1=1, axis2=2)
        expected = (
            expected - 2 * np.einsum("pq,klqp->kl", covariance, sums.second) + np.einsum("kpq,lqp->kl", turned, turned)
        )
    pushed = sums.pushed - np.einsum("kp,pq,lq->kl", sums.crossed, covariance, sums.crossed)
    return Evaluation(
        deviance=deviance, estimate=estimate, covariance=covariance, gradient=traces - sums.explained,
        expected=expected, observed=2 * pushed - expected, first=sums.first, second=sums.second,
    )  # fmt: skip


@dataclass(slots=True)
class _Sums:
    """Sums over blocks, e the residuals: e' V^-1 e; tr V^-1 G_k; e' V^-1 G_k V^-1 e; tr V^-1 G_k V^-1 G_l;
    X' V^-1 G_k V^-1 e; e' V^-1 G_k V^-1 G_l V^-1 e; and those of `Evaluation`.
    """

    quadratic: float
    traces: FloatArray
    explained: FloatArray
    expected: FloatArray
    crossed: FloatArray
    pushed: FloatArray
    first: FloatArray
    second: FloatArray


def _sums(
    blocks: Sequence[Blocks], inverses: Sequence[FloatArray], residual: FloatArray, design: FloatArray, count: int
) -> _Sums:
    p = design.shape[1]
    found = _Sums(
        0.0, np.zeros(count), np.zeros(count), np.zeros((count, count)), np.zeros((count, p)),
        np.zeros((count, count)), np.zeros((count, p, p)), np.zeros((count, count, p, p)),
    )  # fmt: skip
    for block, inverse in zip(blocks, inverses, strict=True):
        pull = np.einsum("bij,bj->bi", inverse, residual[block.rows])
        weighted = inverse @ design[block.rows]
        kernel_pull = np.einsum("kbij,bj->kbi", block.kernels, pull)
        kernel_weighted = block.kernels @ weighted
        spread = inverse @ block.kernels
        found.quadratic += float(np.sum(residual[block.rows] * pull))
        found.traces += np.trace(spread, axis1=2, axis2=3).sum(axis=1)
        found.explained += np.einsum("kbi,bi->k", kernel_pull, pull)
        found.expected += np.einsum("kbij,lbji->kl", spread, spread)
        found.crossed += np.einsum("bip,kbi->kp", weighted, kernel_pull)
        found.pushed += np.einsum("kbi,lbi->kl", kernel_pull, np.einsum("bij,lbj->lbi", inverse, kernel_pull))
        found.first += np.einsum("bip,kbiq->kpq", weighted, kernel_weighted)
        found.second += np.einsum("kbip,lbiq->klpq", kernel_weighted, inverse @ kernel_weighted)
    return found


def estimate_components(
    blocks: Sequence[Blocks],
    outcome: FloatArray,
    design: FloatArray,
    *,
    restricted: bool = True,
    bounded: bool = True,
    starts: Sequence[Sequence[float]] = (),
) -> VarianceComponents:
    """Components that maximise the likelihood; `bounded`: none below zero (the last one is always above).

    `starts`: where the search begins, as shares of the residual variance; shares of random intercepts where not given.

    Newton steps with line search; a component that the likelihood pushes below
    zero stays there (`free` tells which do not).
    """
    n, p = design.shape
    count = len(blocks[0].kernels)
    residual = outcome - design @ np.linalg.lstsq(design, outcome, rcond=None)[0]
    scale = float(residual @ residual) / (n - p)
    y = outcome / np.sqrt(scale)
    runs = [_climb(np.array(start), blocks, y, design, restricted, bounded) for start in starts or _starts(count)]
    components, converged = min(runs, key=lambda run: _deviance(run[0], blocks, y, design, restricted))
    components = components * scale
    free = tuple(k for k in range(count) if not bounded or components[k] > 0)
    at = evaluate(components, blocks, outcome, design, restricted=restricted)
    assert at is not None  # the search never leaves the region where V is positive definite
    return VarianceComponents(components=components, free=free, at=at, converged=converged)


def _starts(count: int) -> list[list[float]]:
    if count == 1:
        return [[1.0]]
    return [[share / (count - 1)] * (count - 1) + [1 - share] for share in (0.5, 0.1)]


def _deviance(
    components: FloatArray, blocks: Sequence[Blocks], outcome: FloatArray, design: FloatArray, restricted: bool
) -> float:
    at = evaluate(components, blocks, outcome, design, restricted=restricted)
    return float("inf") if at is None else at.deviance


def _climb(
    start: FloatArray,
    blocks: Sequence[Blocks],
    outcome: FloatArray,
    design: FloatArray,
    restricted: bool,
    bounded: bool,
) -> tuple[FloatArray, bool]:
    """Newton with line search from `start`, which must make V positive definite."""
    components = start
    at = evaluate(components, blocks, outcome, design, restricted=restricted)
    last = len(components) - 1
    for _ in range(_MOST_STEPS):
        assert at is not None
        held = bounded & (components <= 0) & (at.gradient >= 0)
        held[last] = False
        free = np.flatnonzero(~held)
        reach = np.maximum(np.abs(components[free]), 0.01)
        if np.max(np.abs(at.gradient[free]) * reach) < _GRADIENT_TOLERANCE:
            return components, True
        step = np.zeros_like(components)
        try:
            step[free] = -np.linalg.solve(_curvature(at, free), at.gradient[free])
        except np.linalg.LinAlgError:  # so few rows that nothing tells the components apart
            return components, False
        moved = _line_search(components, step, at.deviance, (blocks, outcome, design, restricted, bounded))
        if moved is None:
            return components, bool(np.max(np.abs(at.gradient[free]) * reach) < np.sqrt(_GRADIENT_TOLERANCE))
        components, at = moved
    return components, False


def _curvature(at: Evaluation, free: np.ndarray[tuple[int], np.dtype[np.intp]]) -> FloatArray:
    """The observed second derivative where it is safely positive (fast), else the expected one (always is)."""
    observed = at.observed[np.ix_(free, free)]
    expected = at.expected[np.ix_(free, free)]
    if np.linalg.eigvalsh(observed)[0] > 0.05 * np.linalg.eigvalsh(expected)[0]:
        return np.asarray(observed)
    return np.asarray(expected + 1e-12 * np.trace(expected) * np.eye(len(free)))


def _line_search(
    components: FloatArray,
    step: FloatArray,
    deviance: float,
    problem: tuple[Sequence[Blocks], FloatArray, FloatArray, bool, bool],
) -> tuple[FloatArray, Evaluation] | None:
    blocks, outcome, design, restricted, bounded = problem
    share = 1.0
    for _ in range(_MOST_HALVINGS):
        moved = components + share * step
        if bounded:
            inner = moved[:-1]
            moved[:-1] = np.where(inner < _BOUNDARY, 0.0, inner)
        if moved[-1] > 0:
            at = evaluate(moved, blocks, outcome, design, restricted=restricted)
            if at is not None and at.deviance < deviance + 1e-12 * abs(deviance) and np.any(moved != components):
                return moved, at
        share /= 2
    return None
