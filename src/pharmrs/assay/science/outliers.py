"""Outlier wells by one stated rule: distance from the replicates, or from the curve, in SD of the plate's noise.

A sample's well is compared with the mean of its other replicates, a standard with the curve fitted without it (deleted
residual). Both distances are turned into the normal deviate of the same tail probability, because their SD is itself
estimated, and compared with `outlier_limit`. Two replicates that disagree do not tell which one is wrong: both are
marked. What is marked is shown in tables and pictures, and left out only where the study declares so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import special

from pharmrs.assay.records.acceptance import AcceptanceCheck, AcceptanceRules
from pharmrs.assay.records.plate import MEASURED
from pharmrs.assay.records.standard_curve import AssayLimits, AssayWell, ReplicateNoise, StandardCurve, StandardLevel
from pharmrs.assay.science.curve.values import gradient, response
from pharmrs.assay.science.noise import well_variance
from pharmrs.core.errors import some_of
from pharmrs.core.records.arrays import FloatArray

_SHOWN = 6
_LEAST_TAIL = 1e-304  # of a probability that a double holds


def normal_deviate(distance: FloatArray, freedom: float) -> FloatArray:
    """The standard normal value with the same tail probability as Student's t `distance` on `freedom` degrees."""
    tail = special.stdtr(freedom, -np.abs(distance))
    return np.asarray(np.sign(distance) * np.minimum(-special.ndtri(np.maximum(tail, _LEAST_TAIL)), 37.0))


def standard_deviations(curve: StandardCurve) -> FloatArray:
    """Deleted residuals (n,) of the standards as normal deviates."""
    jacobian = gradient(curve, curve.log_x) * np.sqrt(curve.weights)[:, None]
    residual = (curve.y - response(curve, curve.log_x)) * np.sqrt(curve.weights)
    unscaled = curve.covariance / max(curve.residual_variance, 1e-300)
    leverage = np.minimum(np.einsum("ni,ij,nj->n", jacobian, unscaled, jacobian), 0.999)
    cost = curve.residual_variance * curve.freedom
    left = np.maximum(cost - residual**2 / (1 - leverage), 1e-12 * max(cost, 1e-300)) / max(curve.freedom - 1, 1)
    return normal_deviate(residual / np.sqrt(left * (1 - leverage)), max(curve.freedom - 1, 1))


def group_deviations(values: FloatArray, noise: ReplicateNoise, largest: float) -> FloatArray:
    """Distance (m,) of each replicate from the mean of the others, as normal deviates; NaN for a single well."""
    count = len(values)
    if count < 2:
        return np.full(count, np.nan)
    others = (values.sum() - values) / (count - 1)
    sd = np.sqrt(well_variance(noise, others, largest) * (1 + 1 / (count - 1)))
    return normal_deviate((values - others) / np.where(sd > 0, sd, np.inf), noise.freedom)


def mark_group(
    wells: Sequence[AssayWell], noise: ReplicateNoise, largest: float, limit: float, *, exclude: bool
) -> list[AssayWell]:
    """Replicates of one sample with their deviations; the worst is marked, then the rest judged again without it."""
    marked = {well.well: well for well in wells}
    left = [well for well in wells if well.missing is None]
    first = True
    while len(left) > 1:
        distances = group_deviations(np.array([well.response for well in left]), noise, largest)
        if first:
            for well, distance in zip(left, distances, strict=True):
                marked[well.well] = replace(marked[well.well], deviation=float(distance))
            first = False
        worst = int(np.argmax(np.abs(distances)))
        if not abs(distances[worst]) > limit:
            break
        if len(left) == 2:  # which of the two is wrong cannot be told
            for well in left:
                marked[well.well] = replace(marked[well.well], outlier=True)
            break
        name = left.pop(worst).well
        marked[name] = replace(marked[name], outlier=True, used=not exclude)
    return [marked[well.well] for well in wells]


def judge_replicates(
    wells: Sequence[AssayWell], levels: Sequence[StandardLevel], limits: AssayLimits, rules: AcceptanceRules
) -> AcceptanceCheck:
    """Replicates of standards by their CV, those of samples by the rule for outliers."""
    asked = f"replicates must agree (standards within {rules.standard_cv_percent:g} % CV, samples within noise)"
    apart = [
        f"standard {level.nominal:g} {level.cv_percent:.0f} %"
        for level in levels
        if level.cv_percent > rules.standard_cv_percent and level.nominal > limits.detection
    ]
    odd = dict.fromkeys(well.sample for well in wells if well.role in MEASURED and well.outlier)
    if not any(np.isfinite(well.deviation) for well in wells if well.role in MEASURED) and not apart:
        return AcceptanceCheck(rule="replicates", asked=asked, found="no replicates of samples", verdict="not judged")
    listed = [*apart[:_SHOWN], *([f"samples that do not ({len(odd)}): {some_of(list(odd), _SHOWN)}"] if odd else [])]
    return AcceptanceCheck(
        rule="replicates", asked=asked, found="; ".join(listed) or "all", verdict="noted" if listed else "met"
    )
