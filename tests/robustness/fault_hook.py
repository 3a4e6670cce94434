"""Faults on purpose: this process dies, or a disk fails, at the n-th thing it does to the files below a folder."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_EVENTS = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.symlink", "os.link")
TORN_AT = 100  # bytes of a file


@dataclass
class Fault:
    """What goes wrong, and when.

    `kind`: "none" (events are only counted), "killed" (-9 before the event), "torn" (killed while it writes, when a
    file has grown to 100 bytes), "full" (no room from there on: files can be made, nothing be written), or the name of
    an error (EROFS, EACCES, EIO: that is what the event and all later ones raise). `clock_s`: the time of day that the
    program is told; `backwards`: it runs backwards, a minute with every question.
    """

    kind: str = "none"
    at: int = 0
    below: str = "/nowhere"
    clock_s: float | None = None
    backwards: bool = False
    seen: int = 0

    def install(self) -> None:
        """From now on, in this process."""
        if self.clock_s is not None:
            self._turn_clock(self.clock_s)
        self.below = os.path.realpath(self.below)
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            if not isinstance(arguments[2], int) or not arguments[2] & _WRITES:
                return
        elif event not in _EVENTS:
            return
        path = arguments[0]
        if isinstance(path, (str, bytes, os.PathLike)) and self._is_below(os.fsdecode(path)):
            self.seen += 1
            if self.kind != "none" and self.seen >= self.at:
                self._strike(event, os.fsdecode(path))

    def _is_below(self, path: str) -> bool:
        place = str(Path(path).parent.resolve() / Path(path).name)
        return place == self.below or place.startswith(self.below + os.sep)

    def _strike(self, event: str, path: str) -> None:
        if self.kind == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.kind in ("torn", "full"):
            torn = self.kind == "torn"
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL if torn else signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (TORN_AT if torn else 0,) * 2)
        else:
            number = getattr(errno, self.kind)
            raise OSError(number, os.strerror(number), path)

    def _turn_clock(self, start_s: float) -> None:
        began, calls = time.time_ns(), [0]

        def now_ns() -> int:
            calls[0] += 1
            gone = -60 * 10**9 * calls[0] if self.backwards else real_ns() - began
            return int(start_s * 1e9) + gone

        real_ns, real_local, real_utc = time.time_ns, time.localtime, time.gmtime
        time.time_ns, time.time = now_ns, lambda: now_ns() / 1e9
        time.localtime = lambda seconds=None: real_local(time.time() if seconds is None else seconds)
        time.gmtime = lambda seconds=None: real_utc(time.time() if seconds is None else seconds)


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, or minus the signal that killed it; what it printed; the number of events."""

    code: int
    out: str
    err: str
    seen: int

    @property
    def last_line(self) -> str:
        return (self.err.strip().splitlines() or [""])[-1]


def command(*arguments: object, fault: Fault | None = None, cwd: Path | None = None, seconds: int = 300) -> Ended:
    """`pharmrs ARGUMENTS` in a copy of this process, which has the program loaded already."""
    pipes = [os.pipe() for _ in range(3)]
    sys.stdout.flush(), sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _be_the_command([str(one) for one in arguments], fault or Fault(), cwd, pipes, seconds)
    for _, end in pipes:
        os.close(end)
    out, err, seen = _drain([begin for begin, _ in pipes])
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, out, err, int(seen or -1))


def warm_up(arguments: tuple[str, ...], cwd: Path) -> int:
    """The command in this process, so that copies of it have everything loaded; the exit code."""
    import contextlib
    import io

    with contextlib.chdir(cwd), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return _run(list(arguments))


def _be_the_command(
    arguments: list[str], fault: Fault, cwd: Path | None, pipes: list[tuple[int, int]], seconds: int
) -> None:
    code = 70
    try:
        os.setsid()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        for number, (begin, end) in enumerate(pipes):
            os.close(begin)
            if number < 2:
                os.dup2(end, number + 1)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
        if cwd is not None:
            os.chdir(cwd)
        fault.install()
        code = _run(arguments)
        os.write(pipes[2][1], str(fault.seen).encode())
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)


def _run(arguments: list[str]) -> int:
    from pharmrs.cli import main

    former, sys.argv = sys.argv, ["pharmrs", *arguments]
    try:
        main.run()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.argv = former
    return 0


def _drain(ends: list[int]) -> list[str]:
    import selectors

    found = dict.fromkeys(ends, b"")
    with selectors.DefaultSelector() as chosen:
        for end in ends:
            chosen.register(end, selectors.EVENT_READ)
        while chosen.get_map():
            for key, _ in chosen.select():
                part = os.read(key.fd, 1 << 16)
                found[key.fd] += part
                if not part:
                    chosen.unregister(key.fd)
                    os.close(key.fd)
    return [found[end].decode("utf-8", "replace") for end in ends]
