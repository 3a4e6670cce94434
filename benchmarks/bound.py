"""Bayesian Cramer-Rao bound of the model that generated the spectra, at the truth.

Van Trees' bound (Van Trees 1968, ISBN 0-471-09517-6): inverse of the Fisher information of the recorded points plus the
information of the generating distributions of every nuisance parameter (concentrations: none). No estimator that
knows the generating model, its baseline's functional form included, can do better on average; one that does not know it
cannot reach it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from benchmarks.known_truth import (
    CONCENTRATIONS,
    KINDS,
    MM_GROUP_EDGES_PPM,
    MM_GROUP_SD,
    Clock,
    Kind,
    band_limited,
    clock_of,
    skewed,
)
from benchmarks.scoring import TARGETS
from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.core.workers.execution import map_tasks
from pharmrs.spectra.records import BasisSet

_SHIFT_SD_HZ, _DAMPING_SD_HZ, _MM_SHIFT_SD_HZ, _MM_DAMPING_SD_HZ = 0.3, 0.6, 0.5, 0.4
_SKEW_MEAN_HZ = {"tail_hz": 1.2, "spread_hz": 1.15}
_SKEW_SD_HZ = {"tail_hz": 1.05, "spread_hz": 0.55}
_BUMPS, _BUMP_HEIGHT = 3, 0.073  # height SD over the highest peak
_UNIFORM = 1.0 / math.sqrt(12.0)
_SPECTRUM_S = 0.016  # CPU of one


class _Columns:
    """Derivatives of the signal, one column a parameter, with the prior SD of each (infinite: none)."""

    def __init__(self) -> None:
        self.columns: list[ComplexArray] = []
        self.priors: list[float] = []

    def add(self, column: ComplexArray, sd: float = math.inf) -> None:
        self.columns.append(column)
        self.priors.append(0.0 if math.isinf(sd) else 1.0 / sd**2)

    def covariance(self, noise_sd: float) -> FloatArray:
        matrix = np.stack(self.columns, axis=1)
        fisher = (matrix.conj().T @ matrix).real / noise_sd**2 + np.diag(self.priors)
        scale = 1.0 / np.sqrt(np.diag(fisher))
        return np.asarray(np.linalg.inv(fisher * np.outer(scale, scale)) * np.outer(scale, scale))


def bounds(kind: str, basis: BasisSet, truth: Mapping[str, FloatArray], workers: int) -> dict[str, float]:
    """RMS over the spectra of the bound on each target, in % of its true value."""
    tasks = [
        (kind, basis, {key: float(values[index]) for key, values in truth.items()}, index)
        for index in range(len(truth["lor"]))
    ]
    variances = map_tasks(_relative_variances, tasks, workers, seconds_each=_SPECTRUM_S)
    return {target: 100.0 * math.sqrt(float(np.mean([one[target] for one in variances]))) for target in TARGETS}


def _relative_variances(task: tuple[str, BasisSet, Mapping[str, float], int]) -> dict[str, float]:
    """Variance over squared truth of each target of one spectrum; the baseline is drawn with the spectrum's number."""
    kind, basis, row, number = task
    clock = clock_of(basis)
    names = [name for name in basis.names if name in CONCENTRATIONS]
    signals = band_limited(np.array([basis.fids[basis.names.index(name)] for name in names]), names, clock.ppm)
    covariance = _one(KINDS[kind], names, signals, row, clock, np.random.default_rng(number))
    found = {}
    for target, parts in TARGETS.items():
        pick = np.array([float(name in parts) for name in names])
        found[target] = float(pick @ covariance @ pick) / sum(row[part] for part in parts) ** 2
    return found


