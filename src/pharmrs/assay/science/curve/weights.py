"""Weights of standards: one over a power of the response, declared or from the scatter of the replicates."""

from __future__ import annotations

import numpy as np

from pharmrs.assay.records.choices import Weights
from pharmrs.assay.science.noise import replicate_noise
from pharmrs.core.records.arrays import FloatArray

_POWER: dict[Weights, float] = {"1/y^2": 1.0, "1/y": 0.5, "none": 0.0, "fitted": 1.0, "1/curve^2": 1.0}
_POWER_SD = 0.5  # prior of a fitted power: what the scatter of a few pairs says counts, a single odd pair does not
_WEIGHT_FLOOR = 0.005  # of the range of responses: below it a weight would rest on the last digit of the reader


def noise_power(weights: Weights) -> float:
    """Half the exponent of the response in the variance that the weights assume: 1 for 1/y^2 (and to begin with)."""
    return _POWER[weights]


def weights_power(x: FloatArray, y: FloatArray, weights: Weights) -> float:
    """The same for a plate's standards, from their replicates where the weights are fitted."""
    return fitted_power(x, y) if weights == "fitted" else _POWER[weights]


def fitted_power(x: FloatArray, y: FloatArray) -> float:
    """The power of the response to which the SD of replicates is proportional (variance function of the plate)."""
    groups = [y[x == level] for level in np.unique(x)]
    return replicate_noise(groups, 1.0, 1.0, 0.0, power_sd=_POWER_SD).power


def response_weights(y: FloatArray, power: float) -> tuple[FloatArray, int]:
    """Weight of each response, and how many lay so near zero that the floor of the weights was used instead."""
    floor = _WEIGHT_FLOOR * np.ptp(y, axis=-1, keepdims=True)
    size = np.maximum(np.abs(y), floor)
    low = int(np.sum(np.abs(y) < floor)) if power > 0 else 0
    return size ** (-2.0 * power), low
