"""Lists of the whole study as the page shows them: quality, exclusions, problems, settings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from pharmrs.core.errors import InputProblem
from pharmrs.core.report.numbers import MISSING
from pharmrs.core.report.view_tables import CellView, TableView, number_cell
from pharmrs.spectra.records.quantification import Exclusion
from pharmrs.spectra.records.rules import rule_of
from pharmrs.spectra.records.scan import ScanOutcome
from pharmrs.spectra.report.summary import scan_exclusions
from pharmrs.spectra.report.view_cells import concerned_text, scan_status


def _limit_cells(item: Exclusion) -> tuple[CellView, CellView]:
    if rule_of(item.rule).figure is None or not math.isfinite(item.limit):
        return CellView(MISSING), CellView(MISSING)
    return CellView(f"{item.limit:g}", order=repr(item.limit)), number_cell(item.value)


def quality_view(outcomes: Sequence[ScanOutcome], link: Callable[[int], str]) -> TableView:
    """One row per scan: status, S/N, line widths, transients, drift, whiteness and fit; `link` to each position."""
    rows: list[tuple[CellView, ...]] = []
    for position, outcome in enumerate(outcomes):
        name = CellView(outcome.files.name, href=link(position))
        result = outcome.result
        status, tone = scan_status(outcome)
        if result is None:
            rows.append((name, CellView(status, tone=tone), *[CellView(MISSING)] * 7))
            continue
        quality = result.quality
        broken = {rule_of(item.rule).key for item in scan_exclusions(result)}
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


def exclusions_view(outcomes: Sequence[ScanOutcome], link: Callable[[int], str]) -> TableView:
    """All exclusions with rule, limit, value and decider; `link` to the scan at each position."""
    rows = tuple(
        (
            CellView(item.scan, href=link(position)),
            CellView(concerned_text(item)),
            CellView(rule_of(item.rule).label),
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
