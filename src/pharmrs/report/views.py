"""What the page shows, as text: the template only places it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pharmrs.errors import InputProblem
from pharmrs.records.quantification import Exclusion
from pharmrs.records.scan import ScanOutcome, ScanResult
from pharmrs.report.numbers import MISSING, number_text, percent_text, with_sd_text
from pharmrs.report.rules import concerns_scan, has_limit, rule_key, rule_label
from pharmrs.report.scan_figures import ScanFigures
from pharmrs.report.summary import (
    GroupValues,
    concentration_of,
    group_values,
    is_excluded,
    median_crlb,
    metabolite_order,
    scan_exclusions,
)


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell: its text, the number it is sorted by (empty: by text), a link inside the page, and a tone."""

    text: str
    order: str = ""
    href: str = ""
    tone: str = ""

    @property
    def numeric(self) -> bool:
        return bool(self.order) or self.text == MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """A table with its caption; the first column heads the rows."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[CellView, ...], ...]
    sortable: bool = False
    groups: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanView:
    """One scan: headline, messages, figures and its table of metabolites; without a result only the problems."""

    anchor: str
    name: str
    status: str
    tone: str
    headline: str
    exclusions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    result: ScanResult | None = None
    figures: ScanFigures | None = None
    metabolites: TableView | None = None


def number_cell(value: float | None, digits: int = 3, tone: str = "") -> CellView:
    """A number with the given significant digits, sorted by its exact value."""
    known = value is not None and not math.isnan(value)
    return CellView(
        number_text(value, digits), order=repr(float(value)) if known and value is not None else "", tone=tone
    )


def count_cell(value: int) -> CellView:
    """A count."""
    return CellView(str(value), order=str(value))


def anchor_of(position: int) -> str:
    """Identifier of the scan at this position of the sorted scans; safe whatever the scan is called."""
    return f"scan-{position + 1}"


def exclusion_text(item: Exclusion) -> str:
    """One exclusion in words."""
    what = _concerned(item)
    measured = math.isfinite(item.limit) and has_limit(item.rule)
    found = f": {number_text(item.value)} (limit {item.limit:g})" if measured else ""
    return f"{what}: {rule_label(item.rule)}{found}, {item.decided_by}"


def _concerned(item: Exclusion) -> str:
    return "whole scan" if concerns_scan(item) else item.metabolite


def _limit_cells(item: Exclusion) -> tuple[CellView, CellView]:
    if not has_limit(item.rule) or not math.isfinite(item.limit):
        return CellView(MISSING), CellView(MISSING)
    return CellView(f"{item.limit:g}", order=repr(item.limit)), number_cell(item.value)


def quality_view(outcomes: Sequence[ScanOutcome]) -> TableView:
    """One row per scan: status, S/N, line widths, transients, drift, whiteness and fit."""
    rows: list[tuple[CellView, ...]] = []
    for position, outcome in enumerate(outcomes):
        name = CellView(outcome.files.name, href=f"#{anchor_of(position)}")
        result = outcome.result
        status, tone = scan_status(outcome)
        if result is None:
            rows.append((name, CellView(status, tone=tone), *[CellView(MISSING)] * 7))
            continue
        quality = result.quality
        broken = {rule_key(item.rule) for item in scan_exclusions(result)}
        rows.append(
            (
                name,
                CellView(status, tone=tone),
                number_cell(quality.signal_to_noise, tone="bad" if "min_signal_to_noise" in broken else ""),
                number_cell(quality.line_width_hz, tone="bad" if "max_line_width_hz" in broken else ""),
                number_cell(quality.water_line_width_hz),
                CellView(
                    f"{quality.transients_rejected} of {quality.transients}", order=str(quality.transients_rejected)
                ),
                number_cell(quality.frequency_drift_hz, 2),
                number_cell(quality.residual_autocorrelation, 2),
                CellView("yes") if quality.converged else CellView("no", tone="bad"),
            )
        )
    columns = (
        "Scan",
        "Status",
        "S/N",
        "Line width (Hz)",
        "Water line width (Hz)",
        "Transients rejected",
        "Drift (Hz)",
        "Residual lag-1",
        "Converged",
    )
    caption = "Quality of every scan. Select a heading to sort, a scan name to see its details."
    return TableView(caption=caption, columns=columns, rows=tuple(rows), sortable=True)


def scan_status(outcome: ScanOutcome) -> tuple[str, str]:
    """Status in a word and its tone."""
    if outcome.result is None:
        return "failed", "bad"
    return ("excluded", "bad") if scan_exclusions(outcome.result) else ("kept", "good")


def concentrations_view(results: Sequence[ScanResult], scale: str, label: str) -> TableView:
    """Mean, SD, CV and n per metabolite: all values, and those that no rule excluded."""
    rows = tuple(
        (
            CellView(metabolite),
            number_cell(median_crlb(results, metabolite), 2),
            *_group_cells(group_values(results, metabolite, scale, exclude=False)),
            *_group_cells(group_values(results, metabolite, scale, exclude=True)),
        )
        for metabolite in metabolite_order(results)
    )
    once = ("Mean", "SD", "CV %", "Scans", "Participants")
    return TableView(
        caption=f"Group description on the primary scale. {label}. SD between scans; scans of one participant are "
        "not independent. Allocation is not considered here.",
        columns=("Metabolite", "Median CRLB %", *once, *once),
        groups=(("", 2), ("All analysed scans", len(once)), ("After exclusions", len(once))),
        rows=rows,
    )


def _group_cells(values: GroupValues) -> tuple[CellView, ...]:
    return (
        number_cell(values.mean, 4),
        number_cell(values.sd, 3),
        number_cell(values.variation_percent, 2),
        count_cell(values.scans),
        count_cell(values.subjects),
    )


def rule_sensitivity_view(
    results: Sequence[ScanResult], scale: str, label: str, metabolites: Sequence[str], rules: Sequence[str]
) -> TableView:
    """Mean ± SD (n) with all rules, without each rule in turn, and without any."""

    def cell(metabolite: str, *, exclude: bool, without_rule: str = "") -> CellView:
        found = group_values(results, metabolite, scale, exclude=exclude, without_rule=without_rule)
        text = f"{with_sd_text(found.mean, found.sd)} ({found.scans})" if found.scans else MISSING
        return CellView(text, order=repr(found.mean))

    rows = tuple(
        (
            CellView(name),
            cell(name, exclude=True),
            *(cell(name, exclude=True, without_rule=rule) for rule in rules),
            cell(name, exclude=False),
        )
        for name in metabolites
    )
    columns = ("Metabolite", "All rules", *(f"Without: {rule_label(rule)}" for rule in rules), "No rule")
    caption = f"Mean ± SD (number of scans) with and without each exclusion rule. {label}."
    return TableView(caption=caption, columns=columns, rows=rows)


def metabolites_view(result: ScanResult, scale: str, label: str) -> TableView:
    """All metabolites of one scan with their uncertainties and the primary scale."""
    rows: list[tuple[CellView, ...]] = []
    for row in result.amplitudes:
        found = concentration_of(result, row.metabolite, scale)
        value = CellView(MISSING)
        if found is not None and math.isfinite(found.value):
            value = CellView(with_sd_text(found.value, found.sd), order=repr(found.value))
        elif found is not None and found.reason:
            value = CellView(f"{MISSING}: {found.reason}")
        out = is_excluded(result, row.metabolite)
        single = [item for item in result.exclusions if item.metabolite == row.metabolite]
        rows.append(
            (
                CellView(row.metabolite),
                number_cell(row.amplitude, 4),
                number_cell(row.sd, 2),
                CellView(percent_text(row.crlb_percent), order=repr(row.crlb_percent), tone="bad" if single else ""),
                CellView(percent_text(row.classical_crlb_percent), order=repr(row.classical_crlb_percent)),
                number_cell(row.shift_hz, 2),
                number_cell(row.damping_hz, 2),
                value,
                CellView("excluded", tone="bad") if out else CellView("kept"),
            )
        )
    columns = ("Metabolite", "Amplitude", "SD", "CRLB", "Classical CRLB", "Shift (Hz)", "Damping (Hz)", label, "Use")
    return TableView(caption="Metabolites and sums", columns=columns, rows=tuple(rows))


def scan_view(position: int, outcome: ScanOutcome, scale: str, label: str, figures: ScanFigures | None) -> ScanView:
    """Everything the page tells about one scan."""
    status, tone = scan_status(outcome)
    problems = tuple(str(problem) for problem in outcome.problems)
    view = ScanView(
        anchor=anchor_of(position),
        name=outcome.files.name,
        status=status,
        tone=tone,
        headline="no result",
        problems=problems,
    )
    result = outcome.result
    if result is None:
        return view
    quality = result.quality
    return replace(
        view,
        headline=f"S/N {number_text(quality.signal_to_noise)}, line width {number_text(quality.line_width_hz)} Hz",
        exclusions=tuple(exclusion_text(item) for item in result.exclusions),
        warnings=result.preprocessed.warnings,
        result=result,
        figures=figures,
        metabolites=metabolites_view(result, scale, label),
    )


def exclusions_view(outcomes: Sequence[ScanOutcome]) -> TableView:
    """All exclusions with rule, limit, value and decider."""
    rows = tuple(
        (
            CellView(item.scan, href=f"#{anchor_of(position)}"),
            CellView(_concerned(item)),
            CellView(rule_label(item.rule)),
            *_limit_cells(item),
            CellView(item.decided_by),
        )
        for position, outcome in enumerate(outcomes)
        if outcome.result is not None
        for item in outcome.result.exclusions
    )
    columns = ("Scan", "Concerns", "Rule", "Limit", "Value", "Decided by")
    return TableView(caption="Every exclusion and its reason", columns=columns, rows=rows, sortable=True)


def problems_view(problems: Sequence[InputProblem]) -> TableView:
    """Problems of the input: errors and warnings with their remedy."""
    rows = tuple(
        (
            CellView(item.file),
            CellView(item.severity, tone="bad" if item.severity == "error" else ""),
            CellView(item.field),
            CellView(item.rule),
            CellView(item.value or MISSING),
            CellView(item.remedy),
        )
        for item in problems
    )
    columns = ("File", "Severity", "Field", "Rule", "Found", "Remedy")
    return TableView(caption="Problems of the input and their remedy", columns=columns, rows=rows)


def mapping_view(caption: str, values: Mapping[str, object]) -> TableView:
    """Nested settings as dotted keys, one row each."""
    rows = tuple((CellView(key), CellView(text)) for key, text in _flat("", values))
    return TableView(caption=caption, columns=("Key", "Value"), rows=rows)


def _flat(prefix: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        return [
            pair for key, inner in value.items() for pair in _flat(f"{prefix}.{key}" if prefix else str(key), inner)
        ]
    if isinstance(value, (list, tuple)) and any(isinstance(inner, (Mapping, list, tuple)) for inner in value):
        return [pair for number, inner in enumerate(value) for pair in _flat(f"{prefix}[{number}]", inner)]
    if isinstance(value, (list, tuple)):
        return [(prefix, ", ".join(str(inner) for inner in value) or "none")]
    return [(prefix, "none" if value is None or value == {} else str(value))]
