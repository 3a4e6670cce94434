"""The uncertainty that estimated variances add, against numeric derivatives of penalised least squares."""

from __future__ import annotations

import numpy as np
import pytest

from pharmrs.spectra.fit.uncertainty import inverse, of_pulls

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(60, 6)), RNG.normal(size=60)
STEP = 1e-4  # of a logarithm: central differences are right to its square


def test_inverse() -> None:
    badly_scaled = X.T @ X * np.outer(10.0 ** np.arange(6), 10.0 ** np.arange(6))
    np.testing.assert_allclose(inverse(badly_scaled) @ badly_scaled, np.eye(6), atol=1e-6)


def test_prior_variance_adds_the_square_of_the_derivative() -> None:
    """Ridge regression: two of six parameters share the variance 1 / 3, noise variance 1."""
    where, weight = np.array([3, 5]), 1.5

    def solved(log_variance: float) -> tuple[np.ndarray, np.ndarray]:
        hessian = X.T @ X
        hessian[where, where] += np.exp(-log_variance)
        return np.linalg.solve(hessian, X.T @ Y), np.linalg.inv(hessian)

    log_variance = float(np.log(1.0 / 3.0))
    values, covariance = solved(log_variance)
    slope = (solved(log_variance + STEP)[0] - solved(log_variance - STEP)[0]) / (2.0 * STEP)
    freedom = 2.0 - 3.0 * np.trace(covariance[np.ix_(where, where)]) + weight
    pull = np.zeros(6)
    pull[where] = 3.0 * values[where]
    added = of_pulls(covariance, [(pull, freedom)])
    np.testing.assert_allclose(added, np.outer(slope, slope) * 2.0 / freedom, rtol=1e-6, atol=1e-15)


def test_smoothness_adds_the_square_of_the_derivative() -> None:
    """Columns beside orthonormal functions with penalties smoothness times 0.5, 1, ..., eliminated as in the fit."""
    functions = np.linalg.qr(RNG.normal(size=(60, 8)))[0]
    roughness, noise, freedom = 0.5 * np.arange(1.0, 9.0), 0.3, 4.0
    projected = functions.T @ X

    def solved(log_smoothness: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        shrink = 1.0 / (1.0 + np.exp(log_smoothness) * roughness)
        hessian = X.T @ X - projected.T @ (shrink[:, None] * projected)
        return np.linalg.solve(hessian, X.T @ Y - projected.T @ (shrink * (functions.T @ Y))), hessian / noise, shrink

    values, hessian, shrink = solved(0.4)
    slope = (solved(0.4 + STEP)[0] - solved(0.4 - STEP)[0]) / (2.0 * STEP)
    left = functions.T @ (Y - X @ values)
    gradient = projected.T @ (shrink * (1.0 - shrink) * left) / noise
    added = of_pulls(np.linalg.inv(hessian), [(gradient, freedom)])
    assert np.abs(slope).max() > 0.0
    np.testing.assert_allclose(added, np.outer(slope, slope) * 2.0 / freedom, rtol=1e-6, atol=1e-15)


def test_few_degrees_of_freedom_do_not_make_it_infinite() -> None:
    added = of_pulls(np.eye(1), [(np.full(1, 0.5), 0.0)])
    assert added == pytest.approx(np.full((1, 1), 0.5))
