"""Plates from files to concentrations: exports and layouts are read, matched, analysed, and put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from pharmrs.assay.read.columns import same_unit
from pharmrs.assay.read.finished import is_finished, read_finished
from pharmrs.assay.read.layout import read_layout
from pharmrs.assay.read.registry import SUFFIXES, read_export
from pharmrs.assay.records.acceptance import AcceptanceCheck, RuleName
from pharmrs.assay.records.plate import LayoutWell, Plate, PlateExport, PlateLayout
from pharmrs.assay.records.results import AssayStudy, BiomarkerConcentration, PlateResult, RefusedPlate
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.science.accept import accept_plates, judge_reanalysis
from pharmrs.assay.science.analyse import PlateRefused, analyse_plate
from pharmrs.assay.science.combine import combine, combine_rejected
from pharmrs.assay.science.inter_plate import compare_plates, without_rejected
from pharmrs.assay.science.layout_match import match_plates
from pharmrs.core.errors import InputProblem
from pharmrs.core.read.problems import Problems
from pharmrs.core.report.numbers import count_text
from pharmrs.core.unit import Boundary, attempt

_ReadT = TypeVar("_ReadT")

_CONSEQUENCES: dict[RuleName, str] = {
    "blank": "the blanks do not enter the curve as concentration zero",
    "hook": "these values are left out",
    "parallelism": "these values are left out",
    "replicates": "values that disagree by more than assay.acceptance.replicate_cv_percent are left out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AssayOutcome:
    """What could be analysed (None: nothing), what is wrong with the files, and what acceptance says of the plates."""

    study: AssayStudy | None
    problems: tuple[InputProblem, ...]
    verdicts: tuple[InputProblem, ...] = ()


def assay_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Exports and layouts of a folder, by name: a layout has `layout` in its name."""
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~"))
    )
    layouts = [path for path in files if "layout" in path.name.lower()]
    return [path for path in files if path not in layouts], layouts


def analyse_files(
    exports: Sequence[Path], layouts: Sequence[Path], settings: AssaySettings, output: Path | None = None
) -> AssayOutcome:
    """Analyse all plates; a bad file or plate is told and does not stop the others.

    `output`: where the traceback of a fault is kept.
    """
    finished, problems = _finished([path for path in exports if is_finished(path)], settings)
    exports = [path for path in exports if not is_finished(path)]
    within = Boundary(output)
    read: list[PlateExport] = _each(lambda path: read_export(path, problems.append, settings.read), exports, within)
    tables: list[PlateLayout] = _each(lambda path: read_layout(path, problems.append), layouts, within)
    tables += [export.layout for export in read if export.layout is not None]
    problems += within.problems
    problems += [problem for table in tables if (problem := _other_unit(table, settings)) is not None]
    tables = [table for table in tables if _other_unit(table, settings) is None]
    settings = replace(settings, unit=settings.unit or next((table.unit for table in tables if table.unit), ""))
    unread = len(read) < len(exports) or len(tables) < len(layouts)
    matched, unmatched = match_plates([plate for export in read for plate in export.plates], tables)
    problems += [] if unread else unmatched  # the partner may be in a file that could not be read
    results: list[PlateResult] = []
    refused: list[RefusedPlate] = []
    verdicts: list[InputProblem] = []
    for name, plate, wells, layout_file in matched:
        work = partial(_analysed, name, plate, wells, layout_file, settings)
        done, found = attempt(work, f"plate {name}", "analysis", output)
        if done is None:
            problems += found
        elif isinstance(done[0], RefusedPlate):
            refused.append(done[0])
            verdicts += done[1]
        else:
            results.append(done[0])
            problems += done[1]
    if not results and not refused and not finished:  # then what else would be a warning leaves nothing to analyse
        alone = [replace(one, severity="error") if one in unmatched else one for one in problems]
        return AssayOutcome(study=None, problems=tuple(alone))
    study = put_together(results, refused, settings, finished)
    problems += _twice(study)
    return AssayOutcome(study=study, problems=tuple(problems), verdicts=(*verdicts, *_said(study)))


