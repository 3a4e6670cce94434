"""`pharmrs demo FOLDER`: simulate the reference study's trial, analyse it, compare with what was planted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pharmrs.cli.messages import EXIT_SOME_FAILED, print_problems, progress, say
from pharmrs.cli.options import WorkersOption

if TYPE_CHECKING:
    from pharmrs.simulate.recovered import Recovered


def demo_command(
    folder: Annotated[Path, typer.Argument(help="New or empty, or of the same command: it goes on.")],
    participants: Annotated[int, typer.Option("--participants", "-n", help="Number of people.")] = 35,
    seed: Annotated[int, typer.Option(help="Seed: the same seed gives the same trial.")] = 1,
    workers: WorkersOption = 0,
) -> None:
    """Simulate a trial from raw signals on, analyse it, and show planted against recovered values."""
    from pharmrs.core.workers.execution import workforce
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.simulate.command import SimulationRequest
    from pharmrs.simulate.demonstration import demonstrate

    limit_threads()
    with workforce(workers) as team, progress("demonstration") as (begin, step):
        request = SimulationRequest(participants=participants, seed=seed, workers=team)
        done = demonstrate(folder, request, begin, step, say)
    outcomes = done.run.outcomes
    print_problems(done.run.all_problems)
    say(
        f"{len(outcomes) - len(done.run.failed)} of {len(outcomes)} scans processed; "
        f"simulation {done.simulation_s:.0f} s, analysis {done.analysis_s:.0f} s"
    )
    _print_rows(done.rows)
    typer.echo(f"report: {done.run.report}")
    if not done.run.complete:
        raise typer.Exit(EXIT_SOME_FAILED)


def _print_rows(rows: tuple[Recovered, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    from pharmrs.core.report.numbers import number_text
    from pharmrs.trial.report.statistics_text import interval_text

    table = Table(title="Planted and recovered", title_justify="left")
    table.add_column("quantity", overflow="fold")
    for name in ("planted", "recovered", "95 % interval", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        interval = "" if math.isnan(row.ci_low) else interval_text(row.ci_low, row.ci_high)
        table.add_row(row.quantity, number_text(row.planted), number_text(row.recovered), interval, str(row.n))
    Console().print(table)
