"""Discovery says what it could not look into, and counts begin with those who were planned."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pharmrs.core.errors import InputProblem
from pharmrs.spectra.read import find_recordings as module
from pharmrs.spectra.read.find_recordings import find_recordings, same_recordings
from pharmrs.study.planned import check_planned, planned_sessions, without_recording
from pharmrs.study.sample_flow import scan_fates
from pharmrs.study.sample_flow_records import count_samples
from tests.conftest import unlisted_skips
from tests.study.e2e import RESULTS, pharmrs, table
from tests.study.report_factory import outcomes


def dataset(folder: Path, *sessions: str) -> Path:
    for session in sessions:
        subject, name = session.split("/")
        place = folder / subject / name / "mrs"
        place.mkdir(parents=True)
        (place / f"{subject}_{name}_svs.nii.gz").touch()
    return folder


def told(problems: list[InputProblem], root: Path) -> list[tuple[str, str, str]]:
    return [(one.severity, Path(one.file).relative_to(root).as_posix(), one.field) for one in problems]


def test_the_recordings_of_a_dataset_as_it_should_be(tmp_path: Path) -> None:
    root = dataset(tmp_path, "sub-01/ses-1", "sub-02/ses-1")
    (root / "sub-01" / "mrs").mkdir()
    (root / "sub-01" / "mrs" / "sub-01_mrsref.nii").touch()
    (root / "sub-01" / "anat").mkdir()
    (root / "sourcedata").mkdir()
    found, problems = find_recordings(root)
    assert [path.name for path in found] == [
        "sub-01_mrsref.nii",
        "sub-01_ses-1_svs.nii.gz",
        "sub-02_ses-1_svs.nii.gz",
    ]
    assert problems == []


@pytest.mark.parametrize(
    ("before", "after"),
    [("sub-02", "Sub-02"), ("sub-02", "SUB_02"), ("sub-02/ses-1", "sub-02/Ses-1"), ("sub-02/ses-1", "sub-02/ses1"),
     ("sub-02/ses-1/mrs", "sub-02/ses-1/MRS")],
)  # fmt: skip
def test_a_folder_that_is_nearly_called_as_it_should_be(before: str, after: str, tmp_path: Path) -> None:
    root = dataset(tmp_path, "sub-01/ses-1", "sub-02/ses-1")
    (root / before).rename(root / after)
    found, problems = find_recordings(root)
    assert len(found) == 1 and told(problems, root) == [("error", after, "folder name")]


def test_what_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without permission, a drive that is gone, links that lead nowhere; root reads everything, so the
    system's answer is given by hand."""
    root = dataset(tmp_path, "sub-01/ses-1", "sub-02/ses-1", "sub-03/ses-1")
    (root / "sub-04").symlink_to(tmp_path / "gone")
    (root / "sub-03" / "ses-1" / "mrs" / "sub-03_ses-1_acq-2_svs.nii.gz").symlink_to("gone")
    (root / "sub-03" / "ses-1" / "mrs" / "notes.nii.gz").touch()
    scandir = module.os.scandir

    def answer(place: Path) -> object:
        if not isinstance(place, int) and Path(place) == root / "sub-02" / "ses-1":
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(module.os, "scandir", answer)
    found, problems = find_recordings(root)
    assert len(found) == 2
    assert sorted(told(problems, root)) == [
        ("error", "sub-02/ses-1", "folder"),
        ("error", "sub-03/ses-1/mrs/sub-03_ses-1_acq-2_svs.nii.gz", "link"),
        ("error", "sub-04", "link"),
        ("warning", "sub-03/ses-1/mrs", "file name"),
    ]


