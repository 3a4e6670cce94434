"""Probability and moments of a multivariate normal below a point, by deterministic quadrature.

Separation of variables after Genz 1992, 10.1080/10618600.1992.10477010; Gauss-Legendre products instead of random
points, so that the result is a smooth function of its arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

from pharmrs.core.records.arrays import FloatArray

_NODES = {1: 32, 2: 16, 3: 10}  # per dimension; 10 ** 3 points for four censored values of one person
_LATTICE = 4001  # points beyond three dimensions (prime)
_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncated:
    """`log_probability` (n,) of x < upper; `mean` (n, d) and `covariance` (n, d, d) of x given that."""

    log_probability: FloatArray
    mean: FloatArray
    covariance: FloatArray


@lru_cache(maxsize=8)
def _points(dimensions: int) -> tuple[FloatArray, FloatArray]:
    """Points (m, dimensions) in the unit cube and the logarithm of their weights (m,)."""
    if dimensions == 0:
        return np.zeros((1, 0)), np.zeros(1)
    if dimensions > max(_NODES):
        # Richtmyer lattice: square roots of primes, made periodic by the same substitution as below
        roots = np.sqrt(np.array([2.0, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37])[:dimensions])
        v = np.mod((np.arange(_LATTICE)[:, None] + 0.5) * roots, 1.0)
        return _denser_at_ends(v), np.sum(np.log(6 * v * (1 - v)), axis=1) - np.log(_LATTICE)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES[dimensions])
    v = (nodes + 1) / 2
    u, log_weight = _denser_at_ends(v), np.log(3 * weights * v * (1 - v))
    grid = np.array(np.meshgrid(*[u] * dimensions, indexing="ij")).reshape(dimensions, -1).T
    product = np.array(np.meshgrid(*[log_weight] * dimensions, indexing="ij")).reshape(dimensions, -1)
    return grid, product.sum(axis=0)


def _denser_at_ends(v: FloatArray) -> FloatArray:
    """A substitution that puts more points where the tails are."""
    return v * v * (3 - 2 * v)


def truncated_below(mean: FloatArray, covariance: FloatArray, upper: FloatArray) -> Truncated:
    """Normal vectors with `mean` (n, d) and `covariance` (n, d, d) given that each coordinate is below `upper`."""
    n, d = mean.shape
    factor = np.linalg.cholesky(covariance)
    points, log_weights = _points(d - 1)
    m = len(points)
    log_u = np.log(points)
    y = np.zeros((n, m, d))
    log_mass = np.tile(log_weights, (n, 1))
    for column in range(d):
        done = (y[:, :, :column] @ factor[:, column, :column, None])[:, :, 0]
        z = (upper[:, None, column] - mean[:, None, column] - done) / factor[:, None, column, column]
        log_below = log_ndtr(z)
        log_mass += log_below
        if column < d - 1:
            y[:, :, column] = ndtri_exp(log_u[None, :, column] + log_below)
    # the last coordinate is integrated in closed form: a standard normal below z
    slope = np.exp(-0.5 * z**2 - _HALF_LOG_2PI - log_below)
    y[:, :, -1] = -slope
    spare = 1 - z * slope - slope**2
    largest = log_mass.max(axis=1)
    total = largest + np.log(np.exp(log_mass - largest[:, None]).sum(axis=1))
    weight = np.exp(log_mass - total[:, None])
    weighted = np.swapaxes(y * weight[:, :, None], 1, 2)
    first = weighted.sum(axis=2)
    second = weighted @ y
    second[:, -1, -1] += np.einsum("nm,nm->n", weight, spare)
    spread = second - first[:, :, None] * first[:, None, :]
    return Truncated(
        log_probability=total,
        mean=mean + np.einsum("nkl,nl->nk", factor, first),
        covariance=factor @ spread @ np.swapaxes(factor, 1, 2),
    )
