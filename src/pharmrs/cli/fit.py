"""`pharmrs fit SPECTRUM... --basis FILE`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional, cast

import typer

from pharmrs.cli.messages import EXIT_BAD_INPUT, EXIT_SOME_FAILED, print_problems, print_table, progress, say
from pharmrs.cli.options import ClusterOption, PlainCommand, SchedulerOption, WorkersOption, execution_of

if TYPE_CHECKING:
    from typer._click.core import Context

    from pharmrs.spectra.records.fit import RatioPrior
    from pharmrs.spectra.stage.single_spectra import SpectrumOutcome

_DEFAULT_OUT = Path("pharmrs-fit")
_MOST_SHOWN = 5  # spectra whose results are printed; of more, the tables tell


class FitCommand(PlainCommand):
    """Takes `--ppm 0.5 4.2` as well as `--ppm 0.5,4.2`."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        joined: list[str] = []
        for word in args:
            after_one_number = len(joined) > 1 and joined[-2] == "--ppm" and _is_number(joined[-1])
            if after_one_number and _is_number(word):
                joined[-1] += f",{word}"
            else:
                joined.append(word)
        return super().parse_args(ctx, joined)


def fit_command(
    spectra: Annotated[list[Path], typer.Argument(help="Single-voxel spectra, preprocessed or raw, NIfTI-MRS.")],
    basis: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation at run time
        typer.Option(
            "--basis", "-b", help="LCModel .basis, JSON folder, jMRUI text [default: simulated for the header]"
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for tables and pages, or the table itself (.tsv or .csv).")
    ] = _DEFAULT_OUT,
    water: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--water", "-w", help="Water reference: water-scaled values; of raw data also coils and eddy currents."
        ),
    ] = None,
    ppm: Annotated[str, typer.Option("--ppm", metavar="LOW,HIGH", help="Fit window.")] = "0.2,4.2",
    figure: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--figure", help="Folder for a page of each fit (PDF, PNG, HTML) [default: that of --out]."),
    ] = None,
    omit: Annotated[list[str], typer.Option("--omit", help="Component to leave out; repeat for more.")] = [],  # noqa: B006
    add: Annotated[list[str], typer.Option("--add", help="Built-in components: mm, lipids; repeat for both.")] = [],  # noqa: B006
    ratio: Annotated[
        list[str],
        typer.Option("--ratio", help="Soft prior on a ratio, e.g. NAAG/NAA=0.15:0.15 (mean:SD); repeat for more."),
    ] = [],  # noqa: B006
    *,
    preprocess: Annotated[
        Optional[bool],  # noqa: UP045
        typer.Option(
            "--preprocess/--as-it-is", help="Preprocess first [default: where coils or transients are apart]."
        ),
    ] = None,
    sequence: Annotated[
        str, typer.Option("--sequence", help="press, slaser, steam, megapress: where no basis set or header says it.")
    ] = "",
    skip_points: Annotated[int, typer.Option("--skip-points", min=0, help="Points before the echo to drop.")] = 0,
    workers: WorkersOption = 0,
    scheduler: SchedulerOption = "",
    cluster: ClusterOption = None,
) -> None:
    """Quantify spectra with a basis set, preprocessed or raw: the metabolites, tables, and a page of each fit."""
    from pharmrs.core.errors import InputError
    from pharmrs.core.files.targets import check_output_folder
    from pharmrs.core.workers.execution import workforce
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.spectra.records.fit import FitSettings
    from pharmrs.spectra.stage.single_outputs import check_fit_table
    from pharmrs.spectra.stage.single_spectra import SpectrumFitting, choose_basis, fit_files

    low, high = _window(ppm)
    named = not out.is_dir() and (out.suffix != "" or out.exists())
    table = out if named else out / "fit.tsv"
    pages = figure or (None if named else out)
    if problems := [*check_fit_table(table), *(check_output_folder(pages) if pages is not None else ())]:
        raise InputError(problems)
    limit_threads()
    built_in = cast(tuple[Literal["mm", "lipids"], ...], tuple(add))  # others: the fit says that there are none
    settings = FitSettings(
        ppm_low=low, ppm_high=high, omit=tuple(omit), add=built_in, ratio_priors=tuple(map(_ratio_prior, ratio))
    )
    execution = execution_of(workers, scheduler, cluster)
    chosen = choose_basis(basis, spectra, settings, sequence)
    print_problems(chosen.problems)
    if chosen.note:
        say(f"note: {chosen.note}")
    fitting = SpectrumFitting(
        basis=chosen.basis, water=water, settings=settings, raw=preprocess, skip_points=skip_points
    )
    with workforce(execution) as team, progress("spectra") as (begin, step):
        begin(len(spectra))
        outcomes = fit_files(spectra, fitting, team, lambda one: step(one.file.name, one.fit is not None))
    _leave(outcomes, table, pages)


