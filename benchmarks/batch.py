"""Many spectra: speed-up on two cores, failures among random spectra, and what a fit must not depend on."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

import numpy as np

from benchmarks.known_truth import KINDS, generate
from benchmarks.shared_data import basis, known_truth_spectra, spectra, stored_basis
from benchmarks.tables import Check, print_checks, print_rows
from pharmrs.core.errors import FitFailure
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.core.workers.execution import default_workers, map_tasks
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.records import LinearCombinationFit, Spectrum

_FIT_S = 0.1  # artefacts included


def outcome(spectrum: Spectrum) -> str:
    """`converged`, or the reason why not."""
    try:
        fit = fit_spectrum(spectrum, basis())
    except FitFailure as error:
        return str(error)
    return "converged" if fit.converged else fit.message


def drawn(count: int, seed: int) -> list[Spectrum]:
    """`count` spectra, all kinds in equal shares, artefacts included."""
    each = -(-count // len(KINDS))
    found: list[Spectrum] = []
    for number, kind in enumerate(KINDS):
        fids, _, _ = generate(kind, stored_basis(), each, seed + number)
        found += spectra(fids, basis().dwell_time_s, basis().spectrometer_frequency_mhz, kind)
    return found[:count]


def speed(count: int) -> list[Check]:
    """Wall time of `count` fits with one and with all workers, in one run."""
    found = drawn(count, 1)
    seconds = {}
    for workers in (1, default_workers()):
        began = time.perf_counter()
        map_tasks(outcome, found, workers, seconds_each=_FIT_S)
        seconds[workers] = time.perf_counter() - began
    most = max(seconds)
    return [
        Check(f"{count} spectra with 1 worker, wall", seconds[1], unit="s"),
        Check(f"{count} spectra with {most} workers, wall", seconds[most], unit="s"),
        Check(f"speed-up with {most} workers", seconds[1] / seconds[most], 0.9 * most, None),
    ]


def failures(count: int) -> int:
    """Fit `count` random spectra; every one must converge or say why. Returns how many did not converge."""
    reasons = Counter(map_tasks(outcome, drawn(count, 1000), default_workers(), seconds_each=_FIT_S))
    print_rows(
        f"{count} random spectra of {len(KINDS)} kinds",
        ["outcome", "spectra"],
        [[k, str(v)] for k, v in reasons.items()],
    )
    return count - reasons["converged"]


def _moved(before: LinearCombinationFit, after: LinearCombinationFit, scale: float = 1.0) -> float:
    """Largest relative change of an amplitude that is above its SD."""
    seen = before.amplitudes > np.sqrt(np.diag(before.covariance))
    order = [after.names.index(name) for name in before.names]
    return float(np.max(np.abs(after.amplitudes[order] / scale - before.amplitudes)[seen] / before.amplitudes[seen]))


def _glu(before: LinearCombinationFit, after: LinearCombinationFit) -> float:
    """Change of Glu in units of its SD."""
    index = before.names.index("Glu")
    sd = float(np.sqrt(before.covariance[index, index]))
    return abs(float(after.amplitudes[after.names.index("Glu")] - before.amplitudes[index])) / sd


def _halved(spectrum: Spectrum) -> Spectrum:
    quarter = spectrum.points // 4
    values = np.fft.fft(spectrum.fid)
    kept: ComplexArray = np.concatenate([values[:quarter], values[-quarter:]])
    wider = replace(spectrum.acquisition, dwell_time_s=2.0 * spectrum.acquisition.dwell_time_s)
    return replace(spectrum, fid=np.fft.ifft(kept) / 2.0, acquisition=wider)


def invariance(count: int = 12) -> list[Check]:
    """Largest changes over `count` nominal spectra when nothing that matters is changed."""
    worst: dict[str, float] = Counter()
    for number, spectrum in enumerate(known_truth_spectra("nominal")[0][:count]):
        first = fit_spectrum(spectrum, basis())
        order = np.random.default_rng(number).permutation(len(basis().names))
        shuffled = replace(basis(), names=tuple(basis().names[k] for k in order), fids=basis().fids[order])
        turned = replace(spectrum, fid=spectrum.fid * np.exp(1j * (0.3 + number)))
        time_s = spectrum.acquisition.time_axis_s(spectrum.points)
        hz = 0.2 * spectrum.acquisition.spectrometer_frequency_mhz
        shifted = replace(spectrum, fid=spectrum.fid * np.exp(2j * np.pi * hz * time_s))
        padded = replace(spectrum, fid=np.concatenate([spectrum.fid, np.zeros(spectrum.points)]))
        changes = {
            "relative: components shuffled": _moved(first, fit_spectrum(spectrum, shuffled)),
            "relative: data times 1e6": _moved(
                first, fit_spectrum(replace(spectrum, fid=spectrum.fid * 1e6), basis()), 1e6
            ),
            "relative: data turned": _moved(first, fit_spectrum(turned, basis())),
            "Glu in SD: zero-filled to twice the length": _glu(first, fit_spectrum(padded, basis())),
            "Glu in SD: truncated to half": _glu(
                first, fit_spectrum(replace(spectrum, fid=spectrum.fid[:2048]), basis())
            ),
            "Glu in SD: half the bandwidth": _glu(first, fit_spectrum(_halved(spectrum), basis())),
            "Glu in SD: shifted by 0.2 ppm": _glu(first, fit_spectrum(shifted, basis())),
        }
        for name, change in changes.items():
            worst[name] = max(worst[name], change)
    return [Check(name, change, None, 1e-4 if "relative" in name else 1 / 3) for name, change in worst.items()]


def run(count: int) -> int:
    """Print all tables; returns how many targets were missed."""
    missed = print_checks("What a fit must not depend on (largest change, 12 spectra)", invariance())
    if count:
        missed += print_checks("Batch", speed(min(count, 1000)))
        failures(count)
    return missed
