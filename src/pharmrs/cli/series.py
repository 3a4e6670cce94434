"""`pharmrs series COURSE --basis FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pharmrs.cli.messages import EXIT_BAD_INPUT, EXIT_SOME_FAILED, print_problems, print_table, say

if TYPE_CHECKING:
    from pharmrs.spectra.records.series import FittedSeries


def series_command(
    course: Annotated[
        Path,
        typer.Argument(
            help="Table: file, where a recording is cut first and last (transients), and columns to be followed."
        ),
    ],
    basis: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--basis", "-b", help="Basis set, as for fit [default: simulated for the header]"),
    ] = None,
    water: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--water", "-w", help="Water reference of the session: coils and eddy currents of raw data."),
    ] = None,
    only: Annotated[
        list[str],
        typer.Option("--only", help="Metabolite or sum whose change is the question; repeat for more [default: all]."),
    ] = [],  # noqa: B006
    others_sd_percent: Annotated[
        float,
        typer.Option(
            min=0.0, help="With --only: how much others may change, as SD in % of their level; 0: not at all."
        ),
    ] = 10.0,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the tables.")] = Path("pharmrs-series"),
    sequence: Annotated[
        str, typer.Option("--sequence", help="press, slaser, steam: where neither a basis set nor a header says it.")
    ] = "",
    skip_points: Annotated[int, typer.Option("--skip-points", min=0, help="Points before the echo to drop.")] = 0,
) -> None:
    """Fit several spectra of one person together: how each metabolite follows a course, in percent with an interval."""
    from pharmrs.core.errors import InputError
    from pharmrs.core.files.targets import check_output_folder, claimed
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.spectra.read.course import read_course
    from pharmrs.spectra.records.fit import FitSettings
    from pharmrs.spectra.records.series import Follows
    from pharmrs.spectra.stage.series import fit_course, named, write_series
    from pharmrs.spectra.stage.single_spectra import SpectrumFitting, choose_basis

    if problems := check_output_folder(out):
        raise InputError(problems)
    limit_threads()
    table = read_course(course)
    settings = FitSettings()
    chosen = choose_basis(basis, [row.file for row in table.rows], settings, sequence)
    print_problems(chosen.problems)
    if chosen.note:
        say(f"note: {chosen.note}")
    fitting = SpectrumFitting(basis=chosen.basis, water=water, settings=settings, skip_points=skip_points)
    follows = Follows(metabolites=tuple(only), others_sd=others_sd_percent / 100.0)
    outcome = fit_course(table, fitting, follows)
    print_problems(outcome.problems)
    if outcome.fitted is None:
        raise typer.Exit(EXIT_BAD_INPUT)
    print_table(*_shown(outcome.fitted))
    with claimed(out):
        for path in write_series(out, [named(outcome.fitted, course.stem)]):
            typer.echo(str(path))
    if not outcome.fitted.converged:
        say("the search of the set did NOT CONVERGE: do not use these changes")
    if outcome.left_out or not outcome.fitted.converged:
        raise typer.Exit(EXIT_SOME_FAILED)


def _shown(found: FittedSeries) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """What could be told, as text."""
    from pharmrs.core.report.numbers import number_text

    rows: list[tuple[str, ...]] = [
        (
            one.metabolite,
            one.course,
            number_text(one.change_percent),
            f"{number_text(one.ci_low)} to {number_text(one.ci_high)}",
            number_text(one.alone_percent),
        )
        for one in found.changes
        if one.change_percent == one.change_percent  # NaN: the level is too uncertain to be a base
    ]
    return ("Metabolite", "Course", "Change %", "95 % interval", "Each alone %"), rows
