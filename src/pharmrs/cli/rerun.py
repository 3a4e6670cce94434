"""`pharmrs rerun PROVENANCE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pharmrs.cli.messages import EXIT_SOME_FAILED, progress, say
from pharmrs.cli.options import WorkersOption


def rerun_command(
    provenance: Annotated[Path, typer.Argument(help="provenance.json of a former run.")],
    dataset: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--dataset", "-d", help="The dataset [default: the one whose derivatives hold the file]."),
    ] = None,
    workers: WorkersOption = 0,
) -> None:
    """Repeat a run in a temporary folder and compare every result, byte by byte; exit code 3 when any differs."""
    from pharmrs.core.report.numbers import count_text
    from pharmrs.core.workers.execution import default_workers
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.study.rerun import rerun

    limit_threads()
    with progress("scans") as (begin, step):
        found = rerun(
            provenance,
            dataset,
            workers or default_workers(),
            begin,
            lambda outcome: step(outcome.files.name, not outcome.failed),
            say,
        )
    for difference in (*found.circumstances, *found.results):
        typer.echo(str(difference))
    changed = count_text(len(found.results), "result file")
    say(f"{count_text(found.same, 'result file')} the same bytes, {changed} not")
    if found.results:
        raise typer.Exit(EXIT_SOME_FAILED)
