"""Posterior covariance of a fit, the uncertainty of its estimated prior variances included.

The inverse of the normal equations takes smoothness and prior SDs as known. They are estimates, and an amplitude that
follows them is less certain than that. To first order (Kass & Steffey 1989, 10.1080/01621459.1989.10478825) each
estimated variance adds (d estimate / d log variance)^2 times the variance of its logarithm, 2 / its degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from pharmrs.core.records.arrays import FloatArray

_LEAST_FREEDOM = 1.0


def inverse(matrix: FloatArray) -> FloatArray:
    """Inverse of a positive definite matrix (p, p), scaled to a unit diagonal in between."""
    scale = 1.0 / np.sqrt(np.diag(matrix))
    lower = cholesky(matrix * np.outer(scale, scale) + 1e-11 * np.eye(matrix.shape[0]), lower=True, check_finite=False)
    half = solve_triangular(lower, np.diag(scale), lower=True, check_finite=False)
    return half.T @ half


def of_pulls(covariance: FloatArray, pulls: Sequence[tuple[FloatArray, float]]) -> FloatArray:
    """What estimated variances add to `covariance` (p, p).

    `pulls`: for each, the derivative of the normal equations' right-hand side (p,) by its logarithm, and the degrees of
    freedom it is estimated with.
    """
    added = np.zeros_like(covariance)
    for gradient, freedom in pulls:
        change = covariance @ gradient
        added += np.outer(change, change) * (2.0 / max(freedom, _LEAST_FREEDOM))
    return added
