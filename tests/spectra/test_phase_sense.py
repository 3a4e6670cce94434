"""The phase sense of data and basis is recognised, each on its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.preprocess.phase_sense import PhaseSense, basis_sense, data_sense, sense_problem
from pharmrs.spectra.records import Acquisition, BasisSet, Spectrum

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not SHARED.is_dir(), reason=f"development data not found at {SHARED}")
ACQUISITION = Acquisition(spectrometer_frequency_mhz=123.2, dwell_time_s=5e-4, echo_time_s=0.02, repetition_time_s=2.0)
POINTS = 1024


def line(ppm: float, damping: float = 15.0) -> ComplexArray:
    times = np.arange(POINTS) * ACQUISITION.dwell_time_s
    return np.exp((2j * np.pi * (4.65 - ppm) * 123.2 - damping) * times)


def spectrum(fid: ComplexArray, acquisition: Acquisition = ACQUISITION) -> Spectrum:
    return Spectrum(fid=fid, acquisition=acquisition, affine=np.eye(4), source="x")


def brain(noise: float, water: float = 0.0, seed: int = 0) -> ComplexArray:
    rng = np.random.default_rng(seed)
    fid = 10 * line(2.008) + 8 * line(3.027) + 5 * line(3.21) + 4 * line(3.92) + water * line(4.65, 30.0)
    return fid + noise * (rng.normal(size=POINTS) + 1j * rng.normal(size=POINTS))


@pytest.mark.parametrize("noise", [0.1, 1.0, 2.0])
@pytest.mark.parametrize("water", [0.0, 50.0, 500.0j])
def test_simulated_data(noise: float, water: float) -> None:
    fid = brain(noise, water)
    assert data_sense(spectrum(fid)) is PhaseSense.AS_STANDARD
    assert data_sense(spectrum(fid.conj())) is PhaseSense.CONJUGATED


def test_water_and_noise_are_undecided() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        noise = rng.normal(size=POINTS) + 1j * rng.normal(size=POINTS)
        assert data_sense(spectrum(noise)) is PhaseSense.UNDECIDED
        assert data_sense(spectrum(noise + 1000 * line(4.65, 20.0))) is PhaseSense.UNDECIDED


def test_basis() -> None:
    fids = np.array([line(2.008, 3.0), line(3.027, 3.0), line(2.3, 3.0)])
    basis = BasisSet(
        names=("NAA", "Cr", "Glu"),
        fids=fids,
        dwell_time_s=5e-4,
        spectrometer_frequency_mhz=123.2,
        receiver_ppm=4.65,
        source="x",
    )
    assert basis_sense(basis) is PhaseSense.AS_STANDARD
    assert basis_sense(replace(basis, fids=fids.conj())) is PhaseSense.CONJUGATED
    assert basis_sense(replace(basis, names=("a", "b", "c"))) is PhaseSense.UNDECIDED
    mixed = np.array([fids[0], fids[1].conj(), fids[2]])
    assert basis_sense(replace(basis, fids=mixed)) is PhaseSense.UNDECIDED


def test_the_problem_is_named() -> None:
    assert sense_problem(PhaseSense.AS_STANDARD, "f", "data") is None
    conjugated = sense_problem(PhaseSense.CONJUGATED, "f", "data")
    undecided = sense_problem(PhaseSense.UNDECIDED, "f", "basis set")
    assert conjugated is not None and conjugated.severity == "error" and "conjugate" in conjugated.remedy
    assert undecided is not None and undecided.severity == "warning" and "basis set" in undecided.remedy


@needs_data
def test_real_recording() -> None:
    import nibabel as nib

    acquisition = Acquisition(
        spectrometer_frequency_mhz=297.219948, dwell_time_s=8.33e-5, echo_time_s=0.011, repetition_time_s=5.0
    )
    fid = np.asarray(nib.load(SHARED / "steam-7t" / "metab.nii.gz").dataobj).ravel()
    assert data_sense(spectrum(fid, acquisition)) is PhaseSense.AS_STANDARD
    assert data_sense(spectrum(fid.conj(), acquisition)) is PhaseSense.CONJUGATED


@needs_data
@pytest.mark.parametrize("quality", ["nominal", "lowsnr", "distorted"])
def test_known_truth(quality: str) -> None:
    stored = np.load(SHARED / "known-truth" / quality / "spectra.npz")
    acquisition = Acquisition(
        spectrometer_frequency_mhz=float(stored["spectrometer_frequency_mhz"]),
        dwell_time_s=float(stored["dwell_s"]),
        echo_time_s=0.011,
        repetition_time_s=5.0,
    )
    for fid, water in zip(stored["fid"], stored["water"], strict=True):
        assert data_sense(spectrum(fid, acquisition)) is PhaseSense.AS_STANDARD
        assert data_sense(spectrum(fid.conj(), acquisition)) is PhaseSense.CONJUGATED
        assert data_sense(spectrum(water, acquisition)) is PhaseSense.UNDECIDED
