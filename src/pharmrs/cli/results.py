"""`pharmrs results FILE...`: fits of other tools, in and out; `pharmrs export STUDY`: a run for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pharmrs.cli.messages import EXIT_BAD_INPUT, EXIT_SOME_FAILED, print_problems, print_table, say


def results_command(
    files: Annotated[
        list[Path], typer.Argument(help="Results: LCModel .table/.coord/.print/.csv, TSV, CSV of others.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Table to write; with --as the folder.")] = Path(
        "results.tsv"
    ),
    form: Annotated[str, typer.Option("--as", help="tsv, or of another tool: lcmodel, fsl_mrs, osprey.")] = "tsv",
    compare: Annotated[
        Optional[list[Path]],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--compare", help="Other results of the same scans: difference and limits of agreement; repeat."),
    ] = None,
) -> None:
    """Read the results of any known tool, check them as our own, and write them tidy or in another tool's form."""
    from pharmrs.core.errors import InputError
    from pharmrs.core.files.targets import check_output_folder, claimed
    from pharmrs.core.report.numbers import count_text, number_text
    from pharmrs.spectra.report.foreign_tables import FORMS
    from pharmrs.spectra.stage.foreign_results import check_tidy, compared, gather, write_form, write_tidy

    if form != "tsv" and form not in FORMS:
        raise typer.BadParameter(f"{form!r} is not one of tsv, {', '.join(FORMS)}", param_hint="--as")
    if problems := check_tidy(out) if form == "tsv" else check_output_folder(out):
        raise InputError(problems)
    gathered = gather(files)
    others = gather(compare or [])
    print_problems((*gathered.problems, *others.problems))
    errors = [one for one in (*gathered.problems, *others.problems) if one.severity == "error"]
    if not gathered.results:
        raise typer.Exit(EXIT_BAD_INPUT)
    for note in dict.fromkeys(f"{one.tool}: {note}" for one in gathered.results for note in one.notes):
        say(f"note: {note}")
    if form == "tsv":
        paths = write_tidy(out, gathered.results)
    else:
        with claimed(out):
            paths = write_form(out, form, gathered.results)
    for path in paths:
        typer.echo(str(path))
    if compare:
        rows = [
            (f"{one.metabolite} {one.scale}", str(one.count), *map(number_text, (
                one.difference_percent, one.lower_percent, one.upper_percent, one.correlation)))
            for one in compared(gathered.results, others.results)
        ]  # fmt: skip
        if rows:
            print_table(("", "Scans", "Difference %", "from", "to", "r"), rows)
        else:
            say("no metabolite, scale and three scans that both have: scans are matched by their names")
    say(f"{count_text(len(gathered.results), 'scan')} read")
    if errors:
        raise typer.Exit(EXIT_SOME_FAILED)


def export_command(
    study: Annotated[Path, typer.Argument(help="Study that was run, or its derivative.")],
    form: Annotated[str, typer.Option("--as", help="lcmodel, jmrui, fsl_mrs, osprey, stata, r or figures.")],
    out: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--out", "-o", help="Folder for the files [default: pharmrs-FORM]."),
    ] = None,
    basis: Annotated[Path, typer.Option("--basis", "-b", help="For lcmodel: FILBAS of the control files.")] = Path(
        "basis.basis"
    ),
    omit: Annotated[
        str, typer.Option("--omit", help="For lcmodel: components to leave out, separated by commas.")
    ] = "",
) -> None:
    """Write what a run has left for other programs: spectra, labelled tables, figures for a journal."""
    from pharmrs.core.files.targets import claimed, refuse_output
    from pharmrs.core.report.numbers import count_text
    from pharmrs.study.export import FORMS, Export, derivative_of, export

    if form not in FORMS:
        raise typer.BadParameter(f"{form!r} is not one of {', '.join(FORMS)}", param_hint="--as")
    folder = out or Path(f"pharmrs-{form}")
    refuse_output(folder)
    left_out = tuple(name.strip() for name in omit.split(",") if name.strip())
    asked = Export(derivative=derivative_of(study), folder=folder, basis=basis, omit=left_out)
    with claimed(folder):
        done = export(form, asked)
    for note in done.notes:
        say(f"note: {note}")
    typer.echo(f"{count_text(len(done.files), 'file')} in {folder}")
