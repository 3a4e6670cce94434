"""What `pharmrs fit` and `preprocess` leave behind: spectra, tables, pictures, and a page of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pharmrs.core.errors import InputProblem
from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.targets import check_replaced, check_target
from pharmrs.core.report.figure_style import save_figure
from pharmrs.core.report.section import render_section
from pharmrs.core.report.site import write_page
from pharmrs.core.report.svg_figure import svg_figure
from pharmrs.core.report.tables import Row, table_of_rows, write_tsv
from pharmrs.spectra.read.nifti_mrs import write_spectrum
from pharmrs.spectra.records.edited import EditedFigures
from pharmrs.spectra.records.preprocessing import PreprocessedScan
from pharmrs.spectra.report.pictures.interactive_fit import fit_html
from pharmrs.spectra.report.pictures.plot_fit import fit_sheet_svg
from pharmrs.spectra.report.pictures.scan_figures import step_figure
from pharmrs.spectra.report.result_rows import result_table
from pharmrs.spectra.report.tables import FIT_COLUMNS, FIT_QUALITY_COLUMNS, fit_quality_rows, fit_table_rows
from pharmrs.spectra.stage.single_spectra import SpectrumOutcome


def write_fit_tables(table: Path, outcomes: Sequence[SpectrumOutcome]) -> tuple[Path, ...]:
    """The tidy table, the quality table beside it, and the concentrations that can be given."""
    done = [outcome for outcome in outcomes if outcome.fit is not None]
    rows = [row for outcome in done for row in fit_table_rows(str(outcome.file), outcome.amplitudes)]
    quality = [row for outcome in done if outcome.fit for row in fit_quality_rows(str(outcome.file), outcome.fit)]
    write_tsv(table, FIT_COLUMNS, rows)
    written = [table]
    quality_path, scaled_path = _beside(table)
    if quality:
        write_tsv(quality_path, FIT_QUALITY_COLUMNS, quality)
        written.append(quality_path)
    scaled: list[Row] = [
        {
            "file": str(outcome.file),
            "metabolite": one.metabolite,
            "scale": one.scale,
            "value": one.value,
            "sd": one.sd,
            "unit": one.unit,
        }
        for outcome in done
        for one in outcome.concentrations
        if np.isfinite(one.value)
    ]
    if scaled:
        write_tsv(scaled_path, tuple(scaled[0]), scaled)
        written.append(scaled_path)
    edited = [row for outcome in done if outcome.edited for row in outcome.edited.figures]
    if edited:
        table_of_edited = table_of_rows("edited", EditedFigures, edited)
        edited_path = table.with_name(f"{table.stem}_edited{table.suffix}")
        write_tsv(edited_path, tuple(table_of_edited.columns), list(table_of_edited.rows))
        written.append(edited_path)
    return tuple(written)


def write_fit_figures(folder: Path, outcomes: Sequence[SpectrumOutcome]) -> list[Path]:
    """For each fitted file its page: picture with the result beside it (PDF, PNG), and one to explore (HTML)."""
    written: list[Path] = []
    for name, outcome in zip(names_of([outcome.file for outcome in outcomes]), outcomes, strict=True):
        if outcome.fit is None:
            continue
        found = result_table(outcome.amplitudes, outcome.concentrations)
        notes = [note for note in outcome.fit.notes if note not in {one.value for one in outcome.problems}]
        remarks = [*notes, *(f"{one.field}: {one.rule} (found: {one.value})" for one in outcome.problems)]
        differences = outcome.edited.differences if outcome.edited is not None else ()
        sheet = fit_sheet_svg(outcome.fit, outcome.file.name, outcome.amplitudes, found, remarks, differences)
        figure = svg_figure(sheet)
        page = folder / f"{name}_fit.html"
        write_text(page, fit_html(outcome.fit, outcome.file.name, outcome.amplitudes, found, remarks))
        written.append(page)
        for suffix in ("pdf", "png"):
            written.append(folder / f"{name}_fit.{suffix}")
            save_figure(figure, written[-1])
    return written


def names_of(files: Sequence[Path]) -> list[str]:
    """What is written of each file is called after it, and after its folder where several have one name."""
    plain = [file.name.split(".")[0] for file in files]
    return [
        f"{file.resolve().parent.name}_{name}" if plain.count(name) > 1 else name
        for name, file in zip(plain, files, strict=True)
    ]


def write_preprocessed(folder: Path, name: str, scan: PreprocessedScan) -> list[Path]:
    """The spectrum and its water as NIfTI-MRS, and a page with what each step did."""
    written = [folder / f"{name}_preprocessed.nii.gz"]
    write_spectrum(written[0], scan.spectrum)
    if scan.water is not None:
        written.append(folder / f"{name}_water.nii.gz")
        write_spectrum(written[-1], scan.water)
    pictures = [step_figure(step, scan.spectrum.acquisition, name) for step in scan.steps]
    section = render_section(
        "steps", "Preprocessing", "section_preprocessing.html.j2", steps=scan.steps, pictures=pictures
    )
    page = folder / f"{name}_preprocessing.html"
    return [*written, write_page(page, kind="Preprocessing of a recording", heading=name, sections=(section,))]


def check_fit_table(table: Path) -> list[InputProblem]:
    """What is wrong with the place of the table, before anything is fitted."""
    separator = "," if table.suffix.lower() == ".csv" else "\t"
    quality, scaled = _beside(table)
    return [
        *check_target(table, (".tsv", ".csv", ".txt"), separator.join(FIT_COLUMNS[:2]).encode()),
        *check_replaced(quality, separator.join(FIT_QUALITY_COLUMNS[:2]).encode()),
        *check_replaced(scaled, separator.join(("file", "metabolite", "scale")).encode()),
    ]


def _beside(table: Path) -> tuple[Path, Path]:
    """The tables of quality and of concentrations beside the table of a fit."""
    return (
        table.with_name(f"{table.stem}_quality{table.suffix}"),
        table.with_name(f"{table.stem}_concentrations{table.suffix}"),
    )
