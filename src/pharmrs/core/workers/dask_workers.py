"""Tasks on Dask workers: few at a time, so that any number of them needs no more memory; lost workers are survived."""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pharmrs.core.errors import InputError, WorkersLost
from pharmrs.core.workers.dask_clusters import Connection, Start
from pharmrs.core.workers.portions import DIED, portions, tried_again
from pharmrs.core.workers.worker_check import Circumstances, check_worker, own_circumstances, unlike, worker_facts

if TYPE_CHECKING:
    from distributed import Client, Future

Task = TypeVar("Task")
Result = TypeVar("Result")

_LOOK_S = 1.0
_COUNT_S = 5.0
_FETCH_S = 30.0  # after so long without the result it is asked who is still there
_SMALL_BYTES = 1 << 16
_AHEAD = 2  # portions per worker that wait or run: a worker is never idle, and little is lost with it


class DaskWorkers:
    """Workers behind a Dask scheduler, started at the first need of them."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._end = contextlib.ExitStack()
        self._made: Connection | None = None
        self._coming: InBackground[Connection] | None = None

    def close(self) -> None:
        """Let go of the workers; those that were started here end."""
        if self._coming is not None:
            with contextlib.suppress(Exception):  # nobody needs them any more
                self._connection()
        self._end.close()
        self._made = None

    def prepare(self, _tasks: int, _seconds_each: float, modules: Sequence[str]) -> None:
        """Begin to start the workers and have them load `modules`, which takes seconds, beside what the caller does."""
        if self._made is None and self._coming is None:
            self._coming = InBackground(partial(self._started, tuple(modules)))

    def rest(self) -> None:
        """They stay: who started them, or waited for them in a queue, may want them again."""

    def _started(self, modules: Sequence[str]) -> Connection:
        connection = self._end.enter_context(self._start())
        connection.client.run(_load, modules, on_error="ignore")  # their first task tells what is wrong with them
        return connection

    def check(self, needed: Sequence[Path]) -> None:
        """Raise `InputError` with every worker that runs another program or does not see the files `needed`."""
        connection = self._connection()
        self._wait_for_worker(connection)
        answers = connection.client.run(worker_facts, [str(path.absolute()) for path in needed], on_error="return")
        threads = connection.client.nthreads()
        mine = own_circumstances()
        problems = [
            problem
            for address, answer in sorted(answers.items())
            for problem in check_worker(address, answer, threads.get(address, 1), mine)
        ]
        if problems:
            raise InputError(problems)

    def results(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        lost: Callable[[Task, str], Result] | None,
        seconds_each: float,
    ) -> Iterator[tuple[int, Result]]:
        """Number and result of each task, as they end; one whose worker died is tried elsewhere by Dask first."""
        if not tasks:
            return
        connection = self._connection()
        self._wait_for_worker(connection)
        work = _Work(connection, function)
        groups = portions(len(tasks), seconds_each, sum(connection.client.nthreads().values()))
        yield from tried_again(partial(work.ended, tasks, connection.client), tasks, groups, lost, connection.remedy)

    def _connection(self) -> Connection:
        if self._coming is not None:
            coming, self._coming = self._coming, None
            self._made = coming.result()
        if self._made is None:
            self._made = self._end.enter_context(self._start())
        return self._made

    def _wait_for_worker(self, connection: Connection) -> None:
        until = time.monotonic() + connection.patience_s
        while not connection.client.nthreads():
            if time.monotonic() > until:
                raise WorkersLost(f"{connection.called}: no worker came", connection.remedy)
            time.sleep(_LOOK_S)


class InBackground(Generic[Result]):
    """Something that is done in a thread of its own, at most until the program ends."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._found: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._do, args=(work,), daemon=True).start()

    def result(self) -> Result:
        """What came out, once; waits for it. Raises what was raised there."""
        fine, found = self._found.get()
        if not fine:
            raise found
        return cast(Result, found)

    def _do(self, work: Callable[[], Result]) -> None:
        try:
            self._found.put((True, work()))
        except BaseException as error:
            self._found.put((False, error))


