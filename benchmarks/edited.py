"""Edited spectra with a truth that the fit does not share: MEGA-PRESS at 3 T, transient by transient.

    python benchmarks/edited.py [SPECTRA] [SEED]

Other than in the model: the co-edited macromolecule at 3.0 ppm is a sum of three lines of its own place, width and
amount; macromolecules from 0.9 to 1.7 ppm are edited too; the baseline of each condition is a spline; lines are skewed
and each metabolite has a width of its own; the frequency drifts by 10 Hz; in 5 % of the pairs the head moves. Compared:
this fit and, on its differences, a plain fit of the difference alone and a Gaussian on a line (after Gannet's model).
"""

from __future__ import annotations

import sys
import time

import numpy as np
from scipy.interpolate import CubicSpline

from pharmrs.core.errors import FitFailure
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.preprocess.preprocess import PreprocessingSettings, Recordings, preprocess
from pharmrs.spectra.quantify.editing import gaussian_gaba
from pharmrs.spectra.records import Acquisition, BasisSet, Fids, Spectrum
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.fit import FitSettings
from pharmrs.spectra.together.edited import (
    FittedEdited,
    combined,
    combined_basis,
    contrasts,
    difference_member,
    expected_conditions,
    fit_edited,
)

MHZ, BANDWIDTH_HZ, POINTS, PAIRS = 127.75, 2000.0, 2048, 40
ACQUISITION = Acquisition(
    spectrometer_frequency_mhz=MHZ, dwell_time_s=1.0 / BANDWIDTH_HZ, echo_time_s=0.068, repetition_time_s=2.0,
    sequence="megapress",
)  # fmt: skip
MEANS = {
    "NAA": 10.5, "NAAG": 1.6, "Cr": 4.2, "PCr": 3.8, "GPC": 1.1, "PCho": 0.5, "Glu": 8.8, "Gln": 2.4, "Ins": 5.5,
    "GABA": 1.3, "GSH": 1.4, "Lac": 0.7, "Asp": 2.2, "Tau": 1.3, "Scyllo": 0.3, "PE": 1.4, "Asc": 1.0, "Glc": 1.0,
    "Ala": 0.4, "Ser": 0.5, "Gly": 0.5,
}  # fmt: skip


def protocol() -> BasisProtocol:
    return BasisProtocol(
        sequence="megapress", echo_time_s=0.068, spectrometer_frequency_mhz=MHZ, bandwidth_hz=BANDWIDTH_HZ,
        points=2 * POINTS, line_width_hz=2.0,
    )  # fmt: skip


def edited_area(basis: BasisSet) -> float:
    """Protons of 1 mM GABA near 3 ppm in the difference, by its spectrum."""
    at = basis.names.index("GABA")
    ppm = basis.ppm_axis()
    inside = (ppm > 2.8) & (ppm < 3.2)
    difference = np.fft.fft(basis.edited[0].fids[at] - basis.fids[at]).real
    return 2.0 * float(difference[inside].sum()) / basis.points


def gaussians(time_s: np.ndarray, lines: list[tuple[float, float, float]]) -> ComplexArray:
    """Lines of (ppm, FWHM in Hz, protons)."""
    total = np.zeros(time_s.size, dtype=complex)
    for ppm, width_hz, protons in lines:
        decay = (np.pi * width_hz * time_s) ** 2 / (4.0 * np.log(2.0))
        total += protons * np.exp(2j * np.pi * (4.65 - ppm) * MHZ * time_s - decay)
    return total


