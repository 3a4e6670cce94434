"""Processes of this computer that do tasks: nothing listens, nothing is written, and they end with the command.

A process of the pool has one task, or one portion of short ones, at a time. So it is known what died with it.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, TypeVar

from pharmrs.core.errors import WorkersLost
from pharmrs.core.workers.portions import DIED, portions, tried_again
from pharmrs.core.workers.threads import limit_threads

Task = TypeVar("Task")
Result = TypeVar("Result")

REMEDY = "run again: what is done is kept; if it is memory, use fewer --workers"
_END_S = 5.0


class LocalPool:
    """Processes that are started when there is work for them, as many as there are tasks and no more than `count`."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._processes: list[_Process] = []

    def __len__(self) -> int:
        return len(self._processes)

    def prepare(self, tasks: int, modules: Sequence[str]) -> None:
        """Start the processes that so many tasks are worth; they load `modules` beside what the caller does."""
        self._grow(tasks)
        for process in self._processes:
            process.load(modules)

    def dismiss(self) -> None:
        """End the processes; tasks that come later start others."""
        processes, self._processes = self._processes, []
        for process in processes:
            process.end()

    def results(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        lost: Callable[[Task, str], Result] | None,
        seconds_each: float,
    ) -> Iterator[tuple[int, Result]]:
        """As `execution.Workers.results`."""
        if not tasks:
            return
        self._grow(len(tasks))
        work = pickle.dumps((function, str(Path.cwd())))
        groups = portions(len(tasks), seconds_each, len(self._processes))
        yield from tried_again(partial(self._ended, work, tasks), tasks, groups, lost, REMEDY)

    def _ended(self, work: bytes, tasks: Sequence[Any], groups: Iterable[range]) -> Iterator[tuple[int, Any]]:
        waiting = deque(groups)
        busy: dict[Connection, tuple[_Process, range]] = {}
        try:
            while waiting or busy:
                for process in [one for one in self._processes if one.link not in busy][: len(waiting)]:
                    group = waiting.popleft()
                    busy[process.link] = (process, group)
                    process.give(work, [tasks[index] for index in group])
                for link in wait(list(busy)):
                    process, group = busy[link]  # type: ignore[index]
                    found = process.answer()
                    del busy[process.link]
                    if found is None:
                        self._replace(process)
                        found = [DIED] * len(group)
                    yield from zip(group, found, strict=True)
        finally:
            for process, _ in busy.values():  # somebody asks for no more, or a task raised
                self._processes.remove(process)
                process.end()

    def _replace(self, process: _Process) -> None:
        process.end()
        self._processes[self._processes.index(process)] = _Process()

    def _grow(self, tasks: int) -> None:
        limit_threads()  # before a process starts, which inherits it
        while len(self._processes) < min(self._count, tasks):
            self._processes.append(_Process())


class _Process:
    """One process and the link to it."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.link, theirs = context.Pipe()
        self._work = b""
        self._process: SpawnProcess = context.Process(target=_serve, args=(theirs,), daemon=True)
        try:
            self._process.start()
        except OSError as error:
            raise WorkersLost(f"a worker process could not be started: {error.strerror or error}", REMEDY) from None
        finally:
            theirs.close()

    def load(self, modules: Sequence[str]) -> None:
        self._send(("load", tuple(modules)))

    def give(self, work: bytes, tasks: list[Any]) -> None:
        """Some tasks; the function, which may be as large as a basis set, travels once."""
        if work != self._work:
            self._send(("function", work))
            self._work = work
        self._send(("tasks", pickle.dumps(tasks)))

    def answer(self) -> list[Any] | None:
        """What the tasks gave, None where the process died. Raises what one of them raised."""
        try:
            error, found = pickle.loads(self.link.recv_bytes())
        except (EOFError, OSError):
            return None
        if error is not None:
            raise error
        return list(found)

    def end(self) -> None:
        """Not waited for longer than a few seconds."""
        self.link.close()
        for stop in (self._process.terminate, self._process.kill):
            stop()
            self._process.join(_END_S)
            if self._process.exitcode is not None:
                self._process.close()
                return

    def _send(self, message: tuple[str, Any]) -> None:
        with contextlib.suppress(OSError):  # it died, which its answer tells
            self.link.send(message)


def _serve(link: Connection) -> None:
    """In the process: do what comes, as the person's own process would, until the command is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the command, which ends its processes
    threading.Thread(target=_end_with_the_command, daemon=True).start()
    limit_threads()
    work, function = b"", None
    while True:
        try:
            kind, what = link.recv()
        except (EOFError, OSError):
            return
        if kind == "load":
            for module in what:
                with contextlib.suppress(Exception):  # the first task tells what is wrong
                    importlib.import_module(module)
        elif kind == "function":
            work, function = what, None
        else:
            try:
                if function is None:
                    function, folder = pickle.loads(work)
                    os.chdir(folder)
                answer = pickle.dumps((None, [function(task) for task in pickle.loads(what)]))
            except Exception as error:
                answer = _packed(error)
            try:
                link.send_bytes(answer)
            except OSError:
                return


def _end_with_the_command() -> None:
    command = multiprocessing.parent_process()
    if command is not None:
        command.join()
        os._exit(1)


def _packed(error: Exception) -> bytes:
    """The error as it is where it can travel, in words where it cannot."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        answer = pickle.dumps((error, None))
        pickle.loads(answer)
    except Exception:
        return pickle.dumps((RuntimeError("".join(traceback.format_exception(error))), None))
    return answer