def _analysed(
    name: str, plate: Plate, wells: Sequence[LayoutWell], layout_file: str, settings: AssaySettings
) -> tuple[PlateResult | RefusedPlate, tuple[InputProblem, ...]]:
    try:
        return analyse_plate(name, plate, wells, layout_file, settings)
    except PlateRefused as error:
        return error.plate, error.problems


def _each(read: Callable[[Path], _ReadT], paths: Sequence[Path], within: Boundary) -> list[_ReadT]:
    """Every file that could be read."""
    found = (within(partial(read, path), str(path), "reading") for path in paths)
    return [one for one in found if one is not None]


def _other_unit(layout: PlateLayout, settings: AssaySettings) -> InputProblem | None:
    """A layout whose concentrations are in another unit than the assay's."""
    if not (layout.unit and settings.unit) or same_unit(layout.unit) == same_unit(settings.unit):
        return None
    return InputProblem(
        file=layout.source,
        field="nominal",
        rule="concentrations must be in the unit of the assay",
        value=f"{layout.unit} in the layout, {settings.unit} declared",
        remedy="write both in one unit: nothing is converted",
    )


def _finished(
    paths: Sequence[Path], settings: AssaySettings
) -> tuple[tuple[BiomarkerConcentration, ...], list[InputProblem]]:
    """Concentrations that another laboratory has finished; a bad table is told and does not stop the others."""
    values: list[BiomarkerConcentration] = []
    found: list[InputProblem] = []
    for path in paths:
        problems = Problems(str(path))
        own = read_finished(path, settings.analyte, problems)
        found += problems.found
        values += [] if any(one.severity == "error" for one in problems.found) else own
    return tuple(values), found


def _twice(study: AssayStudy) -> list[InputProblem]:
    """Samples that were measured on a plate and come finished, too: which one counts cannot be told."""
    seen: dict[tuple[str, str], list[str]] = {}
    for one in study.concentrations:
        seen.setdefault((one.sample, one.analyte), []).append(one.plate)
    return [
        InputProblem(
            file=", ".join(places),
            field=f"{sample}, {analyte}",
            rule="a sample has one concentration: from a plate, or finished",
            value=" and ".join(places),
            remedy="take the sample out of one of them",
        )
        for (sample, analyte), places in seen.items()
        if len(places) > 1
    ]


def put_together(
    results: Sequence[PlateResult],
    refused: Sequence[RefusedPlate],
    settings: AssaySettings,
    finished: Sequence[BiomarkerConcentration] = (),
) -> AssayStudy:
    """All plates of a study, in the order of measurement, judged beside each other."""
    ordered = sorted(results, key=lambda one: (one.plate.measured, one.name))
    inter_plate = compare_plates(ordered)
    plates = accept_plates(ordered, inter_plate, settings)
    return AssayStudy(
        settings=settings,
        plates=plates,
        concentrations=(*combine(plates, settings, refused), *finished),
        inter_plate=without_rejected(inter_plate, {plate.name for plate in plates if plate.rejected}),
        rejected=combine_rejected(plates, settings),
        refused=tuple(refused),
        checks=(judge_reanalysis(plates, settings),),
    )


def _said(study: AssayStudy) -> tuple[InputProblem, ...]:
    """What acceptance found, as messages: a failure that rejects is an error, the rest is to be known."""
    found = []
    rejects = study.settings.acceptance.action == "reject"
    for plate in study.plates:
        for check in plate.checks:
            if check.verdict in ("failed", "noted"):
                found.append(_message(plate, check, rejected=check.fatal and rejects))
    return tuple(found)


def _message(plate: PlateResult, check: AcceptanceCheck, *, rejected: bool) -> InputProblem:
    samples = len({one.sample for one in plate.estimates if one.role == "sample"})
    if rejected:
        consequence = f"the plate is rejected and its {count_text(samples, 'sample')} left out of the statistics"
        remedy = "repeat the plate, or declare other limits or `action: report` in assay.acceptance before the analysis"
    else:
        consequence = _CONSEQUENCES.get(check.rule, "the values stay")
        remedy = "see the plate in the report, and decide whether its values can be used"
    return InputProblem(
        file=plate.plate.source,
        field=f"plate {plate.name}, {check.rule.replace('_', ' ')}",
        rule=f"{check.asked}; {consequence}",
        value=check.found,
        remedy=remedy,
        severity="error" if rejected else "warning",
    )
