"""`pharmrs run DATASET`."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pharmrs.cli.messages import EXIT_BAD_INPUT, EXIT_SOME_FAILED, print_problems, print_table, progress, say
from pharmrs.cli.options import (
    ClusterOption,
    DatasetArgument,
    OutputOption,
    PlainCommand,
    SchedulerOption,
    WorkersOption,
    execution_of,
)

if TYPE_CHECKING:
    from typer._click.core import Context

    from pharmrs.study.run import RunResult

_LABEL_OPTIONS = ("--participant-label", "--participant_label")


class Level(StrEnum):
    """How far a BIDS App goes."""

    PARTICIPANT = "participant"
    GROUP = "group"


class RunCommand(PlainCommand):
    """Takes the call of a BIDS App too: `--participant_label 01 02` before, between or after the positional words."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        words: list[str] = []
        labels = False
        for word in args:
            if word in _LABEL_OPTIONS:
                labels = True
                continue
            labels = labels and not word.startswith("-") and word not in set(Level)
            words += [_LABEL_OPTIONS[0], word] if labels else [word]
        return super().parse_args(ctx, words)


def run_command(
    dataset: DatasetArgument,
    place: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation at run time
        typer.Argument(metavar="OUTPUT", help="Folder of the derivative, as a BIDS App names it; or --output."),
    ] = None,
    level: Annotated[
        Optional[Level],  # noqa: UP045
        typer.Argument(
            metavar="LEVEL",
            help="participant: only what is done for each participant alone; group: the whole study [default: group].",
        ),
    ] = None,
    output: OutputOption = None,
    participant_label: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--participant-label", metavar="LABEL...", help="Participants to do, at level participant."),
    ] = None,
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
    people = tuple(participant_label or ())
    if output is not None and place is not None:
        raise typer.BadParameter("is named twice, as a word and with --output", param_hint="OUTPUT")
    if people and level is not Level.PARTICIPANT:
        raise typer.BadParameter(
            "is for level participant: pharmrs run DATASET OUTPUT participant; a trial is analysed with everybody",
            param_hint="--participant-label",
        )
    target = output or place or default_output(dataset)
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
            people=people,
            group=level is not Level.PARTICIPANT,
        )
    print_problems(result.all_problems)
    for line in result.answer.lines if result.answer is not None else ():
        typer.echo(line)
    if result.answer is None and result.values:
        _print_values(result)
    if result.outcomes:
        say(_counts(result))
    typer.echo(str(result.report))
    if result.outcomes and not any(outcome.result is not None for outcome in result.outcomes):
        raise typer.Exit(EXIT_BAD_INPUT)
    if not result.complete:
        raise typer.Exit(EXIT_SOME_FAILED)


def _print_values(result: RunResult) -> None:
    """The main metabolites, where the study asks no question."""
    from pharmrs.core.report.numbers import number_text
    from pharmrs.spectra.records.scaling import SCALES

    known = SCALES.get(result.scale)
    print_table(
        (
            f"{result.scale} ({known.unit})" if known and known.unit != "1" else result.scale,
            "mean",
            "SD",
            "scans",
            "people",
        ),
        [
            (name, number_text(one.mean), number_text(one.sd), str(one.scans), str(one.subjects))
            for name, one in result.values
        ],
    )


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
