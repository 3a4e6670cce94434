"""The one boundary around a unit of work (a scan, a head, a plate, a model, a page): what fails in it ends only it.

Expected bad data is told by the unit itself, as InputError. Anything else is a fault of pharmrs: it becomes a problem
with a reason, its traceback is kept in a file of the output, and the other units go on.
"""

from __future__ import annotations

import contextlib
import errno
import re
import traceback
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Protocol, TypeVar

from pharmrs import __version__
from pharmrs.core.errors import InputError, InputProblem, WorkersLost, input_problem

FAULTS_FOLDER = "faults"
_DoneT = TypeVar("_DoneT")
# what the system refuses to everybody: the command ends and goes on later
_OF_THE_PLACE = {getattr(errno, name) for name in (
    "ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO", "EMFILE", "ENFILE", "EACCES", "EPERM", "EPIPE",
)}  # fmt: skip


def attempt(
    work: Callable[[], _DoneT], unit: str, doing: str, output: Path | None = None
) -> tuple[_DoneT | None, tuple[InputProblem, ...]]:
    """What `work` gives, or None and why there is nothing.

    `unit`: the file or the name of what is worked on, `doing`: the work, both for people. `output`: where the traceback
    of a fault is kept; None: nowhere. What the system refuses (no room, no right to write) is raised on.
    """
    try:
        return work(), ()
    except InputError as error:
        return None, error.problems
    except WorkersLost:
        raise
    except Exception as error:  # whatever it is, it is of this unit alone
        if isinstance(error, OSError) and error.errno in _OF_THE_PLACE:
            raise
        return None, (fault(error, unit, doing, output),)


class Within(Protocol):
    """Does one unit of work: what it gives, or None where it gave nothing and that was told."""

    def __call__(self, work: Callable[[], _DoneT], unit: str, doing: str, /) -> _DoneT | None: ...


class Boundary:
    """The boundary around the units of one piece of work; `problems`: why some gave nothing. See `attempt`."""

    def __init__(self, output: Path | None = None) -> None:
        self.problems: list[InputProblem] = []
        self._output = output

    def __call__(self, work: Callable[[], _DoneT], unit: str, doing: str) -> _DoneT | None:
        done, problems = attempt(work, unit, doing, self._output)
        self.problems += problems
        return done


def unbounded(work: Callable[[], _DoneT], _unit: str, _doing: str) -> _DoneT | None:
    """No boundary: for who calls the science by hand, and wants to see what it raises."""
    return work()


def fault(error: Exception, unit: str, doing: str, output: Path | None = None) -> InputProblem:
    """A fault of the program as a problem of its unit."""
    if isinstance(error, MemoryError):
        remedy = "use fewer --workers, or a computer with more memory; only this is missing, all else was done"
        return input_problem(unit, doing, "must fit into memory", "it did not", remedy)
    text = traceback_text(error)
    kept = _keep(text, unit, doing, output)
    place = text.rstrip("\n").rsplit("\n", 2)[0].rsplit("\n", 1)[-1].strip()
    found = f"{type(error).__name__}: {without_places(str(error))}" + (f", {place}" if not kept else "")
    remedy = "please report it with " + (kept or "this line") + "; only this is missing, all else was done"
    return input_problem(unit, doing, "must not end in a fault of pharmrs", found, remedy)


def traceback_text(error: Exception) -> str:
    """The traceback without the places of this computer: modules from their package on."""
    lines = [f"pharmrs {__version__}\n", "Traceback (most recent call last):\n"]
    for frame in traceback.extract_tb(error.__traceback__):
        lines.append(f"  {_module(frame.filename)}, line {frame.lineno}, in {frame.name}\n    {frame.line}\n")
    lines.append(f"{type(error).__name__}: {without_places(str(error))}\n")
    return "".join(lines)


def without_places(text: str) -> str:
    """`text` with the folders of paths left out: they tell of a computer and its people."""
    return re.sub(r"(?<![\w.])(?:[A-Za-z]:)?(?:[/\\][^\s/\\'\"]+){2,}", lambda path: PurePath(path[0]).name, text)


def _module(file: str) -> str:
    for mark in ("/site-packages/", "/src/", "/lib/"):
        if mark in file:
            return file.rpartition(mark)[2]
    return PurePath(file).name


def _keep(text: str, unit: str, doing: str, output: Path | None) -> str:
    """Where the traceback was kept, below the output; empty where it could not be."""
    if output is None:
        return ""
    from pharmrs.core.files.atomic import write_text

    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{PurePath(unit).name}_{doing}")[:120]
    with contextlib.suppress(OSError, InputError):
        write_text(output / FAULTS_FOLDER / f"{name}.txt", text)
        return f"{FAULTS_FOLDER}/{name}.txt"
    return ""
