"""Are the spectra of `known_truth.generate` like those in ../shared/data/known-truth? Called by `known_truth.py`."""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path

import numpy as np

from known_truth import CONCENTRATIONS, band_limited, clock_of, generate
from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.records import BasisSet


def summary(fids: ComplexArray, truth: dict[str, FloatArray], basis: BasisSet) -> dict[str, FloatArray]:
    """Statistics of each spectrum (n,): peak, S/N, residual after the true signal by time, lag-1 autocorrelations."""
    clock = clock_of(basis)
    names = [name for name in basis.names if name in CONCENTRATIONS]
    signals = band_limited(np.array([basis.fids[basis.names.index(name)] for name in names]), names, clock.ppm)
    rows: list[dict[str, float]] = []
    for i, fid in enumerate(fids):
        lorentz, gauss = truth["lor"][i], truth["gau"][i]
        line = np.exp(-np.pi * lorentz * clock.time - (np.pi * gauss * clock.time) ** 2 / (4 * math.log(2)))
        own = np.array([truth[name][i] * (np.exp(-2 * np.pi * clock.time) if name == "mm" else line) for name in names])
        upright = fid * np.exp(1j * np.deg2rad(truth["phase_deg"][i]) + 2j * np.pi * truth["shift_hz"][i] * clock.time)
        left = upright - np.sum(own * signals, axis=0)
        spectrum, rest = np.fft.fft(upright), np.fft.fft(left)
        window = (clock.ppm > 0.4) & (clock.ppm < 4.2)
        naa = spectrum.real[(clock.ppm > 1.9) & (clock.ppm < 2.1)].max()
        half = spectrum.real[(clock.ppm > 1.9) & (clock.ppm < 2.1)] > naa / 2
        inside = rest[window] / naa
        rows.append(
            {
                "NAA peak": naa,
                "NAA width above half (Hz)": float(half.sum()) / (clock.time.size * clock.dwell_s),
                "S/N": naa / (2 * truth["noise_sd"][i] * math.sqrt(clock.time.size)),
                **{f"|rest| at sample {k} / peak, 1e-3": 1e3 * abs(left[k]) / naa for k in (0, 3, 6, 10, 40, 120)},
                "rest 0.4-4.2 ppm, RMS / peak, %": 100 * float(np.sqrt(np.mean(np.abs(inside) ** 2))),
                "rest autocorrelation": float((inside[1:] @ inside[:-1].conj()).real / (np.abs(inside) ** 2).sum()),
                "FID autocorrelation": float((fid[1:] @ fid[:-1].conj()).real / (np.abs(fid) ** 2).sum()),
            }
        )
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def main() -> None:
    """Print mean +- SD of the statistics for given and generated spectra, and their difference in standard errors."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "shared" / "data"
    basis = read_basis(data / "steam-7t" / "STEAM_7T_11ms.BASIS.gz")
    for kind in ("nominal", "lowsnr", "distorted"):
        folder = data / "known-truth" / kind
        with (folder / "truth.csv").open() as handle:
            rows = list(csv.DictReader(handle))
        truth = {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}
        given = summary(np.load(folder / "spectra.npz")["fid"].astype(np.complex128), truth, basis)
        fids, _, made_truth = generate(kind, basis, 200, seed=1)
        made = summary(fids, made_truth, basis)
        print(f"\n{kind:38s} {'given (40)':>20s} {'generated (200)':>20s}   difference / SE")
        for key, ours in made.items():
            theirs = given[key]
            error = math.sqrt(theirs.var() / theirs.size + ours.var() / ours.size)
            values = f"{theirs.mean():10.3f} +-{theirs.std():7.3f} {ours.mean():10.3f} +-{ours.std():7.3f}"
            print(f"{key:38s} {values} {(ours.mean() - theirs.mean()) / error:8.1f}")
