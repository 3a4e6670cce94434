"""Tables of spectra: metabolites, quality, exclusions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from pharmrs.core.report import dictionaries
from pharmrs.core.report.tables import Row, RowsWhenAsked, Table, problems_table, write_table
from pharmrs.spectra.records.fit import LinearCombinationFit, MetaboliteAmplitude
from pharmrs.spectra.records.quantification import Concentration, ScanQuality
from pharmrs.spectra.records.rules import concerns_scan
from pharmrs.spectra.records.scan import ScanValues, ValuesOutcome
from pharmrs.spectra.report.summary import is_excluded, scale_order, scan_exclusions

FIT_COLUMNS = tuple(dictionaries.FIT)


FIT_QUALITY_COLUMNS = tuple(dictionaries.FIT_QUALITY)


def fit_table_rows(file: str, amplitudes: Sequence[MetaboliteAmplitude]) -> list[Row]:
    """Rows of the table of one fitted spectrum, columns `FIT_COLUMNS`, components and sums in the given order."""
    return [
        {column: file if column == "file" else getattr(row, column) for column in FIT_COLUMNS} for row in amplitudes
    ]


def fit_quality_rows(file: str, fit: LinearCombinationFit) -> list[Row]:
    """The quality of one fitted spectrum, one row, columns `FIT_QUALITY_COLUMNS`."""
    return [{column: file if column == "file" else getattr(fit, column) for column in FIT_QUALITY_COLUMNS}]


def metabolites_table(results: Sequence[ScanValues], scale_labels: Mapping[str, str] | None = None) -> Table:
    """One row per scan and metabolite: amplitude, uncertainty, every scale with its SD, and whether it is excluded."""
    ordered = _by_name(results)
    scales = scale_order(ordered)
    labels = scale_labels or {}
    units = {item.scale: item.unit for result in ordered for item in result.concentrations}
    common = {item.scale for result in ordered for item in result.concentrations if item.common_sd > 0}
    columns = {
        **dictionaries.METABOLITES,
        **dictionaries.scale_columns({scale: (labels.get(scale, scale), units[scale]) for scale in scales}, common),
        **dictionaries.METABOLITES_END,
    }
    rows = RowsWhenAsked(lambda: (row for result in ordered for row in _metabolite_rows(result)))
    return Table(name="metabolites", columns=columns, rows=rows)


def _metabolite_rows(result: ScanValues) -> Iterator[Row]:
    scales: dict[str, list[Concentration]] = defaultdict(list)
    for item in result.concentrations:
        scales[item.metabolite].append(item)
    for amplitude in result.amplitudes:
        yield _metabolite_row(result, amplitude, scales[amplitude.metabolite])


def _metabolite_row(result: ScanValues, amplitude: MetaboliteAmplitude, scales: Sequence[Concentration]) -> Row:
    row: Row = {
        "scan": result.files.name,
        "subject": result.files.subject,
        "session": result.files.session,
        "metabolite": amplitude.metabolite,
        "parts": "+".join(amplitude.parts),
        "amplitude": amplitude.amplitude,
        "sd": amplitude.sd,
        "stability_sd": amplitude.stability_sd,
        "crlb_percent": amplitude.crlb_percent,
        "classical_crlb_percent": amplitude.classical_crlb_percent,
        "shift_hz": amplitude.shift_hz,
        "damping_hz": amplitude.damping_hz,
        "excluded": is_excluded(result, amplitude.metabolite),
    }
    reasons: list[str] = []
    for item in scales:
        row[item.scale], row[f"{item.scale}_sd"] = item.value, item.sd
        if item.common_sd > 0:
            row[f"{item.scale}_common_sd"] = item.common_sd
        reasons += [f"{item.scale}: {item.reason}"] if item.reason else []
    row["reason"] = "; ".join(reasons)
    return row


def quality_table(outcomes: Sequence[ValuesOutcome]) -> Table:
    """One row per scan, failed scans included: every field of `ScanQuality`, and whether the scan is excluded."""
    rows: list[Row] = []
    for outcome in sorted(outcomes, key=lambda outcome: outcome.files.name):
        row: Row = {
            "scan": outcome.files.name,
            "subject": outcome.files.subject,
            "session": outcome.files.session,
            "status": outcome.status,
        }
        if outcome.result is not None:
            row |= {item.name: getattr(outcome.result.quality, item.name) for item in fields(ScanQuality)}
            row["excluded"] = bool(scan_exclusions(outcome.result))
        rows.append(row)
    return Table(name="quality", columns=dictionaries.QUALITY, rows=tuple(rows))


def exclusions_table(results: Sequence[ScanValues]) -> Table:
    """One row per broken rule: what, which rule, its limit, the value, and who decided."""
    columns = dictionaries.EXCLUSIONS
    rows = tuple(
        {column: getattr(item, column) for column in columns}
        | {"metabolite": "*" if concerns_scan(item) else item.metabolite}
        for one in _by_name(results)
        for item in one.exclusions
    )
    return Table(name="exclusions", columns=columns, rows=rows)


def study_tables(outcomes: Sequence[ValuesOutcome], scale_labels: Mapping[str, str] | None = None) -> tuple[Table, ...]:
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
    outcomes: Sequence[ValuesOutcome],
    scale_labels: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
) -> tuple[Path, ...]:
    """Write the tables of a study with their data dictionaries into `folder`; returns the files."""
    tables = (table for table in study_tables(outcomes, scale_labels) if table.name not in without)
    return tuple(path for table in tables for path in write_table(folder, table))


def _by_name(results: Sequence[ScanValues]) -> list[ScanValues]:
    return sorted(results, key=lambda result: result.files.name)
