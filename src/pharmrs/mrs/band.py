"""Only the fit window is fitted: data and basis are band-limited and decimated once, with a guard band.

The discrete Fourier transform of the decimated signal equals that of the full signal in every bin of the window, so
nothing is approximated there; the guard band (cosine taper) keeps what a broader or shifted model brings in from
outside the window right to second order. Points at the end of a decimated signal are negative times (the filter's
ringing before t = 0) and are labelled so, because damping acts on them the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import fft, ifft, next_fast_len

from pharmrs.errors import InputError, InputProblem
from pharmrs.records.acquisition import Acquisition
from pharmrs.records.arrays import ComplexArray, FloatArray

GUARD_PPM = 0.5
_RINGING_FRACTION = 16  # 1/16 of the decimated signal stands for times before zero


@dataclass(frozen=True, slots=True)
class Band:
    """The fit window on the data's clock.

    `bins` (K,): FFT bins of the full signal kept; `taper` (K,); `time_s` (K,): sample times, negative at the end;
    `window` (n,): indices of the kept bins inside the fit window; `ppm` (n,): their chemical shift, descending.
    """

    bins: np.ndarray[tuple[int], np.dtype[np.intp]]
    taper: FloatArray
    time_s: FloatArray
    window: slice
    ppm: FloatArray
    step_hz: float

    def decimate(self, fids: ComplexArray) -> ComplexArray:
        """Band-limit and decimate signals along the last axis: (..., points) -> (..., K)."""
        return np.asarray(ifft(fft(fids, axis=-1)[..., self.bins] * self.taper, axis=-1))

    def spectrum(self, decimated: ComplexArray) -> ComplexArray:
        """Spectrum in the window of decimated signals: (..., K) -> (..., n)."""
        return np.asarray(fft(decimated, axis=-1))[..., self.window]


def make_band(acquisition: Acquisition, points: int, ppm_low: float, ppm_high: float) -> Band:
    """The band for a fit window [ppm_low, ppm_high].

    Raises InputError when the window does not lie inside the recorded spectral width.
    """
    mhz, dwell = acquisition.spectrometer_frequency_mhz, acquisition.dwell_time_s
    step_hz = 1.0 / (points * dwell)
    nyquist_hz = 0.5 / dwell
    low_hz = (acquisition.receiver_ppm - ppm_high) * mhz
    high_hz = (acquisition.receiver_ppm - ppm_low) * mhz
    if low_hz < -nyquist_hz or high_hz > nyquist_hz or high_hz - low_hz < 64 * step_hz:
        raise InputError(
            [
                InputProblem(
                    file="",
                    field="fit window",
                    rule=f"must lie inside the spectral width ({1 / dwell:.0f} Hz) and hold at least 64 points",
                    value=f"{ppm_low}-{ppm_high} ppm = {low_hz:.0f} to {high_hz:.0f} Hz, {points} points",
                    remedy="narrow or move the window (fit.ppm_low, fit.ppm_high or --ppm)",
                )
            ]
        )
    guard_hz = GUARD_PPM * mhz
    first = max(int(np.ceil((low_hz - guard_hz) / step_hz)), -(points // 2))
    last = min(int(np.floor((high_hz + guard_hz) / step_hz)), (points - 1) // 2)
    count = min(next_fast_len(last - first + 1), points)
    first = max(first - (count - (last - first + 1)) // 2, -(points // 2))
    kept = np.arange(first, first + count)
    frequency_hz = kept * step_hz
    outside = np.maximum(low_hz - frequency_hz, frequency_hz - high_hz)
    taper = np.cos(0.5 * np.pi * np.clip(outside / guard_hz, 0.0, 1.0)) ** 2
    inside = np.flatnonzero((frequency_hz >= low_hz) & (frequency_hz <= high_hz))
    time_s = np.arange(count) / (count * step_hz)
    ringing = count // _RINGING_FRACTION
    time_s[-ringing:] -= 1.0 / step_hz
    return Band(
        bins=kept % points,
        taper=taper,
        time_s=time_s,
        window=slice(int(inside[0]), int(inside[-1]) + 1),
        ppm=acquisition.receiver_ppm - frequency_hz[inside] / mhz,
        step_hz=step_hz,
    )
