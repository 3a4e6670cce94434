"""What a command may write to: never one of its inputs, never a file of another kind, never another's dataset."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from pharmrs.core.errors import InputError
from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.targets import check_output_folder, check_target, protect
from tests.study.e2e import pharmrs

HEAD = b"file\tmetabolite"


@pytest.fixture(autouse=True)
def unprotected() -> object:
    yield
    protect([])


def test_an_input_is_never_written_to_by_whatever_name(tmp_path: Path) -> None:
    given, link, other = tmp_path / "a.tsv", tmp_path / "link.tsv", tmp_path / "b.tsv"
    given.write_text("1")
    link.symlink_to(given)
    protect([given, tmp_path / "missing", tmp_path])
    for place in (given, link, tmp_path / "x" / ".." / "a.tsv"):
        (tmp_path / "x").mkdir(exist_ok=True)
        with pytest.raises(InputError, match="never written to"):
            write_text(place, "2")
    write_text(other, "2")
    assert given.read_text() == "1" and other.read_text() == "2"


@pytest.mark.parametrize("slip", ["water.nii.gz", "spectrum.nii.gz", "basis.basis", "notes.tsv"])
def test_fit_replaces_nothing_but_a_table_of_its_own(slip: str, tmp_path: Path) -> None:
    """-o for -w: the recording, the spectrum, the basis set, somebody's table; before anything is fitted."""
    for name in ("water.nii.gz", "spectrum.nii.gz", "basis.basis"):
        (tmp_path / name).write_bytes(b"precious")
    (tmp_path / "notes.tsv").write_text("participant_id\tage\nsub-01\t30\n")
    before = sha256((tmp_path / slip).read_bytes()).hexdigest()
    end = pharmrs("fit", tmp_path / "spectrum.nii.gz", "-b", tmp_path / "basis.basis", "-o", tmp_path / slip)
    assert end.code == 2 and "out: must" in end.err
    assert sha256((tmp_path / slip).read_bytes()).hexdigest() == before


def test_a_table_that_the_command_wrote_is_replaced(tmp_path: Path) -> None:
    mine, new = tmp_path / "fit.tsv", tmp_path / "new.tsv"
    mine.write_bytes(HEAD + b"\tamplitude\n")
    assert check_target(mine, (".tsv",), HEAD) == check_target(new, (".tsv",), HEAD) == []


def test_plates_are_never_written_over_by_their_own_analysis(tmp_path: Path) -> None:
    plan = tmp_path / "study.yaml"
    plan.write_text("title: x\n")
    assert check_output_folder(tmp_path)[0].value.startswith("study.yaml lies there")
    assert plan.read_text() == "title: x\n"


@pytest.mark.parametrize(
    ("description", "refused"),
    [
        ({"Name": "theirs", "DatasetType": "raw"}, True),
        ({"Name": "theirs", "DatasetType": "derivative", "GeneratedBy": [{"Name": "fMRIPrep"}]}, True),
        ({"Name": "raw, imported here", "DatasetType": "raw", "GeneratedBy": [{"Name": "pharmrs"}]}, True),
        ({"Name": "ours", "DatasetType": "derivative", "GeneratedBy": [{"Name": "pharmrs"}]}, False),
    ],
)
def test_a_dataset_of_somebody_else_is_no_place_for_results(
    description: dict[str, object], refused: bool, tmp_path: Path
) -> None:
    (tmp_path / "dataset_description.json").write_text(json.dumps(description))
    assert bool(check_output_folder(tmp_path)) == refused
    assert check_output_folder(tmp_path / "free") == []
