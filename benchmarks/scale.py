"""How a run grows: speed-up, memory, overhead, a rerun from the cache, one large raw scan, thousands of participants.

`python -m benchmarks.scale [--few 140] [--many 1400] [--only NAME ...]`; on a quiet computer with two
cores it takes about ten minutes. Ratios are of one session, so they mean the same on any computer; CPU seconds are of
this one.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psutil

from benchmarks.scale_data import write_observations, write_scans
from benchmarks.tables import Check, print_checks

_MIB = 2.0**20


@dataclass(frozen=True, slots=True)
class Used:
    """What a command took: seconds of the clock and of all its processes, and the most memory of all of them, MiB."""

    wall_s: float
    cpu_s: float
    memory_mib: float


def timed(*command: object) -> Used:
    """Run `python -m pharmrs COMMAND`, looking at the memory of its processes five times a second."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        [sys.executable, "-m", "pharmrs", *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    most = 0.0
    while True:
        try:
            _, told = process.communicate(timeout=0.2)
            break
        except subprocess.TimeoutExpired:
            most = max(most, _memory(process.pid))
    if process.returncode:
        raise SystemExit(f"pharmrs {command[0]} ended with {process.returncode}: {told.decode()[-500:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Used(time.perf_counter() - began, cpu_s, most / _MIB)


def _memory(pid: int) -> float:
    """Resident bytes of a process and those it started."""
    try:
        parent = psutil.Process(pid)
        return float(sum(one.memory_info().rss for one in (parent, *parent.children(recursive=True))))
    except psutil.Error:
        return 0.0


def runs(folder: Path, few: int, many: int) -> list[Check]:
    """Scans of 16 coils x 32 transients with one worker and two; small ones in numbers, and again from the cache."""
    raw = write_scans(folder / "raw", few, 16, 32)
    one = timed("run", raw, "-o", folder / "one", "-j", 1)
    two = timed("run", raw, "-o", folder / "two", "-j", 2)
    small, large = write_scans(folder / "small", few, 4, 4), write_scans(folder / "large", many, 4, 4)
    of_few = timed("run", small, "-o", folder / "of-few", "-j", 2)
    of_many = timed("run", large, "-o", folder / "of-many", "-j", 2)
    again = timed("run", large, "-o", folder / "of-many", "-j", 2)
    more = many - few
    return [
        Check(f"{few} raw scans, 1 worker: wall", one.wall_s, unit="s"),
        Check(f"{few} raw scans, 2 workers: wall", two.wall_s, unit="s"),
        Check("speed-up by the second worker", one.wall_s / two.wall_s, 1.8),
        Check(
            "CPU of workers and orchestration beyond that of 1 worker", 100 * (two.cpu_s / one.cpu_s - 1), None, 5, "%"
        ),
        Check(f"memory of {few} small scans, 2 workers", of_few.memory_mib, unit="MiB"),
        Check(f"memory of {many} small scans, 2 workers", of_many.memory_mib, unit="MiB"),
        Check("memory, many over few", of_many.memory_mib / of_few.memory_mib, None, 1.2),
        Check("memory per further scan", 1024 * (of_many.memory_mib - of_few.memory_mib) / more, unit="KiB"),
        Check("CPU per further scan, small", (of_many.cpu_s - of_few.cpu_s) / more, unit="s"),
        Check(f"{many} scans again from the cache: wall", again.wall_s, None, 10, "s"),
        Check(f"{many} scans again from the cache: CPU per scan", 1000 * again.cpu_s / many, unit="ms"),
        Check("disk per scan", _bytes(folder / "of-many") / many / 1024, unit="KiB"),
        Check("of it the report", (folder / "of-many" / "report.html").stat().st_size / many / 1024, unit="KiB"),
    ]


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def tasks(_folder: Path, _few: int, _many: int) -> list[Check]:
    """What processes of this computer cost: at the start, while they wait, and with each task."""
    from pharmrs.core.workers.execution import map_tasks, workforce

    with workforce(2) as team:
        began, before = time.perf_counter(), _cpu_of_all()
        map_tasks(abs, range(4), team, seconds_each=1e3)
        started, ready = time.perf_counter() - began, _cpu_of_all()
        map_tasks(abs, range(1000), team, seconds_each=1e3)
        worked = _cpu_of_all()
        time.sleep(10)
        waited = _cpu_of_all()
    return [
        Check("start of two workers: wall", started, unit="s"),
        Check("start of two workers: CPU", ready - before, unit="s"),
        Check("each task: CPU of command and worker", worked - ready, unit="ms"),
        Check("while waiting: share of one core", 10 * (waited - worked), unit="%"),
    ]


def _cpu_of_all() -> float:
    own = psutil.Process()
    times = [one.cpu_times() for one in (own, *own.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def raw_scan(folder: Path, _few: int, _many: int) -> list[Check]:
    """One recording of 32 coils x 128 transients x 2048 points, from its file to concentrations, step by step."""
    from pharmrs.spectra.stage.scan import open_scan, process_scan
    from pharmrs.spectra.stage.settings import settings_of
    from pharmrs.study.dataset import open_dataset
    from pharmrs.study.study_file import read_study

    root = write_scans(folder / "one-raw", 1, 32, 128)
    dataset = open_dataset(root)
    _, basis = dataset.to_fit()
    (files,) = dataset.scans
    settings = settings_of(read_study(root / "study.yaml"), files.name)
    process_scan(files, basis, settings)  # loads what is loaded once
    clock = time.process_time()
    open_scan(files)
    read = time.process_time()
    process_scan(files, basis, settings)
    whole = time.process_time() - read
    return [
        Check("raw scan of 32 x 128 x 2048 to concentrations: CPU", whole, None, 2.0, "s"),
        Check("of it reading and unpacking the files", read - clock, unit="s"),
    ]


def participants(folder: Path, _few: int, _many: int, people: int = 5000) -> list[Check]:
    """The statistics of a table of many people, model by model."""
    from pharmrs.study.analysis_file import analyse_file

    observations, plan = write_observations(folder, people)
    marks: list[tuple[str, float]] = []
    began = time.process_time()
    analyse_file(observations, plan, folder / "analysed", (), lambda what: marks.append((what, time.process_time())))
    marks.append(("end", time.process_time()))
    steps = [Check(what, after - at, unit="s") for (what, at), (_, after) in pairwise(marks)]
    reading = Check("reading the table", marks[0][1] - began, unit="s")
    return [Check(f"{people} participants: CPU", marks[-1][1] - began, None, 60, "s"), reading, *steps]


PARTS: dict[str, Callable[[Path, int, int], Sequence[Check]]] = {
    "runs": runs,
    "tasks": tasks,
    "raw_scan": raw_scan,
    "participants": participants,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=140)
    parser.add_argument("--many", type=int, default=1400)
    parser.add_argument("--only", choices=list(PARTS), action="append")
    wanted = parser.parse_args()
    missed = 0
    for name in wanted.only or PARTS:
        with tempfile.TemporaryDirectory(prefix="pharmrs-scale-") as folder:
            missed += print_checks(name.replace("_", " "), PARTS[name](Path(folder), wanted.few, wanted.many))
    return missed


if __name__ == "__main__":
    sys.exit(main())
