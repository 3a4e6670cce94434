"""Noise of single wells, from all replicates of a plate: how large it is and how it grows with the response."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar

from pharmrs.assay.records.standard_curve import ReplicateNoise
from pharmrs.core.records.arrays import FloatArray

# How firmly the declared weights are believed: prior SD of the power of the response. Two dozen pairs of replicates
# outweigh it, a few pairs do not (power-of-the-mean variance, O'Connell et al. 1993, doi:10.1016/0169-7439(93)80008-6).
_POWER_SD = 0.15
_POWER_RANGE = (-0.5, 2.0)
_LEAST_FREEDOM = 3
_LEAST_SHARE = 1e-3  # of the variance that is left when a group is taken out: rounding must not make it zero
_RESPONSE_FLOOR = 0.005  # of the largest response


def replicate_noise(
    groups: Sequence[FloatArray],
    declared_power: float,
    fallback_variance: float,
    fallback_freedom: float,
    *,
    power_sd: float = _POWER_SD,
) -> ReplicateNoise:
    """Pool the scatter within `groups` (arrays of replicate responses).

    Var = variance |mean|^(2 power); the power is estimated by restricted likelihood with a Gaussian prior at the one
    the declared weights assume. With fewer than three degrees of freedom the residuals of the standard curve serve.
    """
    useful = [group for group in groups if len(group) > 1]
    freedom = np.array([len(group) - 1.0 for group in useful])
    squares = np.array([float(np.sum((group - group.mean()) ** 2)) for group in useful])
    if freedom.sum() < _LEAST_FREEDOM or not squares.sum() > 0:
        source = "residuals of the standard curve"
        return ReplicateNoise(variance=fallback_variance, power=declared_power, freedom=fallback_freedom, source=source)
    sizes = response_size(np.array([group.mean() for group in useful]), max(np.abs(group).max() for group in useful))
    log_size = np.log(sizes)

    def pooled(power: float) -> float:
        return float(np.sum(squares * np.exp(-2.0 * power * log_size)) / freedom.sum())

    def surprise(power: float) -> float:
        likelihood = 0.5 * freedom.sum() * np.log(pooled(power)) + power * float(freedom @ log_size)
        return float(likelihood + 0.5 * ((power - declared_power) / power_sd) ** 2)

    power = float(minimize_scalar(surprise, bounds=_POWER_RANGE, method="bounded").x)
    return ReplicateNoise(
        variance=pooled(power),
        power=power,
        freedom=float(freedom.sum()),
        source=f"{len(useful)} groups of replicates",
    )


def noise_without(noise: ReplicateNoise, group: FloatArray, largest: float) -> ReplicateNoise:
    """The noise as the other groups tell it, so that a group with an outlier does not excuse itself.

    `group` (replicates,): responses of the group; `largest`: the largest response of the plate.
    """
    left = noise.freedom - (len(group) - 1)
    if len(group) < 2 or left < _LEAST_FREEDOM:
        return noise
    own = float(np.sum((group - group.mean()) ** 2))
    own /= float(response_size(np.array([group.mean()]), largest)[0]) ** (2.0 * noise.power)
    variance = (noise.variance * noise.freedom - own) / left
    return replace(noise, variance=max(variance, _LEAST_SHARE * noise.variance), freedom=left)


def response_size(responses: FloatArray, largest: float) -> FloatArray:
    """|response|, kept away from zero, where a power of it would vanish or explode."""
    return np.asarray(np.maximum(np.abs(responses), _RESPONSE_FLOOR * largest))


def well_variance(noise: ReplicateNoise, responses: FloatArray, largest: float) -> FloatArray:
    """Variance of a single well at the given responses."""
    return np.asarray(noise.variance * response_size(responses, largest) ** (2.0 * noise.power))
