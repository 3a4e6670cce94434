"""Known singlets (constants.SINGLETS) as landmarks of a basis set: where they lie and how large one proton is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.records import BasisSet


@dataclass(frozen=True, slots=True, kw_only=True)
class DampedSinusoid:
    """amplitude * exp((2 pi i frequency - damping) t), the `signal` (points,) and the relative residual."""

    amplitude: complex
    frequency_hz: float
    damping_per_s: float
    signal: ComplexArray
    relative_residual: float


def fit_line(fid: ComplexArray, dwell_time_s: float, low_hz: float, high_hz: float) -> DampedSinusoid:
    """Fit one damped sinusoid to `fid` (points,) using only its spectrum from `low_hz` to `high_hz`.

    The tails of all other lines are a complex parabola there. A zero-filled end of the signal is recognised and
    modelled, so that the truncation ripple of a sharp line goes with it.
    """
    from scipy.optimize import least_squares

    points = fid.size
    frequencies = np.fft.fftfreq(points, dwell_time_s)
    window = np.flatnonzero((frequencies >= low_hz) & (frequencies <= high_hz))
    observed = np.fft.fft(fid)[window]
    centre, half = 0.5 * (low_hz + high_hz), 0.5 * (high_hz - low_hz)
    tails = np.vander((frequencies[window] - centre) / half, 3).astype(np.complex128)
    times = np.arange(_sampled_points(fid)) * dwell_time_s

    def solve(parameters: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        line = np.fft.fft(np.exp((2j * np.pi * parameters[0] - parameters[1]) * times), points)[window]
        design = np.column_stack([line, tails])
        coefficients = np.asarray(np.linalg.lstsq(design, observed, rcond=None)[0], dtype=np.complex128)
        return coefficients, np.asarray(observed - design @ coefficients)

    def residual(parameters: FloatArray) -> FloatArray:
        misfit = solve(parameters)[1]
        return np.concatenate([misfit.real, misfit.imag])

    start = [frequencies[window[np.argmax(np.abs(observed))]], 5.0]
    found = least_squares(residual, start, bounds=([low_hz, 0.0], [high_hz, 400.0]), x_scale=[1.0, 1.0]).x
    coefficients, misfit = solve(found)
    signal = np.zeros(points, dtype=np.complex128)
    signal[: times.size] = coefficients[0] * np.exp((2j * np.pi * found[0] - found[1]) * times)
    return DampedSinusoid(
        amplitude=complex(coefficients[0]),
        frequency_hz=float(found[0]),
        damping_per_s=float(found[1]),
        signal=signal,
        relative_residual=float(np.linalg.norm(misfit) / max(float(np.linalg.norm(observed)), 1e-300)),
    )


def window_hz(basis: BasisSet, ppm: float, half_width_ppm: float) -> tuple[float, float]:
    """The frequencies (Hz, low to high) that are within `half_width_ppm` of `ppm`."""
    centre = (basis.receiver_ppm - ppm) * basis.spectrometer_frequency_mhz
    half = half_width_ppm * basis.spectrometer_frequency_mhz
    return centre - half, centre + half


def with_proton_amplitude(basis: BasisSet) -> BasisSet:
    """`basis` with `proton_amplitude`: the median, over its known singlets, of initial amplitude per proton.

    Left NaN where the basis holds none of them.
    """
    found = []
    for singlet, fid in basis.known_singlets():
        line = fit_line(fid, basis.dwell_time_s, *window_hz(basis, singlet.ppm, 0.06))
        if line.relative_residual < 0.2:
            found.append(abs(line.amplitude) / singlet.protons)
    return replace(basis, proton_amplitude=float(np.median(found)) if found else math.nan)


def _sampled_points(fid: ComplexArray) -> int:
    """Points before the zero-filled end; files keep six digits, so that zeros come back as about 1e-6."""
    loud = np.flatnonzero(np.abs(fid) > 1e-5 * np.abs(fid).max())
    last = int(loud[-1]) + 1 if loud.size else fid.size
    return last if last < 0.9 * fid.size else fid.size
