"""`pharmrs init STUDY`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pharmrs.cli.messages import say


def init_command(
    study: Annotated[Path, typer.Argument(help="Folder of the study: sub-*/, basis/, sourcedata/, as far as it is.")],
) -> None:
    """Begin study.yaml and the tables of a trial from what a folder holds; files that are there are left alone."""
    from pharmrs.study.init_study import begin_study

    begun = begin_study(study)
    for path in begun.written:
        typer.echo(str(path))
    for path in begun.kept:
        typer.echo(f"left as it is: {path}")
    for text in begun.open:
        typer.echo(f"to fill in: {text}")
    say(f"then: pharmrs validate {study}")
