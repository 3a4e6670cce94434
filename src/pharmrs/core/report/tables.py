"""Tidy tables: one row per observation, tab-separated, each with a BIDS data dictionary beside it."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from pharmrs.core.errors import InputProblem
from pharmrs.core.files.atomic import write_text, writing
from pharmrs.core.report import dictionaries
from pharmrs.core.report.dictionaries import Column
from pharmrs.core.report.numbers import MISSING
from pharmrs.spectra.records.fit import LinearCombinationFit, MetaboliteAmplitude
from pharmrs.spectra.records.quantification import Concentration, ScanQuality
from pharmrs.spectra.records.scan import ScanOutcome, ScanResult
from pharmrs.spectra.report.rules import concerns_scan
from pharmrs.spectra.report.summary import is_excluded, scale_order, scan_exclusions

Cell = str | float | int | bool | None
Row = dict[str, Cell]

FIT_COLUMNS = tuple(dictionaries.FIT)
FIT_QUALITY_COLUMNS = tuple(dictionaries.FIT_QUALITY)
_SIGNIFICANT_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table to be written as `<name>.tsv` and `<name>.json`: columns with their definitions, and rows.

    Where there may be millions, `rows` are made one by one as they are asked for.
    """

    name: str
    columns: Mapping[str, Column]
    rows: Iterable[Row]


@dataclass(frozen=True, slots=True)
class RowsWhenAsked:
    """Rows that are made anew each time somebody goes through them, and held by nobody."""

    make: Callable[[], Iterator[Row]]

    def __iter__(self) -> Iterator[Row]:
        return self.make()


def cell_text(value: Cell) -> str:
    """One cell: `n/a` when missing (BIDS), yes/no, at most ten significant digits and no more than needed."""
    if isinstance(value, float):
        return MISSING if math.isnan(value) else f"{value:.{_SIGNIFICANT_DIGITS}g}"
    if value is None or value == "":
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split()) or MISSING  # a tab or line end inside a cell would break the row


def tsv_lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """The lines of a tab-separated table, header first, each with its end."""
    yield "\t".join(columns) + "\n"
    for row in rows:
        yield "\t".join(map(cell_text, map(row.get, columns))) + "\n"


