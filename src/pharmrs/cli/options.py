"""Arguments and options that several commands take, worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

DatasetArgument = Annotated[Path, typer.Argument(help="BIDS dataset with study.yaml at its root.")]
OutputOption = Annotated[
    Optional[Path],  # noqa: UP045  typer reads the annotation at run time
    typer.Option("--output", "-o", help="Folder of the derivative [default: DATASET/derivatives/pharmrs]."),
]
WorkersOption = Annotated[int, typer.Option("--workers", "-j", min=0, help="Processes; 0: one per core.")]
