"""`pharmrs plate EXPORT --layout LAYOUT --out DIR` and `pharmrs plate --template`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pharmrs.assay.records.choices import Blanks, ModelChoice, Weights
from pharmrs.assay.records.presets import PRESETS, PresetName
from pharmrs.cli.messages import EXIT_BAD_INPUT, EXIT_SOME_FAILED, print_problems

if TYPE_CHECKING:
    from pharmrs.assay.records.results import AssayStudy
    from pharmrs.assay.records.settings import AssaySettings

Files = Optional[list[Path]]  # noqa: UP045  typer reads the annotations at run time
File = Optional[Path]  # noqa: UP045
Number = Optional[float]  # noqa: UP045
ExportArgument = Annotated[Files, typer.Argument(help="Exports of the plate reader.")]
LayoutOption = Annotated[
    Files,
    typer.Option("--layout", "-l", help="Layout table: plate, well, role, sample, nominal, dilution; repeatable."),
]
StudyOption = Annotated[
    File,
    typer.Option("--study", "-s", help="study.yaml with an assay section, or a file with that section's keys alone."),
]
OutOption = Annotated[
    File, typer.Option("--out", "-o", help="Folder for tables, pictures and a page [default: pharmrs-plate].")
]
TemplateOption = Annotated[
    bool,
    typer.Option(
        "--template", help="Write an empty layout, of the wells of EXPORT where it is given, to fill in or print."
    ),
]
SignalOption = Annotated[Number, typer.Option(help="Wavelength of the signal (nm).")]
ReferenceOption = Annotated[Number, typer.Option(help="Wavelength that is subtracted (nm).")]
ReadOption = Annotated[str, typer.Option(help="Read to take where an export holds several: its number or its label.")]
LimitOption = Annotated[Number, typer.Option(min=0.0, help="Lower limit of quantification in the well [else derived].")]
CvOption = Annotated[
    Number, typer.Option(min=0.0, help="CV of replicates (%) above which a value does not count [else no rule].")
]
PresetOption = Annotated[
    Optional[PresetName],  # noqa: UP045
    typer.Option(help="Curve, weights and blanks as this program offers them first [else the three options]."),
]


def plate_command(
    export: ExportArgument = None,
    layout: LayoutOption = None,
    study: StudyOption = None,
    out: OutOption = None,
    *,
    template: TemplateOption = False,
    analyte: Annotated[str, typer.Option(help="Name of the analyte.")] = "analyte",
    unit: Annotated[str, typer.Option(help="Unit of the standards.")] = "",
    wavelength: SignalOption = None,
    reference: ReferenceOption = None,
    read: ReadOption = "",
    lower_limit: LimitOption = None,
    weights: Annotated[Weights, typer.Option(help="Weights of the standards.")] = "1/y^2",
    model: Annotated[ModelChoice, typer.Option(help="Standard curve.")] = "auto",
    blanks: Annotated[Blanks, typer.Option(help="What blank wells are.")] = "zero_standard",
    max_cv: CvOption = None,
    preset: PresetOption = None,
) -> None:
    """Read plates, fit their standard curves, give concentrations with intervals and flags."""
    from pharmrs.assay.records.settings import AssaySettings, DeclaredLimit

    if template:
        _write_template(out, export or [])
        return
    if not export:
        raise typer.BadParameter("EXPORT is needed (or --template)")
    if preset is not None:
        if (model, weights, blanks) != ("auto", "1/y^2", "zero_standard"):
            raise typer.BadParameter("--preset stands for --model, --weights and --blanks: give it, or them")
        chosen = PRESETS[preset]
        model, weights, blanks = chosen.model, chosen.weights, chosen.blanks
    by_hand = AssaySettings(
        analyte=analyte,
        unit=unit,
        wavelength_nm=wavelength,
        reference_wavelength_nm=reference,
        lower_limit=DeclaredLimit(value=lower_limit, refers_to="in_well") if lower_limit else None,
        weights=weights,
        model=model,
        blanks_are_zero_standards=blanks == "zero_standard",
        max_cv_percent=max_cv,
    )
    if study is not None and by_hand != AssaySettings():
        raise typer.BadParameter("with --study, analyte, unit, wavelengths, curve and limits are those of the file")
    settings = by_hand if study is None else _declared(study)
    _analyse(export, layout or [], replace(settings, read=read or settings.read), out or Path("pharmrs-plate"))


def _analyse(exports: list[Path], layouts: list[Path], settings: AssaySettings, out: Path) -> None:
    from pharmrs.assay.stage.outputs import write_plate_page, write_plates
    from pharmrs.assay.stage.plates import analyse_files
    from pharmrs.core.files.targets import claimed
    from pharmrs.core.unit import Boundary
    from pharmrs.core.workers.threads import limit_threads

    limit_threads()
    with claimed(out):
        outcome = analyse_files(exports, layouts, settings, out)
        errors, _ = print_problems((*outcome.problems, *outcome.verdicts))
        if outcome.study is None:
            raise typer.Exit(EXIT_BAD_INPUT)
        for line in _summaries(outcome.study):
            typer.echo(line)
        within = Boundary(out)
        pictures, written = write_plates(out, outcome.study, within)
        for path in (write_plate_page(out, outcome.study, pictures), *written):
            typer.echo(str(path))
    print_problems(within.problems)
    if errors or within.problems:
        raise typer.Exit(EXIT_SOME_FAILED)


def _summaries(study: AssayStudy) -> list[str]:
    """Of each plate the curve, its limits and what became of its samples, and why it was rejected."""
    from pharmrs.core.report.numbers import number_text

    lines = []
    unit = f" {study.settings.unit}" if study.settings.unit else ""
    for plate in study.plates:
        limits = (plate.limits.detection, plate.limits.lower, plate.limits.upper)
        lod, lloq, uloq = (number_text(value) for value in limits)
        lines.append(
            f"{plate.name}: {plate.curve.model.upper()} curve of {len(plate.levels)} standards, LOD {lod}, "
            f"LLOQ {lloq}, ULOQ {uloq}{unit}"
        )
        flags = ["rejected" if one.rejected else one.flag for one in plate.estimates if one.role == "sample"]
        counts = {flag: flags.count(flag) for flag in sorted(set(flags))}
        listed = ", ".join(f"{count} {flag}" for flag, count in counts.items()) or "no samples"
        lines.append(f"{plate.name}: {f'REJECTED ({plate.rejected}), ' if plate.rejected else ''}{listed}")
    for refused in study.refused:
        samples = {(well.sample, well.dilution) for well in refused.wells if well.role == "sample"}
        lines.append(f"{refused.name}: REJECTED, {len(samples)} rejected")
    return lines


def _declared(path: Path) -> AssaySettings:
    """The assay of study.yaml, or of a file that declares an assay alone."""
    from pharmrs.study.study_file import read_assay

    return read_assay(path).settings()


def _write_template(out: Path | None, exports: list[Path]) -> None:
    from pharmrs.assay.read.registry import read_export
    from pharmrs.assay.report.layout_template import layout_template, write_layout_template

    plates = [plate for path in exports for plate in read_export(path).plates]
    if out is None:
        typer.echo(layout_template(plates), nl=False)
        return
    for path in write_layout_template(out, plates):
        typer.echo(str(path))
