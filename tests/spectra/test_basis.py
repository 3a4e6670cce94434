"""Basis sets of every format against the lines they were made from, and every mistake named."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.read.basis_lcmodel import read_lcmodel
from pharmrs.spectra.read.reference_peak import remove_reference_peak
from pharmrs.spectra.records import BasisSet
from tests.spectra.basis_files import DWELL_S, LINES, MHZ, fid, jmrui_text, lcmodel_text, write_fsl_json

TRUTH = {name: fid(name) for name in LINES}


def assert_true(basis: BasisSet, tolerance: float) -> None:
    assert basis.dwell_time_s == pytest.approx(DWELL_S)
    assert basis.spectrometer_frequency_mhz == pytest.approx(MHZ)
    assert basis.receiver_ppm == 4.65
    assert sorted(basis.names) == sorted(LINES)
    for name, signal in zip(basis.names, basis.fids, strict=True):
        np.testing.assert_allclose(signal, TRUTH[name], atol=tolerance)


def problems_of(path: Path) -> tuple[InputProblem, ...]:
    with pytest.raises(InputError) as caught:
        read_basis(path)
    assert all(p.field and p.rule and p.remedy for p in caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize("name", ["b.basis", "b.BASIS", "b.BASIS.gz"])
@pytest.mark.parametrize("shift", [0, 11, -12])
def test_lcmodel(tmp_path: Path, name: str, shift: int) -> None:
    content = lcmodel_text(shift=shift).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    basis = read_basis(tmp_path / name)
    assert_true(basis, 5e-5)  # the file keeps six digits
    assert basis.echo_time_s == pytest.approx(0.011)
    assert basis.notes == ()
    # measured from the singlets: one unit per proton was put in
    assert basis.proton_amplitude == pytest.approx(1.0, rel=2e-3)


def test_lcmodel_divides_by_concentration_but_not_macromolecules(tmp_path: Path) -> None:
    (tmp_path / "b.basis").write_text(lcmodel_text(names=("Lac", "mm"), conc="10."))
    basis = read_lcmodel(tmp_path / "b.basis", Problems("b"))
    assert basis is not None
    np.testing.assert_allclose(basis.fids[0], TRUTH["Lac"] / 10, atol=1e-5)
    np.testing.assert_allclose(basis.fids[1], TRUTH["Lac"], atol=1e-5)
    assert "mm" in basis.notes[0]
    assert np.isnan(read_basis(tmp_path / "b.basis").proton_amplitude)  # neither has a known singlet


def test_lcmodel_tolerates_touching_columns(tmp_path: Path) -> None:
    (tmp_path / "b.basis").write_text(lcmodel_text().replace(" -", "-"))
    assert_true(read_basis(tmp_path / "b.basis"), 5e-5)


def test_reference_peak_is_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "b.basis").write_text(lcmodel_text(reference=2.0))
    basis = read_basis(tmp_path / "b.basis")
    (note,) = basis.notes
    assert "reference peak" in note and "4 of 4" in note
    ppm = basis.ppm_axis()
    for name, signal in zip(basis.names, basis.fids, strict=True):
        true, found = np.fft.fft(TRUTH[name]), np.fft.fft(signal)
        above = (ppm > 0.2) & (ppm < 4.65)
        assert np.abs(found - true)[above].max() < 1e-3 * np.abs(true[above]).max()
        near = np.abs(ppm) < 0.15
        assert np.abs(found[near] - true[near]).max() < 0.02 * np.abs(np.fft.fft(fid(name, reference=2.0))[near]).max()


def test_without_reference_peak_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "b.basis").write_text(lcmodel_text())
    basis = read_lcmodel(tmp_path / "b.basis", Problems("b"))
    assert basis is not None and remove_reference_peak(basis) is basis


LCMODEL_MISTAKES: dict[str, tuple[Callable[[], str], str, str]] = {
    "no entries": (lambda: lcmodel_text(names=()), "$BASIS", "at least one"),
    "encrypted": (lambda: lcmodel_text(general=f"HZPPPM = {MHZ}, ENCRYP = T,"), "ENCRYP", "readable"),
    "no frequency": (lambda: lcmodel_text(general=""), "HZPPPM", "MHz"),
    "dwell zero": (lambda: lcmodel_text(badelt="0."), "BADELT", "dwell"),
    "dwell negative": (lambda: lcmodel_text(badelt="-1.E-4"), "BADELT", "encrypted"),
    "concentration zero": (lambda: lcmodel_text(conc="0."), "entry NAA", "CONC"),
    "name twice": (lambda: lcmodel_text(names=("NAA", "Cr", "NAA")), "names", "once"),
    "one number less": (lambda: lcmodel_text().rstrip().rsplit(maxsplit=1)[0], "entry Lac", "NDATAB"),
    "not a number": (lambda: lcmodel_text().rstrip().rsplit(maxsplit=1)[0] + " ****", "entry Lac", "numbers"),
    "NaN": (lambda: lcmodel_text().rstrip().rsplit(maxsplit=1)[0] + " NaN", "entry Lac", "finite"),
    "empty": (lambda: "", "$BASIS", "at least one"),
}


@pytest.mark.parametrize("case", LCMODEL_MISTAKES)
def test_lcmodel_mistakes(tmp_path: Path, case: str) -> None:
    text, field, rule = LCMODEL_MISTAKES[case]
    (tmp_path / "b.basis").write_text(text())
    assert [p for p in problems_of(tmp_path / "b.basis") if p.field == field and rule in p.rule]


def test_truncated_gzip(tmp_path: Path) -> None:
    content = gzip.compress(lcmodel_text().encode())
    (tmp_path / "b.basis.gz").write_bytes(content[: len(content) // 2])
    assert problems_of(tmp_path / "b.basis.gz")[0].field == "file"


@pytest.mark.parametrize("conjugate", [False, True])
def test_fsl_json(tmp_path: Path, conjugate: bool) -> None:
    write_fsl_json(tmp_path / "basis", conjugate=conjugate)
    basis = read_basis(tmp_path / "basis")
    assert_true(basis, 1e-12)
    assert bool(basis.notes) is conjugate


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"basis_dwell": 0.0}, "NAA.json: basis_dwell"),
        ({"basis_dwell": -1e-4}, "NAA.json: basis_dwell"),
        ({"basis_centre": 4.65}, "NAA.json: basis_centre"),
        ({"basis_centre": None}, "NAA.json: basis_centre"),
        ({"basis_re": [1.0, float("nan")]}, "NAA.json: basis_re"),
        ({"basis_re": "text"}, "NAA.json: basis_re"),
        ({"basis_re": [1.0, 2.0]}, "NAA.json"),
        ({"basis_name": "Cr"}, "names"),
    ],
)
def test_fsl_json_mistakes(tmp_path: Path, changes: dict[str, object], field: str) -> None:
    write_fsl_json(tmp_path / "basis", conjugate=False, changes=changes)
    assert field in {problem.field for problem in problems_of(tmp_path / "basis")}


def test_fsl_json_other_mistakes(tmp_path: Path) -> None:
    write_fsl_json(tmp_path / "basis", conjugate=False)
    (tmp_path / "basis" / "NAA.json").write_text("{")
    (tmp_path / "basis" / "Cr.json").write_text('{"other": 1}')
    assert {problem.field for problem in problems_of(tmp_path / "basis")} == {"NAA.json", "Cr.json"}


@pytest.mark.parametrize("conjugate", [False, True])
def test_jmrui_file(tmp_path: Path, conjugate: bool) -> None:
    (tmp_path / "basis.txt").write_text(jmrui_text(conjugate=conjugate))
    assert_true(read_basis(tmp_path / "basis.txt"), 1e-8)


def test_jmrui_folder(tmp_path: Path) -> None:
    for name in LINES:
        (tmp_path / f"{name}.txt").write_text(jmrui_text((name,)))
    (tmp_path / "readme.txt").write_text("not a signal")
    assert_true(read_basis(tmp_path), 1e-8)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (jmrui_text(header="SamplingInterval: 0"), "b.txt: SamplingInterval"),
        (jmrui_text(header="SamplingInterval: x"), "b.txt: SamplingInterval"),
        (jmrui_text(header="TransmitterFrequency: 123.25"), "b.txt: TransmitterFrequency"),
        (jmrui_text(header="NucleusOfInterest: 31P"), "b.txt: NucleusOfInterest"),
        (jmrui_text(header="PointsInDataset: 512"), "b.txt: signal 1"),
        (jmrui_text().rstrip() + "\nabc", "b.txt: signal 4"),
        (jmrui_text().split("Signal 1")[0], "b.txt"),
        (jmrui_text(("NAA", "Cr", "NAA")), "names"),
        (jmrui_text(("Lac",)), "phase sense"),
    ],
)
def test_jmrui_mistakes(tmp_path: Path, text: str, field: str) -> None:
    (tmp_path / "b.txt").write_text(text)
    assert field in {problem.field for problem in problems_of(tmp_path / "b.txt")}


def test_missing_and_unknown(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "none")[0].rule == "must exist"
    (tmp_path / "b.xyz").write_text("hello")
    assert "LCModel" in problems_of(tmp_path / "b.xyz")[0].rule
    (tmp_path / "empty").mkdir()
    assert problems_of(tmp_path / "empty")[0].value == "unknown format"


def test_real_basis(shared: Path) -> None:
    """Chemical shifts of the 7 T STEAM basis; amplitude 1/128 per proton in every one of seven singlets."""
    basis = read_basis(shared / "steam-7t" / "STEAM_7T_11ms.BASIS.gz")
    assert basis.fids.shape == (23, 4096)
    assert basis.proton_amplitude == pytest.approx(1 / 128, rel=1e-3)
    ppm = basis.ppm_axis()
    for name, expected in {"NAA": 2.01, "Cr": 3.03, "PCho": 3.21, "Scyllo": 3.34, "Lac": 1.33}.items():
        spectrum = np.abs(np.fft.fft(basis.fids[basis.names.index(name)]))
        assert ppm[spectrum.argmax()] == pytest.approx(expected, abs=0.01)
    assert any("removed from 23 of 23" in note for note in basis.notes)
    for name, signal in zip(basis.names, basis.fids, strict=True):
        if name != "mm":  # macromolecules have a signal of their own at 0 ppm
            assert np.abs(np.fft.fft(signal))[np.abs(ppm) < 0.1].max() < 0.02 * 18.3  # 18.3: the peak before


def osprey(path: Path, **changed: object) -> None:
    """As Osprey and MRSCloud save it: higher chemical shifts at higher frequencies, 3 ppm at 0 Hz."""
    from scipy.io import savemat

    time_s = np.arange(1024) / 2500.0
    peaks = {"NAA": (2.008, 3), "Cr": (3.027, 3), "mI": (3.55, 4)}
    fids = [n * np.exp((2j * np.pi * (ppm - 3.0) * 127.7324 - 5.0) * time_s) for ppm, n in peaks.values()]
    content = {"fids": np.array(fids).T, "name": np.array(list(peaks), dtype=object), "spectralwidth": 2500.0,
               "Bo": 3.0, "te": 30.0, "seq": "PRESS"}  # fmt: skip
    savemat(path, {"BASIS": {key: value for key, value in (content | changed).items() if value is not None}})


def test_basis_sets_of_osprey(tmp_path: Path) -> None:
    osprey(tmp_path / "b.mat")
    basis = read_basis(tmp_path / "b.mat")
    assert basis.names == ("NAA", "Cr", "mI")
    assert (basis.echo_time_s, basis.dwell_time_s) == (0.03, 0.0004)
    assert basis.spectrometer_frequency_mhz == pytest.approx(127.7324, abs=1e-3)
    assert basis.receiver_ppm == pytest.approx(3.0, abs=0.01)
    assert basis.proton_amplitude == pytest.approx(1.0, rel=0.01)
    for row, ppm in enumerate((2.008, 3.027)):
        assert basis.ppm_axis()[np.abs(np.fft.fft(basis.fids[row])).argmax()] == pytest.approx(ppm, abs=0.02)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"fids": np.ones((64, 3, 2))}, "must hold one spectrum a component.*2 sub-spectra"),
        ({"Bo": None}, "must have the fields fids, name, spectralwidth, Bo.*fids, name, spectralwidth, te, seq"),
        ({"spectralwidth": -1.0}, "BASIS.spectralwidth: must be a number from 200"),
        ({"name": np.array(["NAA"], dtype=object)}, "with a name each.*1 names"),
    ],
)
def test_a_mat_file_that_cannot_be_used_says_what_was_found(
    changed: dict[str, object], said: str, tmp_path: Path
) -> None:
    osprey(tmp_path / "b.mat", **changed)
    with pytest.raises(InputError, match=said):
        read_basis(tmp_path / "b.mat")
    (tmp_path / "c.mat").write_bytes(b"not MATLAB" * 30)
    with pytest.raises(InputError, match="must be a readable MATLAB file"):
        read_basis(tmp_path / "c.mat")


@pytest.mark.parametrize(("line", "key"), [("BADELT = -5.0E-04", "BADELT"), ("ENCRYP = T, BADELT = 5.E-4", "ENCRYP")])
def test_an_encrypted_basis_set_is_said_to_be_one(line: str, key: str, tmp_path: Path) -> None:
    text = f" $BASIS1\n {line}\n NDATAB = 64\n $END\n $BASIS\n METABO = 'NAA'\n $END\n" + " 1.0 0.0\n" * 64
    (tmp_path / "b.basis").write_text(" $SEQPAR\n HZPPPM = 127.7\n $END\n" + text)
    with pytest.raises(InputError) as caught:
        read_basis(tmp_path / "b.basis")
    (problem,) = caught.value.problems
    assert problem.field == key and "encrypted" in problem.value
    assert "pharmrs basis" in problem.remedy and "again" not in problem.remedy
