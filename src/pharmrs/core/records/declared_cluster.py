"""Which workers a batch system is asked for, as the file of `--cluster` declares it. It changes no result."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pharmrs.core.records.declaration import Declaration, Positive

_Line = Annotated[str, Field(pattern=r"^[^\r\n]*$")]
_Word = Annotated[str, Field(pattern=r"^\S+$")]


class ClusterPlan(Declaration):
    """Jobs of a batch system, each with one worker per core."""

    system: Literal["slurm", "pbs", "sge", "local"] = Field(
        description="batch system; local: processes of this computer, to try the file out"
    )
    jobs: int = Field(ge=1, le=10_000, description="number of jobs to ask for")
    cores: int = Field(ge=1, le=1024, description="cores of one job; each is one worker")
    memory: str = Field(
        pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$", description="of one job, such as 16 GiB; 2 GiB a core are enough"
    )
    walltime: str = Field(
        pattern=r"^(\d+-)?\d+:\d{2}:\d{2}$", description="longest time of one job, in quotes: '04:00:00'"
    )
    queue: _Word | None = Field(None, description="queue or partition")
    account: _Word | None = Field(None, description="account or project the time is charged to (slurm, pbs)")
    interface: _Word | None = Field(None, description="network interface of the workers, such as ib0")
    directives: tuple[_Line, ...] = Field((), description="further lines of the job's header, without #SBATCH or #PBS")
    prologue: tuple[_Line, ...] = Field((), description="lines of shell before the worker: modules, environments")
    python: str | None = Field(None, description="Python of the workers [the one that runs this command]")
    scratch: str | None = Field(None, description="folder for temporary files on the computers of the workers")
    logs: str | None = Field(None, description="folder for the output of the jobs")
    encrypted: bool = Field(True, description="workers accept only who has the certificate of this run")
    certificates: str | None = Field(
        None, description="folder that all computers see and only you can read, for that certificate"
    )
    wait_min: Positive = Field(60.0, description="how long to wait for the first worker, and for new ones if all end")