def _leave(outcomes: Sequence[SpectrumOutcome], table: Path, pages: Path | None) -> None:
    """What is told of the spectra, their tables and their pages; ends with the exit code where some failed."""
    from pharmrs.core.files.targets import claimed
    from pharmrs.spectra.stage.single_outputs import write_fit_figures, write_fit_tables

    print_problems(problem for outcome in outcomes for problem in outcome.problems)
    reported = {problem.value for outcome in outcomes for problem in outcome.problems}
    for note in dict.fromkeys(note for outcome in outcomes for note in _notes(outcome) if note not in reported):
        say(f"note: {note}")
    failed = [outcome for outcome in outcomes if outcome.fit is None]
    if len(failed) == len(outcomes):
        raise typer.Exit(EXIT_BAD_INPUT)
    _print_results([outcome for outcome in outcomes if outcome.fit is not None])
    with claimed(pages) if pages is not None else nullcontext():
        for path in write_fit_tables(table, outcomes):
            typer.echo(str(path))
        for path in write_fit_figures(pages, outcomes) if pages is not None else ():
            typer.echo(str(path))
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _notes(outcome: SpectrumOutcome) -> tuple[str, ...]:
    """What preprocessing and fit did that a reader would not expect."""
    return (*outcome.steps, *(outcome.fit.notes if outcome.fit is not None else ()))


def _print_results(done: list[SpectrumOutcome]) -> None:
    """The table of metabolites of the first spectra, with what their quality is."""
    from pharmrs.core.report.numbers import number_text
    from pharmrs.spectra.report.result_rows import result_table

    for outcome in done[:_MOST_SHOWN]:
        assert outcome.fit is not None
        found = result_table(outcome.amplitudes, outcome.concentrations)
        typer.echo(
            f"{outcome.file.name}: S/N {number_text(outcome.fit.signal_to_noise)}, line width "
            f"{number_text(outcome.fit.line_width_hz)} Hz" + ("" if outcome.fit.converged else ", NOT CONVERGED")
        )
        print_table(found.columns, found.cells)
    if len(done) > _MOST_SHOWN:
        say(f"{len(done) - _MOST_SHOWN} more spectra are in the table")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _window(text: str) -> tuple[float, float]:
    parts = text.replace(",", " ").split()
    if len(parts) != 2 or not all(map(_is_number, parts)):
        raise typer.BadParameter(f"{text!r} is not two numbers such as 0.5,4.2", param_hint="--ppm")
    low, high = map(float, parts)
    if not high - low >= 0.5:
        raise typer.BadParameter("HIGH must be at least 0.5 ppm above LOW", param_hint="--ppm")
    return low, high


def _ratio_prior(text: str) -> RatioPrior:
    """`NAAG/NAA=0.15:0.15` or `PCr/Cr+PCr=0.5:0.1`."""
    from pharmrs.core.read.numbers import plain_number
    from pharmrs.spectra.records.fit import RatioPrior

    found = re.fullmatch(r"([^=/]+)/([^=/]+)=([^=:]+):([^=:]+)", text)
    mean, sd = (plain_number(value) for value in found.groups()[2:]) if found else (None, None)
    if found is None or mean is None or sd is None:
        raise typer.BadParameter(f"{text!r} is not like NAAG/NAA=0.15:0.15", param_hint="--ratio") from None
    if mean < 0 or not sd > 0:
        raise typer.BadParameter(
            f"{text!r}: the mean must not be negative, the SD must be above 0", param_hint="--ratio"
        )
    try:
        return RatioPrior(numerator=found[1].strip(), denominator=tuple(found[2].split("+")), ratio=mean, sd=sd)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: {error}", param_hint="--ratio") from None
