"""Lists of the whole study as the page shows them: quality, exclusions, settings."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pharmrs.core.report.numbers import MISSING
from pharmrs.core.report.view_tables import CellView, TableView, number_cell
from pharmrs.spectra.records.quantification import Exclusion, ScanQuality
from pharmrs.spectra.records.rules import concerns_scan, rule_of
from pharmrs.spectra.records.scan import ValuesOutcome
from pharmrs.spectra.report.summary import scan_exclusions
from pharmrs.spectra.report.view_cells import concerned_text, scan_status


def _limit_cells(item: Exclusion) -> tuple[CellView, CellView]:
    if rule_of(item.rule).figure is None or not math.isfinite(item.limit):
        return CellView(MISSING), CellView(MISSING)
    return CellView(f"{item.limit:g}", order=repr(item.limit)), number_cell(item.value)


_SAID = {True: "yes", None: MISSING}


def _rejected(quality: ScanQuality) -> CellView:
    if quality.transients is None:
        return CellView(MISSING)
    return CellView(f"{quality.transients_rejected} of {quality.transients}", order=str(quality.transients_rejected))


def quality_view(outcomes: Sequence[ValuesOutcome], link: Callable[[int], str]) -> TableView:
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
                _rejected(quality),
                number_cell(quality.frequency_drift_hz, 2),
                number_cell(quality.residual_autocorrelation, 2),
                CellView("no", tone="bad") if quality.converged is False else CellView(_SAID[quality.converged]),
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


def exclusions_view(outcomes: Sequence[ValuesOutcome], link: Callable[[int], str]) -> tuple[TableView, TableView]:
    """Exclusions of whole scans, and of single values, with rule and decider; `link` to the scan at a position."""
    found = [
        (position, item)
        for position, outcome in enumerate(outcomes)
        if outcome.result is not None
        for item in outcome.result.exclusions
    ]
    columns = ("Scan", "Concerns", "Rule", "Limit", "Value", "Decided by")

    def view(caption: str, *, whole: bool) -> TableView:
        rows = tuple(
            (
                CellView(item.scan, href=link(position)),
                CellView(concerned_text(item)),
                CellView(rule_of(item.rule).name),
                *_limit_cells(item),
                CellView(item.decided_by),
            )
            for position, item in found
            if concerns_scan(item) == whole
        )
        return TableView(caption=caption, columns=columns, rows=rows, sortable=True)

    return view("Whole scans that are excluded", whole=True), view("Single values that are excluded", whole=False)
