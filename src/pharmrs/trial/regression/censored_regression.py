"""Gaussian regression of an outcome that is partly known only to lie below or above a limit (Tobit).

Tobin 1958, 10.2307/1907382; the likelihood is concave in (beta / sigma, 1 / sigma): Olsen 1978, 10.2307/1913082.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import log_ndtr

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.least_squares.coefficients import Coefficients, aliased, check_estimable, wald
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows

_MOST_STEPS = 200
_TOLERANCE = 1e-10
METHOD = "censored Gaussian regression"


@dataclass(frozen=True, slots=True, kw_only=True)
class TobitFit:
    """`coefficients` with normal inference; `scale`: residual SD; `covariance` of (coefficients, log scale)."""

    coefficients: Coefficients
    scale: float
    log_scale_se: float
    log_likelihood: float
    censored: int
    covariance: FloatArray


def fit_tobit(
    outcome: FloatArray,
    side: FloatArray,
    design: FloatArray,
    terms: Sequence[str],
    clusters: Sequence[str] = (),
    level: float = 0.95,
) -> TobitFit:
    """`outcome ~ design` where `side` is -1 (outcome lies below the value), 0 (measured) or +1 (above the value).

    `outcome`, `side` (rows,), `design` (rows, terms). With `clusters` (participant of each row) the covariance is the
    cluster-robust sandwich with the G/(G-1) factor. Raises `NotEstimable`.
    """
    _check(outcome, side, design, terms)
    found = _maximise(outcome, side, design)
    if found is None:
        raise NotEstimable(f"{METHOD}: the likelihood has no interior maximum")
    estimate, scale = found
    score, hessian = _natural_derivatives(outcome, side, design, estimate, scale)
    covariance = np.asarray(np.linalg.inv(-hessian), dtype=float)
    groups = 0
    if clusters:
        people = PersonRows.of(clusters)
        groups = len(people)
        if groups < 2:
            raise NotEstimable(f"{METHOD}: all rows belong to one participant")
        summed = people.sums(score)
        covariance = covariance @ (summed.T @ summed) @ covariance * groups / (groups - 1)
    se = np.sqrt(np.diag(covariance))
    method = METHOD + (", cluster-robust" if clusters else "")
    return TobitFit(
        coefficients=wald(method, terms, estimate, se[:-1], np.inf, n=len(outcome), subjects=groups, level=level),
        scale=scale,
        log_scale_se=float(se[-1]),
        log_likelihood=float(np.sum(_contributions(outcome, side, design @ estimate, scale))),
        censored=int(np.sum(side != 0)),
        covariance=covariance,
    )


def _check(outcome: FloatArray, side: FloatArray, design: FloatArray, terms: Sequence[str]) -> None:
    measured = side == 0
    if len(outcome) and not measured.any():
        raise NotEstimable(f"{METHOD}: every value is censored")
    check_estimable(METHOD, outcome, design, terms)
    if measured.sum() <= len(terms):
        raise NotEstimable(f"{METHOD}: {int(measured.sum())} measured values for {len(terms)} coefficients")
    lost = aliased(design[measured], terms)
    if lost:
        names = ", ".join(lost)
        raise NotEstimable(f"{METHOD}: separation, among measured values not separable from the other terms: {names}")
    residual = (
        outcome[measured] - design[measured] @ np.linalg.lstsq(design[measured], outcome[measured], rcond=None)[0]
    )
    if float(residual @ residual) <= 1e-24 * float(outcome @ outcome):
        raise NotEstimable(f"{METHOD}: the terms reproduce the measured values exactly")


def _contributions(outcome: FloatArray, side: FloatArray, mean: FloatArray, scale: float) -> FloatArray:
    z = (outcome - mean) / scale
    return np.where(side == 0, stats.norm.logpdf(z) - np.log(scale), log_ndtr(-np.where(side == 0, -1, side) * z))


def _hazard(signed: FloatArray) -> FloatArray:
    """phi(x) / Phi(x), stable far in the tail."""
    return np.asarray(np.exp(stats.norm.logpdf(signed) - log_ndtr(signed)))


def _maximise(outcome: FloatArray, side: FloatArray, design: FloatArray) -> tuple[FloatArray, float] | None:
    """Newton in Olsen's parameters, from least squares on the values as they stand."""
    start = np.linalg.lstsq(design, outcome, rcond=None)[0]
    rest = float(np.std(outcome - design @ start)) or 1.0
    parameters = np.append(start, 1.0) / rest
    # z = outcome / sigma - design beta / sigma is linear in the parameters
    regressors = np.column_stack([-design, outcome])
    value = _olsen_value(parameters, regressors, side)
    for _ in range(_MOST_STEPS):
        z = regressors @ parameters
        hazard = np.where(side == 0, 0.0, _hazard(-side * z))
        slope = np.where(side == 0, -z, -side * hazard)
        bend = np.where(side == 0, 1.0, hazard * (hazard - side * z))
        measured = float(np.sum(side == 0))
        gradient = regressors.T @ slope
        gradient[-1] += measured / parameters[-1]
        hessian = (regressors * bend[:, None]).T @ regressors
        hessian[-1, -1] += measured / parameters[-1] ** 2
        step = np.linalg.solve(hessian, gradient)
        left = float(gradient @ step)
        moved = None if left < _TOLERANCE**2 else _damped(parameters, step, value, regressors, side)
        if moved is None:
            return (parameters[:-1] / parameters[-1], 1 / float(parameters[-1])) if left < _TOLERANCE else None
        parameters, value = moved
    return None


def _damped(
    parameters: FloatArray, step: FloatArray, value: float, regressors: FloatArray, side: FloatArray
) -> tuple[FloatArray, float] | None:
    share = 1.0
    for _ in range(50):
        moved = parameters + share * step
        if moved[-1] > 0:
            reached = _olsen_value(moved, regressors, side)
            if reached > value:
                return moved, reached
        share /= 2
    return None


def _olsen_value(parameters: FloatArray, regressors: FloatArray, side: FloatArray) -> float:
    z = regressors @ parameters
    parts = np.where(side == 0, stats.norm.logpdf(z), log_ndtr(-np.where(side == 0, 1.0, side) * z))
    return float(np.sum(parts) + np.sum(side == 0) * np.log(parameters[-1]))


def _natural_derivatives(
    outcome: FloatArray, side: FloatArray, design: FloatArray, estimate: FloatArray, scale: float
) -> tuple[FloatArray, FloatArray]:
    """Scores of every row (rows, terms + 1) and the Hessian in (beta, log sigma) at the optimum."""
    z = (outcome - design @ estimate) / scale
    hazard = np.where(side == 0, 0.0, _hazard(-side * z))
    slope = np.where(side == 0, -z, -side * hazard)  # d log L / dz
    bend = -np.where(side == 0, 1.0, hazard * (hazard - side * z))  # second derivative by z
    by_parameters = np.column_stack([-design / scale, -z])  # dz / d(beta, log sigma)
    score = by_parameters * slope[:, None]
    score[:, -1] -= side == 0
    hessian = (by_parameters * bend[:, None]).T @ by_parameters
    cross = design.T @ slope / scale  # d2z / dbeta dlog sigma = design / sigma
    hessian[:-1, -1] += cross
    hessian[-1, :-1] += cross
    hessian[-1, -1] += float(slope @ z)  # d2z / dlog sigma2 = z
    return score, hessian
