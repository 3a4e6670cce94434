"""What a fitted standard curve says, whatever its model: response, gradient, sensitivity, inverse."""

from __future__ import annotations

import numpy as np

from pharmrs.assay.records.standard_curve import LOGISTIC, StandardCurve
from pharmrs.assay.science.curve import logistic
from pharmrs.assay.science.curve.lines import CurveOfLines
from pharmrs.core.records.arrays import FloatArray


def line_of(curve: StandardCurve) -> CurveOfLines:
    """The known functions of a curve that is not logistic."""
    return CurveOfLines(model=curve.model, knots=np.log(np.unique(curve.x[curve.x > 0])))


def response(curve: StandardCurve, log_x: FloatArray) -> FloatArray:
    """Response (n,) at log concentrations (n,)."""
    if curve.model in LOGISTIC:
        return logistic.response(curve.search, log_x)
    return line_of(curve).response(curve.search, log_x)


def gradient(curve: StandardCurve, log_x: FloatArray) -> FloatArray:
    """Derivatives (n, p) of the response with respect to the search parameters."""
    if curve.model in LOGISTIC:
        return logistic.gradient(curve.search, log_x)
    return line_of(curve).gradient(curve.search, log_x)


def sensitivity(curve: StandardCurve, log_x: FloatArray) -> FloatArray:
    """Derivative (n,) of the response with respect to log concentration."""
    if curve.model in LOGISTIC:
        return logistic.sensitivity(curve.search, log_x)
    return line_of(curve).sensitivity(curve.search, log_x)


def inverse(curve: StandardCurve, responses: FloatArray) -> FloatArray:
    """Log concentration (n,) of responses; -inf or inf beyond the curve."""
    if curve.model in LOGISTIC:
        return logistic.inverse(curve.search, responses)
    return line_of(curve).inverse(curve.search, responses)
