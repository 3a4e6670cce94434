"""`pharmrs import TABLE --out DATASET`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pharmrs.cli.messages import EXIT_BAD_INPUT, EXIT_SOME_FAILED, print_problems, progress, say


def import_command(
    table: Annotated[
        Path,
        typer.Argument(help="Folder of vendor files; or a mapping table (TSV): file, format, subject, suffix, ..."),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="BIDS dataset, made where it is missing; X.tsv: only the table of a folder."),
    ],
) -> None:
    """Bring vendor files (Siemens twix, Philips SDAT, GE P-file, Bruker, DICOM, ...) into a BIDS dataset.

    Of a folder, what each file is and whose is guessed from names and headers, written into a table beside the dataset
    and imported. Where the guess is wrong: correct the table, delete the dataset, give the same command again.
    """
    from pharmrs.core.report.numbers import count_text
    from pharmrs.spectra.stage.import_recordings import import_recordings, propose_table

    guessed = table.is_dir()
    if guessed and out.suffix.lower() == ".tsv":
        proposal = propose_table(table, out)
        typer.echo(str(out))
        count = count_text(len(proposal.rows), "recording")
        say(f"{count} found. Look through {out}: whose, when, water (mrsref) or not, ...")
        for note in proposal.notes:
            say(f"note: {note}")
        say(f"delete what does not belong, then import it: pharmrs import {out} --out DATASET")
        return
    if guessed:
        folder, table = table, out.with_name(f"{out.name}_recordings.tsv")
        if not table.exists():
            for note in propose_table(folder, table).notes:
                say(f"note: {note}")
    with progress("recordings") as (begin, step):
        finished = import_recordings(table, out, begin, lambda one: step(one.line.target, bool(one.files)))
    print_problems(problem for one in finished for problem in one.problems)
    written = [(one.line.files[0], path) for one in finished for path in one.files]
    for source, path in written:
        typer.echo(f"{path}\t{source}" if guessed else str(path))
    failed = sum(not one.files for one in finished)
    say(f"{count_text(len(finished) - failed, 'recording')} imported, {failed} failed")
    if guessed:
        say(f"What is what was guessed: look through {table}; where it is wrong, correct it, delete {out}, and again.")
    if written:
        say(f"then: pharmrs init {out}")
    if failed == len(finished):
        raise typer.Exit(EXIT_BAD_INPUT)
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)
