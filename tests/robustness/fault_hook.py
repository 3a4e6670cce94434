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
_IN_FOLDERS = ("os.rename", "os.remove")  # whose last argument may be an open folder
TORN_AT = 100  # bytes of a file
COMPUTES_S = 120  # of a command at most, on however busy a computer
WAITS_S = 3600  # of a command that waits for what never comes


@dataclass
class Fault:
    """What goes wrong, and when.

    `kind`: "none" (events are only counted), "killed" (-9 before the event), "torn" (killed while it writes, when a
    file has grown to 100 bytes), "full" (no room from there on: files can be made, nothing be written), or the name of
    an error (EROFS, EACCES, EIO: that is what the event and all later ones raise, or those up to `until`). `clock_s`:
    the time of day that the program is told; `rate_s`: what it goes on by with every question, None: with the time
    that passes.
    """

    kind: str = "none"
    at: int = 0
    until: int = 0
    below: str = "/nowhere"
    clock_s: float | None = None
    rate_s: float | None = None
    seen: int = 0

    def install(self) -> None:
        """From now on, in this process."""
        if self.clock_s is not None:
            self._turn_clock(self.clock_s)
        self.below = os.path.realpath(self.below)
        if self.kind in ("torn", "full"):
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL if self.kind == "torn" else signal.SIG_IGN)
        sys.addaudithook(self._hook)
        self._watch_open_files()

    def _watch_open_files(self) -> None:
        """What is done to a file that is open is no audit event: lines that are added, and what is put on the disk."""
        write, fsync, opening = os.write, os.fsync, os.open

        def watched_open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            """The audit event of a file that is opened in an open folder does not say which."""
            if dir_fd is not None and flags & _WRITES:
                self._note("open", str(Path(_place(dir_fd), os.fsdecode(path))))
            return opening(path, flags, mode, dir_fd=dir_fd)

        def watched_write(handle: int, content: bytes) -> int:
            place = _place(handle)
            if self._is_event(place) and self.kind == "torn":
                write(handle, content[: len(content) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            self._note("os.write", place)
            return write(handle, content)

        def watched_fsync(handle: int) -> None:
            self._note("os.fsync", _place(handle))
            fsync(handle)
            self._note("after os.fsync", _place(handle))

        os.write, os.fsync, os.open = watched_write, watched_fsync, watched_open

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            if not isinstance(arguments[2], int) or not arguments[2] & _WRITES:
                return
        elif event not in _EVENTS:
            return
        path = arguments[0]
        inside = [one for one in arguments[1:] if isinstance(one, int) and one > 2] if event in _IN_FOLDERS else []
        if inside and isinstance(path, (str, bytes)):
            path = Path(_place(inside[-1]), os.fsdecode(path))
        if isinstance(path, (str, bytes, os.PathLike)):
            self._note(event, os.fsdecode(path))
        elif isinstance(path, int):
            self._note(event, _place(path))

    def _note(self, event: str, path: str) -> None:
        if self._is_below(path):
            self.seen += 1
            if self.kind != "none" and self.at <= self.seen <= (self.until or self.seen):
                self._strike(event, path)

    def _is_event(self, path: str) -> bool:
        """Whether what is done to `path` now is the event that something goes wrong at, or a later one."""
        return self._is_below(path) and self.seen + 1 >= self.at

    def _is_below(self, path: str) -> bool:
        place = str(Path(path).parent.resolve() / Path(path).name)
        return place == self.below or place.startswith(self.below + os.sep)

    def _strike(self, event: str, path: str) -> None:
        if self.kind == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.kind in ("torn", "full"):
            most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (TORN_AT if self.kind == "torn" else 0, most))
        else:
            number = getattr(errno, self.kind)
            raise OSError(number, os.strerror(number), path)

    def _turn_clock(self, start_s: float) -> None:
        began, calls = time.time_ns(), [0]

        def now_ns() -> int:
            calls[0] += 1
            gone = real_ns() - began if self.rate_s is None else int(self.rate_s * 1e9) * calls[0]
            return int(start_s * 1e9) + gone

        real_ns, real_local, real_utc = time.time_ns, time.localtime, time.gmtime
        time.time_ns, time.time = now_ns, lambda: now_ns() / 1e9
        time.localtime = lambda seconds=None: real_local(time.time() if seconds is None else seconds)
        time.gmtime = lambda seconds=None: real_utc(time.time() if seconds is None else seconds)


def _place(handle: int) -> str:
    """Path of an open file; the root for what is no file, or where the system does not tell."""
    try:
        path = str(Path(f"/proc/self/fd/{handle}").readlink())
    except OSError:
        return "/"
    return path if path.startswith("/") else "/"


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


@dataclass
class Running:
    """A command on its way. `ends`: of its pipes, for what it prints, its errors, and the number of events."""

    process: int
    ends: list[int]
    printed: str = ""

    def first_line(self) -> str:
        """What it prints first; empty where it ends before."""
        while not self.printed.endswith("\n") and (one := os.read(self.ends[0], 1)):
            self.printed += one.decode()
        return self.printed.strip()

    def wait(self) -> Ended:
        out, err, seen = _drain(self.ends)
        _, status = os.waitpid(self.process, 0)
        return Ended(os.waitstatus_to_exitcode(status), self.printed + out, err, int(seen or -1))


def start(*arguments: object, fault: Fault | None = None, cwd: Path | None = None) -> Running:
    """`pharmrs ARGUMENTS` in a copy of this process, which has the program loaded already."""
    pipes = [os.pipe() for _ in range(3)]
    sys.stdout.flush(), sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _be_the_command([str(one) for one in arguments], fault or Fault(), cwd, pipes)
    for _, end in pipes:
        os.close(end)
    return Running(child, [begin for begin, _ in pipes])


def command(*arguments: object, fault: Fault | None = None, cwd: Path | None = None) -> Ended:
    """The same, until it has ended."""
    return start(*arguments, fault=fault, cwd=cwd).wait()


def warm_up(arguments: tuple[str, ...], cwd: Path) -> int:
    """The command in this process, so that copies of it have everything loaded; the exit code."""
    import contextlib
    import io

    with contextlib.chdir(cwd), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return _run(list(arguments))


def _be_the_command(arguments: list[str], fault: Fault, cwd: Path | None, pipes: list[tuple[int, int]]) -> None:
    code = 70
    try:
        os.setsid()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(WAITS_S)
        resource.setrlimit(resource.RLIMIT_CPU, (COMPUTES_S, COMPUTES_S))
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