@pytest.mark.parametrize(
    "name",
    ["participants.tsv", "dataset_description.json", "phenotype", "phenotype/allocation.tsv", "sourcedata/assay",
     "sourcedata/assay/plate.xlsx", "sourcedata/genotyping/gel.tsv", "derivatives/fmriprep",
     "sub-01/sub-01_sessions.tsv",
     "sub-01/ses-1/mrs/sub-01_ses-1_svs.json", "sub-01/ses-1/anat", "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz"],
)  # fmt: skip
def test_a_link_that_leads_nowhere_is_told_wherever_something_is_read(name: str, tmp_path: Path) -> None:
    """What is absent plans nobody; what is not connected must not count as absent."""
    root = dataset(tmp_path, "sub-01/ses-1")
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    assert find_recordings(root)[1] == []
    (root / name).symlink_to("gone")
    found, problems = find_recordings(root)
    assert len(found) == 1 and told(problems, root) == [("error", name, "link")]


def test_links_that_nobody_needs_and_names_in_other_capitals(tmp_path: Path) -> None:
    root = dataset(tmp_path, "sub-01/ses-1")
    (root / "sub-01" / "ses-1" / "anat").mkdir()
    (root / "sub-01" / "ses-1" / "anat" / "sub-01_ses-1_FLAIR.nii.gz").symlink_to("not fetched")
    (root / ".cache").symlink_to("gone")
    assert find_recordings(root)[1] == []
    (root / "Participants.tsv").touch()
    svs = root / "sub-01" / "ses-1" / "mrs" / "sub-01_ses-1_svs.nii.gz"
    svs.rename(svs.with_name("sub-01_ses-1_svs.NII.GZ"))
    found, problems = find_recordings(root)
    assert found == []
    assert told(problems, root) == [("error", "Participants.tsv", "name"), ("warning", "sub-01/ses-1/mrs", "file name")]


def test_a_folder_that_may_be_listed_but_not_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = dataset(tmp_path, "sub-01/ses-1", "sub-02/ses-1")
    closed = root / "sub-02" / "ses-1" / "mrs"
    monkeypatch.setattr(module.os, "access", lambda place, _right: Path(place) != closed)
    found, problems = find_recordings(root)
    assert len(found) == 1 and told(problems, root) == [("error", "sub-02/ses-1/mrs", "folder")]


@pytest.mark.parametrize("name", ["participants.tsv", "phenotype/allocation.tsv", "sub-01/sub-01_sessions.tsv"])
def test_a_table_of_the_plan_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    """A folder in its place gives the system's answer to root, too."""
    root = dataset(tmp_path, "sub-01/ses-1")
    (root / "participants.tsv").write_text("participant_id\nsub-01\n")
    assert check_planned(root, []) and all(one.severity == "warning" for one in check_planned(root, []))
    (root / name).unlink(missing_ok=True)
    (root / name).mkdir(parents=True)
    errors = [one for one in check_planned(root, []) if one.severity == "error"]
    assert told(errors, root) == [("error", name, "file")] and "irectory" in errors[0].value


def test_the_flow_begins_with_those_who_were_planned(tmp_path: Path) -> None:
    """By hand: three of participants.tsv, one more of the allocation; their sessions from their tables."""
    (tmp_path / "participants.tsv").write_text("participant_id\nsub-01\nsub-02\nsub-03\n")
    (tmp_path / "phenotype").mkdir()
    (tmp_path / "phenotype" / "allocation.tsv").write_text("participant_id\ttreatment\nsub-09\tdrug\n")
    for label in ("01", "02"):
        (tmp_path / f"sub-{label}").mkdir()
        text = "session_id\ttime_point\nses-1\tbefore\nses-2\tafter\n"
        (tmp_path / f"sub-{label}" / f"sub-{label}_sessions.tsv").write_text(text)
    planned = planned_sessions(tmp_path)
    assert planned == {
        ("01", "1"): "before", ("01", "2"): "after", ("02", "1"): "before", ("02", "2"): "after", ("03", ""): "",
        ("09", ""): "",
    }  # fmt: skip
    scans = outcomes()  # six of three participants, one of them failed
    missing = without_recording(planned, [one.files for one in scans])
    rows = {row.time_point: row for row in count_samples(scan_fates(tmp_path, scans))}
    assert rows["all"].planned == len(scans) + len(missing)
    assert (rows["all"].measured, rows["all"].lost) == (5, 1)
    assert rows["all"].not_drawn == len(missing) > 0
    (problem, *_) = check_planned(tmp_path, [one.files for one in scans])
    assert problem.severity == "warning" and "sub-03" in problem.value


