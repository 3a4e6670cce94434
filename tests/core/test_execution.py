"""Tasks give the same results wherever they are done, and what happens when workers or the scheduler are lost."""

from __future__ import annotations

import contextlib
import errno
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharmrs.core.errors import InputError, WorkersLost
from pharmrs.core.files import owned
from pharmrs.core.workers import dask_clusters, execution
from pharmrs.core.workers.dask_clusters import Connection
from pharmrs.core.workers.dask_workers import _Work
from pharmrs.core.workers.execution import Execution, LocalWorkers, default_workers, map_tasks, workforce
from pharmrs.core.workers.portions import portions
from pharmrs.study.run import run_dataset
from tests.study.dask_services import (
    Services,
    deadly,
    gone_now,
    has_loaded,
    later_first,
    pages_asked_for,
    refuse,
    ten_times_with,
    wait_until,
)
from tests.study.e2e import RESULTS, pharmrs, results, table
from tests.study.small_trial import write_small_trial

LONG_S = 100.0  # expected of a task: workers are started for it


def test_one_worker_does_its_tasks_in_order() -> None:
    seen: list[int] = []
    assert map_tasks(later_first, range(3), 1, seen.append, seconds_each=1.0) == seen == [0, 10, 20]
    with pytest.raises(InputError) as caught:
        map_tasks(refuse, range(3), 1, seconds_each=1.0)
    assert [problem.file for problem in caught.value.problems] == ["file-1"]


def test_no_task_and_default_workers() -> None:
    assert map_tasks(later_first, [], 4, seconds_each=LONG_S) == []
    assert default_workers() >= 1


def test_no_process_is_started_for_little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalWorkers, "_others", lambda _self: pytest.fail("processes were started"))
    assert map_tasks(later_first, range(3), 4, seconds_each=1.0) == [0, 10, 20]
    assert map_tasks(later_first, range(1), 4, seconds_each=LONG_S) == [0]
    with pytest.raises(pytest.fail.Exception):
        map_tasks(later_first, range(3), 4, seconds_each=LONG_S)


def test_processes_start_only_for_work_that_is_worth_it_and_rest() -> None:
    """As many as there are tasks, once; after a rest, which does not wait for anything, others."""
    with contextlib.closing(LocalWorkers(2)) as team:
        team.rest()  # there is nobody
        team.prepare(2, 1.0, ["csv"])
        assert not team._pool
        team.prepare(100, 1.0, ["csv"])  # returns, though they have not loaded the program
        team.prepare(100, 1.0, ["csv"])
        first = {child.pid for child in multiprocessing.active_children()}
        assert team._pool and len(team._pool) == len(first) == 2
        assert {process for _, process in map_tasks(gone_now, range(6), team, seconds_each=LONG_S)} == first
        team.rest()
        assert not team._pool and not multiprocessing.active_children()
        found = {process for _, process in map_tasks(gone_now, range(6), team, seconds_each=LONG_S)}
        assert len(found) == 2 and not found & first
    assert not multiprocessing.active_children()


def test_a_process_that_cannot_be_started_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_process: object) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(SpawnProcess, "start", fails)
    with pytest.raises(WorkersLost, match="could not be started: Resource temporarily unavailable"):
        map_tasks(abs, range(100), 2, seconds_each=LONG_S)


def test_the_processes_of_a_command_that_is_killed_end(tmp_path: Path) -> None:
    """Idle or at work; nothing is left in the folder for temporary files."""
    code = (
        "import sys; from pharmrs.core.workers.execution import LocalWorkers; from tests.study.dask_services import *\n"
        "if __name__ == '__main__':\n"
        "    team = LocalWorkers(2); work = team.results(told_in, [sys.argv[1]] * 4, None, 100.0)\n"
        "    next(work)\n"
    )
    script = tmp_path / "command.py"
    script.write_text(code)
    places = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    command = subprocess.Popen([sys.executable, str(script), str(tmp_path)], env=places)
    wait_until(lambda: len(list(tmp_path.glob("*.pid"))) == 2 or command.poll() is not None)
    command.kill()
    command.wait()
    wait_until(lambda: not any(Path(f"/proc/{one.stem}").exists() for one in tmp_path.glob("*.pid")))
    assert not list((tmp_path / "tmp").iterdir())


def test_what_a_worker_loads_is_there_for_its_first_task() -> None:
    with workforce(2) as team:
        team.prepare(10, LONG_S, ["xml.dom.minidom"])
        assert map_tasks(has_loaded, ["xml.dom.minidom", "wave"], team, seconds_each=LONG_S) == [True, False]


class _Vanished:
    """A future that ended on a worker that is gone, and a client whose workers never come back."""

    status = "running"

    def result(self, timeout: float) -> object:
        raise TimeoutError

    def nthreads(self) -> dict[str, int]:
        return {}


