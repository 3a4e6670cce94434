"""Weighted least squares of many logistic curves at once: Levenberg-Marquardt, all starts or draws in step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pharmrs.assay.science.curve.logistic import gradient, response
from pharmrs.core.records.arrays import BoolArray, FloatArray

_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-2, 1e-12, 1e12
_RIDGE = 1e-13  # keeps a normal matrix of full rank that is singular to rounding
_ACCEPTED_OFFSET = 1e-5  # R's nls stops here: parameters within a hundred-thousandth of their standard errors
# response and gradient of parameters (B, p) at log x (n,): the logistic curve, or one that the search is proven on
Form = tuple[Callable[[FloatArray, FloatArray], FloatArray], Callable[[FloatArray, FloatArray], FloatArray]]
_LOGISTIC: Form = (response, gradient)
_EXACT = 1e-26  # cost, relative to that of the data themselves, below which the fit is exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """`parameters` (B, p), weighted residual sums of squares `cost` (B,), and which searches have `converged` (B,)."""

    parameters: FloatArray
    cost: FloatArray
    converged: BoolArray


@dataclass(slots=True)
class _Normal:
    """Scaled normal equations of B searches: matrix (B, p, p) with unit diagonal, right side and scale (B, p)."""

    matrix: FloatArray
    right: FloatArray
    scale: FloatArray
    held: BoolArray

    def solve(self, damping: FloatArray) -> FloatArray:
        """Steps (B, p) in the scaled parameters; what is held at its bound does not move."""
        index = np.arange(self.matrix.shape[1])
        free = ~self.held
        matrix = self.matrix * (free[:, :, None] & free[:, None, :])
        matrix[:, index, index] = 1.0 + damping[:, None] + _RIDGE
        return np.asarray(np.linalg.solve(matrix, np.where(free, self.right, 0.0)[..., None])[..., 0])


def solve(
    starts: FloatArray,
    log_x: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    *,
    low: FloatArray,
    high: FloatArray,
    iterations: int = 400,
    tolerance: float = 1e-10,
    form: Form = _LOGISTIC,
) -> Solved:
    """Minimise sum weights (y - response)^2 from each of `starts` (B, p), within the box `low`..`high` (p,).

    `log_x` (n,); `y` and `weights` (n,) or (B, n). A search ends when its relative offset is below `tolerance`: the
    fall of the cost that a full step promises, as the root of its share of the cost (the criterion of R's nls, Bates
    and Watts 1981, Technometrics 23:179). Converged: the offset is below 1e-5 at the end.
    """
    parameters = np.clip(starts, low, high)
    y, weights = np.broadcast_to(y, (len(starts), len(log_x))), np.broadcast_to(weights, (len(starts), len(log_x)))
    value, slopes = form
    residual = y - value(parameters, log_x)
    cost = np.sum(weights * residual**2, axis=1)
    damping = np.full(len(starts), _FIRST_DAMPING)
    offset = np.full(len(starts), np.inf)
    exact = np.sum(weights * y**2, axis=1) * _EXACT
    active = np.flatnonzero(np.isfinite(cost))
    for _ in range(iterations):
        normal = _normal(slopes(parameters[active], log_x), residual[active], weights[active])
        step = _step_inside(normal, parameters[active], damping[active], low, high)
        offset[active] = _offset(normal, cost[active], exact[active])
        going = (offset[active] >= tolerance) & (damping[active] <= _MOST_DAMPING)  # beyond: rounding stops the search
        active, step = active[going], step[going]
        if active.size == 0:
            break
        tried = np.clip(parameters[active] + step, low, high)
        new_residual = y[active] - value(tried, log_x)
        new_cost = np.sum(weights[active] * new_residual**2, axis=1)
        better = new_cost < cost[active]
        took = active[better]
        parameters[took], residual[took], cost[took] = tried[better], new_residual[better], new_cost[better]
        damping[active] = np.maximum(damping[active] * np.where(better, 0.2, 8.0), _LEAST_DAMPING)
    return Solved(parameters=parameters, cost=cost, converged=offset < _ACCEPTED_OFFSET)


def _normal(jacobian: FloatArray, residual: FloatArray, weights: FloatArray) -> _Normal:
    weighted = weights[..., None] * jacobian
    matrix = np.swapaxes(weighted, 1, 2) @ jacobian
    scale = np.sqrt(np.maximum(np.einsum("bii->bi", matrix), 1e-300))
    return _Normal(
        matrix=matrix / (scale[:, :, None] * scale[:, None, :]),
        right=np.sum(weighted * residual[..., None], axis=1) / scale,
        scale=scale,
        held=np.zeros(scale.shape, dtype=bool),
    )


def _step_inside(
    normal: _Normal, parameters: FloatArray, damping: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Damped Gauss-Newton steps; parameters at a bound that would leave the box are held, and the rest solved again."""
    for _ in range(parameters.shape[1]):
        step = normal.solve(damping)
        leaving = ((parameters <= low) & (step < 0)) | ((parameters >= high) & (step > 0))
        if not leaving.any():
            break
        normal.held |= leaving
    return np.asarray(normal.solve(damping) / normal.scale)


def _offset(normal: _Normal, cost: FloatArray, exact: FloatArray) -> FloatArray:
    promised = np.sum(np.where(normal.held, 0.0, normal.right) * normal.solve(np.zeros(len(cost))), axis=1)
    return np.where(cost <= exact, 0.0, np.sqrt(np.maximum(promised, 0.0) / np.maximum(cost, 1e-300)))
