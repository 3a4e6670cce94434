"""`pharmrs pdf REPORT`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer


def pdf_command(
    report: Annotated[Path, typer.Argument(help="report.html of a run.")],
    out: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--out", "-o", help="The PDF [default: beside the report]."),
    ] = None,
) -> None:
    """Print a report to PDF with the Chromium or Chrome of this computer, every scan opened."""
    from pharmrs.core.report.pdf import print_pdf

    target = out or report.with_suffix(".pdf")
    print_pdf(report, target)
    typer.echo(str(target))
