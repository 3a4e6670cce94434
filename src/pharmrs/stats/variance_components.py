"""Variance components of a Gaussian linear model, by restricted or full maximum likelihood.

`V = sum_k s_k G_k`, the last `G` being the identity (residual). Harville 1977, 10.1080/01621459.1977.10480998.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from pharmrs.records.arrays import FloatArray

_MOST_STEPS = 200
_MOST_HALVINGS = 40
_GRADIENT_TOLERANCE = 1e-9  # of the deviance, per relative change of a component
_BOUNDARY = 1e-9  # a component below this share of the total variance is zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The model at given components. `deviance`: -2 log (restricted) likelihood, all constants included.

    `projected`: P y; `inverse`: V^-1; `covariance`: (X' V^-1 X)^-1; `gradient`, `expected`, `observed`: first and
    (expected, observed) second derivatives of the deviance by the components.
    """

    deviance: float
    estimate: FloatArray
    covariance: FloatArray
    inverse: FloatArray
    gradient: FloatArray
    expected: FloatArray
    observed: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceComponents:
    """The optimum: `components` (k,), which of them are not at zero, and the model there."""

    components: FloatArray
    free: tuple[int, ...]
    at: Evaluation
    converged: bool


def evaluate(
    components: FloatArray, kernels: Sequence[FloatArray], outcome: FloatArray, design: FloatArray, *, restricted: bool
) -> Evaluation | None:
    """The model at `components`; None where V is not positive definite."""
    total = sum((s * kernel for s, kernel in zip(components, kernels, strict=True)), np.zeros_like(kernels[0]))
    try:
        factor = linalg.cholesky(total, lower=True, check_finite=False)
    except linalg.LinAlgError:
        return None
    n, p = design.shape
    inverse = linalg.cho_solve((factor, True), np.eye(n), check_finite=False)
    weighted = inverse @ design
    information = design.T @ weighted
    covariance = np.asarray(np.linalg.inv(information), dtype=float)
    projection = inverse - weighted @ covariance @ weighted.T
    projected = projection @ outcome
    deviance = 2 * float(np.sum(np.log(np.diag(factor)))) + float(outcome @ projected)
    if restricted:
        deviance += float(np.linalg.slogdet(information)[1])
    deviance += (n - p if restricted else n) * float(np.log(2 * np.pi))
    metric = projection if restricted else inverse
    pushed = [kernel @ projected for kernel in kernels]
    spread = [metric @ kernel for kernel in kernels]
    gradient = [float(np.trace(s) - projected @ push) for s, push in zip(spread, pushed, strict=True)]
    expected = np.array([[float(np.sum(a * b.T)) for b in spread] for a in spread])
    observed = 2 * np.array([[float(a @ projection @ b) for b in pushed] for a in pushed]) - expected
    return Evaluation(
        deviance=deviance, estimate=covariance @ (weighted.T @ outcome), covariance=covariance, inverse=inverse,
        gradient=np.array(gradient), expected=expected, observed=observed,
    )  # fmt: skip


def estimate_components(
    kernels: Sequence[FloatArray],
    outcome: FloatArray,
    design: FloatArray,
    *,
    restricted: bool = True,
    bounded: bool = True,
) -> VarianceComponents:
    """Components that maximise the likelihood; `bounded`: none below zero (the residual is always above).

    The kernels must end with the identity. Newton steps with line search; a component that the likelihood pushes below
    zero stays there (`free` tells which do not).
    """
    n, p = design.shape
    residual = outcome - design @ np.linalg.lstsq(design, outcome, rcond=None)[0]
    scale = float(residual @ residual) / (n - p)
    y = outcome / np.sqrt(scale)
    runs = [
        _climb(np.array(start), kernels, y, design, restricted, bounded)
        for start in _starts(len(kernels))
    ]  # fmt: skip
    components, converged = min(runs, key=lambda run: _deviance(run[0], kernels, y, design, restricted))
    components = components * scale
    free = tuple(k for k in range(len(kernels)) if not bounded or components[k] > 0)
    at = evaluate(components, kernels, outcome, design, restricted=restricted)
    assert at is not None  # the search never leaves the region where V is positive definite
    return VarianceComponents(components=components, free=free, at=at, converged=converged)


def _starts(count: int) -> list[list[float]]:
    if count == 1:
        return [[1.0]]
    return [[share / (count - 1)] * (count - 1) + [1 - share] for share in (0.5, 0.1)]


def _deviance(
    components: FloatArray, kernels: Sequence[FloatArray], outcome: FloatArray, design: FloatArray, restricted: bool
) -> float:
    at = evaluate(components, kernels, outcome, design, restricted=restricted)
    return float("inf") if at is None else at.deviance


def _climb(
    start: FloatArray,
    kernels: Sequence[FloatArray],
    outcome: FloatArray,
    design: FloatArray,
    restricted: bool,
    bounded: bool,
) -> tuple[FloatArray, bool]:
    """Newton with line search from `start`, which must make V positive definite."""
    components = start
    at = evaluate(components, kernels, outcome, design, restricted=restricted)
    last = len(kernels) - 1
    for _ in range(_MOST_STEPS):
        assert at is not None
        held = bounded & (components <= 0) & (at.gradient >= 0)
        held[last] = False
        free = np.flatnonzero(~held)
        reach = np.maximum(np.abs(components[free]), 0.01)
        if np.max(np.abs(at.gradient[free]) * reach) < _GRADIENT_TOLERANCE:
            return components, True
        step = np.zeros_like(components)
        step[free] = -np.linalg.solve(_curvature(at, free), at.gradient[free])
        moved = _line_search(components, step, at.deviance, (kernels, outcome, design, restricted, bounded))
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
    problem: tuple[Sequence[FloatArray], FloatArray, FloatArray, bool, bool],
) -> tuple[FloatArray, Evaluation] | None:
    kernels, outcome, design, restricted, bounded = problem
    share = 1.0
    for _ in range(_MOST_HALVINGS):
        moved = components + share * step
        if bounded:
            inner = moved[:-1]
            moved[:-1] = np.where(inner < _BOUNDARY, 0.0, inner)
        if moved[-1] > 0:
            at = evaluate(moved, kernels, outcome, design, restricted=restricted)
            if at is not None and at.deviance < deviance + 1e-12 * abs(deviance) and np.any(moved != components):
                return moved, at
        share /= 2
    return None
