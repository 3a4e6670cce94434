"""Spectra of another generator than `known_truth`: one thing at a time that a fit's model does not hold.

As ../shared/data/known-truth-worlds (other seeds, own functional forms): the baseline is a random spline, metabolites
have single shifts and widths, and each kind changes one thing. `Setting` is the measured 7 T STEAM basis set, or a
3 T PRESS one simulated here, whose macromolecules are not those of the fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.interpolate import CubicSpline

from benchmarks.known_truth import CONCENTRATIONS, Clock, band_limited, clock_of
from benchmarks.shared_data import basis as measured_basis
from benchmarks.shared_data import stored_basis
from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.records import Acquisition, BasisSet, Spectrum
from pharmrs.spectra.records.basis_protocol import BasisProtocol

Lines = tuple[tuple[float, float, float], ...]
MM_EDGES_PPM = (0.7, 1.08, 1.3, 1.55, 1.85, 2.15, 2.5, 2.85, 3.1, 3.4, 3.75)
# position (ppm), FWHM (Hz), area: a round-number account of published spectra, not the table the fit has
MM_LINES: Lines = ((0.90, 30.0, 3.0), (1.20, 28.0, 1.5), (1.42, 30.0, 3.2), (1.69, 34.0, 2.0), (2.03, 42.0, 4.3))
MM_LINES += ((2.27, 35.0, 3.2), (2.60, 38.0, 1.2), (2.72, 30.0, 0.6), (2.98, 30.0, 2.2), (3.22, 22.0, 1.2))
MM_LINES += ((3.68, 45.0, 1.6), (3.84, 38.0, 1.2), (4.02, 35.0, 1.0), (4.25, 35.0, 1.0))
# what is left of them at TE 30 ms and 3 T: places and areas as LCModel expects them (MM09 to MM20, Provencher 1993,
# 10.1002/mrm.1910300604), widths as above; from 3 ppm on, where LCModel leaves most to its baseline, as above, less
MM_LINES_3T: Lines = ((0.91, 27.0, 3.0), (1.21, 25.0, 0.6), (1.43, 29.0, 1.5), (1.67, 34.0, 0.75), (1.95, 30.0, 0.5))
MM_LINES_3T += ((2.08, 34.0, 2.0), (2.25, 34.0, 0.5), (3.0, 30.0, 1.4), (3.22, 22.0, 0.8), (3.68, 45.0, 1.1))
MM_LINES_3T += ((3.84, 38.0, 0.8), (4.02, 35.0, 0.7), (4.25, 35.0, 0.7))
# lines (ppm, FWHM in ppm, area) and height over that of the line at 1.3 ppm
LIPIDS = ((((0.89, 0.14, 1.0),), 0.5), (((1.28, 0.15, 1.0),), 1.0))
LIPIDS += ((((2.04, 0.15, 1.33), (2.25, 0.15, 0.67), (2.8, 0.2, 0.87)), 0.25),)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a kind changes; widths and drifts in Hz, lipids and water relative to the peak of NAA."""

    shift_sd_ppm: float = 0.001
    damping_sd_hz: float = 0.6
    signal_to_noise: float = 40.0
    doublet: bool = False
    drift_hz: float = 0.0
    eddy: float = 0.0
    water: float = 0.3
    mm_bands: float = 0.0
    mm_lines: float = 0.0
    lipids: float = 0.0
    lipid_phase: bool = False
    edge: float = 0.0


