"""`pharmrs demo-data FOLDER`: the small simulated dataset of `make demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pharmrs.cli.messages import EXIT_BAD_INPUT, say


def demo_data_command(
    folder: Annotated[Path, typer.Argument(help="New or empty folder.")],
    seed: Annotated[int, typer.Option(help="Seed: the same seed gives the same bytes.")] = 1,
    subjects: Annotated[int, typer.Option(min=1, help="Number of subjects.")] = 2,
    sessions: Annotated[int, typer.Option(min=1, help="Sessions of each subject.")] = 2,
) -> None:
    """Write a small simulated BIDS dataset with known truth, from raw transients on."""
    from pharmrs.simulate.dataset import write_demo_dataset

    if folder.exists() and any(folder.iterdir()):
        say(f"error: {folder}: folder: must be new or empty. Remedy: choose another one or delete its content.")
        raise typer.Exit(EXIT_BAD_INPUT)
    write_demo_dataset(folder, seed, subjects, sessions)
    typer.echo(str(folder))
