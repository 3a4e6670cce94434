"""Weighted least squares of many logistic curves at once: Levenberg-Marquardt, all starts or draws in step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.assay.logistic import gradient, response
from pharmrs.records.arrays import BoolArray, FloatArray

_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-2, 1e-12, 1e12
_RIDGE = 1e-14  # keeps a normal matrix of full rank that is singular to rounding
_ROUNDING = 1e-5
_EXACT = 1e-26  # cost, relative to that of the data themselves, below which the fit is exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """`parameters` (B, p), weighted residual sums of squares `cost` (B,), and which searches have `converged` (B,)."""

    parameters: FloatArray
    cost: FloatArray
    converged: BoolArray


def solve(
    starts: FloatArray,
    log_x: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    *,
    low: FloatArray,
    high: FloatArray,
    iterations: int = 300,
    tolerance: float = 1e-10,
) -> Solved:
    """Minimise sum weights (y - response)^2 from each of `starts` (B, p), within the box `low`..`high` (p,).

    `log_x` (n,); `y` and `weights` (n,) or (B, n). Converged: no free column of the Jacobian makes a cosine
    above `tolerance` with the residual (as MINPACK's gtol).
    """
    parameters = np.clip(starts, low, high)
    y, weights = np.broadcast_to(y, (len(starts), len(log_x))), np.broadcast_to(weights, (len(starts), len(log_x)))
    residual = y - response(parameters, log_x)
    cost = np.sum(weights * residual**2, axis=1)
    damping = np.full(len(starts), _FIRST_DAMPING)
    converged = np.zeros(len(starts), dtype=bool)
    exact = np.sum(weights * y**2, axis=1) * _EXACT
    active = np.flatnonzero(np.isfinite(cost))
    for _ in range(iterations):
        step, cosine = _step(parameters[active], log_x, residual[active], weights[active], damping[active], low, high)
        ended = (cosine < tolerance) | (cost[active] <= exact[active])
        converged[active[ended]] = True
        active, step, cosine = active[~ended], step[~ended], cosine[~ended]
        if active.size == 0:
            break
        tried = np.clip(parameters[active] + step, low, high)
        new_residual = y[active] - response(tried, log_x)
        new_cost = np.sum(weights[active] * new_residual**2, axis=1)
        better = new_cost < cost[active]
        took = active[better]
        parameters[took], residual[took], cost[took] = tried[better], new_residual[better], new_cost[better]
        damping[active] *= np.where(better, 0.2, 8.0)
        damping = np.maximum(damping, _LEAST_DAMPING)
        stuck = damping[active] > _MOST_DAMPING  # nothing nearby is better: an optimum, as far as rounding can tell
        converged[active[stuck & (cosine < _ROUNDING)]] = True
        active = active[~stuck]
    return Solved(parameters=parameters, cost=cost, converged=converged)


def _step(
    parameters: FloatArray,
    log_x: FloatArray,
    residual: FloatArray,
    weights: FloatArray,
    damping: FloatArray,
    low: FloatArray,
    high: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Damped Gauss-Newton steps, and the largest cosine between residual and any free column of the Jacobian."""
    jacobian = gradient(parameters, log_x)
    weighted = weights[..., None] * jacobian
    right = np.sum(weighted * residual[..., None], axis=1)
    held = ((parameters <= low) & (right < 0)) | ((parameters >= high) & (right > 0))  # would leave the box
    normal = np.swapaxes(weighted, 1, 2) @ jacobian
    scale = np.sqrt(np.maximum(np.einsum("bii->bi", normal), 1e-300))
    free = ~held
    scaled = normal / (scale[:, :, None] * scale[:, None, :]) * (free[:, :, None] & free[:, None, :])
    index = np.arange(normal.shape[1])
    scaled[:, index, index] = 1.0 + damping[:, None] + _RIDGE
    right = np.where(held, 0.0, right / scale)
    size = np.sqrt(np.maximum(np.sum(weights * residual**2, axis=1), 1e-300))
    cosine = np.max(np.abs(right), axis=1) / size
    return np.asarray(np.linalg.solve(scaled, right[..., None])[..., 0] / scale), cosine
