"""Several dilutions of one sample: do they agree (linearity), and does it follow the standards (parallelism)?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from pharmrs.assay.records.results import DilutionSeries, Estimate
from pharmrs.assay.science.limits import cv_percent
from pharmrs.core.records.arrays import FloatArray

_FEWEST_FOR_SLOPE = 3


def dilution_series(estimates: Sequence[Estimate], confidence: float) -> tuple[DilutionSeries, ...]:
    """Every sample or control measured at two dilutions or more."""
    groups: dict[tuple[str, str], list[Estimate]] = {}
    for one in estimates:
        groups.setdefault((one.role, one.sample), []).append(one)
    return tuple(_series(group, confidence) for group in groups.values() if len(group) > 1)


def _series(group: Sequence[Estimate], confidence: float) -> DilutionSeries:
    ordered = sorted(group, key=lambda one: one.dilution)
    within = [one for one in ordered if one.censored == "none" and np.isfinite(one.value)]
    slope = _slope(within, confidence) if len(within) >= _FEWEST_FOR_SLOPE else (float("nan"),) * 3
    return DilutionSeries(
        plate=ordered[0].plate,
        sample=ordered[0].sample,
        analyte=ordered[0].analyte,
        dilutions=tuple(one.dilution for one in ordered),
        n=len(within),
        cv_percent=cv_percent([one.value for one in within]),
        slope=slope[0],
        slope_low=slope[1],
        slope_high=slope[2],
    )


def _slope(within: Sequence[Estimate], confidence: float) -> tuple[float, float, float]:
    """Slope of log concentration in the well on log (1 / dilution), with its interval."""
    x: FloatArray = -np.log([one.dilution for one in within])
    y: FloatArray = np.log([one.in_well for one in within])
    fit = stats.linregress(x, y)
    reach = float(stats.t.ppf(0.5 + confidence / 2, len(within) - 2) * fit.stderr)
    return float(fit.slope), float(fit.slope) - reach, float(fit.slope) + reach
