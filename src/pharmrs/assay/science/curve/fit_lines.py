"""Fit of the curves of kit inserts: weighted least squares for lines, the levels' means for what goes through them."""

from __future__ import annotations

import numpy as np

from pharmrs.assay.records.standard_curve import CurveCandidate, CurveModel, StandardCurve
from pharmrs.assay.science.curve.lines import CurveOfLines
from pharmrs.core.errors import FitFailure
from pharmrs.core.records.arrays import FloatArray

_FEWEST: dict[CurveModel, int] = {"linear": 3, "log-log": 3, "point-to-point": 3, "spline": 4}  # levels above zero
_ASSUMED_CV, _ASSUMED_FREEDOM = 0.10, 30  # of wells where standards have no replicates and the curve no residuals
_LOOKED_AT = 500


def fit_line(x: FloatArray, y: FloatArray, weights: FloatArray, model: CurveModel, power: float) -> StandardCurve:
    """Fit standards; `weights` (n,) of the responses. Raises FitFailure where the model cannot hold them."""
    levels = np.unique(x[x > 0])
    if len(levels) < _FEWEST[model]:
        raise FitFailure(f"{len(levels)} concentrations above zero are too few for a {model} curve")
    line = CurveOfLines(model=model, knots=np.log(levels))
    above = x > 0 if model != "linear" else np.ones(len(x), dtype=bool)
    if line.logarithmic and not np.all(y[above] > 0):
        raise FitFailure(f"a {model} curve needs responses above zero: nothing may be subtracted from them")
    solve = _means if line.bounded else _least_squares
    coefficients, inverse_normal, cost = solve(line, x[above], y[above], weights[above])
    freedom = int(above.sum()) - len(coefficients)
    notes: tuple[str, ...] = ()
    if freedom < 1:
        variance, freedom = _ASSUMED_CV**2 * float(np.median(weights * y**2)), _ASSUMED_FREEDOM
        notes = ("without replicates of the standards a CV of 10 % of their wells is assumed",)
    else:
        variance = cost / freedom
    search, covariance = coefficients, variance * inverse_normal
    if model != "linear":
        search, covariance = _with_zero(search, covariance, y[~above], weights[~above], variance)
    _check_shape(line, search)
    return StandardCurve(
        model=model,
        search=search,
        covariance=covariance,
        residual_variance=variance,
        freedom=freedom,
        x=x,
        y=y,
        weights=weights,
        candidates=(CurveCandidate(model=model, aicc=float("nan"), cost=cost, converged=True),),
        lack_of_fit_p=float("nan"),
        power=power,
        notes=notes,
    )


_Solved = tuple[FloatArray, FloatArray, float]  # coefficients, inverse of the normal matrix, weighted squares left


def _least_squares(line: CurveOfLines, x: FloatArray, y: FloatArray, weights: FloatArray) -> _Solved:
    with np.errstate(divide="ignore"):
        design = line.rows(np.log(x))[:, 0 if line.model == "linear" else 1 :]
    target = np.log(y) if line.logarithmic else y
    on_target = weights * (y**2 if line.logarithmic else 1.0)  # d log y = dy / y
    inverse: FloatArray = np.asarray(np.linalg.inv(design.T @ (design * on_target[:, None])), dtype=np.float64)
    found = inverse @ (design.T @ (on_target * target))
    return found, inverse, float(np.sum(on_target * (target - design @ found) ** 2))


def _means(line: CurveOfLines, x: FloatArray, y: FloatArray, weights: FloatArray) -> _Solved:
    """The plain mean of each level, as it is drawn on paper."""
    groups = [(y[x == level], weights[x == level]) for level in np.unique(x)]
    means = np.array([values.mean() for values, _ in groups])
    total = np.array([own.sum() for _, own in groups])
    cost = float(sum(np.sum(own * (values - values.mean()) ** 2) for values, own in groups))
    scale = means**2 if line.logarithmic else np.ones(len(means))
    return (np.log(means) if line.logarithmic else means), np.diag(1.0 / (total * scale)), cost


def _with_zero(
    search: FloatArray, covariance: FloatArray, y: FloatArray, weights: FloatArray, variance: float
) -> tuple[FloatArray, FloatArray]:
    """The coefficients with the response at concentration zero in front, NaN where there is no such well."""
    whole = np.zeros((len(search) + 1, len(search) + 1))
    whole[1:, 1:] = covariance
    if len(y):
        whole[0, 0] = variance / float(weights.sum())
    zero = float(np.average(y, weights=weights)) if len(y) else float("nan")
    return np.concatenate([[zero], search]), whole


def _check_shape(line: CurveOfLines, search: FloatArray) -> None:
    """A curve that turns back has two concentrations for one response."""
    places = np.linspace(line.knots[0], line.knots[-1], _LOOKED_AT)
    slopes = line.sensitivity(search, places)
    if np.all(slopes > 0) or np.all(slopes < 0):
        return
    turns = np.flatnonzero(np.diff(np.sign(slopes)) != 0)
    where = f"near {np.exp(places[turns[0]]):.3g}" if turns.size else "everywhere"
    raise FitFailure(f"the {line.model} curve through the standards is flat or turns back {where}")
