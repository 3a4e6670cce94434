"""`pharmrs basis`: what it writes, and every mistake at once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.read.nifti_mrs import write_fids
from pharmrs.spectra.records.acquisition import Acquisition, Fids
from tests.study.e2e import contents, pharmrs

CLOCK = ("--larmor-mhz", 297.2, "--bandwidth-hz", 6000)
STEAM = ("--sequence", "steam", "--te-ms", 11, "--tm-ms", 32, *CLOCK)


def test_it_writes_three_forms_of_one_basis_set(tmp_path: Path) -> None:
    out = tmp_path / "new" / "steam.basis"
    end = pharmrs("basis", *STEAM, "--points", 2048, "--metabolites", "NAA, Cr,Glu", "--out", out)
    assert (end.code, end.out.split()) == (
        0,
        [str(out.with_name(n)) for n in ("steam.basis", "steam_json", "steam.png")],
    )
    first, second = read_basis(out), read_basis(out.with_name("steam_json"))
    assert first.names == ("NAA", "Cr", "Glu", "mm")
    assert first.echo_time_s == pytest.approx(0.011)
    for name, fid in zip(first.names, first.fids, strict=True):
        np.testing.assert_allclose(second.fids[second.names.index(name)], fid, atol=1e-6)
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    before = contents(out.parent)
    assert pharmrs("basis", *STEAM, "--points", 2048, "--metabolites", "NAA, Cr,Glu", "--out", out).code == 0
    assert contents(out.parent) == before


def test_everything_wrong_is_told_and_nothing_written(tmp_path: Path) -> None:
    spins = tmp_path / "own.json"
    spins.write_text(json.dumps({"Drug": {"doi": "x", "parts": [{"shifts_ppm": [1, 2], "j_hz": [[0, 1], [2, 0]]}]}}))
    before = contents(tmp_path)
    arguments = ("--sequence", "stream", "--te-ms", 0, *CLOCK, "--metabolites", "glu", "--spin-systems", spins)
    end = pharmrs("basis", *arguments, "--out", tmp_path / "x.txt")
    assert end.code == 2
    for text in ("did you mean steam?", "te_ms", "did you mean Glu?", "must be symmetric", "must end in .basis"):
        assert text in end.err, text
    assert "Traceback" not in end.err
    assert contents(tmp_path) == before


def test_seconds_given_as_milliseconds(tmp_path: Path) -> None:
    end = pharmrs(
        "basis", "--sequence", "steam", "--te-ms", 0.011, "--tm-ms", 0.032, *CLOCK, "-o", tmp_path / "b.basis"
    )
    assert end.code == 2
    assert "te_ms: must be at least 1 ms (found: 0.011). Remedy: give milliseconds, 11 if that is meant" in end.err
    assert "tm_ms: must be at least 1 ms (found: 0.032). Remedy: give milliseconds, 32 if that is meant" in end.err
    assert list(tmp_path.iterdir()) == []


def test_own_spin_systems_and_intervals(tmp_path: Path) -> None:
    spins = tmp_path / "own.json"
    spins.write_text(json.dumps({"Drug": {"doi": "measured", "parts": [{"shifts_ppm": [2.5], "scale": 9}]}}))
    arguments = ("--sequence", "press", "--te-ms", 30, *CLOCK, "--metabolites", "Drug,NAA", "--spin-systems", spins)
    arguments = (*arguments, "--no-macromolecules", "--interval-ms", "5,15,10")
    assert pharmrs("basis", *arguments, "--out", tmp_path / "press.basis").code == 0
    basis = read_basis(tmp_path / "press.basis")
    assert basis.names == ("Drug", "NAA")
    assert abs(basis.fids[0, 0]) == pytest.approx(9.0, abs=1e-5)
    wrong = pharmrs("basis", *arguments[:-1], "5,x", "--out", tmp_path / "press.basis")
    assert wrong.code == 2 and "is not a list of numbers" in wrong.err


def test_a_folder_of_another_basis_set_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "steam_json"
    folder.mkdir()
    (folder / "Mine.json").write_text("{}")
    before = contents(tmp_path)
    end = pharmrs("basis", *STEAM, "--metabolites", "NAA", "--out", tmp_path / "steam.basis")
    assert end.code == 2 and "must not replace a file of somebody else" in end.err
    assert contents(tmp_path) == before
    (tmp_path / "taken").write_text("")
    end = pharmrs("basis", *STEAM, "--metabolites", "NAA", "--out", tmp_path / "taken" / "steam.basis")
    assert end.code == 2 and "writable folder" in end.err and "Traceback" not in end.err


def test_shaped_pulses(tmp_path: Path) -> None:
    shape = "".join(f"{a} 0\n" for a in np.sin(np.pi * (np.arange(32) + 0.5) / 32))
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text(f"# flip_deg: 90\n# duration_ms: 1\n{shape}")
    bad.write_text(f"# flip_deg: 90\n{shape}")
    out = tmp_path / "shaped.basis"
    end = pharmrs("basis", *STEAM, "--metabolites", "NAA,Cr", "--pulse", good, "--out", out)
    assert end.code == 0 and "90 degree pulses" in end.err and "bandwidth" in end.err
    assert 0.3 < read_basis(out).proton_amplitude < 0.6
    end = pharmrs("basis", *STEAM, "--metabolites", "NAA,Crr", "--pulse", bad, "--out", out)
    assert end.code == 2
    assert "duration_ms: this header line is required" in end.err and "did you mean Cr?" in end.err


def test_a_header_tells_what_to_simulate_and_what_to_declare(tmp_path: Path) -> None:
    acquisition = Acquisition(
        spectrometer_frequency_mhz=123.25, dwell_time_s=1 / 2000.0, echo_time_s=0.068, repetition_time_s=2.0,
        sequence="svs_slaser",
    )  # fmt: skip
    data = np.random.default_rng(1).normal(size=(256, 1, 1)) + 0j
    write_fids(tmp_path / "a.nii.gz", Fids(data=data, acquisition=acquisition, affine=np.eye(4), source="x"))
    told = ("--like", tmp_path / "a.nii.gz", "--metabolites", "NAA,Cr", "--points", 1024)
    end = pharmrs("basis", *told, "--te-ms", 60, "--out", tmp_path / "b.basis")
    assert end.code == 0, end.err
    assert "for study.yaml: basis: {simulate: {sequence: slaser, te_ms: 60}}" in end.err  # what is given comes first
    basis = read_basis(tmp_path / "b.basis")
    assert basis.spectrometer_frequency_mhz == pytest.approx(123.25)
    assert basis.dwell_time_s == pytest.approx(1 / 2000.0)
    assert basis.echo_time_s == pytest.approx(0.060)
    end = pharmrs("basis", "--te-ms", 60, "--out", tmp_path / "c.basis")
    assert end.code == 2
    assert "give --sequence, --larmor-mhz, --bandwidth-hz, or --like RECORDING" in end.err
