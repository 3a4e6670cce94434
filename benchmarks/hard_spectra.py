"""Spectra that break the model's assumptions: how far off the fit is, whether its SDs say so, and whether it does."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from benchmarks.accuracy import fit_all
from benchmarks.basis import protocol
from benchmarks.known_truth import CONCENTRATIONS, generate
from benchmarks.scoring import estimates_of, score, truth_of
from benchmarks.shared_data import basis, spectra, stored_basis
from benchmarks.tables import print_rows
from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.records import BasisSet, LinearCombinationFit, Spectrum

FAULTS = {
    "residual_water": "water 8 times as high as the highest peak",
    "spurious_echo": "an echo 20 to 80 ms late",
    "wrong_mm": "macromolecule groups off by 40 %, 12 Hz broader",
    "missing_metabolite": "1 to 2 mM of ethanol and acetone",
    "doubled_line": "a second line 4 to 10 Hz beside each",
}
RECORDED_TE_S, BASIS_TE_S = 0.020, 0.011
TARGETS = ("Glu", "Gln", "NAA", "tCr", "Ins")


@cache
def at_echo_time(echo_time_s: float) -> BasisSet:
    """The metabolites simulated for another echo time, with the measured macromolecules, on the clock of the data."""
    reference = stored_basis()
    names = [name for name in CONCENTRATIONS if name != "mm"]
    wanted = replace(protocol(reference), echo_time_s=echo_time_s)
    simulated = simulated_basis(wanted, names, macromolecules=False)
    scale = reference.proton_amplitude / simulated.proton_amplitude
    measured = reference.fids[reference.names.index("mm")][None, :]
    return replace(
        simulated,
        names=(*names, "mm"),
        fids=np.concatenate([scale * simulated.fids, measured]),
        proton_amplitude=reference.proton_amplitude,
    )


def fit_with_wrong_echo_time(spectrum: Spectrum) -> LinearCombinationFit:
    return fit_spectrum(spectrum, at_echo_time(BASIS_TE_S))


def _row(fault: str, fits: list[LinearCombinationFit], truth: dict[str, FloatArray]) -> list[str]:
    own = score(estimates_of(fits), truth_of(truth))
    told = sum(not fit.converged or any("the residual" in note for note in fit.notes) for fit in fits)
    cells = [f"{own[name].rmse:.1f} ({own[name].bias:+.1f}), {own[name].z:.2f}" for name in TARGETS]
    seconds = float(np.median([fit.cpu_s for fit in fits]))
    return [fault, *cells, f"{100 * told / len(fits):.0f} %", f"{seconds:.2f}"]


def run(count: int, seed: int = 20261124) -> None:
    """Print one row per fault, of `count` spectra each."""
    ours, rows = basis(), []
    for kind, words in FAULTS.items():
        fids, _, truth = generate(kind, stored_basis(), count, seed)
        fits = fit_all(spectra(fids, ours.dwell_time_s, ours.spectrometer_frequency_mhz, kind))
        rows.append(_row(words, fits, truth))
    fids, _, truth = generate("nominal", at_echo_time(RECORDED_TE_S), count, seed)
    found = spectra(fids, ours.dwell_time_s, ours.spectrometer_frequency_mhz, "wrong echo time")
    words = f"recorded at TE {1e3 * RECORDED_TE_S:g} ms, basis set of TE {1e3 * BASIS_TE_S:g} ms"
    rows.append(_row(words, fit_all(found, fit_with_wrong_echo_time), truth))
    print_rows(
        f"Hard spectra ({count} generated of each, otherwise `nominal`): RMSE % (bias %), z",
        ["fault", *TARGETS, "told", "CPU s"],
        rows,
    )