def wave(rng: np.random.Generator, ppm: np.ndarray, size: float) -> ComplexArray:
    """A smooth causal background as a signal: its spectrum is a spline with a knot every 0.6 ppm or so."""
    knots = np.linspace(0.0, 5.0, 9)
    values = np.where((ppm > 0) & (ppm < 5), CubicSpline(knots, rng.normal(0, size, 9))(np.clip(ppm, 0, 5)), 0.0)
    fid = 2.0 * np.fft.ifft(values)
    fid[ppm.size // 2 :] = 0.0
    return np.asarray(fid)


def made_scan(seed: int, basis: BasisSet) -> tuple[Fids, dict[str, float]]:
    """Transients that take turns, ON second, and the truth in mM (GABA+ in GABA of the same area at 3 ppm)."""
    rng = np.random.default_rng([seed, 23])
    time_s = ACQUISITION.time_axis_s(POINTS)
    ppm = ACQUISITION.ppm_axis(POINTS)
    truth = {name: mean * float(np.exp(rng.normal(0.0, 0.15))) for name, mean in MEANS.items()}
    unit = edited_area(basis)
    share = float(rng.uniform(0.6, 1.4))
    middle, width = float(rng.normal(3.0, 0.01)), float(rng.uniform(14.0, 26.0))
    parts = np.array([0.25, 0.5, 0.25])
    coedited = [
        (middle + shift, width, share * truth["GABA"] * unit * part)
        for shift, part in zip((-0.03, 0.0, 0.03), parts, strict=True)
    ]
    low = [(0.92, 30.0, 1.2 * truth["GABA"] * unit), (1.2, 30.0, 0.4 * unit), (1.7, 35.0, 0.5 * unit)]
    hidden = [(0.92, 30, 1.6), (1.21, 26, 0.7), (1.4, 28, 1.4), (1.7, 35, 1.0), (2.05, 38, 2.2), (2.26, 32, 1.6),
              (2.99, 26, 1.2), (3.2, 20, 0.5), (3.75, 50, 1.4)]  # fmt: skip
    shim = float(rng.uniform(3.0, 7.0))
    tail = float(rng.uniform(0.0, 2.0))  # an exponential tail of frequencies: skewed lines
    shape = np.exp(-np.pi * 1.5 * time_s - (np.pi * shim * time_s) ** 2 / (4.0 * np.log(2.0)))
    shape = shape * np.exp(2j * np.pi * tail * time_s) / (1.0 + 2j * np.pi * tail * time_s)
    own = np.exp(
        -np.pi * np.maximum(rng.normal(0.6, 0.5, len(basis.names)), 0.0)[:, None] * time_s
        + 2j * np.pi * rng.normal(0.0, 0.25, len(basis.names))[:, None] * time_s
    )
    amounts = np.array([truth.get(name, 0.0) for name in basis.names])
    macromolecules = gaussians(time_s, [(a, b, c * float(rng.uniform(0.7, 1.3))) for a, b, c in hidden])
    common = wave(rng, ppm, 30.0)
    off = (amounts @ (basis.fids[:, :POINTS] * own)) * shape + macromolecules + common
    on = (amounts @ (basis.edited[0].fids[:, :POINTS] * own)) * shape + macromolecules + common
    on = on + gaussians(time_s, coedited + low) + wave(rng, ppm, 7.5)
    return recorded(rng, off, on, time_s), truth | {"GABA+": truth["GABA"] * (1.0 + share)}


def recorded(rng: np.random.Generator, off: ComplexArray, on: ComplexArray, time_s: np.ndarray) -> Fids:
    """80 transients of one coil: drift of 10 Hz with jitter, residual water, noise; in 5 % of the pairs one moved."""
    count = 2 * PAIRS
    signals = np.stack([off, on] * PAIRS, axis=1)
    hz = np.linspace(-5.0, 5.0, count) * rng.choice([-1, 1]) + rng.normal(0.0, 0.6, count)
    phase = rng.normal(0.0, 0.08, count) + rng.uniform(-np.pi, np.pi)
    water = 40.0 * np.exp(1j * rng.uniform(-3, 3)) * np.exp(-np.pi * 9.0 * time_s)
    signals = (signals + water[:, None]) * np.exp(2j * np.pi * time_s[:, None] * hz + 1j * phase)
    for pair in np.flatnonzero(rng.random(PAIRS) < 0.05):
        bad = 2 * pair + int(rng.integers(2))
        faded = np.exp(-np.pi * rng.uniform(10, 30) * time_s) * np.exp(1j * rng.normal(0, 1.0))
        signals[:, bad] = signals[:, bad] * rng.uniform(0.3, 0.8) * faded
    sd = 5.0  # per part of one transient
    noise = rng.normal(0.0, sd, (2, *signals.shape))
    data = signals + noise[0] + 1j * noise[1]
    affine = np.diag([30.0, 30.0, 30.0, 1.0])
    return Fids(data=data[:, None, :], acquisition=ACQUISITION, affine=affine, source="made MEGA-PRESS")


def main(spectra: int, seed: int) -> None:
    basis = simulated_basis(protocol(), macromolecules=True)
    expected = expected_conditions(basis, ACQUISITION, POINTS)
    rows: list[dict[str, tuple[float, float, float]]] = []
    for number in range(spectra):
        fids, truth = made_scan(seed + number, basis)
        began = time.process_time()
        done = preprocess(Recordings(metabolite=fids), PreprocessingSettings(), expected)
        middle = time.process_time()
        found = fit_edited((done.spectrum, *done.edited), basis, FitSettings())
        seconds = middle - began, time.process_time() - middle
        rows.append(compared(found, truth) | {"DIFF alone": alone((done.spectrum, *done.edited), basis, truth)})
        value, sd, true = rows[-1]["GABA+"]
        print(f"{number} {'' if found.fit.converged else 'NOT CONVERGED '}GABA+ {value:.2f} +- {sd:.2f} ({true:.2f}), "
              f"Gaussian {rows[-1]['Gaussian'][0]:.2f}, {seconds[0]:.2f} + {seconds[1]:.2f} s", flush=True)  # fmt: skip
        if number % 20 == 19 or number == spectra - 1:
            told(rows)


def told(rows: list[dict[str, tuple[float, float, float]]]) -> None:
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        values = values[np.isfinite(values).all(axis=1)]
        error, mean = values[:, 0] - values[:, 2], float(values[:, 2].mean())
        print(f"{name:10} n {len(values):3} bias {100 * error.mean() / mean:6.2f} %  RMSE "
              f"{100 * np.sqrt((error**2).mean()) / mean:6.2f} %  SD of (estimate - truth) / SD "
              f"{np.std(error / values[:, 1]):.2f}")  # fmt: skip


def alone(spectra: tuple[Spectrum, ...], basis: BasisSet, truth: dict[str, float]) -> tuple[float, float, float]:
    """GABA+ by a plain fit of the difference, with the same basis set and nothing of OFF."""
    _, (weights,) = contrasts(len(spectra))
    member = difference_member(combined(weights, spectra), combined_basis(weights, basis), basis.names, FitSettings())
    try:
        fit = fit_spectrum(member.spectrum, member.basis, member.settings)
    except FitFailure:
        return np.nan, np.nan, truth["GABA+"]
    rows = {row.metabolite: row for row in metabolite_amplitudes(fit)}
    if "GABA+" not in rows:
        return np.nan, np.nan, truth["GABA+"]
    return rows["GABA+"].amplitude, rows["GABA+"].sd, truth["GABA+"]


def compared(found: FittedEdited, truth: dict[str, float]) -> dict[str, tuple[float, float, float]]:
    """Estimate, SD and truth, mM; ratios to tCr for the Gaussian and GABA+ (what a user reports)."""
    fit = found.fit
    total = truth["Cr"] + truth["PCr"]
    rows = {row.metabolite: row for row in metabolite_amplitudes(fit)}
    known = truth | {"tCr": total, "Glx": truth["Glu"] + truth["Gln"], "MM3co": truth["GABA+"] - truth["GABA"]}
    wanted = ("GABA+", "GABA", "MM3co", "Glu", "Gln", "Glx", "GSH", "NAA", "tCr")
    result = {name: (rows[name].amplitude, rows[name].sd, known[name]) for name in wanted}
    simple, sd = gaussian_gaba(found.differences[0])
    tcr = rows["tCr"].amplitude
    result["Gaussian"] = (simple, sd, truth["GABA+"])
    result["Gauss/tCr"] = (simple / tcr, sd / tcr, truth["GABA+"] / total)
    over = rows["GABA+"].amplitude / tcr
    relative = np.hypot(rows["GABA+"].sd / rows["GABA+"].amplitude, rows["tCr"].sd / tcr)
    result["GABA+/tCr"] = (over, float(over * relative), truth["GABA+"] / total)
    return result


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
