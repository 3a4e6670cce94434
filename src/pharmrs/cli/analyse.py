"""`pharmrs analyse OBSERVATIONS --plan study.yaml --out DIR`, and `pharmrs plan STUDY.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pharmrs.cli.messages import EXIT_SOME_FAILED, print_problems, say


def analyse_command(
    observations: Annotated[Path, typer.Argument(help="Observation table (TSV), one row per time point.")],
    plan: Annotated[Path, typer.Option("--plan", "-p", help="study.yaml with title, design and analysis.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for results.json, tables, figures, report.html.")
    ] = Path("pharmrs-analyse"),
    explore: Annotated[
        list[str], typer.Option("--explore", help="A model beside the plan, labelled exploratory; repeat for more.")
    ] = [],  # noqa: B006
) -> None:
    """The statistics of a trial from its observation table, as the plan declares them."""
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.study.analysis_file import analyse_file
    from pharmrs.trial.report.answer import answer_in_words

    limit_threads()
    analysed = analyse_file(observations, plan, out, tuple(explore), lambda what: say(f"analyse: {what}"))
    errors, _ = print_problems(analysed.problems)
    for note in analysed.result.chain.notes:
        say(f"note: {note}")
    for text in analysed.missing:
        say(f"not estimable: {text}")
    for line in answer_in_words(analysed.result).lines:
        typer.echo(line)
    typer.echo(str(analysed.page))
    if analysed.missing or errors:
        raise typer.Exit(EXIT_SOME_FAILED)


def plan_command(
    study: Annotated[Path, typer.Argument(help="study.yaml with title, design and analysis.")],
) -> None:
    """The statistical analysis plan as text, with the hash that its results will bear: to register before the data."""
    from pharmrs.study.study_file import read_plan
    from pharmrs.trial.report.plan_text import plan_text
    from pharmrs.trial.stage.analysis import check_models

    declared = read_plan(study)
    plan = declared.analysis.plan()
    if wrong := check_models(plan, str(study)):
        from pharmrs.core.errors import InputError

        raise InputError(wrong)
    typer.echo(plan_text(declared.title, declared.design, plan), nl=False)
