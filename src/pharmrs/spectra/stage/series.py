"""Blocks of recordings as one series, each prepared as a scan is, fitted together: of a table, or of a session."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pharmrs.core.errors import FitFailure, InputError, InputProblem, input_problem
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.report.tables import table_of_rows, write_table
from pharmrs.spectra.read.course import CourseRow, CourseTable, check_columns, design_of
from pharmrs.spectra.records.acquisition import Fids, Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.fit import FitSettings
from pharmrs.spectra.records.series import (
    FittedSeries,
    Follows,
    SeriesChange,
    SeriesDrift,
    SeriesPoint,
    SeriesSpectrum,
)
from pharmrs.spectra.stage.scan import Opened, check_opened, fit_problems
from pharmrs.spectra.stage.settings import ScanSettings
from pharmrs.spectra.stage.single_spectra import SpectrumFitting, open_file, scan_settings
from pharmrs.spectra.together.series import fit_series


@dataclass(frozen=True, slots=True)
class SeriesOutcome:
    """The fit of a series, or None; what is wrong with it or with single spectra; how many of them were left out."""

    fitted: FittedSeries | None
    problems: tuple[InputProblem, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Block:
    """A spectrum of a series, its row in the course, and when it was recorded (minutes; NaN: not known)."""

    spectrum: Spectrum
    row: CourseRow
    span_min: tuple[float, float] = (math.nan, math.nan)


def check_basis(basis: BasisSet) -> None:
    """Raises InputError for a basis set of an edited sequence."""
    if basis.edited:
        rule = "a series of edited spectra cannot be fitted yet"
        remedy = "fit each block with `pharmrs fit`, or give the basis set of an unedited sequence for unedited spectra"
        raise InputError([input_problem(basis.source, "basis", rule, "conditions of an edited sequence", remedy)])


def fit_course(table: CourseTable, fitting: SpectrumFitting, follows: Follows | None = None) -> SeriesOutcome:
    """Prepare every row and fit them together; a row that cannot be used is left out and told."""
    check_basis(fitting.basis)
    problems: list[InputProblem] = []
    blocks: list[Block] = []
    for row in table.rows:
        spectrum, found = _prepared(row, fitting)
        problems += [one for one in found if one not in problems]
        if spectrum is not None:
            blocks.append(Block(spectrum, row))
    left_out = len(table.rows) - len(blocks)
    about = (str(table.path), table.columns)
    done = fit_blocks(blocks, about, fitting.basis, fitting.settings, follows)
    return replace(done, problems=(*problems, *done.problems), left_out=left_out)


def fit_blocks(
    blocks: Sequence[Block],
    about: tuple[str, tuple[str, ...]],
    basis: BasisSet,
    settings: FitSettings,
    follows: Follows | None,
) -> SeriesOutcome:
    """Fit the blocks of one series; `about`: what its problems are told of, and the columns of the course."""
    where, columns = about
    rest = Problems(where)
    rows = [one.row for one in blocks]
    check_columns(rows, columns, rest)
    if rest.found:
        return SeriesOutcome(None, tuple(rest.found), 0)
    course = dict(zip(columns, design_of(rows).T, strict=True))
    try:
        fitted = fit_series([one.spectrum for one in blocks], basis, settings, course, follows)
    except (FitFailure, InputError) as error:
        return SeriesOutcome(None, fit_problems(error, where), 0)
    spectra = [
        replace(one, start_min=block.span_min[0], end_min=block.span_min[1], courses=_told(columns, block.row))
        for one, block in zip(fitted.spectra, blocks, strict=True)
    ]
    return SeriesOutcome(replace(fitted, spectra=tuple(spectra)), (), 0)


def _told(columns: tuple[str, ...], row: CourseRow) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in zip(columns, row.values, strict=True))


def named(found: FittedSeries, series: str, subject: str = "", session: str = "") -> FittedSeries:
    """The same with the series that each row is of."""
    return replace(
        found,
        changes=tuple(replace(one, series=series, subject=subject, session=session) for one in found.changes),
        spectra=tuple(replace(one, series=series) for one in found.spectra),
        points=tuple(replace(one, series=series) for one in found.points),
        drifts=tuple(replace(one, series=series) for one in found.drifts),
    )


def write_series(folder: Path, every: Sequence[FittedSeries]) -> tuple[Path, ...]:
    """Changes, spectra, points and drifts as tables, each with its dictionary."""
    return (
        *write_table(folder, table_of_rows("series", SeriesChange, [row for one in every for row in one.changes])),
        *write_table(
            folder, table_of_rows("series_spectra", SeriesSpectrum, [row for one in every for row in one.spectra])
        ),
        *write_table(folder, table_of_rows("series_points", SeriesPoint, [row for one in every for row in one.points])),
        *write_table(folder, table_of_rows("series_drifts", SeriesDrift, [row for one in every for row in one.drifts])),
    )


def _prepared(row: CourseRow, fitting: SpectrumFitting) -> tuple[Spectrum | None, tuple[InputProblem, ...]]:
    files, opened, raw = open_file(row.file, fitting.water, fitting.raw)
    settings = scan_settings(fitting.settings, fitting.skip_points, raw=raw)
    return prepared_block(row, files, opened, fitting.basis, settings)


def prepared_block(
    row: CourseRow, files: ScanFiles, opened: Opened, basis: BasisSet, settings: ScanSettings
) -> tuple[Spectrum | None, tuple[InputProblem, ...]]:
    """The spectrum of one row of a series, its recording opened already, or why there is none."""
    if opened.recordings is None:
        return None, opened.problems
    metabolite = opened.recordings.metabolite
    if metabolite.coils > 1 and len(files.paths) < 2:
        rule = "coils that are apart must be combined with the same weights in all spectra of a series"
        remedy = "give the water reference of the session (--water, or a *_mrsref file beside the recording)"
        found = input_problem(row.file, "coils", rule, f"{metabolite.coils} coils and no water reference", remedy)
        return None, (*opened.problems, found)
    if row.transients is not None:
        cut, found_wrong = _cut(metabolite, row)
        if cut is None:
            return None, (*opened.problems, *found_wrong)
        opened = replace(opened, recordings=replace(opened.recordings, metabolite=cut))
    scan, problems = check_opened(opened, files, basis, settings)
    return (None if scan is None else scan.spectrum), problems


def _cut(fids: Fids, row: CourseRow) -> tuple[Fids | None, tuple[InputProblem, ...]]:
    assert row.transients is not None
    first, last = row.transients
    if last > fids.transients:
        rule = f"must be among the {fids.transients} transients of the recording"
        return None, (input_problem(row.file, f"{row.where}: last", rule, str(last), "correct the row"),)
    return replace(
        fids,
        data=fids.data[:, :, first - 1 : last],
        conditions=fids.conditions[first - 1 : last],
        source=f"{fids.source} {first}-{last}",
    ), ()
