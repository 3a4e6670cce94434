"""Only the fit window is fitted: data and basis are band-limited and decimated once, with a guard band.

The discrete Fourier transform of the decimated signal equals that of the full signal in every bin of the window, so
nothing is approximated there; the guard band (cosine taper) keeps what a broader or shifted model brings in from
outside the window right to second order.

Band-limiting rings before t = 0 and after the last sample of a basis signal that has not decayed. Damping must act on
that ringing at its own times, so basis signals are decimated with zero-padding to twice their length, keep a margin on
both sides, and are folded back onto the data's period only after the line shape has been applied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.fft import fft, ifft, next_fast_len

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pharmrs.spectra.records.acquisition import Acquisition

GUARD_PPM = 0.5
_MARGIN_FRACTION = 16  # kept before the first and after the last sample: 1/16 of the decimated length


@dataclass(frozen=True, slots=True)
class Band:
    """The fit window on the data's clock.

    `first`, `count`: the K kept FFT bins of the full signal; `taper` (K,), `fine_taper` (2K,): guard band on the data's
    and on the twice finer frequency grid; `time_s` (K + 2 margin,): times of a model signal after the echo's top, the
    last `margin` of them before the data begin; `window`: the kept bins that are fitted; `ppm`, `hz` (n,): their
    chemical shift, descending, and frequency.
    """

    first: int
    count: int
    margin: int
    taper: FloatArray
    fine_taper: FloatArray
    time_s: FloatArray
    window: slice | IntArray
    ppm: FloatArray
    step_hz: float

    @property
    def hz(self) -> FloatArray:
        return np.asarray((self.first + np.arange(self.count)[self.window]) * self.step_hz)

    @property
    def hz_per_ppm(self) -> float:
        """The spectrometer frequency in MHz."""
        hz = self.hz
        return float((hz[-1] - hz[0]) / (self.ppm[0] - self.ppm[-1]))

    def without(self, left_out: BoolArray) -> Band:
        """The band without the points of the window that are `left_out` (n,)."""
        kept = np.arange(self.count)[self.window][~left_out]
        return replace(self, window=kept, ppm=self.ppm[~left_out])

    def decimate(self, fids: ComplexArray) -> ComplexArray:
        """Band-limit and decimate data along the last axis: (..., points) -> (..., K), one period."""
        bins = (self.first + np.arange(self.count)) % fids.shape[-1]
        return np.asarray(ifft(fft(fids, axis=-1)[..., bins] * self.taper, axis=-1))

    def decimate_model(self, fids: ComplexArray) -> ComplexArray:
        """Band-limit and decimate basis signals with margins: (..., points) -> (..., K + 2 margin), at `time_s`."""
        size = 2 * fids.shape[-1]
        bins = (2 * self.first + np.arange(2 * self.count)) % size
        fine = ifft(fft(fids, size, axis=-1)[..., bins] * self.fine_taper, axis=-1)
        return np.concatenate([fine[..., : self.count + self.margin], fine[..., -self.margin :]], axis=-1)

    def spectrum(self, period: ComplexArray) -> ComplexArray:
        """Spectrum in the window of one period: (..., K) -> (..., n)."""
        return np.asarray(fft(period, axis=-1))[..., self.window]

    def model_spectrum(self, signals: ComplexArray) -> ComplexArray:
        """Spectrum in the window of model signals with margins: (..., K + 2 margin) -> (..., n)."""
        period = signals[..., : self.count].copy()
        period[..., : self.margin] += signals[..., self.count : self.count + self.margin]
        period[..., -self.margin :] += signals[..., -self.margin :]
        return self.spectrum(period)


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
    frequency_hz = np.asarray((first + np.arange(count)) * step_hz, dtype=np.float64)
    fine_hz = np.asarray((first + 0.5 * np.arange(2 * count)) * step_hz, dtype=np.float64)
    inside = np.flatnonzero((frequency_hz >= low_hz) & (frequency_hz <= high_hz))
    margin = count // _MARGIN_FRACTION
    order = np.concatenate([np.arange(count + margin), np.arange(-margin, 0)])

    def taper(at_hz: FloatArray) -> FloatArray:
        outside = np.maximum(low_hz - at_hz, at_hz - high_hz) / guard_hz
        return np.asarray(np.cos(0.5 * np.pi * np.clip(outside, 0.0, 1.0)) ** 2)

    return Band(
        first=first,
        count=count,
        margin=margin,
        taper=taper(frequency_hz),
        fine_taper=taper(fine_hz),
        time_s=max(acquisition.acquisition_start_time_s, 0.0) + order / (count * step_hz),
        window=slice(int(inside[0]), int(inside[-1]) + 1),
        ppm=np.asarray(acquisition.receiver_ppm - frequency_hz[inside] / mhz, dtype=np.float64),
        step_hz=step_hz,
    )
