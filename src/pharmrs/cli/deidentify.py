"""`pharmrs deidentify DATASET COPY`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pharmrs.cli.messages import EXIT_SOME_FAILED, print_problems, say
from pharmrs.cli.options import DatasetArgument


def deidentify_command(
    dataset: DatasetArgument,
    copy: Annotated[Path, typer.Argument(help="New or empty folder for the copy.")],
) -> None:
    """Copy a dataset without the header fields that identify a person; the dataset itself is not changed."""
    from pharmrs.core.report.numbers import count_text
    from pharmrs.study.deidentify import deidentify

    done = deidentify(dataset, copy)
    print_problems(done.problems)
    for path, fields in done.cleaned.items():
        typer.echo(f"{path}: without {', '.join(fields)}")
    for path in done.left:
        say(f"not copied: {path} (scanners' own files and unknown kinds may name a person)")
    typer.echo(
        f"{count_text(len(done.same), 'file')} as they were, {len(done.cleaned)} without identifying fields, "
        f"{len(done.left)} not copied. Read the tables and the file names yourself before sharing {copy}."
    )
    if done.left:
        raise typer.Exit(EXIT_SOME_FAILED)
