"""Scans of one person with common macromolecules: where that is true it costs nothing and makes values surer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.records import Acquisition, Spectrum
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.fit import FitSettings
from pharmrs.spectra.together.visits import VisitChange, fit_visits

MHZ, POINTS, WIDTH_HZ = 127.7, 1024, 2000.0
ACQUISITION = Acquisition(
    spectrometer_frequency_mhz=MHZ, dwell_time_s=1 / WIDTH_HZ, echo_time_s=0.03, repetition_time_s=2.0
)
AMOUNTS = {"NAA": 10.0, "Cr": 8.0, "GPC": 1.6, "Glu": 9.0, "Gln": 2.5, "Ins": 6.0}


@pytest.fixture(scope="module")
def fitted() -> tuple[tuple[VisitChange, ...], tuple[VisitChange, ...]]:
    """Three visits with the same macromolecules, Glu by 10 % higher at the last: shared sizes, and shared shares."""
    protocol = BasisProtocol(
        sequence="press", echo_time_s=0.03, spectrometer_frequency_mhz=MHZ, bandwidth_hz=WIDTH_HZ, points=2 * POINTS
    )
    basis = simulated_basis(protocol, list(AMOUNTS), macromolecules=True)
    rng, time_s, spectra = np.random.default_rng(8), ACQUISITION.time_axis_s(POINTS), []
    for glu in (9.0, 9.0, 9.9):
        amounts = AMOUNTS | {"Glu": glu}
        values = np.array([amounts.get(name, 2.0) for name in basis.names])
        shape = np.where(np.isin(basis.names, list(AMOUNTS))[:, None], np.exp(-np.pi * 5.0 * time_s), 1.0)
        fid = values @ (basis.fids[:, :POINTS] * shape)
        noise = 0.5 * (rng.normal(size=POINTS) + 1j * rng.normal(size=POINTS))
        spectra.append(Spectrum(fid=fid + noise, acquisition=ACQUISITION, affine=np.eye(4), source="made"))
    done = [fit_visits(spectra, basis, replace(FitSettings(), stability=True), sizes=sizes) for sizes in (True, False)]
    assert all(converged for _, converged in done)
    return done[0][0], done[1][0]


@pytest.mark.parametrize("sizes", [0, 1])
def test_values_stay_and_become_surer(
    fitted: tuple[tuple[VisitChange, ...], tuple[VisitChange, ...]], sizes: int
) -> None:
    rows = fitted[sizes]
    assert {row.scan for row in rows} == {0, 1, 2}
    assert not {row.metabolite for row in rows} - {*AMOUNTS, "tNAA", "tCr", "tCho", "Glx"}
    for name in ("NAA", "Glu", "Cr"):
        mine = [row for row in rows if row.metabolite == name]
        assert [row.factor for row in mine] == pytest.approx([1.0] * 3, abs=0.04), name
        assert np.mean([row.sd_factor for row in mine]) < 1.02, name
