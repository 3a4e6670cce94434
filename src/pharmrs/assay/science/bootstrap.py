"""Bootstrap intervals: the standards are drawn anew and refitted, the samples' responses are drawn anew.

Parametric draws from the fitted curve with the variances the weights assume. The interval is the basic one on the log
scale: the draws differ from the estimate as the estimate differs from the truth. Its percentiles are expanded, because
the variances are estimated (Hesterberg 2015, doi:10.1080/00031305.2015.1089789): the tail is that of Student's t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pharmrs.assay.records.standard_curve import LOGISTIC, StandardCurve
from pharmrs.assay.science.curve import values as curve_values
from pharmrs.assay.science.curve.fit import search_box
from pharmrs.assay.science.curve.least_squares import solve
from pharmrs.assay.science.curve.logistic import inverse, response
from pharmrs.assay.science.curve.weights import response_weights
from pharmrs.core.records.arrays import FloatArray

_TOLERANCE = 1e-3  # relative offset of the draws: far below their spread
_ITERATIONS = 60
_GRID, _REACH = 600, 3.0  # points of the grid, and how far (natural log) it goes beyond the standards


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """`curves` (B, p): search parameters of the refitted draws; `log_x` (B, n): their concentrations of the responses,
    kept within the reach of the search; `estimate` (n,): log concentrations of the curve itself."""

    curves: FloatArray
    log_x: FloatArray
    estimate: FloatArray

    def sd(self) -> FloatArray:
        """Half the central 68.3 % range of the concentrations (n,): the SD, not upset by draws beyond the curve."""
        low, high = self._quantiles(np.full(self.log_x.shape[1], stats.norm.cdf(-1.0)))
        return np.asarray((np.exp(high) - np.exp(low)) / 2)

    def interval(self, freedom: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
        """Basic interval of the concentrations (n,) with expanded percentiles."""
        low, high = self._quantiles(np.asarray(stats.norm.cdf(-stats.t.ppf(0.5 + confidence / 2, freedom))))
        with np.errstate(over="ignore"):
            return np.exp(2 * self.estimate - high), np.exp(2 * self.estimate - low)

    def _quantiles(self, tail: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Log concentrations with the share `tail` (n,) of the draws beyond them, below and above."""
        ordered = np.sort(self.log_x, axis=0)
        count, place = ordered.shape[0], np.arange(ordered.shape[1])
        low = np.clip(np.floor(tail * (count + 1)).astype(int) - 1, 0, count - 1)
        return ordered[low, place], ordered[count - 1 - low, place]


def bootstrap(
    curve: StandardCurve,
    responses: FloatArray,
    response_sd: FloatArray,
    count: int,
    seed: int,
    log_sd: float = 0.0,
) -> Draws:
    """`count` draws for mean responses (n,) with their SD; the seed decides them all.

    `log_sd`: a further error of each log concentration, which no replicate shows.
    """
    random = np.random.default_rng(seed)
    if curve.model not in LOGISTIC:
        return _lines(curve, responses, response_sd, count, random, log_sd)
    fitted = response(curve.search, curve.log_x)
    well_sd = np.sqrt(curve.residual_variance / response_weights(fitted, curve.power)[0])
    y = fitted + well_sd * random.standard_normal((count, len(fitted)))
    drawn_weights = np.broadcast_to(curve.weights, y.shape) if curve.by_curve else response_weights(y, curve.power)[0]
    box = search_box(curve.log_x, curve.y, len(curve.search))
    starts = np.tile(curve.search, (count, 1))
    solved = solve(
        starts, curve.log_x, y, drawn_weights, low=box.low, high=box.high, iterations=_ITERATIONS, tolerance=_TOLERANCE
    )
    noisy = responses + response_sd * random.standard_normal((count, len(responses)))
    log_x = inverse(solved.parameters, noisy) + log_sd * random.standard_normal(noisy.shape)
    log_x = np.clip(log_x, box.low[2], box.high[2])
    return Draws(curves=solved.parameters, log_x=log_x, estimate=inverse(curve.search, responses))


def _lines(
    curve: StandardCurve,
    responses: FloatArray,
    response_sd: FloatArray,
    count: int,
    random: np.random.Generator,
    log_sd: float,
) -> Draws:
    """The same of curves that are linear in their coefficients: these are drawn as a refit would find them.

    Each draw is read back on a fine grid over the range of the standards.
    """
    known = np.nan_to_num(curve.search)
    values, vectors = np.linalg.eigh(curve.covariance)
    curves = known + random.standard_normal((count, len(known))) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    line = curve_values.line_of(curve)
    reach = 0.0 if line.bounded else _REACH
    grid = np.linspace(line.knots[0] - reach, line.knots[-1] + reach, _GRID)
    noisy = responses + response_sd * random.standard_normal((count, len(responses)))
    sign = 1.0 if curve.rising else -1.0
    log_x = np.stack(
        [
            np.interp(sign * y, np.maximum.accumulate(sign * line.response(one, grid)), grid)
            for one, y in zip(curves, noisy, strict=True)
        ]
    )
    log_x += log_sd * random.standard_normal(noisy.shape)
    return Draws(curves=curves, log_x=log_x, estimate=curve_values.inverse(curve, responses))
