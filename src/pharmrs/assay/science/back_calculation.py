"""Inverse prediction: from mean responses to concentrations with standard errors and intervals (delta method).

log x = f^-1(y; curve). Both the curve and the replicates are uncertain (as calibration with a random new response,
O'Connell et al. 1993, doi:10.1016/0169-7439(93)80008-6):

    Var(log x) = (Var(y) / m + g' C g) / (df / dlog x)^2

with m replicates, g the gradient of the response with respect to the curve's parameters and C their covariance.
Intervals are taken on the log scale with a t quantile on Satterthwaite's degrees of freedom, as both variances are
estimated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pharmrs.assay.records.standard_curve import StandardCurve
from pharmrs.assay.science.curve.values import gradient, inverse, sensitivity
from pharmrs.core.records.arrays import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverted:
    """Per response (n,): `log_x` (-inf, inf beyond the curve), `slopes` df/dlog x, `gradients` (n, p) of log x with
    respect to the curve's parameters, variances of log x from the curve and from the replicates."""

    log_x: FloatArray
    slopes: FloatArray
    gradients: FloatArray
    curve_variance: FloatArray
    noise_variance: FloatArray

    @property
    def variance(self) -> FloatArray:
        """Total variance of log x."""
        return np.asarray(self.curve_variance + self.noise_variance)


def invert(curve: StandardCurve, responses: FloatArray, response_variance: FloatArray) -> Inverted:
    """Concentrations of mean responses (n,) whose own variances are `response_variance` (n,)."""
    log_x = inverse(curve, responses)
    inside = np.isfinite(log_x)
    place = np.where(inside, log_x, 0.0)
    slopes = np.where(inside, sensitivity(curve, place), np.nan)
    gradients = -gradient(curve, place) / slopes[:, None]
    return Inverted(
        log_x=log_x,
        slopes=slopes,
        gradients=gradients,
        curve_variance=np.einsum("ni,ij,nj->n", gradients, curve.covariance, gradients),
        noise_variance=response_variance / slopes**2,
    )


def satterthwaite(first: FloatArray, first_freedom: float, second: FloatArray, second_freedom: float) -> FloatArray:
    """Degrees of freedom of the sum of two estimated variances (doi:10.2307/3002019)."""
    total = (first + second) ** 2
    return np.asarray(total / (first**2 / first_freedom + second**2 / second_freedom))


def log_interval(
    log_x: FloatArray, variance: FloatArray, freedom: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Interval of the concentration, symmetric on the log scale; arrays of one shape, `variance` of `log_x`."""
    reach = stats.t.ppf(0.5 + confidence / 2, freedom) * np.sqrt(variance)
    with np.errstate(over="ignore"):  # near the end of the curve the upper bound is endless
        return np.exp(log_x - reach), np.exp(log_x + reach)
