"""A rerun fits only what changed, and leaves the same bytes as a run that fits everything."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pharmrs.core.errors import InputError
from pharmrs.spectra.stage import scan_key, scan_tasks
from pharmrs.study import outputs
from pharmrs.study import run as run_module
from pharmrs.study.lock import only_run
from tests.study.e2e import RESULTS, contents, edit_data, pharmrs, recordings, results, table

FIRST, SECOND = "sub-01_ses-1", "sub-01_ses-2"


@pytest.fixture(scope="module")
def done_once(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cache") / "dataset"
    shutil.copytree(demo, root)
    assert pharmrs("run", root, "--workers", 1).code == 0
    return root


@pytest.fixture
def dataset(done_once: Path, tmp_path: Path) -> Path:
    """A copy that was run already, with the times of its files."""
    return Path(shutil.copytree(done_once, tmp_path / "dataset"))


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the scans that are fitted from here on."""
    names: list[str] = []
    original = scan_tasks.fitted_scan

    def noting(files, *rest):  # type: ignore[no-untyped-def]
        names.append(files.name)
        return original(files, *rest)

    monkeypatch.setattr(scan_tasks, "fitted_scan", noting)
    return names


def rerun(root: Path, *options: object) -> dict[str, bytes]:
    end = pharmrs("run", root, "--workers", 1, *options)
    assert end.code == 0, end.err
    return results(root)


def test_nothing_changed_nothing_fitted(dataset: Path, fitted: list[str]) -> None:
    before = results(dataset)
    assert rerun(dataset) == before
    assert fitted == []


def test_fresh_fits_everything_and_gives_the_same_bytes(dataset: Path, fitted: list[str]) -> None:
    before = results(dataset)
    assert rerun(dataset, "--fresh") == before
    assert len(fitted) == 2


def test_a_changed_recording_is_fitted_and_no_other(dataset: Path, fitted: list[str], tmp_path: Path) -> None:
    scan = recordings(dataset / "sub-01" / "ses-1" / "mrs")
    edit_data(scan.svs, lambda data: 1.01 * data)
    plan = pharmrs("run", dataset, "--dry-run")
    assert plan.code == 0
    (line,) = [line for line in plan.out.splitlines() if line.startswith(FIRST)]
    assert f"fit: input sub-01/ses-1/mrs/{scan.svs.name} changed" in line
    assert "1 of 2 scans would be fitted" in plan.err
    mine = rerun(dataset)
    assert [name[:12] for name in fitted] == [FIRST]
    copy = Path(shutil.copytree(dataset, tmp_path / "copy", ignore=shutil.ignore_patterns("derivatives")))
    assert rerun(copy) == mine  # as if it had never been run before


def test_another_rule_excludes_without_a_fit(dataset: Path, fitted: list[str]) -> None:
    """S/N of the good scan is about 40: a limit of 1000 excludes it."""
    study = dataset / "study.yaml"
    text = study.read_text()
    assert "min_signal_to_noise: 20" in text
    study.write_text(text.replace("min_signal_to_noise: 20", "min_signal_to_noise: 1000"))
    rerun(dataset)
    assert fitted == []
    excluded = {row["scan"] for row in table(dataset / RESULTS / "exclusions.tsv") if row["metabolite"] == "*"}
    assert len(excluded) == 2


def test_another_setting_of_the_fit_fits_again(dataset: Path, fitted: list[str]) -> None:
    study = dataset / "study.yaml"
    study.write_text(study.read_text() + "\nfit:\n  ppm_low: 0.5\n")
    plan = pharmrs("run", dataset, "--dry-run")
    assert plan.out.count("fit: setting fit.ppm_low changed") == 2
    rerun(dataset)
    assert len(fitted) == 2


@pytest.mark.parametrize("name", ["_fit.svg", "_desc-preproc_svs.nii.gz"])
@pytest.mark.parametrize("damage", ["missing", "other"])
def test_a_lost_or_changed_result_is_made_again(dataset: Path, fitted: list[str], name: str, damage: str) -> None:
    before = results(dataset)
    (place,) = (dataset / RESULTS).rglob(f"{FIRST}*{name}")
    if damage == "missing":
        place.unlink()
    else:
        place.write_bytes(b"something else")
    assert rerun(dataset) == before
    assert [one[:12] for one in fitted] == [FIRST]


@pytest.mark.parametrize("text", ["", "{", "[]\n[]", "{}\n{}", None])
def test_a_damaged_entry_is_no_entry(dataset: Path, fitted: list[str], text: str | None) -> None:
    before = results(dataset)
    (entry,) = (dataset / RESULTS / "cache" / "scans").glob(f"{FIRST}*")
    entry.write_text(entry.read_text()[:-20] if text is None else text)
    assert rerun(dataset) == before
    assert [one[:12] for one in fitted] == [FIRST]


