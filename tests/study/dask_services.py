"""A Dask scheduler and its workers as processes of their own, on loopback, and tasks for them."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pharmrs.core.errors import InputError, InputProblem

SOURCE = Path(__file__).parents[2] / "src"


def later_first(number: int) -> int:
    """The first task ends last."""
    time.sleep(0.5 if number == 0 else 0.0)
    return 10 * number


def has_loaded(module: str) -> bool:
    return module in sys.modules


def ten_times_with(number: int, ballast: bytes) -> int:
    """`ballast`: something every worker needs, as large as a basis set."""
    return 10 * number + len(ballast) % 10


def pages_asked_for(rounds: int) -> int:
    """Pages of memory that the system had to give while an array of 1 MB was made and dropped `rounds` times."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        np.ones(2**17)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def refuse(number: int) -> int:
    if number == 1:
        raise InputError([InputProblem(file="file-1", field="field", rule="a rule", value="", remedy="mend it")])
    return number


def deadly(number: int) -> int:
    """The third task kills whoever tries it."""
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return 10 * number


def gone_now(number: int) -> tuple[int, int]:
    """Number and process."""
    time.sleep(0.1)
    return number, os.getpid()


def told_in(folder: str) -> None:
    """Tell who does it; then take long."""
    (Path(folder) / f"{os.getpid()}.pid").touch()
    time.sleep(600)


@dataclass
class Services:
    """What was started; the first process is the scheduler."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        place = self.folder / "scheduler.json"
        wait_until(lambda: place.is_file() and place.stat().st_size > 0)
        return str(json.loads(place.read_text())["address"])

    def start(self, part: str, *options: str, source: Path = SOURCE) -> subprocess.Popen[bytes]:
        """`part`: scheduler or worker."""
        command = [sys.executable, "-m", f"distributed.cli.dask_{part}", "--no-dashboard"]
        command += ["--scheduler-file", str(self.folder / "scheduler.json"), *options]
        with (self.folder / f"{part}-{len(self.processes)}.log").open("wb") as log:
            environment = {**os.environ, "PYTHONPATH": f"{source}{os.pathsep}{Path(__file__).parents[2]}"}
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self.processes.append(process)
        return process

    def start_worker(self, *options: str, threads: int = 1, source: Path = SOURCE) -> subprocess.Popen[bytes]:
        options = ("--no-nanny", "--nworkers", "1", "--nthreads", str(threads), *options)
        return self.start("worker", "--local-directory", str(self.folder), *options, source=source)

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()


def wait_until(ready: Callable[[], bool], longest_s: float = 120.0) -> None:
    until = time.monotonic() + longest_s
    while not ready():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
