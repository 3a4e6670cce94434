"""The standard curve as it is drawn: response and its confidence band over the range of the standards."""

from __future__ import annotations

import numpy as np
from scipy import stats

from pharmrs.assay.records.standard_curve import THROUGH_STANDARDS, CurveBand, StandardCurve
from pharmrs.assay.science.curve.values import gradient, response

_POINTS = 200
_BELOW, _ABOVE = 100.0, 2.0  # factors beyond the lowest and the highest standard


def curve_band(curve: StandardCurve, confidence: float) -> CurveBand:
    """Pointwise confidence band of the curve alone (a single well scatters more)."""
    below, above = (1.0, 1.0) if curve.model in THROUGH_STANDARDS else (_BELOW, _ABOVE)
    x = np.geomspace(curve.lowest_standard / below, curve.highest_standard * above, _POINTS)
    jacobian = gradient(curve, np.log(x))
    sd = np.sqrt(np.einsum("ni,ij,nj->n", jacobian, curve.covariance, jacobian))
    reach = float(stats.t.ppf(0.5 + confidence / 2, curve.freedom)) * sd
    middle = response(curve, np.log(x))
    return CurveBand(x=x, response=middle, low=middle - reach, high=middle + reach)
