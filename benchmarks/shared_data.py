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
WORLDS = SHARED / "known-truth-worlds"
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


def given_kinds() -> list[str]:
    """Names of all kinds of given spectra."""
    return sorted(path.parent.name for folder in (WORLDS, KNOWN_TRUTH) for path in folder.glob("*/spectra.npz"))


def known_truth_spectra(kind: str) -> tuple[list[Spectrum], dict[str, FloatArray], dict[str, FloatArray]]:
    """The given spectra of a kind, their truth, and LCModel's results with the components that ours are fitted with.

    With G_glu and G_gly, halves of GSH that ours leaves out, LCModel would be handicapped: `lcmodel_groups.csv` is
    without.
    """
    folder = (KNOWN_TRUTH if (KNOWN_TRUTH / kind).is_dir() else WORLDS) / kind
    with np.load(folder / "spectra.npz") as file:
        found = spectra(file["fid"], float(file["dwell_s"]), float(file["spectrometer_frequency_mhz"]), kind)
    fair = folder / "lcmodel_groups.csv"
    theirs = fair if fair.is_file() else folder / "lcmodel.csv"
    return found, read_columns(folder / "truth.csv"), read_columns(theirs)
