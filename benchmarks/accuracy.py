"""Known truth: ours beside LCModel on the same spectra, and on many more generated ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from benchmarks.bound import bounds
from benchmarks.known_truth import generate
from benchmarks.scoring import TARGETS, Estimates, Score, estimates_of, estimates_of_table, score, truth_of
from benchmarks.shared_data import basis, known_truth_spectra, spectra, stored_basis
from benchmarks.tables import Check, print_checks, print_rows
from pharmrs.core.workers.threads import limit_threads
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.records import LinearCombinationFit, Spectrum

KINDS = ("nominal", "lowsnr", "distorted")
RMSE_LIMITS = {"Glu": 3.0, "NAA": 2.3, "tCr": 2.5}  # the first version's targets on `nominal`
AIMS = {  # where the fit is to arrive: RMSE in % on the given spectra
    "nominal": {"Glu": 2.6, "NAA": 1.9, "tCr": 2.0, "Gln": 7.0},
    "lowsnr": {"Glu": 4.8, "NAA": 4.4, "tCr": 5.0, "Gln": 18.0},
    "distorted": {"Glu": 3.3, "NAA": 2.6, "tCr": 2.9, "Gln": 9.0},
}
AIM_Z_LIMITS = (0.85, 1.15)  # on the generated spectra
AIM_Z = ("Glu", "Gln", "NAA", "tNAA", "tCr", "tCho", "Ins")
AIM_CPU_S = 0.06
Z_LIMITS = (0.8, 1.25)
CPU_LIMIT_S = 0.2


def fit_one(spectrum: Spectrum) -> LinearCombinationFit:
    return fit_spectrum(spectrum, basis())


def fit_all(
    found: list[Spectrum], fitter: Callable[[Spectrum], LinearCombinationFit] = fit_one
) -> list[LinearCombinationFit]:
    """All fits, over the cores of the machine, one BLAS thread each."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"), initializer=limit_threads) as pool:
        return list(pool.map(fitter, found, chunksize=10))


def _row(name: str, ours: Score, theirs: Score | None) -> list[str]:
    row = [name, f"{ours.rmse:.1f}", f"{ours.bias:+.1f}", f"{ours.z:.2f}"]
    if theirs is not None:
        z = "" if np.isnan(theirs.z) else f"{theirs.z:.2f}"
        row += [f"{theirs.rmse:.1f}", f"{theirs.bias:+.1f}", z, f"{ours.rmse / theirs.rmse:.2f}"]
    return row


def _bound(ours: Score, bound: float) -> list[str]:
    return [f"{bound:.1f}", f"{ours.rmse / bound:.2f}"]


def given(kind: str) -> tuple[dict[str, Score], Estimates]:
    """Score of the 40 given spectra; prints the comparison with LCModel."""
    found, truth, table = known_truth_spectra(kind)
    ours, theirs = estimates_of(fit_all(found)), estimates_of_table(table)
    true = truth_of(truth)
    own, other = score(ours, true), score(theirs, true)
    bound = bounds(kind, basis(), truth, os.cpu_count() or 1)
    print_rows(
        f"{kind}: {len(found)} given spectra; CPU a fit {np.median(ours.seconds):.3f} s, "
        f"LCModel {np.median(theirs.seconds):.2f} s",
        ["", "RMSE %", "bias %", "z", "LCModel RMSE %", "bias %", "z", "RMSE ratio", "bound %", "RMSE/bound"],
        [[*_row(target, own[target], other[target]), *_bound(own[target], bound[target])] for target in TARGETS],
    )
    return own, ours


def generated(kind: str, count: int, seed: int = 20261123) -> dict[str, Score]:
    """Score of `count` generated spectra of a kind; prints it."""
    fids, _, truth = generate(kind, stored_basis(), count, seed)
    found = spectra(fids, basis().dwell_time_s, basis().spectrometer_frequency_mhz, kind)
    fits = fit_all(found)
    own = score(estimates_of(fits), truth_of(truth))
    failed = sum(not fit.converged for fit in fits)
    bound = bounds(kind, basis(), truth, os.cpu_count() or 1)
    print_rows(
        f"{kind}: {count} generated spectra (seed {seed}), {failed} not converged",
        ["", "RMSE %", "bias %", "z", "bound %", "RMSE/bound"],
        [[*_row(target, own[target], None), *_bound(own[target], bound[target])] for target in TARGETS],
    )
    return own


def run(count: int) -> int:
    """Print all tables; returns how many targets were missed."""
    scores = {kind: given(kind) for kind in KINDS}
    own, estimates = scores["nominal"]
    checks = [Check(f"nominal: {name} RMSE", own[name].rmse, None, limit, "%") for name, limit in RMSE_LIMITS.items()]
    checks += [Check(f"nominal: {name} calibration z", own[name].z, *Z_LIMITS) for name in ("Glu", "NAA")]
    checks.append(Check("one fit, median CPU", float(np.median(estimates.seconds)), None, CPU_LIMIT_S, "s"))
    missed = print_checks("Known truth against the first version's targets", checks)
    aims = [
        Check(f"{kind}: {name} RMSE", scores[kind][0][name].rmse, None, limit, "%")
        for kind, limits in AIMS.items()
        for name, limit in limits.items()
    ]
    aims.append(Check("one fit, median CPU", float(np.median(estimates.seconds)), None, AIM_CPU_S, "s"))
    if count:
        more = {kind: generated(kind, count) for kind in KINDS}
        aims += [
            Check(f"{kind}: {name} calibration z, generated spectra", more[kind][name].z, *AIM_Z_LIMITS)
            for kind in KINDS
            for name in AIM_Z
        ]
    return missed + print_checks("Known truth against the fit engine's aims", aims)
