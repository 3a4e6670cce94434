"""`pharmrs series`: several spectra of one person, each prepared as a scan is, fitted together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pharmrs.core.errors import FitFailure, InputError, InputProblem, input_problem
from pharmrs.core.read.problems import Problems
from pharmrs.core.report.tables import table_of_rows, write_table
from pharmrs.spectra.read.course import CourseRow, CourseTable, check_columns, design_of
from pharmrs.spectra.records.acquisition import Fids, Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.series import FittedSeries, SeriesChange, SeriesSpectrum
from pharmrs.spectra.stage.scan import check_opened, fit_problems
from pharmrs.spectra.stage.single_spectra import SpectrumFitting, open_file, scan_settings
from pharmrs.spectra.together.series import fit_series


@dataclass(frozen=True, slots=True)
class SeriesOutcome:
    """The fit of a series, or None; what is wrong with it or with single spectra; how many of them were left out."""

    fitted: FittedSeries | None
    problems: tuple[InputProblem, ...]
    left_out: int


def check_basis(basis: BasisSet) -> None:
    """Raises InputError for a basis set of an edited sequence."""
    if basis.edited:
        rule = "a series of edited spectra cannot be fitted yet"
        remedy = "fit each block with `pharmrs fit`, or give the basis set of an unedited sequence for unedited spectra"
        raise InputError([input_problem(basis.source, "basis", rule, "conditions of an edited sequence", remedy)])


def fit_course(table: CourseTable, fitting: SpectrumFitting, only: tuple[str, ...] = ()) -> SeriesOutcome:
    """Prepare every row and fit them together; a row that cannot be used is left out and told."""
    check_basis(fitting.basis)
    problems: list[InputProblem] = []
    spectra: list[Spectrum] = []
    used: list[CourseRow] = []
    for row in table.rows:
        spectrum, found = _prepared(row, fitting)
        problems += [one for one in found if one not in problems]
        if spectrum is not None:
            spectra.append(spectrum)
            used.append(row)
    left_out = len(table.rows) - len(used)
    rest = Problems(str(table.path))
    check_columns(used, table.columns, rest)
    if rest.found:
        return SeriesOutcome(None, (*problems, *rest.found), left_out)
    course = dict(zip(table.columns, design_of(used).T, strict=True))
    try:
        fitted = fit_series(spectra, fitting.basis, fitting.settings, course, only)
        return SeriesOutcome(fitted, tuple(problems), left_out)
    except (FitFailure, InputError) as error:
        return SeriesOutcome(None, (*problems, *fit_problems(error, str(table.path))), left_out)


def write_series(folder: Path, found: FittedSeries) -> tuple[Path, ...]:
    """The changes and the spectra as tables, each with its dictionary."""
    return (
        *write_table(folder, table_of_rows("series", SeriesChange, found.changes)),
        *write_table(folder, table_of_rows("series_spectra", SeriesSpectrum, found.spectra)),
    )


def _prepared(row: CourseRow, fitting: SpectrumFitting) -> tuple[Spectrum | None, tuple[InputProblem, ...]]:
    files, opened, raw = open_file(row.file, fitting.water, fitting.raw)
    if opened.recordings is None:
        return None, opened.problems
    metabolite = opened.recordings.metabolite
    if metabolite.coils > 1 and fitting.water is None:
        rule = "coils that are apart must be combined with the same weights in all spectra of a series"
        remedy = "give the water reference of the session with --water"
        found = input_problem(row.file, "coils", rule, f"{metabolite.coils} coils and no water reference", remedy)
        return None, (*opened.problems, found)
    if row.transients is not None:
        cut, found_wrong = _cut(metabolite, row)
        if cut is None:
            return None, (*opened.problems, *found_wrong)
        opened = replace(opened, recordings=replace(opened.recordings, metabolite=cut))
    settings = scan_settings(fitting.settings, fitting.skip_points, raw=raw)
    scan, problems = check_opened(opened, files, fitting.basis, settings)
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