def test_other_code_fits_again(dataset: Path, fitted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_key, "code_checksum", lambda *_: "another")
    plan = pharmrs("run", dataset, "--dry-run")
    assert plan.out.count("fit: code changed") == 2


def test_dry_run_writes_nothing(demo: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(demo, tmp_path / "dataset"))
    before = contents(root)
    plan = pharmrs("run", root, "--dry-run")
    assert plan.code == 0 and plan.out.count("fit: not done yet") == 2
    assert contents(root) == before and not (root / "derivatives").exists()


def test_a_recording_that_changes_during_the_run(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scan = recordings(dataset / "sub-01" / "ses-1" / "mrs")
    original = scan_tasks.fitted_scan

    def touching(files, *rest):  # type: ignore[no-untyped-def]
        outcome = original(files, *rest)
        if files.name.startswith(FIRST):
            edit_data(scan.svs, lambda data: 2.0 * data)
        return outcome

    monkeypatch.setattr(scan_tasks, "fitted_scan", touching)
    end = pharmrs("run", dataset, "--workers", 1, "--fresh")
    assert end.code == 3
    assert f"{scan.svs}: file: must not change during the run" in end.err
    assert {row["status"] for row in table(dataset / RESULTS / "quality.tsv")} == {"analysed", "failed"}
    monkeypatch.undo()
    mine = rerun(dataset)
    copy = Path(shutil.copytree(dataset, tmp_path / "copy", ignore=shutil.ignore_patterns("derivatives")))
    assert rerun(copy) == mine


CHANGING = {
    "study.yaml": b"\n# a remark\n",
    "participants.tsv": b"sub-77\t40\tF\t22\n",
    "phenotype/allocation.tsv": b"\n",
    "sub-01/sub-01_sessions.tsv": b"\n",
}


@pytest.mark.parametrize("name", CHANGING)
def test_a_table_that_changes_during_the_run(
    name: str, dataset: Path, fitted: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the report says to have read may not be what was read: an error, and the next run puts it right."""
    place = dataset / name
    opened, tables = run_module.open_dataset, outputs.write_study_tables

    def touch() -> None:
        place.write_bytes(place.read_bytes() + CHANGING[name])

    if name == "study.yaml":  # between reading it and taking its checksum
        monkeypatch.setattr(run_module, "open_dataset", lambda *paths: (opened(*paths), touch())[0])
    else:
        monkeypatch.setattr(outputs, "write_study_tables", lambda *rest, **more: (touch(), tables(*rest, **more))[1])
    end = pharmrs("run", dataset, "--workers", 1)
    assert end.code == 3
    assert f"error: {place}: file: must not change during the run" in end.err
    assert any(row["rule"] == "must not change during the run" for row in table(dataset / RESULTS / "problems.tsv"))
    monkeypatch.undo()
    mine = rerun(dataset)
    assert fitted == []
    copy = Path(shutil.copytree(dataset, tmp_path / "copy", ignore=shutil.ignore_patterns("derivatives")))
    assert rerun(copy) == mine


def test_two_runs_at_once(dataset: Path) -> None:
    before = contents(dataset)
    with only_run(dataset / RESULTS):
        end = pharmrs("run", dataset)
        assert end.code == 2
        assert f"only one run at a time may write here (found: process {os.getpid()})" in end.err
    after = contents(dataset)
    assert {name for name in after if before.get(name) != after[name]} <= {f"{RESULTS.as_posix()}/cache/lock"}
    with only_run(dataset / RESULTS), pytest.raises(InputError), only_run(dataset / RESULTS):
        pass


def run_in_the_background(root: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pharmrs", "run", str(root), "--workers", "2"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def after_files(root: Path, count: int) -> bool:
    return len([one for one in (root / RESULTS).rglob("*") if one.is_file()]) >= count


@pytest.mark.parametrize(
    "files", [pytest.param(1, marks=pytest.mark.long), 8, pytest.param(20, marks=pytest.mark.long)]
)
def test_a_killed_run_is_resumed_to_the_same_bytes(demo: Path, done_once: Path, tmp_path: Path, files: int) -> None:
    """Killed (-9, with its workers) as soon as so many files are there; the next run completes it."""
    root = Path(shutil.copytree(demo, tmp_path / "dataset"))
    wait_and_kill(root, lambda: after_files(root, files))
    assert rerun(root) == results(done_once)
    assert not [one for one in (root / RESULTS).rglob(".*") if one.name not in (".bidsignore", ".pharmrs")]


def wait_and_kill(root: Path, ready: Callable[[], bool]) -> None:
    process = run_in_the_background(root)
    until = time.monotonic() + 120
    while not ready() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
