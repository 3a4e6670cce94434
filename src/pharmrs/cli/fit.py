"""`pharmrs fit SPECTRUM... --basis FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pharmrs.cli.messages import EXIT_BAD_INPUT, EXIT_SOME_FAILED, print_problems, progress, say
from pharmrs.cli.options import ClusterOption, SchedulerOption, WorkersOption, execution_of

if TYPE_CHECKING:
    from pharmrs.spectra.records.fit import RatioPrior


def fit_command(
    spectra: Annotated[list[Path], typer.Argument(help="Preprocessed single-voxel spectra, NIfTI-MRS.")],
    basis: Annotated[Path, typer.Option("--basis", "-b", help="LCModel .basis, FSL-MRS JSON folder or jMRUI text.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Table of amplitudes (TSV); quality beside it.")],
    water: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--water", "-w", help="Water reference: adds water-scaled concentrations."),
    ] = None,
    ppm: Annotated[tuple[float, float], typer.Option("--ppm", help="Fit window, low and high.")] = (0.2, 4.2),
    figure: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--figure", help="Folder for a picture of each fit (PNG, SVG, interactive HTML)."),
    ] = None,
    omit: Annotated[list[str], typer.Option("--omit", help="Component to leave out; repeat for more.")] = [],  # noqa: B006
    add: Annotated[list[str], typer.Option("--add", help="Built-in components: mm, lipids; repeat for both.")] = [],  # noqa: B006
    ratio: Annotated[
        list[str],
        typer.Option("--ratio", help="Soft prior on a ratio, e.g. NAAG/NAA=0.15:0.15 (mean:SD); repeat for more."),
    ] = [],  # noqa: B006
    *,
    workers: WorkersOption = 0,
    scheduler: SchedulerOption = "",
    cluster: ClusterOption = None,
) -> None:
    """Quantify preprocessed spectra with a basis set: a tidy table, a quality table, a picture."""
    from pharmrs.core.workers.execution import workforce
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.spectra.records.fit import FitSettings
    from pharmrs.spectra.stage.single_outputs import write_fit_figures, write_fit_tables
    from pharmrs.spectra.stage.single_spectra import fit_files

    if ppm[1] - ppm[0] < 0.5:
        raise typer.BadParameter("HIGH must be at least 0.5 ppm above LOW", param_hint="--ppm")
    if out.is_dir():
        raise typer.BadParameter(f"{out} is a folder; name the table, e.g. {out / 'fit.tsv'}", param_hint="--out")
    limit_threads()
    settings = FitSettings(
        ppm_low=ppm[0], ppm_high=ppm[1], omit=tuple(omit), add=tuple(add), ratio_priors=tuple(map(_ratio_prior, ratio))
    )
    execution = execution_of(workers, scheduler, cluster)
    with workforce(execution) as team, progress("spectra") as (begin, step):
        begin(len(spectra))
        outcomes = fit_files(
            spectra,
            basis,
            water,
            settings,
            team,
            lambda outcome: step(outcome.file.name, outcome.fit is not None),
        )
    print_problems(problem for outcome in outcomes for problem in outcome.problems)
    for note in dict.fromkeys(note for outcome in outcomes if outcome.fit for note in outcome.fit.notes):
        say(f"note: {note}")
    failed = [outcome for outcome in outcomes if outcome.fit is None]
    if len(failed) == len(outcomes):
        raise typer.Exit(EXIT_BAD_INPUT)
    for path in write_fit_tables(out, outcomes):
        typer.echo(str(path))
    if figure is not None:
        write_fit_figures(figure, outcomes)
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _ratio_prior(text: str) -> RatioPrior:
    """`NAAG/NAA=0.15:0.15` or `PCr/Cr+PCr=0.5:0.1`."""
    from pharmrs.spectra.records.fit import RatioPrior

    try:
        parts, values = text.split("=")
        numerator, denominator = parts.split("/")
        mean, sd = (float(value) for value in values.split(":"))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not like NAAG/NAA=0.15:0.15", param_hint="--ratio") from None
    if mean < 0 or not sd > 0:
        raise typer.BadParameter(
            f"{text!r}: the mean must not be negative, the SD must be above 0", param_hint="--ratio"
        )
    return RatioPrior(numerator=numerator.strip(), denominator=tuple(denominator.split("+")), ratio=mean, sd=sd)
