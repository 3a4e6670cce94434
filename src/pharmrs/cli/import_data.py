"""`pharmrs import TABLE --out DATASET`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pharmrs.cli.messages import EXIT_BAD_INPUT, EXIT_SOME_FAILED, print_problems, progress, say


def import_command(
    table: Annotated[
        Path,
        typer.Argument(help="Mapping table (TSV): file, format, subject, suffix, ...; or a folder to propose one for."),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="BIDS dataset, made where it is missing; of a folder: the proposed table."),
    ],
) -> None:
    """Bring vendor files (Siemens twix, Philips SDAT, GE P-file, Bruker, DICOM, ...) into a BIDS dataset."""
    from pharmrs.core.report.numbers import count_text
    from pharmrs.spectra.stage.import_recordings import import_recordings, propose_table

    if table.is_dir():
        proposal = propose_table(table, out)
        typer.echo(str(out))
        count = count_text(len(proposal.rows), "recording")
        say(f"{count} found. Look through {out}: whose, when, water (mrsref) or not, ...")
        for note in proposal.notes:
            say(f"note: {note}")
        say("delete what does not belong, then import it: pharmrs import TABLE --out DATASET")
        return
    with progress("recordings") as (begin, step):
        finished = import_recordings(table, out, begin, lambda one: step(one.line.target, bool(one.files)))
    print_problems(problem for one in finished for problem in one.problems)
    written = [path for one in finished for path in one.files]
    for path in written:
        typer.echo(str(path))
    failed = sum(not one.files for one in finished)
    say(f"{count_text(len(finished) - failed, 'recording')} imported, {failed} failed")
    if failed == len(finished):
        raise typer.Exit(EXIT_BAD_INPUT)
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)
