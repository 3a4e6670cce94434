"""Test data with known truth: lines in closed form, brain spectra from the built-in basis."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.simulate.signals import voigt_decay
from pharmrs.spectra.records import (
    Acquisition,
    BasisSet,
    Fids,
    FitSettings,
    LinearCombinationFit,
    Spectrum,
    WaterAmplitude,
)

MHZ = 297.2
ACQUISITION = Acquisition(
    spectrometer_frequency_mhz=MHZ,
    dwell_time_s=1.0 / 6000.0,
    echo_time_s=0.020,
    repetition_time_s=5.0,
    mixing_time_s=0.010,
)
POINTS = 2048

# round numbers of normal brain, mM; the macromolecules are in units of their basis signal
AMOUNTS: dict[str, float] = {
    **{"Asp": 2.0, "Cr": 4.2, "GABA": 1.2, "GPC": 1.1, "GSH": 1.2, "Gln": 2.6, "Glu": 9.6, "Gly": 0.6, "Ins": 6.0},
    **{"Lac": 0.7, "NAA": 10.8, "NAAG": 1.5, "PCho": 0.4, "PCr": 3.8, "Scyllo": 0.3, "Tau": 1.4, "mm": 1.5},
}


def line(
    ppm: float,
    points: int = POINTS,
    *,
    lorentz_hz: float = 6.0,
    gauss_hz: float = 0.0,
    phase_rad: float = 0.0,
    acquisition: Acquisition = ACQUISITION,
) -> ComplexArray:
    """One Voigt line of unit initial amplitude, (points,)."""
    time_s = acquisition.time_axis_s(points)
    turn_hz = (acquisition.receiver_ppm - ppm) * acquisition.spectrometer_frequency_mhz
    decay = np.pi * lorentz_hz * time_s + (np.pi * gauss_hz * time_s) ** 2 / (4.0 * np.log(2.0))
    return np.asarray(np.exp(1j * phase_rad + 2j * np.pi * turn_hz * time_s - decay))


def noise(rng: np.random.Generator, shape: int | tuple[int, ...], sd: float) -> ComplexArray:
    """White complex noise, SD `sd` of the real and of the imaginary part."""
    return np.asarray(sd * (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)))


def spectrum(fid: ComplexArray, acquisition: Acquisition = ACQUISITION) -> Spectrum:
    return Spectrum(fid=fid, acquisition=acquisition, affine=np.eye(4), source="simulated")


def fids(data: ComplexArray, acquisition: Acquisition = ACQUISITION) -> Fids:
    """Recording of `data` (points, coils, transients)."""
    return Fids(data=data, acquisition=acquisition, affine=np.eye(4), source="simulated")


def brain(
    basis: BasisSet, amounts: Mapping[str, float], *, width_hz: float = 7.0, lorentz_share: float = 0.6
) -> ComplexArray:
    """Sum of the basis signals with one Voigt line shape; macromolecules keep their own width. (points,)"""
    time_s = np.arange(basis.points) * basis.dwell_time_s
    decay = voigt_decay(time_s, width_hz, lorentz_share)
    weights = np.array([amounts.get(name, 0.0) for name in basis.names])
    broad = np.array([name == "mm" for name in basis.names])
    return np.asarray((weights * ~broad) @ basis.fids * decay + (weights * broad) @ basis.fids)


def noise_sd_for(signal: ComplexArray, signal_to_noise: float) -> float:
    """SD per part in the time domain that gives this S/N: highest peak over twice the SD of the real spectrum."""
    peak = float(np.abs(np.fft.fft(signal)).max())
    return peak / (2.0 * signal_to_noise * np.sqrt(signal.shape[0]))


def window(points: int, low_ppm: float, high_ppm: float, acquisition: Acquisition = ACQUISITION) -> FloatArray:
    """Mask of the FFT bins between two chemical shifts, (points,)."""
    ppm = acquisition.ppm_axis(points)
    return np.asarray((ppm > low_ppm) & (ppm < high_ppm))


def made_up_water(amplitude: float, sd: float) -> WaterAmplitude:
    """The record of a fitted water reference of line width 9 Hz, its signals left out."""
    flat = np.ones(2)
    return WaterAmplitude(
        amplitude=amplitude, sd=sd, line_width_hz=9.0, shift_hz=0.0, observed=flat, fitted=flat, dwell_time_s=1e-4
    )


def made_up_fit(
    names: tuple[str, ...], amplitudes: list[float], covariance: FloatArray, **changes: object
) -> LinearCombinationFit:
    """A fit record with the given amplitudes and covariance; the classical bound is a quarter of the variance."""
    count, points = len(names), 5
    flat = np.zeros(points, dtype=complex)
    fields: dict[str, object] = {
        "names": names,
        "amplitudes": np.array(amplitudes),
        "covariance": covariance,
        "classical_covariance": 0.25 * covariance,
        "shifts_hz": np.full(count, 0.1),
        "dampings_hz": np.full(count, 0.2),
        "at_zero": np.array(amplitudes) == 0.0,
        "ppm": np.linspace(4.2, 0.2, points),
        "data": flat,
        "model": flat,
        "baseline": flat,
        "components": np.zeros((count, points), dtype=complex),
        "phase": flat + 1.0,
        "converged": True,
        "message": "settled",
        "iterations": 5,
        "settings": FitSettings(),
    }
    for field in dataclasses.fields(LinearCombinationFit):
        if field.name not in fields and field.default is dataclasses.MISSING:
            fields[field.name] = 1.0
    return LinearCombinationFit(**(fields | changes))
