"""Arguments and options that several commands take, worded once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from typer._click.core import Context

    from pharmrs.core.workers.execution import Execution

DatasetArgument = Annotated[Path, typer.Argument(help="BIDS dataset with study.yaml at its root.")]
OutputOption = Annotated[
    Optional[Path],  # noqa: UP045  typer reads the annotation at run time
    typer.Option("--output", "-o", help="Folder of the derivative [default: DATASET/derivatives/pharmrs]."),
]
WorkersOption = Annotated[int, typer.Option("--workers", "-j", min=0, help="Processes; 0: one per core.")]
SchedulerOption = Annotated[
    str, typer.Option("--scheduler", help="Dask scheduler that is running, such as tcp://10.0.0.1:8786.")
]
ClusterOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--cluster", help="YAML file: jobs of Slurm, PBS or SGE do the work, see docs/scale.md."),
]


class PlainCommand(TyperCommand):
    """Its help says `<path>` where several may be given, not how Python calls a list of them."""

    def get_help(self, ctx: Context) -> str:
        text = super().get_help(ctx)
        return re.sub(r"<list\[(\w+)\]>", lambda found: f"<{found[1].lower()}>", text)


def execution_of(workers: int, scheduler: str, cluster: Path | None) -> Execution:
    """Where the work is to be done. Raises InputError for what is wrong with the file."""
    from pharmrs.core.read.cluster_file import read_cluster
    from pharmrs.core.workers.execution import Execution

    if scheduler and cluster is not None:
        raise typer.BadParameter("give one of --scheduler and --cluster", param_hint="--scheduler")
    if workers and (scheduler or cluster is not None):
        raise typer.BadParameter("is for this computer; the cluster has its own number", param_hint="--workers")
    return Execution(count=workers, scheduler=scheduler, cluster=read_cluster(cluster) if cluster is not None else None)
