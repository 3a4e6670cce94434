"""Eddy-current correction: the phase of the water reference taken off the metabolite signal.

Klose 1990 (10.1002/mrm.1910140104). Where the reference has decayed into noise its phase is continued in a straight
line, so that no noise is carried over.
"""

from __future__ import annotations

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray

_RELIABLE = 10.0  # reference magnitude over its noise
_SMOOTHING_POINTS = 9
_SLOPE_POINTS = 64


def reference_phase(reference: ComplexArray) -> FloatArray:
    """Unwrapped phase of the mean water reference (points,), radians, continued where it is lost in noise."""
    count = reference.shape[0]
    noise = float(np.sqrt(np.mean(np.abs(reference[-max(count // 8, 4) :]) ** 2)))
    magnitude = np.abs(reference)
    lost = np.flatnonzero(magnitude < max(_RELIABLE * noise, 1e-3 * float(magnitude.max())))
    lost = lost[lost > 16]
    last = int(lost[0]) if lost.size else count
    kernel = np.ones(_SMOOTHING_POINTS) / _SMOOTHING_POINTS
    rotated = reference[:last] * np.exp(-1j * np.angle(reference[0]))
    step = np.angle(np.sum(rotated[1:] * rotated[:-1].conj()))  # mean frequency off first: smoothing must not blur it
    turning = np.exp(-1j * step * np.arange(last))
    padded = np.pad(rotated * turning, _SMOOTHING_POINTS // 2, mode="edge")
    smooth = np.convolve(padded, kernel, mode="valid")
    smooth[: _SMOOTHING_POINTS // 2] = (rotated * turning)[: _SMOOTHING_POINTS // 2]
    phase = np.empty(count)
    phase[:last] = np.unwrap(np.angle(smooth)) + step * np.arange(last) + np.angle(reference[0])
    if last < count:
        width = min(_SLOPE_POINTS, last - 1)
        slope = (phase[last - 1] - phase[last - 1 - width]) / width
        phase[last:] = phase[last - 1] + slope * np.arange(1, count - last + 1)
    return phase


def correct(fids: ComplexArray, phase: FloatArray) -> ComplexArray:
    """`fids` (points, ...) with the reference's phase (points,) taken off."""
    return np.asarray(fids * np.exp(-1j * phase).reshape(-1, *([1] * (fids.ndim - 1))))
