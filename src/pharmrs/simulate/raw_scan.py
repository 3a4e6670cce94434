"""Raw recordings with known truth: every coil and transient, with the faults that preprocessing must undo."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.simulate.relaxation import water_concentration_mm
from pharmrs.simulate.scan_records import SimulatedScan, SimulatedScanner, SimulatedTruth
from pharmrs.simulate.signals import eddy_phase, metabolite_signal, water_signal
from pharmrs.spectra.records import Acquisition, BasisSet, Fids


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """`gains` complex (coils,), and `mixing` complex (coils, coils) with mixing mixing^H half the noise covariance."""

    gains: ComplexArray
    mixing: ComplexArray

    @property
    def noise_sd(self) -> FloatArray:
        """SD of the noise of each coil, per real or imaginary part, shape (coils,)."""
        return np.asarray(np.sqrt(np.sum(np.abs(self.mixing) ** 2, axis=1)), dtype=np.float64)


def draw_receiver(rng: np.random.Generator, coils: int, correlation: float, combined_noise_sd: float) -> Receiver:
    """Random coils whose optimal (noise-whitened) combination to unit gain has noise `combined_noise_sd` per real part.

    Neighbouring coils have noise correlation `correlation`, falling off geometrically with distance.
    """
    gains = rng.uniform(0.5, 1.5, coils) * np.exp(1j * rng.uniform(-np.pi, np.pi, coils))
    spread = rng.uniform(0.8, 1.25, coils)
    lag = np.subtract.outer(np.arange(coils), np.arange(coils))
    turn = np.exp(1j * np.subtract.outer(np.angle(gains), np.angle(gains)) * 0.5)
    covariance = np.outer(spread, spread) * correlation ** np.abs(lag) * turn
    # variance of the best linear combination with unit gain: 1 / (g^H C^-1 g)
    best = 1.0 / float(np.real(gains.conj() @ np.linalg.solve(covariance, gains)))
    mixing = np.linalg.cholesky(covariance * combined_noise_sd**2 / best)
    return Receiver(gains=gains, mixing=np.asarray(mixing, dtype=np.complex128))


def record(signals: ComplexArray, receiver: Receiver, rng: np.random.Generator) -> ComplexArray:
    """Signals (points, transients) as the coils hear them: (points, coils, transients), noise added."""
    points, transients = signals.shape
    coils = receiver.gains.size
    white = rng.standard_normal((2, coils, points * transients))
    noise = (receiver.mixing @ (white[0] + 1j * white[1])).reshape(coils, points, transients)
    return np.asarray(signals[:, None, :] * receiver.gains[:, None] + noise.transpose(1, 0, 2), dtype=np.complex128)


def simulate_scan(
    basis: BasisSet,
    concentrations_mm: Mapping[str, float],
    acquisition: Acquisition,
    rng: np.random.Generator,
    *,
    points: int = 2048,
    settings: SimulatedScanner | None = None,
    affine: FloatArray | None = None,
    following: tuple[Mapping[str, float], FloatArray] | None = None,
) -> SimulatedScan:
    """Simulate one examination; the same generator state gives the same recordings.

    `basis` must have the clock and field of `acquisition`, at least `points` points and a known `proton_amplitude`;
    `concentrations_mm`: component -> mM of the whole voxel (absent: 0). Water is two protons times its concentration.
    `following`: what is added to concentrations, times the value of each transient (transients,).
    """
    chosen = settings or SimulatedScanner()
    time = acquisition.time_axis_s(points)
    shared = eddy_phase(time, chosen)
    clean = metabolite_signal(basis, concentrations_mm, acquisition, points, chosen) * shared
    water_mm = chosen.water_concentration_mm or water_concentration_mm(chosen.tissue)
    water = water_signal(acquisition, time, water_mm, chosen) * shared
    receiver = draw_receiver(rng, chosen.coils, chosen.noise_correlation, _noise_sd(clean, chosen))
    drift = np.linspace(-0.5, 0.5, chosen.transients) * chosen.drift_hz if chosen.transients > 1 else np.zeros(1)
    frequencies = drift + rng.normal(0.0, chosen.frequency_jitter_hz, chosen.transients)
    phases = rng.normal(0.0, chosen.phase_jitter_rad, chosen.transients)
    still = (clean + _residual_water(water, chosen, rng))[:, None]
    if following is not None:
        added, course = following
        still = still + (metabolite_signal(basis, added, acquisition, points, chosen) * shared)[:, None] * course
    transients = _transients(still, time, frequencies, phases, chosen, rng)
    orientation = np.diag([20.0, 20.0, 20.0, 1.0]) if affine is None else affine

    def fids(signals: ComplexArray, source: str) -> Fids:
        data = record(signals, receiver, rng)
        return Fids(data=data, acquisition=acquisition, affine=orientation, source=source)

    repeated = np.repeat(water[:, None], chosen.water_transients, axis=1)
    return SimulatedScan(
        metabolite=fids(transients, "simulated metabolites"),
        quantification=fids(repeated, "simulated water, quantification"),
        eddy_current=fids(repeated, "simulated water, eddy currents and coils"),
        truth=_truth(basis, concentrations_mm, water_mm, chosen, receiver, frequencies, phases),
    )


def _noise_sd(clean: ComplexArray, settings: SimulatedScanner) -> float:
    """SD per real part of one transient, after optimal combination to unit gain, that gives the wanted S/N."""
    peak = float(np.abs(np.fft.fft(clean)).max())
    return peak * math.sqrt(settings.transients / clean.size) / (2 * settings.signal_to_noise)


def _residual_water(water: ComplexArray, settings: SimulatedScanner, rng: np.random.Generator) -> ComplexArray:
    """What suppression leaves, shape (points,): the water line with a phase of its own."""
    return np.asarray(settings.residual_water * np.exp(1j * rng.uniform(-np.pi, np.pi)) * water)


def _transients(
    clean: ComplexArray,
    time_s: FloatArray,
    frequencies_hz: FloatArray,
    phases_rad: FloatArray,
    settings: SimulatedScanner,
    rng: np.random.Generator,
) -> ComplexArray:
    """The signal `clean` (points, 1 or transients) of each transient, (points, transients), with drift, jitter and
    motion."""
    signals = clean * np.exp(1j * (2 * np.pi * np.outer(time_s, frequencies_hz) + phases_rad))
    for index in settings.spoiled:
        # motion: part of the signal is dephased, the rest is out of phase, off frequency and broadened
        motion = 2j * np.pi * 15.0 * time_s - np.pi * 30.0 * time_s + 1j * rng.uniform(-np.pi, np.pi)
        signals[:, index] *= 0.4 * np.exp(motion)
    return np.asarray(signals)


def _truth(
    basis: BasisSet,
    concentrations_mm: Mapping[str, float],
    water_mm: float,
    settings: SimulatedScanner,
    receiver: Receiver,
    frequencies_hz: FloatArray,
    phases_rad: FloatArray,
) -> SimulatedTruth:
    return SimulatedTruth(
        concentrations_mm={name: float(concentrations_mm.get(name, 0.0)) for name in basis.names},
        water_concentration_mm=water_mm,
        tissue=settings.tissue,
        relaxation=settings.relaxation,
        line_width_hz=settings.line_width_hz,
        signal_to_noise=settings.signal_to_noise,
        noise_sd=receiver.noise_sd,
        coil_gains=receiver.gains,
        frequencies_hz=frequencies_hz,
        phases_rad=phases_rad,
        spoiled=settings.spoiled,
    )
