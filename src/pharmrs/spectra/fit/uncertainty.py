"""Posterior covariance of a fit, the uncertainty of its estimated prior variances included.

The inverse of the normal equations takes smoothness and prior SDs as known. They are estimates, and an amplitude that
follows them is less certain than that. To first order (Kass & Steffey 1989, 10.1080/01621459.1989.10478825) each
estimated variance adds (d estimate / d log variance)^2 times the variance of its logarithm, 2 / its degrees of freedom.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from pharmrs.core.records.arrays import FloatArray, IntArray

_LEAST_FREEDOM = 1.0


def inverse(matrix: FloatArray) -> FloatArray:
    """Inverse of a positive definite matrix (p, p), scaled to a unit diagonal in between."""
    scale = 1.0 / np.sqrt(np.diag(matrix))
    lower = cholesky(matrix * np.outer(scale, scale) + 1e-11 * np.eye(matrix.shape[0]), lower=True, check_finite=False)
    half = solve_triangular(lower, np.diag(scale), lower=True, check_finite=False)
    return half.T @ half


def of_prior_variance(
    covariance: FloatArray, prior: FloatArray, values: FloatArray, where: IntArray, weight: float
) -> FloatArray:
    """What the estimate of the common variance of some parameters adds to `covariance` (p, p).

    `prior`, `values`: their precisions and estimates (k,); `where`: their places (k,); `weight`: degrees of freedom of
    what was expected of the variance.
    """
    freedom = values.size - float(prior @ covariance[where, where]) + weight
    return _outer(covariance[:, where] @ (prior * values), freedom)


def of_prior_factor(covariance: FloatArray, gradient: FloatArray, freedom: float) -> FloatArray:
    """What the estimate of a factor of prior precisions adds to `covariance` (p, p).

    `gradient` (p,): derivative of the normal equations' right-hand side by its logarithm; `freedom`: its degrees of
    freedom.
    """
    return _outer(covariance @ gradient, freedom)


def _outer(change: FloatArray, freedom: float) -> FloatArray:
    return np.asarray(np.outer(change, change) * (2.0 / max(freedom, _LEAST_FREEDOM)))