def _one(
    kind: Kind,
    names: list[str],
    signals: ComplexArray,
    row: Mapping[str, float],
    clock: Clock,
    rng: np.random.Generator,
) -> FloatArray:
    time, found = clock.time, _Columns()
    voigt = np.exp(-np.pi * row["lor"] * time - (np.pi * row["gau"] * time) ** 2 / (4 * math.log(2)))
    macromolecules = names.index("mm")
    skew = {key: row.get(key, mean) for key, mean in _SKEW_MEAN_HZ.items()}  # the given truth does not tell
    shaped = signals * voigt * (skewed(skew, time) if kind.skewed_line else 1.0)
    shaped[macromolecules] = signals[macromolecules] * np.exp(-2.0 * np.pi * time)
    for signal in shaped:
        found.add(signal)
    amounts = np.array([row[name] for name in names])
    parts = amounts[:, None] * shaped
    narrow = parts.sum(axis=0) - parts[macromolecules]
    total = parts.sum(axis=0)
    found.add(1j * total)
    found.add(2j * np.pi * time * total)
    found.add(-np.pi * time * narrow)
    found.add(-2.0 * row["gau"] * (np.pi * time) ** 2 / (4 * math.log(2)) * narrow)
    for index, part in enumerate(parts):
        broad = index == macromolecules
        found.add(2j * np.pi * time * part, _MM_SHIFT_SD_HZ if broad else _SHIFT_SD_HZ)
        found.add(-np.pi * time * part, _MM_DAMPING_SD_HZ if broad else _DAMPING_SD_HZ)
    peak = row["noise_sd"] * 2 * kind.signal_to_noise * math.sqrt(time.size)
    _add_baseline(found, clock, peak, rng)
    _add_residual_water(found, kind, clock, peak, rng)
    if kind.skewed_line:
        _add_skew(found, narrow, skew, time)
    if kind.mm_groups:
        _add_groups(found, kind, parts[macromolecules], clock)
    return found.covariance(row["noise_sd"])[: len(names), : len(names)]


def _add_baseline(found: _Columns, clock: Clock, peak: float, rng: np.random.Generator) -> None:
    """Three bumps drawn from the generating distribution: height, centre and width of each are unknown."""
    time = clock.time
    for _ in range(_BUMPS):
        centre_hz = (4.65 - rng.uniform(0.0, 5.0)) * clock.mhz
        width_hz = rng.uniform(0.7, 1.8) * clock.mhz
        height = rng.normal(0.0, _BUMP_HEIGHT * peak)
        decay = (np.pi * width_hz * time) ** 2 / (4 * math.log(2))
        unit = 1.0645 * width_hz * clock.dwell_s * np.exp(2j * np.pi * centre_hz * time - decay)
        found.add(unit, _BUMP_HEIGHT * peak)
        found.add(2j * np.pi * time * height * unit, 5.0 * clock.mhz * _UNIFORM)
        found.add((1.0 - 2.0 * decay) / width_hz * height * unit, 1.1 * clock.mhz * _UNIFORM)


def _add_residual_water(found: _Columns, kind: Kind, clock: Clock, peak: float, rng: np.random.Generator) -> None:
    """Complex amplitude and frequency of the residual water line."""
    time, sd = clock.time, kind.residual_water * peak
    unit = np.pi * 14.0 * clock.dwell_s * np.exp((2j * np.pi * rng.normal(0.0, 2.0) - 14.0 * np.pi) * time)
    amplitude = abs(rng.normal(0.0, sd)) * np.exp(1j * rng.uniform(-np.pi, np.pi))
    found.add(unit, sd / math.sqrt(2.0))
    found.add(1j * unit, sd / math.sqrt(2.0))
    found.add(2j * np.pi * time * amplitude * unit, 2.0)


def _add_skew(found: _Columns, narrow: ComplexArray, skew: Mapping[str, float], time: FloatArray) -> None:
    """Tail and spread of the skewed distribution of frequencies; `narrow` holds it already."""
    angle = 2 * np.pi * time
    found.add(narrow * (-1j * angle + 1j * angle / (1 - 1j * skew["tail_hz"] * angle)), _SKEW_SD_HZ["tail_hz"])
    found.add(narrow * (-skew["spread_hz"] * angle**2), _SKEW_SD_HZ["spread_hz"])


def _add_groups(found: _Columns, kind: Kind, macromolecules: ComplexArray, clock: Clock) -> None:
    """Gains of the macromolecule groups."""
    steps = [1 / (1 + np.exp(-np.clip((clock.ppm - edge) / 0.03, -500, 500))) for edge in MM_GROUP_EDGES_PPM]
    past = [np.ones_like(clock.ppm), *steps, np.zeros_like(clock.ppm)]
    spectrum = np.fft.fft(macromolecules)
    for index, sd in enumerate(MM_GROUP_SD):
        found.add(np.fft.ifft(spectrum * (past[index] - past[index + 1])), kind.mm_groups * sd)