WORLDS = {
    "base": World(),
    "wide_deviations": World(shift_sd_ppm=0.003, damping_sd_hz=1.5),
    "doublet": World(doublet=True),
    "drift": World(drift_hz=9.0),
    "eddy": World(eddy=1.0),
    "water": World(water=3.0),
    "mm_groups": World(mm_bands=0.25),
    "mm_half": World(mm_lines=0.5),
    "mm_lines": World(mm_lines=1.0),
    "lipids_10": World(lipids=0.1),
    "lipids_20": World(lipids=0.2),
    "lipids_30": World(lipids=0.3),
    "lipids_outside": World(lipids=0.4, lipid_phase=True),
    "edge": World(edge=0.5),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """`truth` makes the spectra, `fitted` is what a user has; `acquisition` of the spectra."""

    name: str
    truth: BasisSet
    fitted: BasisSet
    acquisition: Acquisition


@cache
def steam_7t() -> Setting:
    stored = stored_basis()
    acquisition = Acquisition(
        spectrometer_frequency_mhz=stored.spectrometer_frequency_mhz,
        dwell_time_s=stored.dwell_time_s,
        echo_time_s=0.011,
        repetition_time_s=5.0,
        mixing_time_s=0.032,
    )
    return Setting("7 T STEAM", stored, measured_basis(), acquisition)


@cache
def press_3t() -> Setting:
    protocol = BasisProtocol(
        sequence="press", echo_time_s=0.03, spectrometer_frequency_mhz=127.74, bandwidth_hz=2000.0, points=4096
    )
    names = tuple(name for name in CONCENTRATIONS if name != "mm")
    fitted = simulated_basis(protocol, names)
    bare = simulated_basis(protocol, names, macromolecules=False)
    short = replace(bare, fids=bare.fids[:, :2048])
    acquisition = Acquisition(
        spectrometer_frequency_mhz=127.74, dwell_time_s=5e-4, echo_time_s=0.03, repetition_time_s=2.0
    )
    mm = lines(clock_of(short), MM_LINES_3T) * short.proton_amplitude
    whole = replace(short, names=(*names, "mm"), fids=np.concatenate([short.fids, mm[None]]))
    return Setting("3 T PRESS", whole, fitted, acquisition)


SETTINGS = {"7t": steam_7t, "3t": press_3t}


def lines(clock: Clock, table: Sequence[tuple[float, float, float]]) -> ComplexArray:
    """Sum of Gaussian lines (ppm, FWHM in Hz, area); its first point is their area."""
    signal = np.zeros(clock.time.size, dtype=np.complex128)
    for ppm, width, area in table:
        decay = (np.pi * width * clock.time) ** 2 / (4.0 * math.log(2.0))
        signal += area * np.exp(2j * np.pi * (4.65 - ppm) * clock.mhz * clock.time - decay)
    return signal


def generate(setting: Setting, kind: str, n: int, seed: int) -> tuple[list[Spectrum], dict[str, FloatArray]]:
    """`n` spectra of `kind` (a key of `WORLDS`) and the truth by column name (mM)."""
    rng, world, clock = np.random.default_rng(seed), WORLDS[kind], clock_of(setting.truth)
    names = [name for name in setting.truth.names if name in CONCENTRATIONS]
    fids = np.array([setting.truth.fids[setting.truth.names.index(name)] for name in names])
    signals = band_limited(fids, names, clock.ppm)
    rows, found = [], []
    for index in range(n):
        row, fid = _one(world, names, signals, clock, setting.name.startswith("3"), rng)
        rows.append(row)
        source = f"{setting.name} {kind} {index}"
        found.append(Spectrum(fid=fid, acquisition=setting.acquisition, affine=np.eye(4), source=source))
    truth = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return found, {"spec": np.arange(float(n)), **truth}


def _one(
    world: World, names: list[str], signals: ComplexArray, clock: Clock, low_field: bool, rng: np.random.Generator
) -> tuple[dict[str, float], ComplexArray]:
    time = clock.time
    row = {name: max(rng.normal(*_spread(name)), 0.05) for name in names}
    if low_field:
        row["mm"] = max(rng.normal(5.0, 1.0), 1.0)  # of what TE has left: te30 of recordings-3t has 4.8
    line = _line(world, low_field, time, rng)
    mm = names.index("mm")
    total = np.zeros(time.size, dtype=np.complex128)
    for index, name in enumerate(names):
        if index == mm:
            continue
        shift, damping = rng.normal(0.0, world.shift_sd_ppm * clock.mhz), rng.normal(0.0, world.damping_sd_hz)
        total += row[name] * signals[index] * np.exp((2j * np.pi * shift - np.pi * damping) * time)
    total *= line
    peak = float(np.abs(np.fft.fft(total)[(clock.ppm > 1.9) & (clock.ppm < 2.1)]).max())
    total += row["mm"] * _macromolecules(world, signals[mm], clock, rng) * np.exp(-2.0 * np.pi * time)
    total += _baseline(clock, peak, rng)
    if world.lipids:
        total += _lipids(world, clock, peak, rng)
    if world.edge:
        # suppression takes off what stands near water
        total = np.fft.ifft(np.fft.fft(total) * (1 - world.edge / (1 + np.exp(-(clock.ppm - 4.05) / 0.03))))
    strength = abs(rng.normal(0.0, world.water)) * peak * np.pi * 12.0 * (time[1] - time[0])
    total += strength * np.exp((2j * np.pi * rng.normal(0.0, 3.0) - 12.0 * np.pi) * time + 2j * np.pi * rng.uniform())
    total *= np.exp(1j * rng.normal(0.0, 0.2) + 2j * np.pi * rng.normal(0.0, 2.0) * time)
    sd = peak / (2.0 * world.signal_to_noise * math.sqrt(time.size))
    noise = sd * (rng.standard_normal(time.size) + 1j * rng.standard_normal(time.size))
    return row, total + noise


def _spread(name: str) -> tuple[float, float]:
    mean, cv = CONCENTRATIONS[name]
    return mean, cv * mean


def _line(world: World, low_field: bool, time: FloatArray, rng: np.random.Generator) -> ComplexArray:
    """Damping function of the metabolites: Lorentz and Gauss, a little skew, and what the world adds."""
    lorentz, gauss = max(rng.normal(3.5, 0.7), 1.5), abs(rng.normal(3.0 if low_field else 4.5, 1.0))
    shape = np.exp(-np.pi * lorentz * time - (np.pi * gauss * time) ** 2 / (4.0 * math.log(2.0)) + 0j)
    tail = 2.0 * np.pi * rng.normal(0.0, 0.4) * time
    shape *= np.exp(1j * tail) / (1.0 + 1j * tail)
    if world.doublet:
        share, apart = rng.uniform(0.2, 0.5), rng.uniform(3.0, 8.0) * rng.choice([-1.0, 1.0])
        shape *= (1.0 - share) + share * np.exp(2j * np.pi * apart * time)
    if world.drift_hz:
        # linear drift over the scan, not corrected: frequencies are even over the range
        shape *= np.sinc(rng.uniform(0.67, 1.33) * world.drift_hz * time)
    if world.eddy:
        for constant in (0.008, 0.05):
            amount_hz = rng.normal(0.0, 4.0 if constant < 0.02 else 1.5) * world.eddy
            shape *= np.exp(2j * np.pi * amount_hz * constant * (1.0 - np.exp(-time / constant)))
    return np.asarray(shape)


def _macromolecules(world: World, signal: ComplexArray, clock: Clock, rng: np.random.Generator) -> ComplexArray:
    if world.mm_bands:
        gain = np.ones_like(clock.ppm) * (1.0 + world.mm_bands * rng.standard_normal())
        for edge in MM_EDGES_PPM:
            step = 1.0 + world.mm_bands * rng.standard_normal()
            inside = 0.5 * (1.0 + np.tanh((clock.ppm - edge) / 0.03))
            gain = gain + inside * (max(step, 0.0) - gain)
        signal = np.fft.ifft(np.fft.fft(signal) * gain)
    if world.mm_lines:
        table = [
            (ppm + rng.normal(0.0, 0.01), width * rng.uniform(0.85, 1.15), area * max(rng.normal(1.0, 0.15), 0.2))
            for ppm, width, area in MM_LINES
        ]
        other = lines(clock, table)
        energy = np.linalg.norm(signal) / np.linalg.norm(other)
        signal = (1.0 - world.mm_lines) * signal + world.mm_lines * energy * other
    return signal


def _baseline(clock: Clock, peak: float, rng: np.random.Generator) -> ComplexArray:
    """A cubic spline with knots 0.6 ppm apart, made causal; SD of its height 3 % of the peak."""
    knots = np.arange(-1.5, 7.0, 0.6)
    heights = rng.normal(0.0, 0.03 * peak, knots.size)
    heights[[0, 1, -2, -1]] = 0.0
    inside = (clock.ppm > knots[0]) & (clock.ppm < knots[-1])
    absorption = np.where(inside, CubicSpline(knots, heights)(clock.ppm), 0.0)
    fid = 2.0 * np.fft.ifft(absorption)
    fid[0] *= 0.5
    fid[fid.size // 2 :] = 0.0
    return np.asarray(fid)


def _lipids(world: World, clock: Clock, peak: float, rng: np.random.Generator) -> ComplexArray:
    total = np.zeros(clock.time.size, dtype=np.complex128)
    phase = rng.uniform(-np.pi, np.pi) if world.lipid_phase else 0.0
    for table, share in LIPIDS:
        moved = [
            (ppm + rng.normal(0.0, 0.015), width * rng.uniform(0.9, 1.2) * clock.mhz, area)
            for ppm, width, area in table
        ]
        signal = lines(clock, moved)
        signal *= share * world.lipids * peak / float(np.abs(np.fft.fft(signal)).max())
        total += signal * np.exp(1j * phase)
    return total
