"""Several dilutions of one sample: do they agree (linearity), does it follow the standards (parallelism), does it hook?

Hook: with more of the sample the response goes back (the analyte saturates both antibodies), so that the stronger
dilution reads more than the weaker one. What reads less is then far too low.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from pharmrs.assay.records.results import DilutionSeries, Estimate
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.records.standard_curve import ReplicateNoise, StandardCurve
from pharmrs.assay.science.limits import cv_percent
from pharmrs.assay.science.noise import well_variance
from pharmrs.core.records.arrays import FloatArray

_FEWEST_FOR_SLOPE = 3
_HOOK_SD = 4.0


def dilution_series(
    estimates: Sequence[Estimate], curve: StandardCurve, noise: ReplicateNoise, settings: AssaySettings
) -> tuple[DilutionSeries, ...]:
    """Every sample or control measured at two dilutions or more."""
    groups: dict[tuple[str, str], list[Estimate]] = {}
    for one in estimates:
        groups.setdefault((one.role, one.sample), []).append(one)
    return tuple(_series(group, curve, noise, settings) for group in groups.values() if len(group) > 1)


def _series(
    group: Sequence[Estimate], curve: StandardCurve, noise: ReplicateNoise, settings: AssaySettings
) -> DilutionSeries:
    ordered = sorted(group, key=lambda one: one.dilution)
    within = [one for one in ordered if one.censored == "none" and np.isfinite(one.value)]
    slope = _slope(within, settings.confidence) if len(within) >= _FEWEST_FOR_SLOPE else (float("nan"),) * 3
    cv, limit = cv_percent([one.value for one in within]), settings.acceptance.parallelism_cv_percent
    return DilutionSeries(
        plate=ordered[0].plate,
        sample=ordered[0].sample,
        analyte=ordered[0].analyte,
        dilutions=tuple(one.dilution for one in ordered),
        n=len(within),
        cv_percent=cv,
        agrees=None if limit is None or np.isnan(cv) else cv <= limit,
        hooked=_hooked(ordered, curve, noise),
        slope=slope[0],
        slope_low=slope[1],
        slope_high=slope[2],
    )


def _hooked(ordered: Sequence[Estimate], curve: StandardCurve, noise: ReplicateNoise) -> tuple[float, ...]:
    """Dilutions that read less than a stronger dilution of the same sample does, beyond noise."""
    sign = 1.0 if curve.rising else -1.0
    means = np.array([one.response for one in ordered])
    variance = well_variance(noise, means, float(np.abs(curve.y).max())) / [max(one.replicates, 1) for one in ordered]
    found = []
    for place in range(len(ordered) - 1):
        back = sign * (means[place + 1 :] - means[place])
        far = back / np.sqrt(variance[place + 1 :] + variance[place])
        if np.any(far > _HOOK_SD):
            found.append(ordered[place].dilution)
    return tuple(found)


def _slope(within: Sequence[Estimate], confidence: float) -> tuple[float, float, float]:
    """Slope of log concentration in the well on log (1 / dilution), with its interval."""
    x: FloatArray = -np.log([one.dilution for one in within])
    y: FloatArray = np.log([one.in_well for one in within])
    fit = stats.linregress(x, y)
    reach = float(stats.t.ppf(0.5 + confidence / 2, len(within) - 2) * fit.stderr)
    return float(fit.slope), float(fit.slope) - reach, float(fit.slope) + reach
