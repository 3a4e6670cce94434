"""The simulated basis set against the one that came with a real 7 T STEAM recording, and in a fit of that recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.basis import protocol

from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.basis.spin_library import published_spin_systems
from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.records import BasisSet, Spectrum

STEAM = Path(__file__).parents[3] / "shared" / "data" / "steam-7t"


@pytest.fixture(scope="module")
def reference() -> BasisSet:
    if not STEAM.is_dir():
        pytest.skip(f"the real 7 T recording is not at {STEAM}")
    return read_basis(STEAM / "STEAM_7T_11ms.BASIS.gz")


@pytest.fixture(scope="module")
def simulated(reference: BasisSet) -> BasisSet:
    shared = [name for name in reference.names if name in published_spin_systems()]
    return simulated_basis(protocol(reference), shared, macromolecules=False)


def test_correlations(reference: BasisSet, simulated: BasisSet) -> None:
    """0.5 to 4.2 ppm, 6 Hz more width, common shift free. PCho has its CH2 groups elsewhere in the reference."""
    time_s = np.arange(reference.points) * reference.dwell_time_s
    ppm = np.asarray(reference.ppm_axis())
    inside = (ppm >= 0.5) & (ppm <= 4.2)
    found = {}
    for name, fid in zip(simulated.names, simulated.fids, strict=True):
        decay = np.exp(-np.pi * 6.0 * time_s)
        theirs = np.fft.fft(reference.fids[reference.names.index(name)] * decay)[inside]
        values = []
        for shift in np.arange(-4.0, 4.01, 0.5):
            mine = np.fft.fft(fid * decay * np.exp(2j * np.pi * shift * time_s))[inside]
            values.append(np.vdot(mine, theirs).real / np.linalg.norm(mine) / np.linalg.norm(theirs))
        found[name] = max(values)
    assert len(found) == 20
    assert {name for name, value in found.items() if value < 0.975} == {"PCho"}
    assert found["PCho"] > 0.95
    assert np.median(list(found.values())) > 0.995


def test_ratios_of_a_real_recording_stay(reference: BasisSet, simulated: BasisSet) -> None:
    fids = read_fids(STEAM / "metab.nii.gz")
    spectrum = Spectrum(fid=fids.data[:, 0, 0], acquisition=fids.acquisition, affine=fids.affine, source="recording")
    names = (*simulated.names, "mm")
    rows = [reference.names.index(name) for name in names]
    theirs = replace(reference, names=names, fids=reference.fids[rows])
    mine = replace(simulated, names=names, fids=np.concatenate([simulated.fids, theirs.fids[-1:]]))
    ratios = []
    for basis in (theirs, mine):
        found = {row.metabolite: row.amplitude for row in metabolite_amplitudes(fit_spectrum(spectrum, basis))}
        ratios.append((found["Glu"] / found["tCr"], found["NAA"] / found["tCr"]))
    np.testing.assert_allclose(ratios[1], ratios[0], rtol=0.08)
