"""Standard curves as kit inserts draw them: straight lines, log-log lines, natural cubic splines, point to point.

    linear          y = zero + slope x
    log-log         log y = intercept + slope log x
    spline          natural cubic spline of the levels' mean responses over log x
    point-to-point  straight lines between the levels' means on log-log paper

All are sums of known functions of x, whose coefficients are `search`; the first is the response at concentration zero,
which lies on no logarithmic axis. The last two go through their standards: beyond the outer ones there is no curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from pharmrs.assay.records.standard_curve import THROUGH_STANDARDS, CurveModel
from pharmrs.core.records.arrays import FloatArray

_LOG_RESPONSE: frozenset[CurveModel] = frozenset({"log-log", "point-to-point"})
_HALVINGS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveOfLines:
    """One of these models with its `knots` (log concentrations of the levels above zero, rising)."""

    model: CurveModel
    knots: FloatArray

    def rows(self, log_x: FloatArray, *, slope: bool = False) -> FloatArray:
        """Rows (n, p) of known functions at log concentrations (n,), or of their derivatives by log x."""
        if self.model == "linear":
            x = np.exp(log_x)
            return np.stack([np.zeros_like(x) if slope else np.ones_like(x), x], axis=-1)
        at_zero = np.isneginf(log_x)
        inside = np.where(at_zero, self.knots[0], log_x)
        if self.model == "log-log":
            own = np.stack([np.zeros_like(inside) if slope else np.ones_like(inside), 1.0 + 0 * inside], axis=-1)
            own[:, 1] = 1.0 if slope else inside
        elif self.model == "spline":
            own = CubicSpline(self.knots, np.eye(len(self.knots)), bc_type="natural")(inside, 1 if slope else 0)
        else:
            own = self._hats(inside, slope=slope)
        zero = np.where(at_zero, 0.0 if slope else 1.0, 0.0)
        return np.concatenate([zero[:, None], np.where(at_zero[:, None], 0.0, own)], axis=1)

    def _hats(self, log_x: FloatArray, *, slope: bool) -> FloatArray:
        place = np.clip(np.searchsorted(self.knots, log_x, side="right") - 1, 0, len(self.knots) - 2)
        width = self.knots[place + 1] - self.knots[place]
        share = (log_x - self.knots[place]) / width
        rows = np.zeros((len(log_x), len(self.knots)))
        each = np.arange(len(log_x))
        rows[each, place] = -1.0 / width if slope else 1.0 - share
        rows[each, place + 1] = 1.0 / width if slope else share
        return rows

    def response(self, search: FloatArray, log_x: FloatArray) -> FloatArray:
        """Response (n,); NaN at concentration zero where there is no such well."""
        value = self.rows(log_x) @ np.nan_to_num(search)
        value = np.where(self._in_logarithms(log_x), np.exp(value), value)
        return np.asarray(np.where(np.isneginf(log_x) & np.isnan(search[0]), np.nan, value))

    def gradient(self, search: FloatArray, log_x: FloatArray) -> FloatArray:
        """Derivatives (n, p) of the response by the coefficients."""
        return np.asarray(self.rows(log_x) * self._inner(search, log_x)[:, None])

    def sensitivity(self, search: FloatArray, log_x: FloatArray) -> FloatArray:
        """Derivative (n,) of the response by log concentration."""
        return np.asarray(self.rows(log_x, slope=True) @ np.nan_to_num(search) * self._inner(search, log_x))

    def _inner(self, search: FloatArray, log_x: FloatArray) -> FloatArray:
        return np.asarray(np.where(self._in_logarithms(log_x), self.response(search, log_x), 1.0))

    def _in_logarithms(self, log_x: FloatArray) -> FloatArray:
        return np.asarray(self.logarithmic & ~np.isneginf(log_x))

    def inverse(self, search: FloatArray, responses: FloatArray) -> FloatArray:
        """Log concentration (n,) of responses; -inf and inf where they lie beyond the curve."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.model == "linear":
                found = np.log(np.maximum((responses - search[0]) / search[1], 0.0))
            elif self.model == "log-log":
                found = (np.log(np.maximum(responses, 0.0)) - search[1]) / search[2]
            else:
                found = self._between(search, responses)
        return np.asarray(np.where(np.isnan(responses), np.nan, found))

    def _between(self, search: FloatArray, responses: FloatArray) -> FloatArray:
        """The place between the outer standards, by halving: the curve is monotone there."""
        sign = 1.0 if search[-1] > search[1] else -1.0
        low = np.full(len(responses), self.knots[0])
        high = np.full(len(responses), self.knots[-1])
        ends = sign * self.response(search, self.knots[[0, -1]])
        wanted = sign * responses
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            above = sign * self.response(search, middle) > wanted
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        rounding = 1e-12 * np.abs(ends).max()
        return np.where(wanted < ends[0] - rounding, -np.inf, np.where(wanted > ends[1] + rounding, np.inf, low))

    @property
    def logarithmic(self) -> bool:
        """Whether the logarithm of the response is what is a sum."""
        return self.model in _LOG_RESPONSE

    @property
    def bounded(self) -> bool:
        """Whether the curve ends at its outer standards."""
        return self.model in THROUGH_STANDARDS
