"""The standard curve as it is drawn: response and its confidence band over the range of the standards."""

from __future__ import annotations

import numpy as np
from scipy import stats

from pharmrs.assay.records.standard_curve import CurveBand, StandardCurve
from pharmrs.assay.science.logistic import gradient, response

_POINTS = 200
_BELOW, _ABOVE = 100.0, 2.0  # factors beyond the lowest and the highest standard


def curve_band(curve: StandardCurve, confidence: float) -> CurveBand:
    """Pointwise confidence band of the curve alone (a single well scatters more)."""
    x = np.geomspace(curve.lowest_standard / _BELOW, curve.highest_standard * _ABOVE, _POINTS)
    jacobian = gradient(curve.search, np.log(x))
    sd = np.sqrt(np.einsum("ni,ij,nj->n", jacobian, curve.covariance, jacobian))
    reach = float(stats.t.ppf(0.5 + confidence / 2, curve.freedom)) * sd
    middle = response(curve.search, np.log(x))
    return CurveBand(x=x, response=middle, low=middle - reach, high=middle + reach)
