"""The logistic standard curve with four or five parameters: value, gradient, inverse.

    y(x) = infinite + (zero - infinite) / (1 + (x / midpoint)^slope)^asymmetry,   slope > 0

`zero` and `infinite` are the responses at no and at endless concentration, whichever is higher: a competitive assay
falls. With asymmetry 1 this is the four-parameter curve that R's drc calls LL.4 with b = -slope, c = zero,
d = infinite, e = midpoint (there c + (d - c) / (1 + exp(b (log x - log e)))); with asymmetry free the five-parameter
curve of Gottschalk and Dunn 2005, doi:10.1016/j.ab.2005.04.035.

The search runs over (zero, infinite, log midpoint, log slope[, log asymmetry]), so that positive parameters stay
positive. Parameters have shape (..., 4 or 5); leading axes are many curves at once (starts, bootstrap draws).
"""

from __future__ import annotations

import numpy as np

from pharmrs.core.records.arrays import FloatArray

FOUR, FIVE = 4, 5
_LARGEST_EXPONENT = 700.0  # exp of more overflows a double


def _parts(parameters: FloatArray, log_x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(x/midpoint)^slope as its logarithm z, and log(1 + e^z), both (..., n); asymmetry (..., 1)."""
    slope = np.exp(parameters[..., 3, None])
    with np.errstate(invalid="ignore"):
        z = slope * (log_x - parameters[..., 2, None])
    z = np.clip(z, -_LARGEST_EXPONENT, _LARGEST_EXPONENT)
    asymmetry = np.exp(parameters[..., 4, None]) if parameters.shape[-1] == FIVE else np.ones_like(slope)
    return z, np.logaddexp(0.0, z), asymmetry


def response(parameters: FloatArray, log_x: FloatArray) -> FloatArray:
    """Response (..., n) at the logarithms of concentrations (n,) or (..., n); -inf stands for concentration zero."""
    _, softplus, asymmetry = _parts(parameters, log_x)
    zero, infinite = parameters[..., 0, None], parameters[..., 1, None]
    return np.asarray(infinite + (zero - infinite) * np.exp(-asymmetry * softplus))


def gradient(parameters: FloatArray, log_x: FloatArray) -> FloatArray:
    """Derivatives (..., n, 4 or 5) of the response with respect to the search parameters."""
    z, softplus, asymmetry = _parts(parameters, log_x)
    share = np.exp(-asymmetry * softplus)  # of the zero response
    span = (parameters[..., 0] - parameters[..., 1])[..., None]
    by_z = -span * asymmetry * share * np.exp(z - softplus)
    columns = [share, 1.0 - share, -np.exp(parameters[..., 3, None]) * by_z, z * by_z]
    if parameters.shape[-1] == FIVE:
        columns.append(-span * share * asymmetry * softplus)
    return np.stack(columns, axis=-1)


def sensitivity(parameters: FloatArray, log_x: FloatArray) -> FloatArray:
    """Derivative (..., n) of the response with respect to log concentration."""
    return -np.asarray(gradient(parameters, log_x)[..., 2])


def inverse(parameters: FloatArray, responses: FloatArray) -> FloatArray:
    """Log concentration (..., n) of responses; -inf at or beyond the zero response, inf at or beyond the infinite."""
    zero, infinite = parameters[..., 0, None], parameters[..., 1, None]
    slope = np.exp(parameters[..., 3, None])
    asymmetry = np.exp(parameters[..., 4, None]) if parameters.shape[-1] == FIVE else np.ones_like(slope)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share = (responses - infinite) / (zero - infinite)
        inside = np.log(np.expm1(-np.log(share) / asymmetry)) / slope + parameters[..., 2, None]
    result = np.where(share >= 1.0, -np.inf, np.where(share <= 0.0, np.inf, inside))
    return np.where(np.isnan(share), np.nan, result)
