"""`pharmrs plate EXPORT --layout LAYOUT --out DIR` and `pharmrs plate --template`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Optional

import typer

from pharmrs.assay.records.settings import AssaySettings, Blanks, DeclaredLimit, ModelChoice, Weights
from pharmrs.cli.messages import EXIT_BAD_INPUT, EXIT_SOME_FAILED, print_problems, say


def plate_command(
    export: Annotated[
        Optional[list[Path]],  # noqa: UP045  typer reads the annotation at run time
        typer.Argument(help="Exports of the plate reader."),
    ] = None,
    layout: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option("--layout", "-l", help="Layout table: plate, well, role, sample, nominal, dilution; repeatable."),
    ] = None,
    study: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--study", "-s", help="study.yaml with an assay section, or a file with the keys of that section alone."
        ),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", "-o", help="Folder for tables and pictures."),
    ] = None,
    *,
    template: Annotated[bool, typer.Option("--template", help="Write an empty layout, to fill in or print.")] = False,
    analyte: Annotated[str, typer.Option(help="Name of the analyte, without --study.")] = "analyte",
    unit: Annotated[str, typer.Option(help="Unit of the standards, without --study.")] = "",
    wavelength: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="Wavelength of the signal (nm), without --study."),
    ] = None,
    reference: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="Wavelength that is subtracted (nm), without --study."),
    ] = None,
    read: Annotated[
        str, typer.Option(help="Read to take where an export holds several: its label, number or sheet.")
    ] = "",
    lower_limit: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(min=0.0, help="Lower limit of quantification in the well [default: derived from the standards]."),
    ] = None,
    weights: Annotated[Weights, typer.Option(help="Weights of the standards.")] = "1/y^2",
    model: Annotated[ModelChoice, typer.Option(help="Standard curve.")] = "auto",
    blanks: Annotated[Blanks, typer.Option(help="What blank wells are.")] = "zero_standard",
    max_cv: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(min=0.0, help="CV of replicates (%) above which a value does not count [default: no rule]."),
    ] = None,
) -> None:
    """Read plates, fit their standard curves, give concentrations with intervals and flags."""
    if template:
        _write_template(out)
        return
    if not export or out is None:
        raise typer.BadParameter("EXPORT and --out are needed (or --template)")
    from pharmrs.assay.stage.outputs import write_plates
    from pharmrs.assay.stage.plates import analyse_files
    from pharmrs.core.workers.threads import limit_threads

    limit_threads()
    by_hand = AssaySettings(
        analyte=analyte,
        unit=unit,
        wavelength_nm=wavelength,
        reference_wavelength_nm=reference,
        read=read,
        lower_limit=DeclaredLimit(value=lower_limit, refers_to="in_well") if lower_limit else None,
        weights=weights,
        model=model,
        blanks_are_zero_standards=blanks == "zero_standard",
        max_cv_percent=max_cv,
    )
    if study is not None and replace(by_hand, read="") != AssaySettings():
        raise typer.BadParameter("with --study, analyte, unit, reads, curve and limits are those of the file")
    settings = by_hand if study is None else _declared(study)
    outcome = analyse_files(export, layout or [], replace(settings, read=read or settings.read))
    errors, _ = print_problems((*outcome.problems, *outcome.verdicts))
    if outcome.study is None:
        raise typer.Exit(EXIT_BAD_INPUT)
    for path in write_plates(out, outcome.study)[1]:
        typer.echo(str(path))
    for plate in outcome.study.plates:
        samples = [one for one in plate.estimates if one.role == "sample"]
        say(_summary(plate.name, ["rejected" if one.rejected else one.flag for one in samples], plate.rejected))
    for refused in outcome.study.refused:
        samples_of = {well.sample for well in refused.wells if well.role == "sample"}
        say(_summary(refused.name, ["rejected"] * len(samples_of), refused.rejected))
    if errors:
        raise typer.Exit(EXIT_SOME_FAILED)


def _summary(plate: str, flags: list[str], rejected: str) -> str:
    counts = {flag: flags.count(flag) for flag in sorted(set(flags))}
    state = "REJECTED, " if rejected else ""
    return f"{plate}: {state}" + (", ".join(f"{count} {flag}" for flag, count in counts.items()) or "no samples")


def _declared(path: Path) -> AssaySettings:
    """The assay of study.yaml, or of a file that declares an assay alone."""
    from pharmrs.study.study_file import read_assay

    return read_assay(path).settings()


def _write_template(out: Path | None) -> None:
    from pharmrs.assay.report.layout_template import layout_template, write_layout_template

    if out is None:
        typer.echo(layout_template(), nl=False)
        return
    for path in write_layout_template(out):
        typer.echo(str(path))
