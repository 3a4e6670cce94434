"""Many scans on several cores: one BLAS thread in each worker, results in the order of the scans."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)


def limit_threads() -> None:
    """One BLAS thread in this process and its children: the arrays are small, oversubscription is ruinous."""
    for variable in _THREAD_VARIABLES:
        os.environ[variable] = "1"
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)


def map_tasks(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    workers: int,
    done: Callable[[Result], None] = lambda _result: None,
) -> list[Result]:
    """Results of `function` for every task, in their order; `done` is called as each one ends.

    One worker or one task runs in this process. An exception in a worker propagates: expected bad data must be a
    result, not an exception.
    """
    limit_threads()
    if workers <= 1 or len(tasks) <= 1:
        return list(_in_turn(function, tasks, done))
    results: dict[int, Result] = {}
    # spawn: forking a process with threads (BLAS, progress bar) can hang
    with ProcessPoolExecutor(
        max_workers=min(workers, len(tasks)), mp_context=get_context("spawn"), initializer=limit_threads
    ) as pool:
        futures = {pool.submit(function, task): index for index, task in enumerate(tasks)}
        for future in as_completed(futures):
            results[futures[future]] = future.result()
            done(results[futures[future]])
    return [results[index] for index in range(len(tasks))]


def _in_turn(
    function: Callable[[Task], Result], tasks: Sequence[Task], done: Callable[[Result], None]
) -> Iterator[Result]:
    for task in tasks:
        result = function(task)
        done(result)
        yield result


def default_workers() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
