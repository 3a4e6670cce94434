"""Amplitude of the water reference at t = 0.

The logarithm of the magnitude is a polynomial of time over the first tens of milliseconds (a Voigt decay is a
parabola); its value at 0 is the amplitude. The first half millisecond, where receiver filters ring, is left out.
"""

from __future__ import annotations

import numpy as np

from pharmrs.core.errors import FitFailure
from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.fit.line_shape import full_width_hz
from pharmrs.spectra.records.acquisition import Spectrum
from pharmrs.spectra.records.preprocessing import WaterAmplitude

_SKIP_S = 0.0005
_LOWEST_SHARE = 0.15  # of the largest magnitude: the decay is followed down to here
_LONGEST_S = 0.060
_DEGREES = (1, 2, 3)
_SHOWN_POINTS = 2048


def water_amplitude(reference: Spectrum) -> WaterAmplitude:
    """Water amplitude of a combined, averaged reference at the echo's top, receiver units.

    Raises FitFailure when there is no decaying signal.
    """
    magnitude = np.abs(reference.fid)
    late_s = max(reference.acquisition.acquisition_start_time_s, 0.0)
    time_s = late_s + reference.acquisition.time_axis_s(reference.points)
    noise = float(np.sqrt(np.mean(magnitude[-max(reference.points // 8, 4) :] ** 2) / 2.0))
    top = float(magnitude[time_s <= late_s + 0.005].max(initial=0.0))
    below = np.flatnonzero((magnitude < _LOWEST_SHARE * top) & (time_s > late_s + _SKIP_S))
    end_s = min(time_s[below[0]] if below.size else time_s[-1], _LONGEST_S)
    used = (time_s >= late_s + _SKIP_S) & (time_s < end_s)
    if top <= 8.0 * noise or used.sum() < 8:
        raise FitFailure(f"{reference.source}: no decaying water signal (largest {top:.3g}, noise {noise:.3g})")
    amplitude, relative_sd, fitted = _extrapolated(time_s[used], magnitude[used], noise, time_s)
    shown = min(_SHOWN_POINTS, reference.points)
    frequency_hz = _peak_hz(reference)
    return WaterAmplitude(
        amplitude=amplitude,
        sd=amplitude * relative_sd,
        line_width_hz=full_width_hz(magnitude, time_s),
        shift_hz=frequency_hz,
        observed=magnitude[:shown],
        fitted=np.where(time_s[:shown] < end_s, fitted[:shown], np.nan),
        dwell_time_s=reference.acquisition.dwell_time_s,
    )


def _extrapolated(
    time_s: FloatArray, magnitude: FloatArray, noise: float, all_times_s: FloatArray
) -> tuple[float, float, FloatArray]:
    """Amplitude at 0, its relative SD, and the decay at `all_times_s`; the degree with the lowest BIC."""
    unit_s = float(time_s[-1])
    weight = magnitude / max(noise, 1e-6 * float(magnitude.max()))
    best_score = np.inf
    best: tuple[FloatArray, FloatArray] = (np.zeros(1), np.zeros((1, 1)))
    for degree in _DEGREES:
        design = np.vander(time_s / unit_s, degree + 1, increasing=True)
        coefficients, *_ = np.linalg.lstsq(design * weight[:, None], np.log(magnitude) * weight, rcond=None)
        residual = weight * (np.log(magnitude) - design @ coefficients)
        variance = max(float(residual @ residual) / max(time_s.shape[0] - degree - 1, 1), 1e-12)
        score = time_s.shape[0] * np.log(variance) + (degree + 1) * np.log(time_s.shape[0])
        covariance = np.linalg.inv((design * weight[:, None] ** 2).T @ design) * variance
        if score < best_score:
            best_score, best = score, (np.asarray(coefficients), np.asarray(covariance))
    coefficients, covariance = best
    shape = np.vander(np.minimum(all_times_s / unit_s, 1.0), coefficients.shape[0], increasing=True)
    return float(np.exp(coefficients[0])), float(np.sqrt(covariance[0, 0])), np.exp(shape @ coefficients)


def _peak_hz(reference: Spectrum) -> float:
    size = 8 * reference.points
    spectrum = np.abs(np.fft.fft(reference.fid, size))
    return float(np.fft.fftfreq(size, reference.acquisition.dwell_time_s)[int(np.argmax(spectrum))])
