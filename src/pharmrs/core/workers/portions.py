"""How tasks travel to workers and what becomes of those whose worker died, on this computer as on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from pharmrs.core.errors import WorkersLost

Task = TypeVar("Task")
Result = TypeVar("Result")

DIED = object()
PORTION_S = 1.0  # work that travels together: a task of Dask costs 10 ms of the command's time and the worker's
_PORTIONS = 8  # at least, for each worker
_DIED_TEXT = "its worker process died every time it was tried"


def portions(tasks: int, seconds_each: float, workers: int) -> list[range]:
    """About a second of work each, and enough of them for all workers to end together."""
    size = max(1, min(int(PORTION_S / max(seconds_each, 1e-3)), tasks // (_PORTIONS * max(1, workers))))
    return [range(first, min(first + size, tasks)) for first in range(0, tasks, size)]


def tried_again(
    ended: Callable[[Sequence[range]], Iterator[tuple[int, Any]]],
    tasks: Sequence[Task],
    groups: Sequence[range],
    lost: Callable[[Task, str], Result] | None,
    remedy: str,
) -> Iterator[tuple[int, Result]]:
    """Number and result of each task, as they end.

    `ended` does the tasks of some groups and gives `DIED` for each whose worker died with it. Such a task is tried once
    more when nothing else runs: so no task is blamed for what its neighbour did. One that dies then, too, gets what
    `lost` makes of it; without `lost`, `WorkersLost` is raised.
    """
    suspects: list[int] = []
    for index, result in ended(groups):
        if result is DIED:
            suspects.append(index)
        else:
            yield index, result
    for suspect in sorted(suspects):
        for index, result in ended([range(suspect, suspect + 1)]):
            if result is not DIED:
                yield index, result
            elif lost is None:
                raise WorkersLost(f"a task could not be done: {_DIED_TEXT}", remedy)
            else:
                yield index, lost(tasks[index], _DIED_TEXT)
