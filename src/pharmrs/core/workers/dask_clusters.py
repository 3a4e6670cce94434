"""The two ways to Dask workers: a scheduler that is running, jobs of a batch system."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.records.declared_cluster import ClusterPlan

if TYPE_CHECKING:
    from distributed import Client

_CONNECT_S = 20
_NEW_WORKER_S = 60.0
_CLASSES = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "sge": "SGECluster"}
_QUIET: Mapping[str, Any] = {
    "distributed.admin.large-graph-warning-threshold": "1GB",  # a basis set is sent once
    "distributed.comm.timeouts.connect": f"{_CONNECT_S}s",
}


@dataclass(frozen=True, slots=True)
class Connection:
    """A client with workers. `called`: what a person knows them by; `patience_s`: how long to wait for one."""

    client: Client
    called: str
    patience_s: float
    remedy: str


Start = Callable[[], AbstractContextManager[Connection]]


def running_scheduler(address: str) -> Start:
    """The workers of a scheduler that somebody started. Raises `InputError` where none answers."""

    @contextlib.contextmanager
    def start() -> Iterator[Connection]:
        dask, Client = _dask("--scheduler")
        with dask.config.set(_QUIET):
            try:
                client = Client(address, timeout=_CONNECT_S)
            except (OSError, ValueError, TimeoutError) as error:
                rule, remedy = "a Dask scheduler must answer there", "start it with `dask scheduler`, or correct it"
                raise InputError([_wrong("--scheduler", address, rule, _reason(error), remedy)]) from None
            with _closing(client):
                remedy = "start scheduler and workers again and repeat the command: what is done is kept"
                yield Connection(client, f"the scheduler at {address}", _NEW_WORKER_S, remedy)

    return start


def batch_cluster(plan: ClusterPlan) -> Start:
    """Workers that jobs of a batch system bring. Raises `InputError` where they cannot be asked for."""

    @contextlib.contextmanager
    def start() -> Iterator[Connection]:
        dask, Client = _dask("--cluster")
        with dask.config.set(_QUIET), _asked_for(plan) as cluster, _closing(Client(cluster)) as client:
            cluster.scale(jobs=plan.jobs)
            remedy = "look at the jobs and their logs, then repeat the command: what is done is kept"
            yield Connection(client, f"jobs of {plan.system}", 60.0 * plan.wait_min, remedy)

    return start


def job_script(plan: ClusterPlan) -> str:
    """What is handed to the batch system for one job."""
    with _asked_for(plan) as cluster:
        return str(cluster.job_script())


@contextlib.contextmanager
def _asked_for(plan: ClusterPlan) -> Iterator[Any]:
    try:
        import dask_jobqueue
        from dask_jobqueue.local import LocalCluster
    except ImportError:
        raise _not_installed("--cluster", "dask-jobqueue") from None
    options: dict[str, Any] = {
        "cores": plan.cores,
        "processes": plan.cores,  # one worker per core, one thread per worker
        "memory": plan.memory,
        "walltime": plan.walltime,
        "queue": plan.queue,
        "interface": plan.interface,
        "job_extra_directives": list(plan.directives),
        "job_script_prologue": list(plan.prologue),
        "python": plan.python,
        "local_directory": plan.scratch,
        "log_directory": plan.logs,
        "job_name": "pharmrs",
        "scheduler_options": {"dashboard_address": "127.0.0.1:0", "dashboard": False},
        "silence_logs": logging.CRITICAL,
        "n_workers": 0,
    }
    if plan.system in ("slurm", "pbs"):
        options["account"] = plan.account
    made = LocalCluster if plan.system == "local" else getattr(dask_jobqueue, _CLASSES[plan.system])
    with contextlib.ExitStack() as stack:
        if plan.encrypted:
            options["security"] = stack.enter_context(_certificates(plan.certificates or "."))
        yield stack.enter_context(made(**options))


@contextlib.contextmanager
def _certificates(place: str) -> Iterator[Any]:
    """What scheduler and workers know each other by; the workers' part in files that only this person can read."""
    from distributed.security import Security

    security = Security.temporary()
    with tempfile.TemporaryDirectory(prefix=".pharmrs-", dir=Path(place).expanduser()) as folder:
        for part in ("tls_ca_file", "tls_worker_cert", "tls_worker_key"):
            kept = Path(folder).absolute() / part
            kept.touch(mode=0o600)
            kept.write_text(getattr(security, part), encoding="ascii")
            setattr(security, part, str(kept))
        yield security


def _dask(option: str) -> tuple[Any, Any]:
    """Dask and its client, which say nothing themselves: what is lost is said by this program, in a line."""
    try:
        import dask
        from distributed import Client
    except ImportError:
        raise _not_installed(option, "distributed") from None
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
    return dask, Client


def _not_installed(option: str, package: str) -> InputError:
    rule, remedy = f"needs the package {package}", "pip install 'pharmrs[cluster]', which brings it"
    return InputError([_wrong(option, "installation", rule, "not installed", remedy)])


@contextlib.contextmanager
def _closing(client: Client) -> Iterator[Client]:
    """A client whose scheduler may be gone when it is closed."""
    try:
        yield client
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=2)


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _wrong(file: str, field: str, rule: str, value: str, remedy: str) -> InputProblem:
    return InputProblem(file=file, field=field, rule=rule, value=value, remedy=remedy)
