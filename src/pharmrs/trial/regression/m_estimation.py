"""Robust regression by M-estimation (Huber, Tukey's bisquare) and MM-estimation.

Huber 1964, 10.1214/aoms/1177703732; Yohai 1987, 10.1214/aos/1176350366 (MM); Salibian-Barrera & Yohai 2006,
10.1198/106186006X113629 (fast S); Croux, Dhaene & Hoorelbeke 2003 (covariance of MM, as robustbase `.vcov.avar1`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.least_squares.coefficients import Coefficients, check_estimable, wald
from pharmrs.trial.least_squares.not_estimable import NotEstimable

HUBER = 1.345  # 95 % efficiency at the normal distribution
BISQUARE = 4.685061
_S_BREAKDOWN = 1.547645  # bisquare constant of the S scale with 50 % breakdown
_NORMAL_MAD = 0.6745  # median of |z|, in R's precision
_MOST_STEPS = 1000
_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustFit:
    """`scale`: robust residual SD; `weights` (rows,): 0 is a row that no longer counts."""

    coefficients: Coefficients
    scale: float
    weights: FloatArray


def _bisquare_weight(u: FloatArray, c: float = BISQUARE) -> FloatArray:
    return np.where(np.abs(u) < c, (1 - (u / c) ** 2) ** 2, 0.0)


def _bisquare_slope(u: FloatArray, c: float = BISQUARE) -> FloatArray:
    return np.where(np.abs(u) < c, (1 - (u / c) ** 2) * (1 - 5 * (u / c) ** 2), 0.0)


def _bisquare_loss(u: FloatArray, c: float) -> FloatArray:
    return np.where(np.abs(u) < c, 1 - (1 - (u / c) ** 2) ** 3, 1.0)


def _huber_weight(u: FloatArray) -> FloatArray:
    return np.asarray(HUBER / np.maximum(np.abs(u), HUBER))


def _huber_slope(u: FloatArray) -> FloatArray:
    return (np.abs(u) <= HUBER).astype(float)


_PSI: dict[str, tuple[Callable[[FloatArray], FloatArray], Callable[[FloatArray], FloatArray]]] = {
    "Huber": (_huber_weight, _huber_slope),
    "bisquare": (_bisquare_weight, _bisquare_slope),
}


def _weighted(design: FloatArray, outcome: FloatArray, weights: FloatArray) -> FloatArray:
    root = np.sqrt(weights)
    return np.asarray(np.linalg.lstsq(design * root[:, None], outcome * root, rcond=None)[0])


def fit_m(outcome: FloatArray, design: FloatArray, terms: Sequence[str], kind: str, level: float = 0.95) -> RobustFit:
    """M-estimation from least squares with the MAD as scale, as `MASS::rlm`. `kind`: Huber or bisquare.

    `outcome` (rows,), `design` (rows, terms). Raises `NotEstimable`, also where half of the rows fit exactly.
    """
    method = f"robust regression, {kind} M"
    check_estimable(method, outcome, design, terms)
    weight_of, slope_of = _PSI[kind]
    estimate = np.linalg.lstsq(design, outcome, rcond=None)[0]
    n, p = design.shape
    for _ in range(_MOST_STEPS):
        residual = outcome - design @ estimate
        scale = float(np.median(np.abs(residual))) / _NORMAL_MAD
        if scale <= _TOLERANCE * float(np.max(np.abs(outcome))):
            raise NotEstimable(f"{method}: more than half of the residuals are zero")
        moved = _weighted(design, outcome, weight_of(residual / scale))
        change = float(np.linalg.norm(design @ (moved - estimate)))
        estimate = moved
        if change <= _TOLERANCE * float(np.linalg.norm(residual)):
            break
    else:
        raise NotEstimable(f"{method}: iteratively reweighted least squares did not converge")
    residual = outcome - design @ estimate
    scale = float(np.median(np.abs(residual))) / _NORMAL_MAD
    weights, slopes = weight_of(residual / scale), slope_of(residual / scale)
    mean_slope = float(np.mean(slopes))
    correction = 1 + p * float(np.var(slopes, ddof=1)) / (n * mean_slope**2)  # Huber 1981, eq. 7.6.7
    spread = float(np.sum((residual * weights) ** 2)) / (n - p)
    se = np.sqrt(spread) * correction / mean_slope * np.sqrt(np.diag(np.linalg.inv(design.T @ design)))
    coefficients = wald(method, terms, estimate, se, n - p, n=n, level=level)
    return RobustFit(coefficients=coefficients, scale=scale, weights=weights)


def fit_mm(
    outcome: FloatArray,
    design: FloatArray,
    terms: Sequence[str],
    *,
    seed: int = 1,
    starts: int = 500,
    level: float = 0.95,
) -> RobustFit:
    """MM-estimation: a high-breakdown S-estimate from `starts` random subsets, then efficient M-steps at its scale.

    `outcome` (rows,), `design` (rows, terms). Raises `NotEstimable`, also where half of the rows fit exactly.
    """
    method = "robust regression, MM"
    check_estimable(method, outcome, design, terms)
    n, p = design.shape
    found = _s_estimate(outcome, design, np.random.default_rng(seed), starts)
    if found is None:
        raise NotEstimable(f"{method}: half of the rows fit exactly, or no subset determines the terms")
    first, scale = found
    estimate = first
    for _ in range(_MOST_STEPS):
        moved = _weighted(design, outcome, _bisquare_weight((outcome - design @ estimate) / scale))
        change = float(np.linalg.norm(design @ (moved - estimate)))
        estimate = moved
        if change <= _TOLERANCE * scale * np.sqrt(n):
            break
    else:
        raise NotEstimable(f"{method}: iteratively reweighted least squares did not converge")
    covariance = _mm_covariance(outcome - design @ first, outcome - design @ estimate, design, scale)
    if covariance is None:
        raise NotEstimable(f"{method}: the covariance is not positive definite")
    return RobustFit(
        coefficients=wald(method, terms, estimate, np.sqrt(np.diag(covariance)), n - p, n=n, level=level),
        scale=scale,
        weights=_bisquare_weight((outcome - design @ estimate) / scale),
    )


def _s_scale(residual: FloatArray, p: int, start: float, steps: int) -> float:
    """M-scale with 50 % breakdown: mean loss 1/2 over n - p."""
    scale, free = start, len(residual) - p
    for _ in range(steps):
        moved = scale * float(np.sqrt(2 * np.sum(_bisquare_loss(residual / scale, _S_BREAKDOWN)) / free))
        if abs(moved - scale) <= _TOLERANCE * scale:
            return moved
        scale = moved
    return scale


def _s_estimate(
    outcome: FloatArray, design: FloatArray, generator: np.random.Generator, starts: int
) -> tuple[FloatArray, float] | None:
    n, p = design.shape
    least = 1e-12 * float(np.max(np.abs(outcome - np.median(outcome))))
    kept: list[tuple[float, FloatArray]] = []
    for _ in range(starts):
        rows = generator.choice(n, size=p, replace=False)
        if abs(float(np.linalg.det(design[rows]))) < 1e-12:
            continue
        estimate = np.linalg.solve(design[rows], outcome[rows])
        refined = _refine(outcome, design, estimate, steps=2, least=least)
        if refined is None:
            return None
        kept.append(refined)
    kept.sort(key=lambda pair: pair[0])
    finished = [_refine(outcome, design, estimate, steps=_MOST_STEPS, least=least) for _, estimate in kept[:10]]
    usable = [pair for pair in finished if pair is not None]
    if not usable:
        return None
    scale, estimate = min(usable, key=lambda pair: pair[0])
    return estimate, scale


def _refine(
    outcome: FloatArray, design: FloatArray, estimate: FloatArray, *, steps: int, least: float
) -> tuple[float, FloatArray] | None:
    """Reweighting steps towards the S-estimate; None where the scale vanishes (an exact fit of half of the rows)."""
    p = design.shape[1]
    scale = float(np.median(np.abs(outcome - design @ estimate))) / _NORMAL_MAD
    for _ in range(steps):
        if scale <= least:
            return None
        residual = outcome - design @ estimate
        scale = _s_scale(residual, p, scale, 200 if steps > 2 else 3)
        moved = _weighted(design, outcome, _bisquare_weight(residual / scale, _S_BREAKDOWN))
        change = float(np.linalg.norm(design @ (moved - estimate)))
        estimate = moved
        if change <= _TOLERANCE * scale:
            break
    if scale <= least:
        return None
    return _s_scale(outcome - design @ estimate, p, scale, 500), estimate


def _mm_covariance(
    first_residual: FloatArray, residual: FloatArray, design: FloatArray, scale: float
) -> FloatArray | None:
    """Asymptotic covariance that allows for unequal variances and for the scale being estimated."""
    n = len(residual)
    r, r0 = residual / scale, first_residual / scale
    slope = _bisquare_slope(r)
    chi_slope = 6 / _S_BREAKDOWN**2 * r0 * _bisquare_weight(r0, _S_BREAKDOWN)
    bread = scale * np.linalg.inv(design.T @ (design * slope[:, None]))
    tilt = bread @ (design.T @ (slope * r)) / float(np.mean(chi_slope * r0))
    psi = r * _bisquare_weight(r)
    chi = _bisquare_loss(r0, _S_BREAKDOWN)
    cross = np.outer(tilt, bread @ (design.T @ (psi * chi)))
    middle = bread @ (design.T @ (design * (psi**2)[:, None])) @ bread * n
    covariance = (middle - cross - cross.T + float(np.mean(chi**2 - 0.25)) * np.outer(tilt, tilt)) / n
    return covariance if np.all(np.diag(covariance) > 0) else None