def write_tsv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a tab-separated table with a header line, whole or not at all; no more than a row is held."""
    with writing(path) as stream:
        for line in tsv_lines(columns, rows):
            stream.write(line.encode("utf-8"))


def write_table(folder: Path, table: Table) -> tuple[Path, Path]:
    """Write `<name>.tsv` and its data dictionary `<name>.json` into `folder`."""
    tsv, description = folder / f"{table.name}.tsv", folder / f"{table.name}.json"
    write_tsv(tsv, tuple(table.columns), table.rows)
    entries = dictionaries.dictionary(table.columns)
    write_text(description, json.dumps(entries, indent=2, ensure_ascii=False) + "\n")
    return tsv, description


def fit_table_rows(file: str, amplitudes: Sequence[MetaboliteAmplitude]) -> list[Row]:
    """Rows of the table of one fitted spectrum, columns `FIT_COLUMNS`, components and sums in the given order."""
    return [
        {column: file if column == "file" else getattr(row, column) for column in FIT_COLUMNS} for row in amplitudes
    ]


def fit_quality_rows(file: str, fit: LinearCombinationFit) -> list[Row]:
    """The quality of one fitted spectrum, one row, columns `FIT_QUALITY_COLUMNS`."""
    return [{column: file if column == "file" else getattr(fit, column) for column in FIT_QUALITY_COLUMNS}]


def metabolites_table(results: Sequence[ScanResult], scale_labels: Mapping[str, str] | None = None) -> Table:
    """One row per scan and metabolite: amplitude, uncertainty, every scale with its SD, and whether it is excluded."""
    ordered = _by_name(results)
    scales = scale_order(ordered)
    labels = scale_labels or {}
    units = {item.scale: item.unit for result in ordered for item in result.concentrations}
    columns = {
        **dictionaries.METABOLITES,
        **dictionaries.scale_columns({scale: (labels.get(scale, scale), units[scale]) for scale in scales}),
        **dictionaries.METABOLITES_END,
    }
    rows = RowsWhenAsked(lambda: (row for result in ordered for row in _metabolite_rows(result)))
    return Table(name="metabolites", columns=columns, rows=rows)


def _metabolite_rows(result: ScanResult) -> Iterator[Row]:
    scales: dict[str, list[Concentration]] = defaultdict(list)
    for item in result.concentrations:
        scales[item.metabolite].append(item)
    for amplitude in result.amplitudes:
        yield _metabolite_row(result, amplitude, scales[amplitude.metabolite])


def _metabolite_row(result: ScanResult, amplitude: MetaboliteAmplitude, scales: Sequence[Concentration]) -> Row:
    row: Row = {
        "scan": result.files.name,
        "subject": result.files.subject,
        "session": result.files.session,
        "metabolite": amplitude.metabolite,
        "parts": "+".join(amplitude.parts),
        "amplitude": amplitude.amplitude,
        "sd": amplitude.sd,
        "crlb_percent": amplitude.crlb_percent,
        "classical_crlb_percent": amplitude.classical_crlb_percent,
        "shift_hz": amplitude.shift_hz,
        "damping_hz": amplitude.damping_hz,
        "excluded": is_excluded(result, amplitude.metabolite),
    }
    reasons: list[str] = []
    for item in scales:
        row[item.scale], row[f"{item.scale}_sd"] = item.value, item.sd
        reasons += [f"{item.scale}: {item.reason}"] if item.reason else []
    row["reason"] = "; ".join(reasons)
    return row


def quality_table(outcomes: Sequence[ScanOutcome]) -> Table:
    """One row per scan, failed scans included: every field of `ScanQuality`, and whether the scan is excluded."""
    rows: list[Row] = []
    for outcome in sorted(outcomes, key=lambda outcome: outcome.files.name):
        row: Row = {
            "scan": outcome.files.name,
            "subject": outcome.files.subject,
            "session": outcome.files.session,
            "status": "failed" if outcome.result is None else "analysed",
        }
        if outcome.result is not None:
            row |= {item.name: getattr(outcome.result.quality, item.name) for item in fields(ScanQuality)}
            row["excluded"] = bool(scan_exclusions(outcome.result))
        rows.append(row)
    return Table(name="quality", columns=dictionaries.QUALITY, rows=tuple(rows))


def exclusions_table(results: Sequence[ScanResult]) -> Table:
    """One row per broken rule: what, which rule, its limit, the value, and who decided."""
    columns = dictionaries.EXCLUSIONS
    rows = tuple(
        {column: getattr(item, column) for column in columns}
        | {"metabolite": "*" if concerns_scan(item) else item.metabolite}
        for one in _by_name(results)
        for item in one.exclusions
    )
    return Table(name="exclusions", columns=columns, rows=rows)


def problems_table(problems: Iterable[InputProblem]) -> Table:
    """One row per problem of the input, errors first, each once."""
    columns = dictionaries.PROBLEMS
    ordered = sorted(dict.fromkeys(problems), key=lambda one: (one.severity != "error", one.file, one.field, one.rule))
    rows = tuple({column: getattr(problem, column) for column in columns} for problem in ordered)
    return Table(name="problems", columns=columns, rows=rows)


def study_tables(outcomes: Sequence[ScanOutcome], scale_labels: Mapping[str, str] | None = None) -> tuple[Table, ...]:
    """The tables of a study: metabolites, quality, exclusions, problems."""
    results = [outcome.result for outcome in outcomes if outcome.result is not None]
    problems = [problem for outcome in outcomes for problem in outcome.problems]
    return (
        metabolites_table(results, scale_labels),
        quality_table(outcomes),
        exclusions_table(results),
        problems_table(problems),
    )


def write_study_tables(
    folder: Path,
    outcomes: Sequence[ScanOutcome],
    scale_labels: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
) -> tuple[Path, ...]:
    """Write the tables of a study with their data dictionaries into `folder`; returns the files."""
    tables = (table for table in study_tables(outcomes, scale_labels) if table.name not in without)
    return tuple(path for table in tables for path in write_table(folder, table))


def _by_name(results: Sequence[ScanResult]) -> list[ScanResult]:
    return sorted(results, key=lambda result: result.files.name)
