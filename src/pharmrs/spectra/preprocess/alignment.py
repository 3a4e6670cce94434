"""Frequency and phase alignment of transients, robust weights and rejection.

Spectral registration (Near 2015, 10.1002/mrm.25094) in the metabolite band only, so that residual water does not steer
it: the frequency that maximises the inner product with the reference is the peak of one Fourier transform.

What noise alone makes of the frequency of one transient would be put into the lines as a width (at S/N 1: 2 Hz SD). So
what is taken off is the smooth course over the scan, and of the deviations from it the share that noise does not
explain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import make_smoothing_spline
from scipy.ndimage import median_filter

from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray
from pharmrs.spectra.preprocess.band import Band, make_band
from pharmrs.spectra.preprocess.parabola import vertex
from pharmrs.spectra.records.acquisition import Acquisition

ALIGNMENT_PPM = (0.5, 4.2)
LARGEST_OFFSET_HZ = 25.0
FEWEST_FOR_REJECTION = 6
REJECTION_Z = 6.0
_HUBER_Z = 3.0
_ROUNDS = 3
_PADDING = 16
_MATCHED_WIDTH_HZ = 8.0
_FEWEST_FOR_COURSE, _NEIGHBOURS, _FAR = 8, 5, 5.0


@dataclass(frozen=True, slots=True)
class Alignment:
    """`offsets_hz`, `phases_rad` (transients,) taken off; `aligned` (points, transients). `left_hz`: SD of what noise
    leaves of the offsets between transients."""

    offsets_hz: FloatArray
    phases_rad: FloatArray
    aligned: ComplexArray
    left_hz: float = 0.0

    @property
    def left_width_hz(self) -> float:
        """FWHM of the Gaussian that lines are convolved with by what is left."""
        return float(2.0 * np.sqrt(2.0 * np.log(2.0)) * self.left_hz)


@dataclass(frozen=True, slots=True)
class Weighting:
    """`weights` (transients,) sum 1, 0 where rejected; `scores` (transients,) robust z of each transient's distance
    from the others; `rejected` (transients,)."""

    weights: FloatArray
    scores: FloatArray
    rejected: BoolArray


def align(fids: ComplexArray, acquisition: Acquisition) -> Alignment:
    """Align `fids` (points, transients) to their common mean; the mean offset and phase stay as they were."""
    points, count = fids.shape
    band = make_band(acquisition, points, *ALIGNMENT_PPM)
    narrow = band.decimate(fids.T)
    time_s = band.time_s[: band.count]
    matched = np.exp(-np.pi * _MATCHED_WIDTH_HZ * time_s)
    offsets, phases = np.zeros(count), np.zeros(count)
    share = (count - 1) / count
    for _ in range(_ROUNDS):
        moved = narrow * np.exp(-2j * np.pi * offsets[:, None] * time_s - 1j * phases[:, None])
        reference = moved.mean(axis=0) * matched
        for index in range(count):
            # the others only: a transient must not be its own reference
            others = reference - moved[index] * matched / count if count > 1 else reference
            offset, phase = registered(narrow[index], others, band)
            # so far that all meet at their mean: the whole way to the mean of the others, two would change places
            offsets[index] += share * (offset - offsets[index])
            phases[index] += share * np.angle(np.exp(1j * (phase - phases[index])))
        offsets -= offsets.mean()
        phases -= np.angle(np.exp(1j * phases).mean())
    left_hz = 0.0
    if count >= _FEWEST_FOR_COURSE:
        offsets, phases, left_hz = _without_noise(narrow, time_s, matched, offsets, phases)
    full_time_s = acquisition.time_axis_s(points)
    turned = np.exp(-2j * np.pi * np.outer(full_time_s, offsets) - 1j * phases)
    return Alignment(offsets, np.angle(np.exp(1j * phases)), fids * turned, left_hz)


def _without_noise(
    narrow: ComplexArray, time_s: FloatArray, matched: FloatArray, offsets_hz: FloatArray, phases_rad: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Offsets, and phases at these, without what the noise of one transient does to them; SD of what is left (Hz)."""
    turned = narrow * np.exp(-2j * np.pi * offsets_hz[:, None] * time_s)
    moved = turned * np.exp(-1j * phases_rad[:, None])
    # neighbours differ by noise, late ones by nothing else: the median of its squared magnitude is 2 ln 2 per variance
    late = np.abs(np.diff(moved[:, time_s.size // 2 :], axis=0)) ** 2
    noise = float(np.sqrt(np.median(late) / (4.0 * np.log(2.0))))
    reference = moved.mean(axis=0)
    weight = np.abs(reference) ** 2 * matched
    total = float(weight.sum())
    if total == 0.0:
        return offsets_hz, phases_rad, 0.0
    from_middle = time_s - float(weight @ time_s) / total
    spread = float(weight @ from_middle**2)
    sd_hz = noise * float(np.sqrt((weight * matched) @ from_middle**2)) / (2.0 * np.pi * spread)
    settled, left_hz = settle(offsets_hz, sd_hz)
    turned = narrow * np.exp(-2j * np.pi * settled[:, None] * time_s)
    phases = np.angle(turned @ (reference.conj() * matched))
    phases -= np.angle(np.exp(1j * phases).mean())
    steady, _ = settle(np.angle(np.exp(1j * phases)), noise * float(np.sqrt(weight @ matched)) / total)
    return settled - settled.mean(), steady, left_hz


def settle(values: FloatArray, sd: float) -> tuple[FloatArray, float]:
    """`values` (n,) in their order without noise of `sd`, and the SD of the error that is left.

    A smooth course (smoothing spline, generalised cross validation), and of the deviations from it the share that the
    noise does not explain: all of them where they are far larger, none where they are no larger. What lies far from
    its neighbours (a person moved) stays as it is and says nothing of the course.
    """
    order = np.arange(values.size, dtype=float)
    apart = np.abs(values - median_filter(values, _NEIGHBOURS, mode="nearest"))
    usual = apart <= _FAR * max(sd, 1.4826 * float(np.median(apart)))
    if np.count_nonzero(usual) < _FEWEST_FOR_COURSE:
        return values, sd
    course = make_smoothing_spline(order[usual], values[usual])(order)
    apart = values - course
    kept = max(0.0, 1.0 - sd**2 / max(float(np.mean(apart[usual] ** 2)), 1e-300))
    return np.where(usual, course + kept * apart, values), float(np.sqrt(kept)) * sd


def registered(
    signal: ComplexArray, reference: ComplexArray, band: Band, reach_hz: float = LARGEST_OFFSET_HZ
) -> tuple[float, float]:
    """Frequency (Hz) and phase (rad) of `signal` against `reference`, both decimated (K,)."""
    size = _PADDING * signal.shape[0]
    product = np.fft.fft(signal * reference.conj(), size)
    step_hz = 1.0 / (size * float(band.time_s[1] - band.time_s[0]))
    reach = max(int(reach_hz / step_hz), 2)
    near = np.concatenate([np.arange(-reach, 0), np.arange(reach + 1)])
    heights = np.abs(product[near])
    top = int(np.clip(np.argmax(heights), 1, heights.shape[0] - 2))
    frequency_hz = float((near[top] + vertex(heights, top)) * step_hz)
    inner = np.sum(signal * reference.conj() * np.exp(-2j * np.pi * frequency_hz * band.time_s[: band.count]))
    return frequency_hz, float(np.angle(inner))


def weigh(fids: ComplexArray, acquisition: Acquisition, *, reject: bool) -> Weighting:
    """Robust weights of aligned transients (points, transients).

    Distance: RMS difference from the median transient in the metabolite band. Its robust z (median and MAD) gives
    Huber weights above 3; above 6 a transient is rejected, when there are at least six. Most are kept: half of them lie
    below the median.
    """
    count = fids.shape[1]
    if count < FEWEST_FOR_REJECTION or not reject:
        return Weighting(np.full(count, 1.0 / count), np.zeros(count), np.zeros(count, dtype=bool))
    band = make_band(acquisition, fids.shape[0], *ALIGNMENT_PPM)
    spectra = band.spectrum(band.decimate(fids.T))
    # medians of real and imaginary parts depend on the phase: that of the mean signal's first point is taken off
    spectra = spectra * np.exp(-1j * np.angle(spectra.mean(axis=0).sum()))
    middle = np.median(spectra.real, axis=0) + 1j * np.median(spectra.imag, axis=0)
    distance = np.log(np.sqrt(np.mean(np.abs(spectra - middle) ** 2, axis=1)) + 1e-300)
    centre = float(np.median(distance))
    # a chi distribution of this many bins: the spread that noise alone causes is the floor
    floor = 1.0 / np.sqrt(4.0 * spectra.shape[1])
    spread = max(1.4826 * float(np.median(np.abs(distance - centre))), floor)
    scores = (distance - centre) / spread
    rejected = scores > REJECTION_Z
    weights = np.where(rejected, 0.0, np.minimum(1.0, _HUBER_Z / np.maximum(scores, _HUBER_Z)))
    return Weighting(weights / weights.sum(), scores, rejected)