def test_a_session_that_cannot_be_read_is_counted_and_ends_with_3(
    copy_of_demo: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copy_of_demo("dataset")
    scandir = module.os.scandir

    def answer(place: Path) -> object:
        if not isinstance(place, int) and Path(place).name == "ses-2":
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(module.os, "scandir", answer)
    end = pharmrs("validate", root)
    assert end.code == 2 and "ses-2: folder: must be readable" in end.err
    end = pharmrs("run", root, "-j", "1")
    assert end.code == 3 and "ses-2: folder: must be readable" in end.err
    (row,) = [
        row for row in table(root / RESULTS / "sample_flow.tsv") if (row["kind"], row["time_point"]) == ("scan", "all")
    ]
    assert (row["planned"], row["measured"], row["not_drawn"]) == ("2", "1", "1")


def test_a_basis_outside_the_dataset_is_told_and_one_behind_a_link_refused(
    copy_of_demo: Callable[[str], Path],
) -> None:
    root = copy_of_demo("dataset")
    basis = next((root / "basis").glob("*.basis"))
    outside = root.parent / "outside.basis"
    basis.rename(outside)
    basis.symlink_to(outside)
    assert "must not lead out of the dataset by a link" in pharmrs("validate", root).err
    plan = (root / "study.yaml").read_text()
    (root / "study.yaml").write_text(plan.replace(f"basis/{basis.name}", "../outside.basis"))
    end = pharmrs("validate", root)
    assert any("basis: lies outside the dataset" in line for line in end.lines("note"))
    assert not any("outside.basis" in line for line in end.lines("error"))


def test_a_skip_for_another_reason_is_no_skip() -> None:
    assert unlisted_skips(["Skipped: this user may not mount a file system"]) == []
    assert unlisted_skips(["Skipped: no chromium on this computer"]) == ["Skipped: no chromium on this computer"]


def test_pipes_and_names_that_are_no_text_stand_beside_good_scans(copy_of_demo: Callable[[], Path]) -> None:
    """The others are processed; nothing is waited for, and no name moves the terminal."""
    root = copy_of_demo()
    mrs = root / "sub-01" / "ses-1" / "mrs"
    good = next(mrs.glob("*_svs.nii.gz")).read_bytes()
    os.mkfifo(mrs / "sub-01_ses-1_acq-pipe_svs.nii.gz")
    for odd in (b"\xff\xfe", b"\x1b[31mred", b"a\nb"):
        (mrs / os.fsdecode(b"sub-01_ses-1_acq-" + odd + b"_svs.nii.gz")).write_bytes(good)
    ended = pharmrs("run", root, "--workers", 1)
    assert ended.code == 3 and "2 of 3 scans processed" in ended.err
    assert "acq-pipe_svs.nii.gz: file: must exist and be a file (found: a pipe or a device)" in ended.err
    for shown in (r"acq-\udcff\udcfe_svs", r"acq-\x1b[31mred_svs", "acq-a b_svs"):
        assert shown in ended.err
    assert "\x1b" not in ended.out + ended.err


def test_one_recording_under_two_names_is_told(tmp_path: Path) -> None:
    """A copy, a link and a second name of the file; not one of the same size and end, nor what is not there."""
    paths = [tmp_path / f"sub-0{number}_svs.nii.gz" for number in range(1, 7)]
    paths[0].write_bytes(b"a" + bytes(100_000))
    paths[1].write_bytes(b"b" + bytes(100_000))
    paths[2].write_bytes(paths[0].read_bytes())
    paths[3].symlink_to(paths[1])
    paths[4].hardlink_to(paths[1])
    first, second = same_recordings(paths)
    assert (first.file, first.value, first.severity) == (str(paths[0]), f"{paths[0].name}, {paths[2].name}", "warning")
    assert second.value == ", ".join(path.name for path in (paths[1], paths[3], paths[4]))