def test_a_result_that_vanished_with_the_last_worker_is_not_waited_for_without_end() -> None:
    gone: Any = _Vanished()
    work = _Work(Connection(gone, "two processes", 0.0, "run again"), abs)
    with pytest.raises(WorkersLost, match="two processes: every worker is gone"):
        work._results(gone, 1, gone)


def test_processes_of_this_computer() -> None:
    """Order, exceptions, what is large and shared, and a worker that dies with every try of one task."""
    seen: list[int] = []
    with workforce(2) as team:
        assert map_tasks(later_first, range(3), team, seen.append, seconds_each=LONG_S) == [0, 10, 20]
        assert sorted(seen) == [0, 10, 20]
        large = partial(ten_times_with, ballast=bytes(3_000_003))
        assert map_tasks(large, range(40), team, seconds_each=LONG_S) == [10 * n + 3 for n in range(40)]
        # 256 pages an array: 51,200 a task where freed memory is given back at once
        assert max(map_tasks(pages_asked_for, [200] * 4, team, seconds_each=LONG_S)) < 10_000
        with pytest.raises(InputError) as caught:
            map_tasks(refuse, range(3), team, seconds_each=LONG_S)
        assert [problem.file for problem in caught.value.problems] == ["file-1"]
        found = map_tasks(deadly, range(6), team, seconds_each=LONG_S, lost=lambda task, what: f"{task}: {what}")
        assert found == [0, 10, "2: its worker process died every time it was tried", 30, 40, 50]
        # short tasks travel several at a time; with one of them only that one is lost
        assert map_tasks(later_first, range(200), team, seconds_each=0.01) == [10 * n for n in range(200)]
        found = map_tasks(deadly, range(64), team, seconds_each=0.01, lost=lambda task, what: f"{task}: {what}")
        assert [n for n, result in enumerate(found) if result != 10 * n] == [2]


@given(st.integers(1, 10**4), st.floats(0.0, 1e4), st.integers(1, 1000))
def test_how_many_tasks_travel_together(tasks: int, seconds_each: float, workers: int) -> None:
    """At most a second of work, unless one task is more, and eight portions for each worker where there are enough."""
    groups = portions(tasks, seconds_each, workers)
    assert [number for group in groups for number in group] == list(range(tasks))
    largest = max(map(len, groups))
    assert largest == 1 or (largest * seconds_each <= 1.0 and tasks / largest >= 8 * workers)


class LosesOne:
    """Workers that die with one scan. `expected`: how many tasks, of how many seconds, they were told to expect."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.expected: list[tuple[int, float]] = []
        self.rested = 0

    def check(self, needed: Sequence[Path]) -> None:
        pass

    def prepare(self, tasks: int, seconds_each: float, modules: Sequence[str]) -> None:
        assert modules == ["pharmrs.spectra.stage.scan_tasks"]
        self.expected.append((tasks, seconds_each))

    def rest(self) -> None:
        self.rested += 1

    def results(self, function: Any, tasks: Any, lost: Any, seconds_each: float) -> Iterator[Any]:
        for index, task in enumerate(tasks):
            yield index, lost(task, "it died") if task.files.name.startswith(self._name) else function(task)


def test_a_scan_whose_worker_dies_is_a_failed_scan(demo: Path, tmp_path: Path) -> None:
    run = run_dataset(demo, tmp_path / "out", LosesOne("sub-01_ses-2"))
    assert not run.complete and len(run.failed) == 1
    (problem,) = [one for one in run.all_problems if one.severity == "error"]
    assert (problem.field, problem.rule, problem.value) == ("processing", "must finish", "it died")
    assert "sub-01_ses-2" in problem.file
    status = {row["scan"][:12]: row["status"] for row in table(tmp_path / "out" / "quality.tsv")}
    assert status == {"sub-01_ses-1": "analysed", "sub-01_ses-2": "failed"}


def test_workers_are_told_what_will_certainly_have_to_be_fitted(demo: Path, tmp_path: Path) -> None:
    """And how long a scan takes: 0.13 s, and 0.96 s for 134 MB of recordings."""
    out, team = tmp_path / "out", LosesOne("sub-01_ses-2")
    run_dataset(demo, out, team)
    run_dataset(demo, out, team)  # one of the two was lost
    run_dataset(demo, out, team, fresh=True)
    assert [count for count, _ in team.expected] == [2, 1, 2] and team.rested == 3
    size = sum(path.stat().st_size for path in demo.rglob("mrs/*.nii.gz")) / 2
    assert team.expected[0][1] == pytest.approx(0.13 + 0.96 * size / 134e6, rel=0.01)


def test_two_workers_leave_the_same_bytes_as_one(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (Path(shutil.copytree(demo, tmp_path / name)) for name in ("one", "two"))
    assert pharmrs("run", one, "--workers", 1).code == 0
    monkeypatch.setattr(execution, "_START_S", 0.0)
    assert pharmrs("run", two, "--workers", 2).code == 0
    assert results(one) == results(two)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    folder = tmp_path / "services"
    folder.mkdir()
    started = Services(folder)
    started.start("scheduler", "--host", "127.0.0.1", "--port", "0")
    yield started
    started.end()


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six scans, never run."""
    root = tmp_path_factory.mktemp("three") / "dataset"
    write_small_trial(root, participants=3)
    return root


