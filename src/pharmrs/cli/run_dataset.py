"""`pharmrs run DATASET`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pharmrs.cli.messages import EXIT_BAD_INPUT, EXIT_SOME_FAILED, print_problems, progress, say
from pharmrs.cli.options import (
    ClusterOption,
    DatasetArgument,
    OutputOption,
    SchedulerOption,
    WorkersOption,
    execution_of,
)

if TYPE_CHECKING:
    from pharmrs.study.run import RunResult


def run_command(
    dataset: DatasetArgument,
    output: OutputOption = None,
    workers: WorkersOption = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Fit every scan again, whatever earlier runs left.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be fitted, and why.")] = False,
    scheduler: SchedulerOption = "",
    cluster: ClusterOption = None,
) -> None:
    """Process every scan of a dataset: concentrations, quality, exclusions, figures, report.

    Scans that an earlier run fitted are fitted again only where their input, a setting or the program changed.
    """
    from pharmrs.core.files.places import default_output
    from pharmrs.core.workers.execution import workforce
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.study.run import run_dataset

    limit_threads()
    target = output or default_output(dataset)
    if dry_run:
        _tell_plan(dataset, target)
        return
    execution = execution_of(workers, scheduler, cluster)
    with workforce(execution) as team, progress("scans") as (begin, step):
        result = run_dataset(
            dataset,
            target,
            team,
            begin,
            lambda outcome: step(outcome.files.name, not outcome.failed),
            say,
            fresh=fresh,
        )
    print_problems(result.all_problems)
    for line in result.answer.lines if result.answer is not None else ():
        typer.echo(line)
    if result.outcomes:
        say(_counts(result))
    typer.echo(str(result.report))
    if result.outcomes and not any(outcome.result is not None for outcome in result.outcomes):
        raise typer.Exit(EXIT_BAD_INPUT)
    if not result.complete:
        raise typer.Exit(EXIT_SOME_FAILED)


def _counts(result: RunResult) -> str:
    """How many scans gave what the study asks for, and what became of the others."""
    became = Counter(outcome.status for outcome in result.outcomes)
    processed = [outcome.result for outcome in result.outcomes if outcome.result is not None]
    excluded = sum(any(rule.metabolite == "*" for rule in one.exclusions) for one in processed)
    missing = [
        f"{became[status]} {words}"
        for status, words in (("failed", "failed"), ("no value", "with no value on the primary scale"))
        if became[status]
    ]
    done = f"{became['analysed']} of {len(result.outcomes)} scans processed"
    return ", ".join([done, *missing, f"{excluded} excluded by the pre-declared rules"])


def _tell_plan(dataset: Path, target: Path) -> None:
    from pharmrs.spectra.stage.scan_key import described
    from pharmrs.study.run import plan_run

    tasks = plan_run(dataset, target)
    for task in tasks:
        typer.echo(f"{task.files.name}: {'fit: ' + described(task.reasons) if task.reasons else 'as it was'}")
    to_do = sum(bool(task.reasons) for task in tasks)
    say(f"{to_do} of {len(tasks)} scans would be fitted; tables, stages and report are always written anew")
