"""Plates from files to concentrations: exports and layouts are read, matched, analysed, and put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.assay.read.layout import read_layout
from pharmrs.assay.read.registry import SUFFIXES, read_export
from pharmrs.assay.records.plate import Layout, PlateExport
from pharmrs.assay.records.results import AssayStudy, PlateResult
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.science.analyse import analyse_plate
from pharmrs.assay.science.combine import combine
from pharmrs.assay.science.inter_plate import compare_plates
from pharmrs.assay.science.layout_match import match_plates
from pharmrs.core.errors import InputError, InputProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class AssayOutcome:
    """What could be analysed (None: nothing), and everything that is wrong with the files."""

    study: AssayStudy | None
    problems: tuple[InputProblem, ...]


def assay_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Exports and layouts of a folder, by name: a layout has `layout` in its name."""
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~"))
    )
    layouts = [path for path in files if "layout" in path.name.lower()]
    return [path for path in files if path not in layouts], layouts


def analyse_files(exports: Sequence[Path], layouts: Sequence[Path], settings: AssaySettings) -> AssayOutcome:
    """Analyse all plates; a bad file or plate is told and does not stop the others."""
    problems: list[InputProblem] = []
    read: list[PlateExport] = []
    tables: list[Layout] = []
    for path in exports:
        try:
            read.append(read_export(path))
        except InputError as error:
            problems += error.problems
    for path in layouts:
        try:
            tables.append(read_layout(path))
        except InputError as error:
            problems += error.problems
    tables += [export.layout for export in read if export.layout is not None]
    unread = len(read) < len(exports) or len(tables) < len(layouts)
    matched, unmatched = match_plates([plate for export in read for plate in export.plates], tables)
    problems += [] if unread else unmatched  # the partner may be in a file that could not be read
    results: list[PlateResult] = []
    for name, plate, wells, layout_file in matched:
        try:
            result, found = analyse_plate(name, plate, wells, layout_file, settings)
        except InputError as error:
            problems += error.problems
            continue
        results.append(result)
        problems += found
    if not results:
        return AssayOutcome(study=None, problems=tuple(problems))
    results.sort(key=lambda one: (one.plate.measured, one.name))
    study = AssayStudy(
        settings=settings,
        plates=tuple(results),
        concentrations=combine(results, settings),
        inter_plate=compare_plates(results),
    )
    return AssayOutcome(study=study, problems=tuple(problems))
