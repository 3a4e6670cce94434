"""`basis: simulate:` in study.yaml: made by `run`, kept in the derivative, the same as one written beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.declared_basis import SimulatedBasis
from pharmrs.spectra.stage import study_basis
from pharmrs.spectra.stage.study_basis import keep_basis
from pharmrs.study.dataset import open_dataset
from pharmrs.study.study_file import read_study
from tests.spectra.simulated import ACQUISITION, fids
from tests.study.e2e import RESULTS, contents, pharmrs, table

Copy = Callable[[], Path]
FEW = "NAA, Cr, Glu"  # enough where only how often and what for a basis set is made counts
SIMULATE = "{simulate: {sequence: steam, te_ms: 20, tm_ms: 10, metabolites: [%s]%s}}"


def declare(root: Path, extra: str = "", names: str = "") -> None:
    """Replace the path of the basis set of `root` by the sequence it was made for, with the same metabolites."""
    study = read_study(root / "study.yaml")
    path = str(study.basis.path)
    wanted = names or ", ".join(name for name in read_basis(root / path).names if name != "mm")
    text = (root / "study.yaml").read_text()
    (root / "study.yaml").write_text(text.replace(f"basis: {path}", f"basis: {SIMULATE % (wanted, extra)}"))


def amounts(root: Path) -> dict[tuple[str, str], float]:
    rows = table(root / RESULTS / "metabolites.tsv")
    return {(row["scan"], row["metabolite"]): float(row["amplitude"]) for row in rows}


def test_run_makes_keeps_and_uses_it(copy_of_demo: Copy) -> None:
    root = copy_of_demo()
    named = pharmrs("run", root, "--workers", 1)
    before = amounts(root)
    declare(root)
    assert pharmrs("run", root, "--workers", 1).code == named.code
    after = amounts(root)
    assert after.keys() == before.keys()
    np.testing.assert_allclose(list(after.values()), list(before.values()), rtol=1e-5, atol=1e-5)
    kept = sorted((root / RESULTS / "basis").iterdir())
    assert [path.suffix for path in kept] == [".basis", ".json", ".png"]
    provenance = json.loads((root / RESULTS / "provenance.json").read_text())
    assert provenance["basis"]["source"] == "simulated (STEAM, TE 20 ms, TM 10 ms)"
    assert any("relaxation" in note for note in provenance["basis"]["notes"])
    again = pharmrs("run", root, "--dry-run")  # the basis set that was just made is the one that is read next time
    assert again.code == 0 and "fit:" not in again.out, again.out


def kept_basis(root: Path, output: Path) -> BasisSet:
    """What `run` does with the basis set."""
    dataset = open_dataset(root, output)
    study, basis = dataset.to_fit()
    return keep_basis(study.basis, basis, output)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One entry for every basis set that is simulated."""
    found: list[object] = []
    simulate = study_basis.simulate

    def counted(*arguments: object) -> object:
        found.append(arguments)
        return simulate(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(study_basis, "simulate", counted)
    return found


def test_it_is_taken_from_there_and_made_again_when_it_was_changed(
    copy_of_demo: Copy, tmp_path: Path, made: list[object]
) -> None:
    root, output = copy_of_demo(), tmp_path / "output"
    declare(root, names=FEW)
    first, files = kept_basis(root, output), contents(output)
    again = kept_basis(root, output)
    assert len(made) == 1
    np.testing.assert_array_equal(again.fids, first.fids)
    assert (again.notes, again.source) == (first.notes, first.source)
    (place,) = (output / "basis").glob("*.basis")
    place.write_text(place.read_text().replace("E+02", "E+03", 1))
    np.testing.assert_array_equal(kept_basis(root, output).fids, first.fids)
    assert len(made) == 2
    assert contents(output) == files


def test_other_code_makes_it_again_under_the_same_name(
    copy_of_demo: Copy, tmp_path: Path, made: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, output = copy_of_demo(), tmp_path / "output"
    declare(root, names=FEW)
    first, files = kept_basis(root, output), contents(output)
    monkeypatch.setattr(study_basis, "code_checksum", lambda *_: "another")
    assert kept_basis(root, output).source == first.source
    assert len(made) == 2
    changed = {name for name, content in contents(output).items() if files[name] != content}
    assert changed == {"cache/basis.json"}
    (output / "cache" / "basis.json").write_text("[")
    kept_basis(root, output)
    assert len(made) == 3


def test_validate_takes_the_one_a_run_has_kept(copy_of_demo: Copy, made: list[object]) -> None:
    root = copy_of_demo()
    declare(root, names=FEW)
    assert pharmrs("validate", root).code == pharmrs("validate", root).code == 0
    assert len(made) == 2
    kept_basis(root, root / RESULTS)
    before = contents(root)
    assert pharmrs("validate", root).code == 0
    assert len(made) == 3
    assert contents(root) == before


def test_other_times_or_spin_systems_are_another_file(copy_of_demo: Copy, tmp_path: Path) -> None:
    root, output = copy_of_demo(), tmp_path / "output"
    declare(root, extra=", spin_systems: own.json", names=FEW)
    own = root / "own.json"
    own.write_text('{"Drug": {"doi": "x", "parts": [{"shifts_ppm": [2.5]}]}}')
    names = [kept_basis(root, output).source]
    text = (root / "study.yaml").read_text()
    (root / "study.yaml").write_text(text.replace("tm_ms: 10", "tm_ms: 12"))
    names.append(kept_basis(root, output).source)
    own.write_text('{"Drug": {"doi": "x", "parts": [{"shifts_ppm": [2.6]}]}}')
    names.append(kept_basis(root, output).source)
    assert len(set(names)) == 3


def test_validate_writes_nothing_and_tells_everything(copy_of_demo: Copy) -> None:
    root = copy_of_demo()
    declare(root, names="NAA, Crr, glu", extra=", pulses: [none.txt], bandwidth_hz: 900")
    before = contents(root)
    end = pharmrs("validate", root)
    assert end.code == 2 and "Traceback" not in end.err
    for text in ("did you mean Cr?", "did you mean Glu?", "none.txt", "bandwidth_hz", "study.yaml: metabolites"):
        assert text in end.err, text
    assert contents(root) == before
    assert pharmrs("run", root).code == 2
    assert contents(root) == before


@pytest.mark.parametrize(
    ("declared", "field", "said"),
    [
        (
            "{simulate: {sequence: stem, te_ms: 20}}",
            "basis.simulate.sequence",
            "'slaser' or 'megapress'",
        ),
        ("{simulate: {sequence: press, te_ms: 0}}", "basis.simulate.te_ms", "greater than or equal to 1"),
        ("{simulate: {sequence: steam, te_ms: 20, tm_ms: 0.01}}", "basis.simulate.tm_ms", "greater than or equal to 1"),
        ("{simulate: {sequence: press, te_ms: 900}}", "basis.simulate.te_ms", "less than or equal to 500"),
        ("{simulate: {sequence: press, te_m: 20}}", "basis.simulate.te_m", "did you mean 'te_ms'?"),
        ("{simulate: {sequence: press, te_ms: 20}, path: x}", "basis", "not both"),
        ("{}", "basis", "give a path, or simulate"),
        ("[a]", "basis", "must be a path, or simulate"),
        ("''", "basis.path", "at least 1 character"),
    ],
)
def test_mistakes_in_the_declaration(copy_of_demo: Copy, declared: str, field: str, said: str) -> None:
    root = copy_of_demo()
    study = root / "study.yaml"
    path = read_study(study).basis.path
    study.write_text(study.read_text().replace(f"basis: {path}", f"basis: {declared}"))
    end = pharmrs("validate", root)
    assert end.code == 2
    (line,) = [line for line in end.lines("error") if f"study.yaml: {field}: " in line and said in line]
    assert "Remedy: " in line


def test_a_mixing_time_is_asked_for(copy_of_demo: Copy) -> None:
    root = copy_of_demo()
    declare(root)
    text = (root / "study.yaml").read_text()
    (root / "study.yaml").write_text(text.replace(", tm_ms: 10", ""))
    end = pharmrs("validate", root)
    assert end.code == 2 and "study.yaml: tm_ms: STEAM needs a mixing time" in end.err


def test_a_trial_can_be_simulated_for_such_a_study(copy_of_demo: Copy, tmp_path: Path) -> None:
    root = copy_of_demo()
    declare(root, extra=", spin_systems: own.json")
    (root / "own.json").write_text('{"Drug": {"doi": "x", "parts": [{"shifts_ppm": [2.5]}]}}')
    folder = tmp_path / "trial"
    end = pharmrs("simulate", folder, "--study", root / "study.yaml", "-n", 1, "-j", 1)
    assert end.code == 0, end.err
    assert (folder / "own.json").is_file()
    assert not any("basis" in error for error in pharmrs("validate", folder).lines("error"))
    study, basis = open_dataset(folder).to_fit()
    assert study.basis.simulate is not None and basis.echo_time_s == pytest.approx(0.02)


def test_another_sequence_than_that_of_the_recordings_is_a_warning(copy_of_demo: Copy) -> None:
    root = copy_of_demo()
    declare(root)
    assert not any("basis.simulate" in warning for warning in pharmrs("validate", root).lines("warning"))
    text = (root / "study.yaml").read_text()
    (root / "study.yaml").write_text(text.replace("tm_ms: 10", "tm_ms: 12"))
    end = pharmrs("validate", root)
    assert end.code == 0
    assert any(
        "basis.simulate.tm_ms: should be the mixing time of the recordings (10 ms)" in w for w in end.lines("warning")
    )
    (root / "study.yaml").write_text(text.replace("steam, te_ms: 20, tm_ms: 10", "press, te_ms: 20"))
    end = pharmrs("validate", root)
    assert end.code == 0
    assert any("basis.simulate.sequence: should be the sequence" in warning for warning in end.lines("warning"))


@pytest.mark.parametrize(("manufacturer", "given", "told"), [("Philips", (), True), ("Philips", (8, 17, 9), False)])
def test_the_first_echo_of_the_scanner_is_told_where_none_is_declared(
    manufacturer: str, given: tuple[float, ...], *, told: bool
) -> None:
    acquisition = replace(ACQUISITION, manufacturer=manufacturer, spectrometer_frequency_mhz=127.8, mixing_time_s=None)
    first = fids(np.ones((64, 1, 1), dtype=complex), acquisition)
    declared = SimulatedBasis(sequence="press", te_ms=34, intervals_ms=given)
    found = study_basis._differences(Path(), declared, first)
    assert [one.remedy for one in found] == (["intervals_ms: [6.7, 17, 10.3]"] if told else [])