class _Work:
    """One function on its way to the workers."""

    def __init__(self, connection: Connection, function: Callable[[Any], Any]) -> None:
        self._connection = connection
        self._name = f"pharmrs-{uuid.uuid4().hex[:12]}"
        self._tries = 0
        self._idle_since: float | None = None
        self._threads, self._counted = 0, 0.0
        from distributed.protocol.pickle import dumps

        self._dumps = dumps
        packed = dumps((function, str(Path.cwd()), own_circumstances()))
        # something large travels once to each worker; dask makes it anew where the worker that held it died
        self._function: bytes | Future = packed
        if len(packed) > _SMALL_BYTES:
            self._function = connection.client.submit(bytes, packed, key=f"{self._name}-function")

    def ended(self, tasks: Sequence[Any], client: Client, groups: Sequence[range]) -> Iterator[tuple[int, Any]]:
        """Number and result of each task as its group ends, `DIED` where Dask gave up; a few more are on their way."""
        ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
        running: dict[str, tuple[range, Future]] = {}
        from distributed.client import FutureCancelledError

        waiting = iter(groups)

        def fill() -> None:
            room = _AHEAD * max(1, self._workers(client)) - len(running)
            for group in _first(waiting, room):
                self._tries += 1
                key = f"{self._name}-{group.start}-{self._tries}"
                future = client.submit(_do, self._function, self._dumps([tasks[index] for index in group]), key=key)
                running[future.key] = (group, future)
                future.add_done_callback(ended.put)

        try:
            fill()
            while running:
                future = self._next(ended, client)
                group, _ = running[future.key]
                results = self._results(future, len(group), client)
                del running[future.key]
                future.release()
                fill()
                yield from zip(group, results, strict=True)
        except (OSError, RuntimeError, FutureCancelledError) as error:
            if client.status != "running" or isinstance(error, FutureCancelledError):
                raise self._gone() from error
            raise
        finally:
            if running and client.status == "running":
                with contextlib.suppress(Exception):
                    client.cancel([future for _, future in running.values()])

    def _next(self, ended: queue.SimpleQueue[Future], client: Client) -> Future:
        """The next future that ended. Raises `WorkersLost` where none can end any more."""
        while True:
            with contextlib.suppress(queue.Empty):
                future = ended.get(timeout=_LOOK_S)
                self._idle_since = None
                return future
            self._look(client)

    def _results(self, future: Future, count: int, client: Client) -> list[Any]:
        """What its tasks gave, `DIED` each where Dask gave up. Waits where its worker is gone and another tries anew.

        Raises `WorkersLost` where none can.
        """
        from distributed.scheduler import KilledWorker

        while True:
            try:
                return list(future.result(timeout=_FETCH_S))
            except KilledWorker:
                return [DIED] * count
            except TimeoutError:
                if future.status == "error":
                    raise  # that of a task
                self._look(client)

    def _look(self, client: Client) -> None:
        """Raise `WorkersLost` where the scheduler is, or where there has been no worker for too long."""
        if client.status != "running":
            raise self._gone()
        if client.nthreads():
            self._idle_since = None
            return
        self._idle_since = self._idle_since or time.monotonic()
        if time.monotonic() - self._idle_since > self._connection.patience_s:
            raise WorkersLost(f"{self._connection.called}: every worker is gone", self._connection.remedy)

    def _workers(self, client: Client) -> int:
        """How many there are, asked for anew from time to time: jobs of a batch system come and go."""
        if time.monotonic() - self._counted > _COUNT_S:
            self._threads = sum(client.nthreads().values())
            self._counted = time.monotonic()
        return self._threads

    def _gone(self) -> WorkersLost:
        return WorkersLost(f"{self._connection.called}: the connection was lost", self._connection.remedy)


def _first(items: Iterator[range], count: int) -> Iterator[range]:
    for _, item in zip(range(count), items, strict=False):
        yield item


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
_KEPT_BYTES = 32 * 2**20  # the largest that glibc takes for the second

_UNPACKED: dict[bytes, tuple[Callable[[Any], Any], str, Circumstances]] = {}


def _do(packed: bytes, tasks: bytes) -> list[Any]:
    """On the worker: unpack, once for all tasks of a function, and do some as the person's own process would."""
    if packed not in _UNPACKED:
        from pharmrs.core.workers.threads import limit_threads

        limit_threads()
        _keep_freed_memory()
        _UNPACKED.clear()
        _UNPACKED[packed] = pickle.loads(packed)
    function, folder, theirs = _UNPACKED[packed]
    if problems := unlike(_here(), own_circumstances(), theirs):
        raise InputError(problems)  # a worker that came after the others were checked
    os.chdir(folder)
    return [function(task) for task in pickle.loads(tasks)]


def _load(modules: Sequence[str]) -> None:
    """On the worker: what its first task would have to wait for."""
    for module in modules:
        importlib.import_module(module)


def _keep_freed_memory() -> None:
    """Let the allocator keep what arrays leave: Dask tells it to give all of it back, which doubles the time of a fit.

    On a worker that starts with glibc's own settings these are much what it comes to by itself.
    """
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's; other systems do not have Dask's trouble
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, 2 * _KEPT_BYTES)


def _here() -> str:
    from distributed import get_worker

    return str(get_worker().address)
