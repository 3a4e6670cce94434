"""Where tasks are done: in this process, on the cores of this computer, or on a cluster; the results are the same."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from pharmrs.core.records.declared_cluster import ClusterPlan
from pharmrs.core.workers.threads import limit_threads

if TYPE_CHECKING:
    from pharmrs.core.workers.local_pool import LocalPool

Task = TypeVar("Task")
Result = TypeVar("Result")

# what two processes of a laptop's two cores need before their first task: each loads the program (docs/scale.md)
_START_S = 2.0


class Workers(Protocol):
    """Who does tasks."""

    def check(self, needed: Sequence[Path]) -> None:
        """Raise `InputError` naming every worker that runs another program or does not see the files `needed`."""

    def prepare(self, tasks: int, seconds_each: float, modules: Sequence[str]) -> None:
        """Be told that so many tasks will come, which need these modules, while whoever asks for them does more."""

    def rest(self) -> None:
        """Be told that no tasks will come for a while."""

    def results(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        lost: Callable[[Task, str], Result] | None,
        seconds_each: float,
    ) -> Iterator[tuple[int, Result]]:
        """Number and result of each task, as they end; the arguments are those of `as_done`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What a person asks for; it changes no result. `count`: processes of this computer, 0: one per core.

    `scheduler`: address of a Dask scheduler that is running. `cluster`: batch system that gives the workers.
    """

    count: int = 0
    scheduler: str = ""
    cluster: ClusterPlan | None = None


@contextlib.contextmanager
def workforce(wanted: Execution | int | Workers) -> Iterator[Workers]:
    """The workers that are asked for, sent home at the end; those that are there already are left to their owner.

    They are started by the first work that is worth it. A number: of processes of this computer.
    """
    if isinstance(wanted, int):
        wanted = Execution(count=wanted)
    if not isinstance(wanted, Execution):
        yield wanted
    elif wanted.scheduler or wanted.cluster is not None:
        from pharmrs.core.workers.dask_clusters import batch_cluster, running_scheduler
        from pharmrs.core.workers.dask_workers import DaskWorkers

        start = batch_cluster(wanted.cluster) if wanted.cluster else running_scheduler(wanted.scheduler)
        with contextlib.closing(DaskWorkers(start)) as workers:
            yield workers
    else:
        with contextlib.closing(LocalWorkers(wanted.count or default_workers())) as here:
            yield here


class LocalWorkers:
    """This process, and as many others of this computer where there is work enough for them."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: LocalPool | None = None

    def check(self, needed: Sequence[Path]) -> None:
        """They are this program and see what it sees."""

    def prepare(self, tasks: int, seconds_each: float, modules: Sequence[str]) -> None:
        """The others begin to start, where the tasks are worth it."""
        if self._are_worth_it(tasks, seconds_each):
            self._others().prepare(tasks, modules)

    def rest(self) -> None:
        """The others end and give their memory back; later tasks start new ones."""
        if self._pool is not None:
            self._pool.dismiss()

    close = rest

    def results(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        lost: Callable[[Task, str], Result] | None,
        seconds_each: float,
    ) -> Iterator[tuple[int, Result]]:
        """Done here, one after the other, where starting others would take longer than they save."""
        if not self._are_worth_it(len(tasks), seconds_each):
            return enumerate(map(function, tasks))
        return self._others().results(function, tasks, lost, seconds_each)

    def _are_worth_it(self, tasks: int, seconds_each: float) -> bool:
        saved_s = seconds_each * (tasks - -(-tasks // self._count))
        return saved_s > (0.0 if self._pool else _START_S)

    def _others(self) -> LocalPool:
        from pharmrs.core.workers.local_pool import LocalPool

        self._pool = self._pool or LocalPool(self._count)
        return self._pool


def as_done(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    workers: int | Workers,
    *,
    seconds_each: float,
    lost: Callable[[Task, str], Result] | None = None,
) -> Iterator[tuple[int, Result]]:
    """Number and result of each task as it ends; nothing is kept, so that memory does not grow with the tasks.

    `workers`: a number: of processes of this computer, for this call alone. `seconds_each`: CPU that a task is expected
    to take: by it others are started or not, and short tasks travel together. `lost`: the result of a task whose worker
    died every time it was tried, from the task and what happened; without it `WorkersLost` is raised. An exception in a
    worker propagates: expected bad data must be a result, not an exception.
    """
    limit_threads()
    with workforce(workers) as team:
        yield from team.results(function, tasks, lost, seconds_each)


def map_tasks(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    workers: int | Workers,
    done: Callable[[Result], None] = lambda _result: None,
    *,
    seconds_each: float,
    lost: Callable[[Task, str], Result] | None = None,
) -> list[Result]:
    """Results of `function` for every task, in their order; `done` is called as each one ends. See `as_done`."""
    results: dict[int, Result] = {}
    for index, result in as_done(function, tasks, workers, lost=lost, seconds_each=seconds_each):
        results[index] = result
        done(result)
    return [results[index] for index in range(len(tasks))]


def default_workers() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
