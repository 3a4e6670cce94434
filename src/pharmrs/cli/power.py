"""`pharmrs power STUDY.yaml --out DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pharmrs.cli.messages import progress, say
from pharmrs.cli.options import ClusterOption, SchedulerOption, WorkersOption, execution_of


def power_command(
    study: Annotated[Path, typer.Argument(help="study.yaml with title, design, analysis and power.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the page, power.tsv, required_size.tsv and the curve.")
    ] = Path("pharmrs-power"),
    simulations: Annotated[
        Optional[int],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--simulations", "-n", min=20, help="Simulated trials per size instead of the declared number."),
    ] = None,
    workers: WorkersOption = 0,
    scheduler: SchedulerOption = "",
    cluster: ClusterOption = None,
) -> None:
    """Sample size for the planned coupling: simulate trials, analyse them as planned, count."""
    from pharmrs.core.files.targets import claimed, refuse_output
    from pharmrs.core.workers.execution import workforce
    from pharmrs.study.study_file import read_power_plan
    from pharmrs.trial.report.power_tables import power_lines
    from pharmrs.trial.stage.power import power_batches, simulate_power, with_simulations, write_power

    refuse_output(out)
    plan = read_power_plan(study)
    if simulations is not None:
        plan = with_simulations(plan, simulations)
    execution = execution_of(workers, scheduler, cluster)
    with workforce(execution) as team, progress("trials") as (begin, step):
        batches = power_batches(plan)
        begin(len(batches))
        found = simulate_power(plan, team, lambda _result: step(""))
    for line in power_lines(found):
        typer.echo(line)
    with claimed(out):
        for path in write_power(out, found):
            say(str(path))
