"""Which workers a batch system is asked for, as the file of `--cluster` declares it. It changes no result."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from pharmrs.core.records.declaration import Positive, declaration, key

_Line = Annotated[str, StringConstraints(pattern=r"^[^\r\n]*$")]
_Word = Annotated[str, StringConstraints(pattern=r"^\S+$")]


@declaration
class ClusterPlan:
    """Jobs of a batch system, each with one worker per core."""

    system: Literal["slurm", "pbs", "sge", "local"] = key(
        "batch system; local: processes of this computer, to try the file out"
    )
    jobs: int = key("number of jobs to ask for", ge=1, le=10_000)
    cores: int = key("cores of one job; each is one worker", ge=1, le=1024)
    memory: str = key("of one job, such as 16 GiB; 2 GiB a core are enough", pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$")
    walltime: str = key("longest time of one job, in quotes: '04:00:00'", pattern=r"^(\d+-)?\d+:\d{2}:\d{2}$")
    queue: _Word | None = key("queue or partition", default=None)
    account: _Word | None = key("account or project the time is charged to (slurm, pbs)", default=None)
    interface: _Word | None = key("network interface of the workers, such as ib0", default=None)
    directives: tuple[_Line, ...] = key("further lines of the job's header, without #SBATCH or #PBS", default=())
    prologue: tuple[_Line, ...] = key("lines of shell before the worker: modules, environments", default=())
    python: str | None = key("Python of the workers [the one that runs this command]", default=None)
    scratch: str | None = key("folder for temporary files on the computers of the workers", default=None)
    logs: str | None = key("folder for the output of the jobs", default=None)
    encrypted: bool = key("workers accept only who has the certificate of this run", default=True)
    certificates: str | None = key(
        "folder that all computers see and only you can read, for that certificate", default=None
    )
    wait_min: Positive = key("how long to wait for the first worker, and for new ones if all end", default=60.0)
