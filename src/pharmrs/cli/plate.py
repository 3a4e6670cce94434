"""`pharmrs plate EXPORT --layout LAYOUT --out DIR` and `pharmrs plate --template`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pharmrs.cli.messages import EXIT_BAD_INPUT, EXIT_SOME_FAILED, print_problems, say

if TYPE_CHECKING:
    from pharmrs.assay.records.settings import AssaySettings


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
        typer.Option("--study", "-s", help="study.yaml with an assay section."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", "-o", help="Folder for tables and pictures."),
    ] = None,
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
) -> None:
    """Read plates, fit their standard curves, give concentrations with intervals and flags."""
    if template:
        _write_template(out)
        return
    if not export or out is None:
        raise typer.BadParameter("EXPORT and --out are needed (or --template)")
    from pharmrs.assay.records.settings import AssaySettings
    from pharmrs.assay.stage.outputs import write_plates
    from pharmrs.assay.stage.plates import analyse_files
    from pharmrs.core.workers.threads import limit_threads

    limit_threads()
    by_hand = AssaySettings(analyte=analyte, unit=unit, wavelength_nm=wavelength, reference_wavelength_nm=reference)
    if study is not None and by_hand != AssaySettings():
        raise typer.BadParameter("with --study, analyte, unit and wavelengths are those of study.yaml")
    outcome = analyse_files(export, layout or [], by_hand if study is None else _declared(study))
    errors, _ = print_problems(outcome.problems)
    if outcome.study is None:
        raise typer.Exit(EXIT_BAD_INPUT)
    for path in write_plates(out, outcome.study)[1]:
        typer.echo(str(path))
    for plate in outcome.study.plates:
        say(_summary(plate.name, [one.flag for one in plate.estimates if one.role == "sample"]))
    if errors:
        raise typer.Exit(EXIT_SOME_FAILED)


def _summary(plate: str, flags: list[str]) -> str:
    counts = {flag: flags.count(flag) for flag in sorted(set(flags))}
    return f"{plate}: " + (", ".join(f"{count} {flag}" for flag, count in counts.items()) or "no samples")


def _declared(path: Path) -> AssaySettings:
    """The assay section of study.yaml."""
    from pharmrs.core.errors import InputError, InputProblem
    from pharmrs.study.study_file import read_study

    declared = read_study(path).assay
    if declared is None:
        remedy = "add assay: with analyte, unit and lower_limit, or leave --study out"
        raise InputError(
            [InputProblem(file=str(path), field="assay", rule="must be declared", value="missing", remedy=remedy)]
        )
    return declared.settings()


def _write_template(out: Path | None) -> None:
    from pharmrs.assay.report.layout_template import layout_template, write_layout_template

    if out is None:
        typer.echo(layout_template(), nl=False)
        return
    for path in write_layout_template(out):
        typer.echo(str(path))
