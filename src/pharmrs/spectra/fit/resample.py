"""Bring a basis set to the clock, length and chemical-shift axis of a recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.records import Acquisition, BasisSet

FIELD_TOLERANCE = 0.05  # scanners called 3 T work at 123.2 to 127.8 MHz
# relative; moves a peak 1200 Hz from the receiver by 1 mHz
_SAME_CLOCK = 1e-6
_SAME_SAMPLE = 1e-3  # of a sample


def check_field(basis: BasisSet, acquisition: Acquisition) -> None:
    """Raises `InputError` when `basis` is of another field strength than `acquisition`."""
    ratio_of_fields = basis.spectrometer_frequency_mhz / acquisition.spectrometer_frequency_mhz
    if abs(ratio_of_fields - 1.0) > FIELD_TOLERANCE:
        raise InputError([_other_field(basis, acquisition)])


def resample_basis(basis: BasisSet, acquisition: Acquisition, points: int) -> BasisSet:
    """`basis` as it would have been sampled by `acquisition`: signals (metabolites, points), same amplitude at t = 0.

    Chemical shifts stay in ppm. A spectrometer frequency that differs by less than 5 % stretches the frequency axis
    (couplings with it); the receiver's ppm is moved to that of the data. Frequencies beyond the
    narrower of the two bands are dropped. A longer basis is truncated, a shorter one zero-filled. With equal clocks
    the stored values are returned unchanged. Data that begin late (positive AcquisitionStartTime, corrupt first points
    dropped) get a basis that begins as late. Raises `InputError` for a basis of another field strength.
    """
    check_field(basis, acquisition)
    ratio_of_fields = basis.spectrometer_frequency_mhz / acquisition.spectrometer_frequency_mhz
    # the same ppm are fewer hertz at a lower field: equivalent to a proportionally longer dwell time
    ratio = acquisition.dwell_time_s / (basis.dwell_time_s * ratio_of_fields)
    delay_s = max(acquisition.acquisition_start_time_s, 0.0)
    first = ratio * delay_s / acquisition.dwell_time_s
    if abs(ratio - 1.0) < _SAME_CLOCK and abs(first - round(first)) < _SAME_SAMPLE:
        fids = _fit_length(basis.fids[:, round(first) :], points)
    else:
        fids = _band_limited(basis.fids, ratio, points, first)
    shift_hz = (acquisition.receiver_ppm - basis.receiver_ppm) * acquisition.spectrometer_frequency_mhz
    if shift_hz != 0.0:
        fids = fids * np.exp(2j * np.pi * shift_hz * (delay_s + acquisition.time_axis_s(points)))
    return replace(
        basis,
        fids=fids,
        dwell_time_s=acquisition.dwell_time_s,
        spectrometer_frequency_mhz=acquisition.spectrometer_frequency_mhz,
        receiver_ppm=acquisition.receiver_ppm,
    )


def _fit_length(fids: ComplexArray, points: int) -> ComplexArray:
    missing = points - fids.shape[1]
    return np.pad(fids, ((0, 0), (0, missing))) if missing > 0 else fids[:, :points]


def _band_limited(fids: ComplexArray, ratio: float, points: int, first: float) -> ComplexArray:
    """Band-limited interpolation of `fids` (metabolites, n) at `first`, first + ratio, first + 2 ratio, ... (samples).

    A signal that jumps from zero to its first value is not band-limited: its tails fold over differently on the two
    clocks. One exponential through the first two samples is therefore taken out, sampled exactly and added again;
    only the rest, which begins with zeros, is interpolated. The Fourier sum at arbitrary times is a chirp-z transform
    (Bluestein 1970, doi:10.1109/TAU.1970.1162132).
    """
    count = fids.shape[1]
    step = _first_step(fids, np.pi / max(ratio, 1.0))
    rest = fids - fids[:, :1] * np.exp(step * np.arange(count))
    times = first + ratio * np.arange(points)
    exact = fids[:, :1] * np.exp(step * times) * (times < count - 0.5)
    reach = count + int(np.ceil(first + points * ratio))
    padded = 1 << int(np.ceil(np.log2(max(reach, 2 * count))))
    highest = int(np.floor(padded / 2 / max(ratio, 1.0)))
    spectrum = np.fft.fft(rest, padded, axis=1)
    band = np.concatenate([spectrum[:, -highest:], spectrum[:, : highest + 1]], axis=1)
    band[:, [0, -1]] *= 0.5
    band *= np.exp(2j * np.pi * first / padded * np.arange(-highest, highest + 1))
    return np.asarray(exact + _fourier_sum(band, ratio / padded, -highest, points) / padded, dtype=np.complex128)


def _first_step(fids: ComplexArray, highest: float) -> ComplexArray:
    """Complex exponent per sample, shape (metabolites, 1), from the first to the second value of each signal.

    It decays to nothing over the signal, so that no jump is made at the end; it is without its
    frequency where that is beyond what both clocks can hold (`highest`, rad).
    """
    first, second = fids[:, :1], fids[:, 1:2]
    usable = (np.abs(first) > 0) & (np.abs(second) > 0)
    quotient = np.where(usable, second, 1.0) / np.where(usable, first, 1.0)
    angle = np.angle(quotient)
    decay = np.clip(np.log(np.abs(quotient)), -1.0, -8.0 / fids.shape[1])
    return np.asarray(decay + 1j * np.where(np.abs(angle) < 0.9 * highest, angle, 0.0), dtype=np.complex128)


def _fourier_sum(band: ComplexArray, step: float, lowest: int, points: int) -> ComplexArray:
    """sum_j band[:, j] exp(2 pi i step (lowest + j) m) for m = 0 .. points - 1, by Bluestein's convolution."""
    count = band.shape[1]
    length = 1 << int(np.ceil(np.log2(count + points)))
    index = np.arange(max(count, points), dtype=np.float64)
    chirp = np.exp(1j * np.pi * step * index**2)
    kernel = np.zeros(length, dtype=np.complex128)
    kernel[:points] = chirp[:points].conj()
    kernel[length - count + 1 :] = chirp[1:count][::-1].conj()
    spread = np.fft.fft(band * chirp[:count], length, axis=1) * np.fft.fft(kernel)
    start = np.exp(2j * np.pi * step * lowest * index[:points])
    return np.asarray(np.fft.ifft(spread, axis=1)[:, :points] * chirp[:points] * start, dtype=np.complex128)


def _other_field(basis: BasisSet, acquisition: Acquisition) -> InputProblem:
    found = f"{basis.spectrometer_frequency_mhz:g} MHz, data at {acquisition.spectrometer_frequency_mhz:g} MHz"
    return InputProblem(
        file=basis.source,
        field="spectrometer frequency",
        rule="basis of another field strength: must be within 5 % of the data's",
        value=found,
        remedy="use a basis set simulated or measured at the field strength of the data",
    )
