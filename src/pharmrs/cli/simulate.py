"""`pharmrs simulate FOLDER`: a trial with known truth."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

from pharmrs.cli.messages import progress, say
from pharmrs.cli.options import ClusterOption, SchedulerOption, WorkersOption, execution_of


class Kind(StrEnum):  # typer lists the members of an enumeration as choices
    crossover = "crossover"
    parallel = "parallel"


def simulate_command(
    folder: Annotated[Path, typer.Argument(help="New or empty folder.")],
    study: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation at run time
        typer.Option(help="A study.yaml whose design and basis set are used [default: the reference study's]."),
    ] = None,
    participants: Annotated[int, typer.Option("--participants", "-n", help="Number of people.")] = 35,
    seed: Annotated[int, typer.Option(help="Seed: the same seed gives the same bytes.")] = 1,
    kind: Annotated[
        Optional[Kind],  # noqa: UP045
        typer.Option(help="Design, where no study is given [default: crossover]."),
    ] = None,
    interaction: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="Planted difference of the coupling between treatments [default: 1.005]."),
    ] = None,
    series_percent: Annotated[
        float, typer.Option(help="Planted change during the session under treatment, where the study declares series.")
    ] = 8.0,
    recordings: Annotated[bool, typer.Option(help="Simulate the raw recordings too.")] = True,
    *,
    workers: WorkersOption = 0,
    scheduler: SchedulerOption = "",
    cluster: ClusterOption = None,
) -> None:
    """Simulate a trial as a BIDS dataset, from raw signals on; the planted truth is written to truth/."""
    from pharmrs.core.report.numbers import count_text
    from pharmrs.core.workers.execution import workforce
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.simulate.command import SimulationRequest, simulate_trial

    limit_threads()
    execution = execution_of(workers, scheduler, cluster)
    with workforce(execution) as team, progress("participants") as (begin, step):
        request = SimulationRequest(
            study=study,
            kind=kind.value if kind is not None else None,
            participants=participants,
            seed=seed,
            interaction=interaction,
            series_percent=series_percent,
            recordings=recordings,
            workers=team,
        )
        trial = simulate_trial(folder, request, begin, lambda recorded: step(f"sub-{recorded.person.label}"))
    scans = sum(visit.has_scan for visit in trial.visits) if recordings else 0
    counts = ((len(trial.participants), "participant"), (len(trial.visits), "visit"), (scans, "recording"))
    say(", ".join(count_text(number, noun) for number, noun in counts))
    typer.echo(str(folder))
