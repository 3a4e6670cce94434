"""Fit of the standard curve: weights, many starts, the choice between four and five parameters by evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from pharmrs.assay.records.choices import ModelChoice, Weights
from pharmrs.assay.records.standard_curve import (
    LOGISTIC,
    THROUGH_STANDARDS,
    CurveCandidate,
    CurveModel,
    StandardCurve,
)
from pharmrs.assay.science.curve import values as curve_values
from pharmrs.assay.science.curve.fit_lines import fit_line
from pharmrs.assay.science.curve.least_squares import solve
from pharmrs.assay.science.curve.logistic import FIVE, FOUR, gradient, response
from pharmrs.assay.science.curve.weights import response_weights, weights_power
from pharmrs.core.errors import FitFailure
from pharmrs.core.records.arrays import BoolArray, FloatArray

_PARAMETERS: dict[CurveModel, int] = {"4pl": FOUR, "5pl": FIVE}
_CLOSE = (
    1e-7  # offset of searches whose curves are only compared, or weighted anew: a ten-millionth of a standard error
)
_ROUNDS, _SETTLED = 100, 1e-8  # of weights by the curve: rounds at most, relative change of the curve at the end
_SLOPES = np.log([0.4, 0.7, 1.0, 1.5, 2.5, 4.0])
_ASYMMETRIES = np.log([0.3, 1.0, 3.0])
_BEST_STARTS = 12
_LOG_SLOPE = (np.log(0.1), np.log(15.0))
_LOG_ASYMMETRY = (np.log(0.05), np.log(20.0))
_BELOW_LOWEST, _ABOVE_HIGHEST = 5.0, 7.0  # how far the midpoint may lie outside the standards, natural log units
_ASYMPTOTE_SPANS = 50.0  # and the asymptotes, in ranges of the responses


@dataclass(frozen=True, slots=True)
class Box:
    """Bounds (p,) of the search parameters."""

    low: FloatArray
    high: FloatArray


def search_box(log_x: FloatArray, y: FloatArray, count: int) -> Box:
    """Bounds of the first `count` parameters of a curve through `log_x`, `y` (standards,)."""
    known = log_x[np.isfinite(log_x)]
    middle, span = (float(np.max(y)) + float(np.min(y))) / 2, _ASYMPTOTE_SPANS * max(float(np.ptp(y)), 1e-12)
    low = [middle - span, middle - span, known.min() - _BELOW_LOWEST, _LOG_SLOPE[0], _LOG_ASYMMETRY[0]]
    high = [middle + span, middle + span, known.max() + _ABOVE_HIGHEST, _LOG_SLOPE[1], _LOG_ASYMMETRY[1]]
    return Box(np.array(low[:count]), np.array(high[:count]))


def fit_curve(
    x: FloatArray, y: FloatArray, *, weights: Weights = "1/y^2", model: ModelChoice = "auto"
) -> StandardCurve:
    """Fit standards: concentrations `x` (n,), 0 for zero standards, and responses `y` (n,).

    Raises FitFailure when no start leads to an optimum or the wells are too few for the model.
    """
    if weights == "1/curve^2":
        return _weighted_by_itself(fit_curve(x, y, weights="1/y^2", model=model))
    with np.errstate(divide="ignore"):
        log_x = np.log(x)
    power = weights_power(x, y, weights)
    weight, floored = response_weights(y, power)
    if model != "auto" and model not in LOGISTIC:
        return fit_line(x, y, weight, model, power)
    wanted: tuple[CurveModel, ...] = ("4pl", "5pl") if model == "auto" else (model,)
    levels = len(np.unique(log_x))
    fitted = {
        name: _fit(log_x, y, weight, _PARAMETERS[name])
        for name in wanted
        if levels > _PARAMETERS[name] and (name == wanted[0] or len(y) > _PARAMETERS[name] + 2)  # AICc needs as many
    }
    if not fitted:
        raise FitFailure(f"{levels} concentrations in {len(y)} wells are too few for a {wanted[0].upper()} curve")
    candidates = tuple(
        CurveCandidate(model=name, aicc=_aicc(cost, len(y), len(found)), cost=cost, converged=converged)
        for name, (found, cost, converged) in fitted.items()
    )
    usable = [one for one in candidates if one.converged]
    if not usable:
        names = " or ".join(name.upper() for name in wanted)
        raise FitFailure(f"the standards do not determine a {names} curve: no start converged")
    chosen = usable[0]
    if usable[-1].aicc < chosen.aicc:
        chosen = usable[-1]
    search = fitted[chosen.model][0]
    notes = _floor_note(floored, weights)
    return replace(_curve(chosen, search, x, y, weight, candidates, notes), power=power)


def refit(curve: StandardCurve, weights: Weights) -> StandardCurve | None:
    """The same model and wells under other weights, searched from the curve; None where that search fails."""
    if curve.model in THROUGH_STANDARDS:
        return None  # the same under any weights
    if weights == "1/curve^2":
        try:
            return _weighted_by_itself(curve)
        except FitFailure:
            return None
    power = weights_power(curve.x, curve.y, weights)
    weight, _ = response_weights(curve.y, power)
    if curve.model not in LOGISTIC:
        return fit_line(curve.x, curve.y, weight, curve.model, power)
    box = search_box(curve.log_x, curve.y, len(curve.search))
    found = solve(curve.search[None], curve.log_x, curve.y, weight, low=box.low, high=box.high, tolerance=_CLOSE)
    if not found.converged[0]:
        return None
    return replace(curve, search=found.parameters[0], weights=weight, power=power)


def _weighted_by_itself(curve: StandardCurve) -> StandardCurve:
    """The same model with weights of one over the squared response of the curve, found again until it stays."""
    if curve.model in THROUGH_STANDARDS:
        return curve
    box = search_box(curve.log_x, curve.y, len(curve.search)) if curve.model in LOGISTIC else None
    for _ in range(_ROUNDS):
        before = curve_values.response(curve, curve.log_x)
        weight, floored = response_weights(np.where(np.isfinite(before), before, curve.y), 1.0)
        if box is None:
            curve = fit_line(curve.x, curve.y, weight, curve.model, 1.0)
        else:
            found = solve(
                curve.search[None], curve.log_x, curve.y, weight, low=box.low, high=box.high, tolerance=_CLOSE
            )
            if not found.converged[0]:
                raise FitFailure("the standards do not determine a curve under weights by the curve itself")
            chosen = replace(
                next(one for one in curve.candidates if one.model == curve.model), cost=float(found.cost[0])
            )
            notes = _floor_note(floored, "1/curve^2")
            curve = _curve(chosen, found.parameters[0], curve.x, curve.y, weight, curve.candidates, notes)
        after = curve_values.response(curve, curve.log_x)
        if np.nanmax(np.abs(after - before)) <= _SETTLED * np.nanmax(np.abs(after)):
            break
    return replace(curve, power=1.0, by_curve=True)


def _floor_note(floored: int, weights: Weights) -> tuple[str, ...]:
    if not floored:
        return ()
    return (f"{floored} standard wells lie within 0.5 % of the range from zero: their {weights} weight is limited",)


def _fit(log_x: FloatArray, y: FloatArray, weights: FloatArray, count: int) -> tuple[FloatArray, float, bool]:
    box = search_box(log_x, y, count)
    found = solve(_starts(log_x, y, weights, count), log_x, y, weights, low=box.low, high=box.high)
    best = int(np.argmin(np.where(np.isfinite(found.cost), found.cost, np.inf)))
    return found.parameters[best], float(found.cost[best]), bool(found.converged[best])


def _starts(log_x: FloatArray, y: FloatArray, weights: FloatArray, count: int) -> FloatArray:
    """Starts from a grid over midpoint, slope and asymmetry, the asymptotes solved exactly; the best few."""
    known = log_x[np.isfinite(log_x)]
    midpoints = np.linspace(known.min() - 1.0, known.max() + 2.5, 9)
    axes = [midpoints, _SLOPES] + ([_ASYMMETRIES] if count == FIVE else [])
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)
    starts = np.concatenate([np.tile([1.0, 0.0], (len(grid), 1)), grid], axis=1)
    share = response(starts, log_x)  # of the zero response, as zero = 1 and infinite = 0
    design = np.stack([share, 1.0 - share], axis=-1) * np.sqrt(weights)[None, :, None]
    normal = np.swapaxes(design, 1, 2) @ design + 1e-12 * np.sum(design**2, axis=(1, 2))[:, None, None] * np.eye(2)
    right = np.swapaxes(design, 1, 2) @ (np.sqrt(weights) * y)[None, :, None]
    starts[:, :2] = np.linalg.solve(normal, right)[..., 0]
    cost = np.sum(weights * (y - response(starts, log_x)) ** 2, axis=1)
    return np.asarray(starts[np.argsort(cost, kind="stable")[:_BEST_STARTS]])


def _aicc(cost: float, n: int, count: int) -> float:
    """Small-sample Akaike criterion (Hurvich and Tsai 1989, doi:10.1093/biomet/76.2.297).

    With 16 wells the fifth parameter must lower the logarithm of the residual sum of squares by a third.
    """
    k = count + 1  # the residual variance is estimated too
    return (
        float(n * np.log(max(cost, 1e-300) / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)) if n > k + 1 else float("inf")
    )


def _curve(
    chosen: CurveCandidate,
    search: FloatArray,
    x: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    candidates: tuple[CurveCandidate, ...],
    notes: tuple[str, ...],
) -> StandardCurve:
    with np.errstate(divide="ignore"):
        log_x = np.log(x)
    freedom = len(y) - len(search)
    variance = chosen.cost / freedom
    box = search_box(log_x, y, len(search))
    free = (search > box.low) & (search < box.high)
    if not free.all():
        names = [
            name
            for name, ok in zip(("zero", "infinite", "midpoint", "slope", "asymmetry"), free, strict=False)
            if not ok
        ]
        what = f"{' and '.join(names)} of the curve {'is' if len(names) == 1 else 'are'}"
        notes += (f"{what} not determined by the standards (search ended at a bound)",)
    return StandardCurve(
        model=chosen.model,
        search=search,
        covariance=variance * _inverse_normal(search, log_x, weights, free),
        residual_variance=variance,
        freedom=freedom,
        x=x,
        y=y,
        weights=weights,
        candidates=candidates,
        lack_of_fit_p=_lack_of_fit(log_x, y, weights, chosen.cost, len(search)),
        notes=notes,
    )


def _inverse_normal(search: FloatArray, log_x: FloatArray, weights: FloatArray, free: BoolArray) -> FloatArray:
    """Inverse of the weighted normal matrix; parameters that sit at a bound are taken as known."""
    jacobian = gradient(search, log_x)[:, free] * np.sqrt(weights)[:, None]
    scale = np.sqrt(np.sum(jacobian**2, axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    inverse = np.zeros((len(search), len(search)))
    inverse[np.ix_(free, free)] = np.linalg.pinv((jacobian / scale).T @ (jacobian / scale), hermitian=True) / np.outer(
        scale, scale
    )
    return inverse


def _lack_of_fit(log_x: FloatArray, y: FloatArray, weights: FloatArray, cost: float, count: int) -> float:
    """p of the F test of lack of fit against pure error; NaN where levels or replicates do not suffice."""
    levels, index = np.unique(log_x, return_inverse=True)
    total = np.bincount(index, weights)
    means = np.bincount(index, weights * y) / total
    pure = float(np.sum(weights * (y - means[index]) ** 2))
    pure_freedom, lack_freedom = len(y) - len(levels), len(levels) - count
    if pure_freedom < 1 or lack_freedom < 1 or pure <= 0:
        return float("nan")
    ratio = max(cost - pure, 0.0) / lack_freedom / (pure / pure_freedom)
    return float(stats.f.sf(ratio, lack_freedom, pure_freedom))
