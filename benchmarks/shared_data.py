"""Where the reference data are, and readers of what is in them."""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.read.basis_lcmodel import read_lcmodel
from pharmrs.spectra.records import Acquisition, BasisSet, Spectrum

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
VENDORED = Path(__file__).resolve().parents[1] / "tests" / "data"  # ours: in the repository
RECORDING = SHARED / "steam-7t"
KNOWN_TRUTH = SHARED / "known-truth"
BASIS_FILE = RECORDING / "STEAM_7T_11ms.BASIS.gz"


@cache
def basis() -> BasisSet:
    """The basis set of the recording and of the known-truth spectra."""
    return read_basis(BASIS_FILE)


@cache
def stored_basis() -> BasisSet:
    """The same as the file holds it, reference peak at 0 ppm included: the given spectra were made of it."""
    problems = Problems(str(BASIS_FILE))
    stored = read_lcmodel(BASIS_FILE, problems)
    problems.raise_errors()
    if stored is None:
        raise AssertionError("an unusable basis set must come with a problem")
    return replace(stored, proton_amplitude=basis().proton_amplitude)


def read_columns(path: Path) -> dict[str, FloatArray]:
    """A CSV of numbers, column by column."""
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}


def spectra(fids: ComplexArray, dwell_time_s: float, mhz: float, source: str) -> list[Spectrum]:
    """Spectrum records of `fids` (n, points)."""
    acquisition = Acquisition(
        spectrometer_frequency_mhz=mhz,
        dwell_time_s=dwell_time_s,
        echo_time_s=0.011,
        repetition_time_s=5.0,
        mixing_time_s=0.032,
    )
    return [
        Spectrum(fid=fid, acquisition=acquisition, affine=np.eye(4), source=f"{source} {index}")
        for index, fid in enumerate(fids)
    ]


def known_truth_spectra(kind: str) -> tuple[list[Spectrum], dict[str, FloatArray], dict[str, FloatArray]]:
    """The given 40 spectra of a kind, their truth, and LCModel's results on them."""
    with np.load(KNOWN_TRUTH / kind / "spectra.npz") as file:
        found = spectra(file["fid"], float(file["dwell_s"]), float(file["spectrometer_frequency_mhz"]), kind)
    return found, read_columns(KNOWN_TRUTH / kind / "truth.csv"), read_columns(KNOWN_TRUTH / kind / "lcmodel.csv")
