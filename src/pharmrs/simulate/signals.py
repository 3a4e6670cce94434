"""Noise-free signals of one examination: metabolites, water, and the phase that eddy currents give both."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.simulate.relaxation import attenuation
from pharmrs.simulate.scan_records import SimulatedScanner
from pharmrs.spectra.records import Acquisition, BasisSet

_WATER_PROTONS = 2


def eddy_phase(time_s: FloatArray, settings: SimulatedScanner) -> ComplexArray:
    """Unit phase factor of the decaying eddy currents, shape (points,): sum of size * exp(-t / decay), 0 at the end."""
    phase = np.zeros_like(time_s)
    for size_rad, decay_s in zip(settings.eddy_phase_rad, settings.eddy_decay_s, strict=True):
        phase += size_rad * np.exp(-time_s / decay_s)
    return np.asarray(np.exp(1j * phase), dtype=np.complex128)


def voigt_decay(time_s: FloatArray, width_hz: float, lorentz_share: float) -> FloatArray:
    """Decay, shape (points,), of a Voigt line with full width `width_hz`, its Lorentzian width a share of that.

    Widths combine as f = 0.5346 l + sqrt(0.2166 l^2 + g^2) (Olivero and Longbothum 1977,
    doi:10.1016/0022-4073(77)90161-3).
    """
    lorentz_hz = lorentz_share * width_hz
    gauss_hz = math.sqrt(max((width_hz - 0.5346 * lorentz_hz) ** 2 - 0.2166 * lorentz_hz**2, 0.0))
    gauss = (np.pi * gauss_hz * time_s) ** 2 / (4 * math.log(2))
    return np.asarray(np.exp(-np.pi * lorentz_hz * time_s - gauss), dtype=np.float64)


def metabolite_signal(
    basis: BasisSet,
    concentrations_mm: Mapping[str, float],
    acquisition: Acquisition,
    points: int,
    settings: SimulatedScanner,
) -> ComplexArray:
    """Noise-free metabolite signal, shape (points,): mM times basis per proton, attenuated and broadened."""
    if not math.isclose(basis.dwell_time_s, acquisition.dwell_time_s, rel_tol=1e-6) or basis.points < points:
        raise ValueError(f"basis must have dwell {acquisition.dwell_time_s:g} s and at least {points} points")
    if not math.isclose(basis.spectrometer_frequency_mhz, acquisition.spectrometer_frequency_mhz, rel_tol=1e-3):
        raise ValueError(f"basis is for {basis.spectrometer_frequency_mhz:g} MHz")
    if not math.isfinite(basis.proton_amplitude):
        raise ValueError("the amplitude of one proton in the basis is not known: no concentration can be set")
    if unknown := sorted(set(concentrations_mm) - set(basis.names)):
        raise ValueError(f"not in the basis: {', '.join(unknown)}")
    amounts = np.array([concentrations_mm.get(name, 0.0) for name in basis.names]) / basis.proton_amplitude
    times = settings.relaxation
    left = attenuation(acquisition, times.t1_metabolite_s, times.t2_metabolite_s)
    decay = voigt_decay(acquisition.time_axis_s(points), settings.line_width_hz, settings.lorentz_share)
    return np.asarray(left * (amounts @ basis.fids[:, :points]) * decay, dtype=np.complex128)


def water_signal(
    acquisition: Acquisition, time_s: FloatArray, concentration_mm: float, settings: SimulatedScanner
) -> ComplexArray:
    """Noise-free unsuppressed water on resonance, shape (points,): initial amplitude 2 * mM * attenuation."""
    left = attenuation(acquisition, settings.relaxation.t1_water_s, settings.relaxation.t2_water_s)
    decay = np.exp(-np.pi * settings.water_line_width_hz * time_s)
    return np.asarray(_WATER_PROTONS * concentration_mm * left * decay, dtype=np.complex128)
