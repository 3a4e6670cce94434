"""Regression on a variable that is measured with known error: corrected normal equations, and SIMEX.

Fuller 1987 (10.1002/9780470316665), eq. 3.1.12, with each row's own error SD; Cook & Stefanski 1994,
10.1080/01621459.1994.10476871, and the SIMEX variance of Stefanski & Cook 1995, 10.1080/01621459.1995.10476629.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.least_squares.coefficients import Coefficients, check_estimable, wald
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.regression.cluster_robust import robust_least_squares

_LAMBDAS = (0.5, 1.0, 1.5, 2.0)
_LEAST_RELIABLE = 0.1  # below this share of true variance the correction divides by almost nothing


def errors_in_variables(
    outcome: FloatArray,
    design: FloatArray,
    loadings: FloatArray,
    error_sd: FloatArray,
    terms: Sequence[str],
    clusters: Sequence[str],
    level: float = 0.95,
) -> Coefficients:
    """Least squares with the error variance taken out of the normal equations; CR2 with Satterthwaite's df.

    With N the error's share of X'X, the estimate (X'X - N)^-1 X'y is ordinary least squares on the calibrated columns
    X (X'X)^-1 (X'X - N), and CR2 is theirs. That N is taken from the same rows is left out: with it the test rejected
    1.9 instead of 4.6 % where 5 were due (benchmarks/error_rates.py).

    `loadings` (rows, terms): how each column of `design` moves with the mismeasured variable (1 for the variable
    itself, the other factor for a product with it, 0 elsewhere); `error_sd` (rows,): SD of its error. Raises
    `NotEstimable` where too little of the variance is signal.
    """
    method = "errors in variables (moment correction, CR2)"
    check_estimable(method, outcome, design, terms)
    _check_error(method, error_sd)
    raw = design.T @ design
    noise = (loadings * error_sd[:, None]).T @ (loadings * error_sd[:, None])
    corrected = raw - noise
    root = np.linalg.inv(np.linalg.cholesky(raw))
    share = 1 - float(np.linalg.eigvalsh(root @ noise @ root.T)[-1])
    if share < _LEAST_RELIABLE:
        left = f"the measurement error leaves {max(share, 0):.2f} of the variance, {_LEAST_RELIABLE} is the least"
        raise NotEstimable(f"{method}: {left}")
    calibrated = design @ np.linalg.solve(raw, corrected)
    found = robust_least_squares(outcome, calibrated, terms, "CR2", clusters, level=level)
    return replace(found, method=method)


def simex(
    outcome: FloatArray,
    design: FloatArray,
    loadings: FloatArray,
    error_sd: FloatArray,
    terms: Sequence[str],
    *,
    seed: int,
    replicates: int = 200,
    level: float = 0.95,
) -> Coefficients:
    """Simulation-extrapolation of least squares with the quadratic extrapolant. Arguments as `errors_in_variables`."""
    method = f"SIMEX, quadratic, {replicates} replicates"
    check_estimable(method, outcome, design, terms)
    _check_error(method, error_sd)
    generator = np.random.default_rng(seed)
    n, p = design.shape
    means = [_least_squares(outcome, design)[0]]
    variances = [_least_squares(outcome, design)[1]]
    for inflation in _LAMBDAS:
        noise = np.sqrt(inflation) * error_sd * generator.standard_normal((replicates, n))
        fits = [_least_squares(outcome, design + loadings * row[:, None]) for row in noise]
        estimates = np.array([fit[0] for fit in fits])
        means.append(estimates.mean(axis=0))
        variances.append(np.mean([fit[1] for fit in fits], axis=0) - estimates.var(axis=0, ddof=1))
    at = np.array((0.0, *_LAMBDAS))
    estimate = _extrapolate(at, np.array(means))
    variance = _extrapolate(at, np.array(variances))
    notes = () if np.all(variance > 0) else ("a variance extrapolates below zero: no interval for that term",)
    return wald(method, terms, estimate, np.sqrt(np.maximum(variance, 0)), n - p, n=n, notes=notes, level=level)


def _check_error(method: str, error_sd: FloatArray) -> None:
    if not np.isfinite(error_sd).all() or np.any(error_sd < 0):
        raise NotEstimable(f"{method}: the measurement SD is missing for some rows")
    if not np.any(error_sd > 0):
        raise NotEstimable(f"{method}: every measurement SD is zero, nothing to correct")


def _least_squares(outcome: FloatArray, design: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Estimates and their variances."""
    inverse = np.linalg.inv(design.T @ design)
    estimate = inverse @ (design.T @ outcome)
    residual = outcome - design @ estimate
    n, p = design.shape
    return estimate, np.diag(inverse) * float(residual @ residual) / (n - p)


def _extrapolate(at: FloatArray, values: FloatArray) -> FloatArray:
    """The quadratic through `values` (lambdas, terms) at lambda = -1, where there is no measurement error."""
    quadratic = np.polynomial.polynomial.polyfit(at, values, 2)
    return np.asarray(quadratic[0] - quadratic[1] + quadratic[2])
