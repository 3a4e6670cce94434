"""A simulated basis set: units, phase sense, published spin systems, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from pathlib import Path

import numpy as np
import pytest
from benchmarks.basis import STEAM

from pharmrs.core.constants import SINGLETS
from pharmrs.core.errors import InputError
from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.basis.spin_library import DEFAULT_METABOLITES, published_spin_systems
from pharmrs.spectra.basis.write_basis import write_fsl_json, write_lcmodel_basis
from pharmrs.spectra.preprocess.phase_sense import PhaseSense, basis_sense
from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.spin_system import SpinPart, SpinSystem

PRESS = replace(STEAM, sequence="press", mixing_time_s=None)

# non-exchanging protons counted by hand from the structural formulas
PROTONS = {"Ala": 4, "Asc": 4, "Asp": 3, "Cr": 5, "GABA": 6, "GPC": 18, "GSH": 10, "Glc": 7, "Glc_alpha": 7}
PROTONS |= {"Glc_beta": 7, "Gln": 5, "Glu": 5, "Gly": 2, "H2O": 2, "Ins": 6, "Lac": 4, "NAA": 6, "NAAG": 11}
PROTONS |= {"PCho": 13, "PCr": 5, "PE": 4, "Scyllo": 6, "Ser": 3, "Tau": 4}


def problems_of(protocol: BasisProtocol, names: list[str] | None = None, **options: object) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        simulated_basis(protocol, names, **options)  # type: ignore[arg-type]
    return {problem.field: str(problem) for problem in caught.value.problems}


def test_every_metabolite_begins_with_its_protons() -> None:
    """At an echo time of nothing no coupling has evolved."""
    basis = simulated_basis(replace(PRESS, echo_time_s=1e-9), list(PROTONS), macromolecules=False)
    for name, fid in zip(basis.names, basis.fids, strict=True):
        assert fid[0] == pytest.approx(PROTONS[name], abs=1e-6), name
        assert published_spin_systems()[name].protons == pytest.approx(PROTONS[name])
    assert basis.proton_amplitude == pytest.approx(1.0)


def test_every_required_metabolite_has_a_source() -> None:
    systems = published_spin_systems()
    assert set(systems) == set(PROTONS)
    assert set(DEFAULT_METABOLITES) == set(PROTONS) - {"H2O", "Glc_alpha", "Glc_beta"}
    assert all(system.doi.startswith("10.") for system in systems.values())
    # the table of singlets elsewhere in the program has the same shifts
    for name in ("NAA", "Cr", "PCr", "GPC", "PCho", "Scyllo", "Gly"):
        assert systems[name].parts[0].shifts_ppm[0] == SINGLETS[name.lower()].ppm


def test_a_metabolite_and_water_in_one_unit() -> None:
    """A ratio of amounts is a ratio of amplitudes per proton in any sequence: STEAM halves both."""
    for protocol, proton in ((STEAM, 0.5), (PRESS, 1.0)):
        basis = simulated_basis(protocol, ["H2O", "Cr"], macromolecules=False)
        assert basis.proton_amplitude == pytest.approx(proton)
        assert basis.fids[0, 0] == pytest.approx(2 * proton)
        assert basis.fids[1, 0] == pytest.approx(5 * proton)
        assert np.abs(basis.fids[0].imag).max() < 1e-9  # water is at 0 Hz


@pytest.mark.parametrize("mhz", [123.2, 297.2, 400.1])
def test_singlets_stay_at_their_ppm_at_any_field(mhz: float) -> None:
    protocol = replace(STEAM, spectrometer_frequency_mhz=mhz, points=16384)
    basis = simulated_basis(protocol, ["Scyllo", "Gly", "Cr"], macromolecules=False)
    ppm = np.asarray(basis.ppm_axis())
    for fid, place in zip(basis.fids, (3.34, 3.548, 3.027), strict=True):
        assert ppm[np.argmax(np.abs(np.fft.fft(fid)))] == pytest.approx(place, abs=6000 / 16384 / mhz)
    assert basis_sense(basis) is PhaseSense.AS_STANDARD


def test_line_width() -> None:
    """A Lorentzian of full width 5 Hz falls to exp(-5 pi t)."""
    fid = simulated_basis(replace(PRESS, line_width_hz=5.0), ["Scyllo"], macromolecules=False).fids[0]
    assert abs(fid[600]) / abs(fid[0]) == pytest.approx(exp(-5 * np.pi * 0.1))


def test_macromolecules_are_weighted_by_the_times_of_the_sequence() -> None:
    def start(protocol: BasisProtocol) -> float:
        basis = simulated_basis(protocol, ["Cr"])
        assert basis.names[-1] == "mm"
        return float(basis.fids[-1, 0].real)

    short, long = start(PRESS), start(replace(PRESS, echo_time_s=0.038))
    assert long / short == pytest.approx(exp(-0.027 / 0.027))
    assert start(STEAM) / start(PRESS) == pytest.approx(0.5 * exp(-0.032 / 0.35))


def test_written_and_read_back_it_is_the_same(tmp_path: Path) -> None:
    basis = simulated_basis(STEAM)
    write_lcmodel_basis(tmp_path / "one.basis", basis, "STEAM")
    write_fsl_json(tmp_path / "json", basis, 2.0)
    for back in (read_basis(tmp_path / "one.basis"), read_basis(tmp_path / "json")):
        assert sorted(back.names) == sorted(basis.names)
        rows = [back.names.index(name) for name in basis.names]
        np.testing.assert_allclose(back.fids[rows], basis.fids, atol=1e-6)  # nine digits of spectra of about 1e3
        assert back.receiver_ppm == basis.receiver_ppm
        assert back.dwell_time_s == pytest.approx(basis.dwell_time_s, rel=1e-11)
        assert back.proton_amplitude == pytest.approx(basis.proton_amplitude, rel=1e-4)
    assert read_basis(tmp_path / "one.basis").echo_time_s == pytest.approx(0.011)


def test_own_spin_systems() -> None:
    own = SpinSystem(
        key="Drug",
        name="a drug",
        doi="measured",
        parts=(SpinPart(nuclei=("1H",), shifts_ppm=np.array([2.5]), j_hz=np.zeros((1, 1)), scale=3.0),),
    )
    basis = simulated_basis(PRESS, ["Drug"], macromolecules=False, spin_systems={"Drug": own})
    assert basis.fids[0, 0] == pytest.approx(3.0)


def test_every_impossible_value_is_named_at_once() -> None:
    found = problems_of(
        replace(PRESS, echo_time_s=-0.01, mixing_time_s=0.01, points=10, spectrometer_frequency_mhz=3.0),
        ["glu", "NAA", "NAA"],
    )
    assert set(found) == {"te_ms", "tm_ms", "points", "larmor_mhz", "metabolites"}
    both = {str(p) for p in _all_problems(PRESS, ["glu", "mIns", "NAA", "NAA"])}
    assert any("did you mean Glu?" in one for one in both)
    assert any("did you mean Ins?" in one for one in both)
    assert any("must be named once (found: NAA)" in one for one in both)


def _all_problems(protocol: BasisProtocol, names: list[str]) -> tuple[object, ...]:
    with pytest.raises(InputError) as caught:
        simulated_basis(protocol, names)
    return caught.value.problems


@pytest.mark.parametrize(
    ("protocol", "field"),
    [
        (replace(STEAM, echo_time_s=0.0), "te_ms"),
        (replace(STEAM, echo_time_s=11.0), "te_ms"),
        (replace(STEAM, echo_time_s=float("nan")), "te_ms"),
        (replace(STEAM, mixing_time_s=-0.001), "tm_ms"),
        (replace(STEAM, mixing_time_s=None), "tm_ms"),
        (PRESS.__class__(**{**PRESS.as_dict(), "mixing_time_s": 0.01}), "tm_ms"),
        (replace(PRESS, sequence="pres"), "sequence"),
        (replace(PRESS, bandwidth_hz=1000.0), "bandwidth_hz"),
        (replace(PRESS, line_width_hz=-1.0), "line_width_hz"),
        (replace(PRESS, intervals_s=(0.001, 0.002)), "interval_ms"),
        (replace(PRESS, intervals_s=(0.004, 0.003, 0.004)), "interval_ms"),
        (replace(PRESS, intervals_s=(0.002, 0.006, 0.003)), "interval_ms"),
    ],
)
def test_impossible_protocols(protocol: BasisProtocol, field: str) -> None:
    assert set(problems_of(protocol)) == {field}


def test_too_many_coupled_protons() -> None:
    chain = np.diag(np.full(10, 7.0), 1)
    part = SpinPart(nuclei=("1H",) * 11, shifts_ppm=np.linspace(1, 4, 11), j_hz=chain + chain.T)
    system = SpinSystem(key="Big", name="big", doi="measured", parts=(part,))
    found = problems_of(PRESS, ["Big"], spin_systems={"Big": system})
    assert "at most 9 coupled protons (found: 11)" in found["Big.parts[0]"]
