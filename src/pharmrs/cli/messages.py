"""What the commands print, and the exit codes."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from pharmrs.core.errors import InputProblem
from pharmrs.core.report.numbers import count_text
from pharmrs.core.report.problem_groups import ProblemGroup, grouped

EXIT_BAD_INPUT = 2
EXIT_SOME_FAILED = 3
EXIT_STOPPED = 130
EXIT_BY_SIGNAL = 128  # and its number, as a shell tells it
_MOST_ALIKE, _SHOWN_OF_MORE = 12, 5
_AGAIN = "then give the same command again: it goes on from what is complete"
_ELSEWHERE = "choose another folder for the output, or ask for the right to read and write there"
_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), f"free some space or choose another disk, {_AGAIN}"),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), _ELSEWHERE),
    errno.EIO: f"check the disk or the network drive, {_AGAIN}",
    errno.EMFILE: f"allow more open files (ulimit -n), {_AGAIN}",
}


class Step(Protocol):
    """One more is done: which, and whether it could be done."""

    def __call__(self, last: str, good: bool = True) -> None: ...


def say(text: str) -> None:
    """A line for the person, on standard error: standard output is for results. Where nobody listens, work goes on."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def open_streams() -> None:
    """Where a stream of the command was closed (`2>&-`), nothing takes its place: else the next file would get its
    words."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            handle = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            if getattr(sys, name) is None:
                setattr(sys, name, os.fdopen(handle, "r" if number == 0 else "w", encoding="utf-8"))


def flush_results() -> None:
    """Raises OSError, which names the place, where the results that were printed cannot be written."""
    try:
        sys.stdout.flush()
    except OSError as error:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in it stays untold
        raise OSError(error.errno, error.strerror, "standard output") from error


def print_problems(problems: Iterable[InputProblem]) -> tuple[int, int]:
    """Print every problem, the most harmful first: once what several files share, of many alike in a file the first.

    Returns how many errors and warnings there are, each counted.
    """
    every = tuple(dict.fromkeys(problems))
    groups = grouped(every)
    alike = Counter(_kind(group) for group in groups)
    shown: Counter[tuple[str, ...]] = Counter()
    for group in groups:
        kind = _kind(group)
        shown[kind] += 1
        if alike[kind] <= _MOST_ALIKE or shown[kind] <= _SHOWN_OF_MORE:
            say(f"{group.severity}: {group}")
        elif shown[kind] == alike[kind]:
            say(f"{group.severity}: {group.where}: {group.rule}: {alike[kind] - _SHOWN_OF_MORE} more like these")
    count = Counter(problem.severity for problem in every)
    if every:
        notes = [count_text(count["note"], "note")] if count["note"] else []
        say(", ".join([count_text(count["error"], "error"), count_text(count["warning"], "warning"), *notes]))
    return count["error"], count["warning"]


def _kind(group: ProblemGroup) -> tuple[str, ...]:
    """What problems of one cause in one file share: a table with decimal commas has one in every cell."""
    return group.severity, *group.files, group.rule, group.remedy


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A result on standard output, aligned: the first column to the left, the others to the right."""
    widths = [max(len(row[place]) for row in (columns, *rows)) for place in range(len(columns))]
    for row in (columns, *rows):
        cells = [text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *cells]).rstrip())


def system_error_text(error: OSError) -> str:
    """The one line for what the system refused: where, why, and what to do."""
    where = f"{error.filename or 'standard output'}: "  # writers of files tell which
    remedy = _REMEDIES.get(error.errno or 0, "check that the path exists, is writable and has room")
    return f"error: {where}{error.strerror or error}. Remedy: {remedy}."


@contextmanager
def progress(what: str) -> Iterator[tuple[Callable[[int], None], Step]]:
    """A progress bar with ETA on a terminal, plain lines elsewhere: (set the total, one more done)."""
    if not sys.stderr.isatty():
        yield _plain(what)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[last]}", markup=False),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task(what, total=None, last="")
        yield (
            lambda total: bar.update(task, total=total),
            lambda last, good=True: bar.update(task, advance=1, last=_outcome(last, good)),
        )


def _outcome(last: str, good: bool) -> str:
    return last if good else f"{last} FAILED"


def _plain(what: str) -> tuple[Callable[[int], None], Step]:
    state = {"total": 0, "done": 0}

    def begin(total: int) -> None:
        state["total"] = total

    def step(last: str, good: bool = True) -> None:
        state["done"] += 1
        say(f"{what} {state['done']}/{state['total']} {_outcome(last, good)}")

    return begin, step
