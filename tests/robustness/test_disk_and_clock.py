"""A full disk, one that fails or may not be written to, a clock that is wrong: said in a line, and survived."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pharmrs.core.errors import InputError
from pharmrs.core.files.atomic import write_bytes
from pharmrs.study.lock import only_run
from tests.robustness.fault_hook import Ended, Fault
from tests.robustness.fault_jobs import (
    ANALYSE,
    BASIS,
    DEMO,
    GENOTYPE,
    IMPORT,
    JOBS,
    PLATE,
    RECORDED,
    RUN,
    SIMULATE,
    Undisturbed,
)

LONG = pytest.mark.long
QUICK = (PLATE.name, GENOTYPE.name, IMPORT.name, BASIS.name, SIMULATE.name)
ALSO = (ANALYSE.name, RECORDED.name, DEMO.name)


def seconds(year: int) -> float:
    return datetime(year, 1, 1, tzinfo=UTC).timestamp()


def refused(ended: Ended, folder: Path, out: str, remedy: str) -> None:
    """Exit code 2, no traceback, and a last line that names a path below the output and what to do."""
    assert ended.code == 2, ended
    assert "Traceback" not in ended.err and "Logging error" not in ended.err
    assert ended.last_line.startswith(f"error: {out}"), ended.last_line
    assert f"Remedy: {remedy}" in ended.last_line


def whole(of: Undisturbed, folder: Path) -> None:
    left = of.job.results(folder)
    assert {name for name in left if left[name] != of.results.get(name)} == set()
    assert [name for name in of.job.hidden(folder) if not name.endswith(".unfinished")] == []


def completes(of: Undisturbed, folder: Path) -> None:
    again = of.job.run(folder)
    assert again.code == of.code, again.err
    assert of.job.results(folder) == of.results and of.job.hidden(folder) == []


@pytest.mark.parametrize("part", [pytest.param(0.0, marks=LONG), 0.5, pytest.param(0.9, marks=LONG)])
@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=LONG) for name in ALSO)])
def test_no_room(name: str, part: float, undisturbed: Callable[[str], Undisturbed], tmp_path: Path) -> None:
    """From some moment on files can be made, but not a byte be written; then there is room again."""
    of = undisturbed(name)
    folder = of.copy(tmp_path / "copy")
    ended = of.job.run(folder, Fault(kind="full", at=1 + int(part * of.events), below="out"))
    refused(ended, folder, of.job.out, "free some space or choose another disk, then give the same command again")
    assert re.search(r"\([\d.]+ [kM]B to be written, [\d.]+ [kM]B free\)", ended.last_line)
    whole(of, folder)
    completes(of, folder)


@pytest.mark.long  # test_no_room does it with quicker commands, test_killed kills a run
@pytest.mark.parametrize("part", [0.0, 0.4, 0.8])
def test_no_room_for_a_run(part: float, undisturbed: Callable[[str], Undisturbed], tmp_path: Path) -> None:
    of = undisturbed(RUN.name)
    folder = of.copy(tmp_path / "copy")
    ended = RUN.run(folder, Fault(kind="full", at=1 + int(part * of.events), below="out"))
    refused(ended, folder, RUN.out, "free some space")
    whole(of, folder)
    completes(of, folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB; where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], check=False, capture_output=True
    )
    if not mounted or mounted.returncode != 0:
        pytest.skip("this user may not mount a file system")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full(
    small_disk: Path, undisturbed: Callable[[str], Undisturbed], tmp_path: Path
) -> None:
    of = undisturbed(PLATE.name)
    folder = of.copy(tmp_path / "copy")
    (small_disk / "in the way").write_bytes(bytes(200 << 10))
    (small_disk / "results").mkdir()
    (folder / "out").symlink_to(small_disk / "results")
    ended = PLATE.run(folder)
    refused(ended, folder, "out/", "free some space")
    assert "No space left on device (" in ended.last_line
    assert [path.name for path in small_disk.rglob(".*")] in ([], [".pharmrs"])
    (small_disk / "in the way").unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert PLATE.run(folder).code == of.code
    assert PLATE.results(folder) == of.results


@pytest.mark.parametrize("name", [*(name for name in JOBS if name != DEMO.name), pytest.param(DEMO.name, marks=LONG)])
def test_an_output_that_may_not_be_written_to(
    name: str, undisturbed: Callable[[str], Undisturbed], tmp_path: Path
) -> None:
    of = undisturbed(name)
    folder = of.copy(tmp_path / "copy")
    ended = of.job.run(folder, Fault(kind="EROFS", at=1, below="out"))
    refused(ended, folder, of.job.out, "choose another folder for the output")
    assert "Read-only file system" in ended.last_line
    assert not of.job.results(folder) and not of.job.hidden(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else(undisturbed: Callable[[str], Undisturbed], tmp_path: Path) -> None:
    of = undisturbed(PLATE.name)
    folder = of.copy(tmp_path / "copy")
    (folder / "out").mkdir(mode=0o555)
    refused(PLATE.run(folder), folder, "out/", "choose another folder for the output")


@pytest.mark.parametrize("name", [PLATE.name, SIMULATE.name, pytest.param(RUN.name, marks=LONG)])
def test_a_failing_disk(name: str, undisturbed: Callable[[str], Undisturbed], tmp_path: Path) -> None:
    of = undisturbed(name)
    folder = of.copy(tmp_path / "copy")
    ended = of.job.run(folder, Fault(kind="EIO", at=of.events // 2, below="out"))
    refused(ended, folder, of.job.out, "check the disk or the network drive, then give the same command again")
    completes(of, folder)


@pytest.mark.parametrize(
    ("name", "clock"),
    [
        *((name, {"year": 1970}) for name in (*QUICK, ANALYSE.name, RUN.name)),
        *(
            pytest.param(name, clock, marks=LONG)
            for name in JOBS
            for clock in ({"year": 2100}, {"year": 2030, "rate_s": -60})
        ),
    ],
)
def test_a_clock_that_is_wrong(
    name: str, clock: dict[str, int], undisturbed: Callable[[str], Undisturbed], tmp_path: Path
) -> None:
    """The same bytes in any year."""
    of = undisturbed(name)
    folder = of.copy(tmp_path / "copy")
    fault = Fault(clock_s=seconds(clock["year"]), rate_s=clock.get("rate_s"), below="out")
    ended = of.job.run(folder, fault)
    assert ended.code == of.code, ended.err
    assert of.job.results(folder) == of.results


@pytest.mark.long
@pytest.mark.parametrize("year", [1970, 2100])
def test_files_of_another_time_are_read_again_when_they_changed(
    year: int, undisturbed: Callable[[str], Undisturbed], tmp_path: Path
) -> None:
    """Every file is from 1970 or 2100. A recording that changes, and keeps its time (and nearly its size), is seen."""
    of = undisturbed(RUN.name)
    folder = of.copy(tmp_path / "copy")
    for path in folder.rglob("*"):
        os.utime(path, (seconds(year), seconds(year)))
    assert RUN.run(folder).code == of.code
    assert RUN.results(folder) == of.results
    (scan,) = folder.glob("sub-01/ses-1/mrs/*_svs.nii.gz")
    (other,) = folder.glob("sub-01/ses-2/mrs/*_svs.nii.gz")
    content, size = other.read_bytes(), scan.stat().st_size
    scan.write_bytes(content + bytes(max(0, size - len(content))))  # zeros after the end of a gzip stream are allowed
    os.utime(scan, (seconds(year), seconds(year)))
    plan = RUN.__class__("plan", RUN.prepare, ("run", ".", "--dry-run"), RUN.out).run(folder)
    assert f"fit: input sub-01/ses-1/mrs/{scan.name} changed" in plan.out
    assert "1 of 2 scans would be fitted" in plan.err


def test_a_lock_of_a_process_long_dead(tmp_path: Path) -> None:
    """The file of the lock says nothing but who wrote it last; its age and number mean nothing."""
    lock = tmp_path / "cache" / "lock"
    write_bytes(lock, f"process {os.getpid()}\n".encode())  # a process that lives, and holds no lock
    os.utime(lock, (seconds(2100), seconds(2100)))
    with only_run(tmp_path), pytest.raises(InputError, match="only one run at a time"), only_run(tmp_path):
        pass