@pytest.fixture(scope="module")
def undisturbed(trial: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = Path(shutil.copytree(trial, tmp_path_factory.mktemp("undisturbed") / "dataset"))
    assert pharmrs("run", root, "--workers", 1).code == 0
    return results(root)


def fits(root: Path) -> int:
    return len(list((root / RESULTS).rglob("*_fit.png")))


def run_with(root: Path, address: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pharmrs", "run", str(root), "--scheduler", address]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.long
def test_a_scheduler_elsewhere_gives_the_same_bytes(
    services: Services, trial: Path, undisturbed: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.start_worker()
    services.start_worker()
    root = Path(shutil.copytree(trial, tmp_path / "dataset"))
    monkeypatch.chdir(tmp_path)  # paths are relative to where the command is given, not to where the workers are
    end = pharmrs("run", "dataset", "--scheduler", services.address)
    assert end.code == 0, end.err
    assert results(root) == undisturbed


@pytest.mark.long
def test_a_worker_killed_during_the_run(
    services: Services, trial: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    victim = services.start_worker()
    services.start_worker()
    root = Path(shutil.copytree(trial, tmp_path / "dataset"))
    run = run_with(root, services.address)
    wait_until(lambda: fits(root) >= 1 or run.poll() is not None)
    victim.kill()
    _, err = run.communicate(timeout=300)
    assert run.returncode == 0, err
    assert results(root) == undisturbed


@pytest.mark.long
def test_a_scheduler_lost_during_the_run(
    services: Services, trial: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    services.start_worker()
    root = Path(shutil.copytree(trial, tmp_path / "dataset"))
    run = run_with(root, services.address)
    wait_until(lambda: len(list((root / RESULTS / "cache" / "scans").glob("*"))) >= 2 or run.poll() is not None)
    services.processes[0].kill()
    _, err = run.communicate(timeout=300)
    assert run.returncode == 3, err
    last = err.splitlines()[-1]
    assert last.startswith("error: the scheduler at tcp://127.0.0.1:") and "the connection was lost. Remedy:" in last
    assert "Traceback" not in err
    plan = pharmrs("run", root, "--dry-run")
    assert 2 <= plan.out.count("as it was") < 6
    assert pharmrs("run", root, "--workers", 1).code == 0
    assert results(root) == undisturbed


@pytest.mark.long
def test_a_worker_that_cannot_do_the_same_work_is_named(services: Services, trial: Path, tmp_path: Path) -> None:
    """Two threads, another program, and a dataset that is not there; only our marker is written."""
    other = tmp_path / "other"
    shutil.copytree(Path(execution.__file__).parents[3], other, ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "pharmrs" / "core" / "constants.py").open("a") as stream:
        stream.write("# edited\n")
    services.start_worker("--name", "first", threads=2)
    services.start_worker("--name", "second", source=other)
    with workforce(Execution(scheduler=services.address)) as team:
        wait_until(lambda: len(team._connection().client.nthreads()) == 2)  # type: ignore[attr-defined]
        with pytest.raises(InputError) as caught:
            team.check([trial / "study.yaml", tmp_path / "nowhere"])
    told = [str(problem) for problem in caught.value.problems]
    assert sum("nowhere: must be visible there (found: missing)" in text for text in told) == 2
    assert sum("threads: must be 1 per worker (found: 2)" in text for text in told) == 1
    assert sum("code of pharmrs (SHA-256): must be" in text for text in told) == 1
    assert len(told) == 4 and all(text.startswith("worker tcp://127.0.0.1:") for text in told)
    end = pharmrs("run", trial, "--scheduler", services.address)
    assert end.code == 2 and [path.name for path in (trial / RESULTS).iterdir()] == [owned.MARKER]


@pytest.mark.long
def test_nobody_there(services: Services, monkeypatch: pytest.MonkeyPatch, trial: Path) -> None:
    monkeypatch.setattr(dask_clusters, "_CONNECT_S", 2)
    end = pharmrs("run", trial, "--scheduler", "tcp://127.0.0.1:9")
    assert end.code == 2 and "a Dask scheduler must answer there" in end.err and "Remedy:" in end.err
    monkeypatch.setattr(dask_clusters, "_NEW_WORKER_S", 1.0)
    with workforce(Execution(scheduler=services.address)) as team, pytest.raises(WorkersLost, match="no worker came"):
        team.check(())
    services.start_worker()
    monkeypatch.setattr(dask_clusters, "_NEW_WORKER_S", 60.0)
    with workforce(Execution(scheduler=services.address)) as team:
        found = map_tasks(gone_now, range(10), team, seconds_each=LONG_S)
    assert [number for number, _ in found] == list(range(10))
    assert {process for _, process in found} == {services.processes[-1].pid}
