"""Run cases of bad input in a process of limited memory; one line of JSON for each: how it ended, and what it broke.

Usage: read_bad_input.py FOLDER PART PARTS KIND... ; every PARTS-th case from PART on, of the kinds named (none: all).
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import signal
import stat
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

MEMORY_BYTES = 4 << 30
LONGEST_S = 10.0
WAITS_S = 60
_BASE_MODES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class TooLong(BaseException):
    """Not an Exception: no reader may swallow it."""


# what an event is about is its first argument; which of them is the open folder that it is in (0: none can be)
_CHANGES = {"os.mkdir": 2, "os.rename": 2, "os.remove": 1, "os.symlink": 0, "shutil.rmtree": 0}


class Guard:
    """Watches what Python does on behalf of a reader: files opened for writing, processes, pickles, sockets."""

    def __init__(self) -> None:
        self.allowed: Path | None = None
        self.broken: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.allowed is None:
            return
        if event in (
            "os.system",
            "subprocess.Popen",
            "pickle.find_class",
            "socket.connect",
            "os.exec",
            "ctypes.dlopen",
        ):
            self.broken.append(f"{event} {arguments}"[:300])
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _BASE_MODES:
            path = arguments[0]
            plain = isinstance(path, str) and "/" not in path  # perhaps of an open folder, which is not told
            if isinstance(path, str) and not plain and not _below(path, -1, (str(self.allowed), "/dev/")):
                self.broken.append(f"written: {path}"[:300])
        if event in _CHANGES:
            path, folder = arguments[0], arguments[_CHANGES[event]] if _CHANGES[event] else -1
            if isinstance(path, str) and not _below(path, folder, (str(self.allowed),)):
                self.broken.append(f"{event}: {path}"[:300])


def _below(path: str, folder: int, places: tuple[str, ...]) -> bool:
    """Whether `path`, from the open `folder` on where there is one, lies in one of `places`."""
    above = Path(f"/proc/self/fd/{folder}").readlink() if folder >= 0 else Path()
    return os.path.realpath(above / path).startswith(places)


def tree(folder: Path) -> dict[str, tuple[Any, ...]]:
    """What is in a folder: kind, size, time, content of files of at most 4 MiB, target of links."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        content = ""
        if stat.S_ISREG(about.st_mode) and about.st_size < 4 << 20:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        found[path.relative_to(folder).as_posix()] = (about.st_mode, about.st_size, about.st_mtime_ns, content)
    return found


def run_case(case: Any, read: Any, folder: Path, guard: Guard) -> dict[str, Any]:
    from pharmrs.core.errors import InputError

    inputs, out, here = folder / "a" / "b" / "in", folder / "out", folder / "here"
    inputs.mkdir(parents=True)
    out.mkdir()
    here.mkdir()
    os.chdir(here)  # empty: names without a folder would be seen in it
    case.place(inputs)
    before = tree(folder / "a")
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    signal.alarm(WAITS_S)  # for waiting without computing, e.g. for the other end of a pipe
    ended, told = "read", ""
    tempfile.tempdir = str(out)  # what is made for a while counts as output
    guard.allowed, guard.broken = out, []
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", category=RuntimeWarning, module="pharmrs")
            try:
                read(inputs, out)
            except InputError as error:
                ended, told = "refused", str(error)[:2000]
                _report(error, out)
    except TooLong:
        ended = "too long"
    except BaseException:
        ended, told = "traceback", traceback.format_exc()[-3000:]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        guard.allowed = None
    seconds = time.process_time() - began
    if "MemoryError" in told:
        ended = "too much memory"
    changed = [] if tree(folder / "a") == before else ["input changed"]
    changed += [f"written: {path.name}" for path in here.iterdir()]
    os.chdir("/")
    shutil.rmtree(folder)
    return {"case": case.name, "kind": case.kind, "ended": ended, "told": told, "broken": guard.broken + changed,
        "seconds": seconds,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}  # fmt: skip


def _report(error: Any, out: Path) -> None:
    """What a command does with a refusal: the problems are printed and written."""
    from pharmrs.core.report.tables import problems_table, write_table

    str(error).encode("utf-8", "backslashreplace")
    write_table(out, problems_table(error.problems))


def _too_long(_number: int, _frame: Any) -> None:
    raise TooLong


class Waiting:
    """Called every minute of a case: too long where nothing was computed meanwhile, however busy the computer is."""

    def __init__(self) -> None:
        self._computed_s = 0.0

    def __call__(self, _number: int, _frame: Any) -> None:
        computed_s = time.process_time()
        if computed_s - self._computed_s < 0.1:
            raise TooLong
        self._computed_s = computed_s
        signal.alarm(WAITS_S)


def main() -> None:
    from tests.robustness.bad_input_cases import all_cases, kinds

    place, part, parts, wanted = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    everything = kinds()
    for path in place.iterdir():
        raise SystemExit(f"{path} is in the way")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGPROF, _too_long)
    signal.signal(signal.SIGALRM, Waiting())
    guard = Guard()
    for number, case in enumerate(all_cases(everything)):
        if number % parts == part and (not wanted or case.kind in wanted):
            found = run_case(case, everything[case.kind].read, place / f"case-{number}", guard)
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
