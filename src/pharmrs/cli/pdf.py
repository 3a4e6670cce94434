"""`pharmrs pdf REPORT`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer


def pdf_command(
    report: Annotated[Path, typer.Argument(help="report.html of a run.")],
    out: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--out", "-o", help="The PDF, or with --all a folder [default: beside the report]."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every page of the report, a PDF each.")] = False,
) -> None:
    """Print the first page of a report to PDF with the Chromium or Chrome of this computer, what is folded opened."""
    from pharmrs.core.report.pdf import print_pdf, print_site

    if every:
        for path in print_site(report, out or report.with_name("report_pdf")):
            typer.echo(str(path))
        return
    target = out or report.with_suffix(".pdf")
    print_pdf(report, target)
    typer.echo(str(target))
