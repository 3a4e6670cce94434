"""The same standards under other weights: how much of a result the choice of weights decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np

from pharmrs.assay.records.choices import Weights
from pharmrs.assay.records.results import Estimate
from pharmrs.assay.records.standard_curve import StandardCurve, WeightedFit
from pharmrs.assay.science.curve.fit import refit
from pharmrs.assay.science.curve.values import inverse


def compare_weights(curve: StandardCurve, estimates: Sequence[Estimate]) -> tuple[WeightedFit, ...]:
    """The chosen model fitted under every weighting; those under which no curve fits are left out."""
    responses = np.array([one.response for one in estimates if one.censored == "none" and np.isfinite(one.value)])
    mine = inverse(curve, responses)
    found = []
    for weights in get_args(Weights):
        other = refit(curve, weights)
        if other is None:
            continue
        far = np.abs(np.expm1(inverse(other, responses) - mine))
        known = far[np.isfinite(far)]
        found.append(
            WeightedFit(
                weights=weights,
                power=other.power,
                infinite=other.parameters.get("infinite", float("nan")),
                midpoint=other.parameters.get("midpoint", float("nan")),
                largest_change_percent=100.0 * float(known.max()) if known.size else float("nan"),
            )
        )
    return tuple(found)
