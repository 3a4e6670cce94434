"""One scan as the page shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pharmrs.core.report.numbers import MISSING, number_text, percent_text, with_sd_text
from pharmrs.core.report.view_tables import CellView, TableView, number_cell
from pharmrs.spectra.records.quantification import Exclusion
from pharmrs.spectra.records.rules import rule_of
from pharmrs.spectra.records.scan import ForeignValues, ScanResult, ScanValues, ValuesOutcome
from pharmrs.spectra.report.result_rows import result_table
from pharmrs.spectra.report.summary import concentration_of, is_excluded
from pharmrs.spectra.report.view_cells import concerned_text, scan_status
from pharmrs.spectra.report.view_pictures import ScanPictures


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanView:
    """One scan: headline, messages, figures and its table of metabolites; without values only the problems.

    `href`: the page of its own, where it has one. `result`: of a fit of ours; `program`: that fitted it instead.
    """

    anchor: str
    name: str
    status: str
    tone: str
    headline: str
    href: str = ""
    exclusions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    result: ScanResult | None = None
    program: str = ""
    notes: tuple[str, ...] = ()
    figures: ScanPictures | None = None
    metabolites: TableView | None = None
    sheet: TableView | None = None


def exclusion_text(item: Exclusion) -> str:
    """One exclusion in words."""
    what = concerned_text(item)
    measured = math.isfinite(item.limit) and rule_of(item.rule).figure is not None
    found = f": {number_text(item.value)} (limit {item.limit:g})" if measured else ""
    return f"{what}: {rule_of(item.rule).name}{found}, {item.decided_by}"


def metabolites_view(result: ScanValues, scale: str, label: str) -> TableView:
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
                CellView(
                    percent_text(row.stability_percent),
                    order=repr(row.stability_percent),
                    tone="bad" if row.moves_with_the_model else "",
                ),
                CellView(percent_text(row.classical_crlb_percent), order=repr(row.classical_crlb_percent)),
                number_cell(row.shift_hz, 2),
                number_cell(row.damping_hz, 2),
                value,
                CellView("excluded", tone="bad") if out else CellView("kept"),
            )
        )
    columns = (
        "Metabolite",
        "Amplitude",
        "SD",
        "CRLB",
        "Moves with the model",
        "Classical CRLB",
        "Shift (Hz)",
        "Damping (Hz)",
        label,
        "Use",
    )
    return TableView(caption="Metabolites and sums", columns=columns, rows=tuple(rows), ordered=False)


def sheet_view(result: ScanValues, scale: str, label: str) -> TableView:
    """What is read first: concentration, SD in %, ratio to tCr; values a rule excludes are marked."""
    found = result_table(result.amplitudes, result.concentrations, scale)
    rows = []
    for row in found.rows:
        out = is_excluded(result, row.metabolite)
        cells = [CellView(row.metabolite)]
        for at, text in enumerate((row.value, row.sd, row.ratio)):
            tone = "bad" if at == 1 and row.doubtful else ""
            cells.append(CellView(text, order=_order(text), tone=tone))
        rows.append((*cells, CellView("excluded", tone="bad") if out else CellView("")))
    shown = label if found.scale == scale else found.scale or "amplitudes: no concentration could be given"
    return TableView(caption=f"Result. {shown}", columns=(*found.columns, "Remark"), rows=tuple(rows), ordered=False)


def _order(text: str) -> str:
    return "0" if text[:1].isdigit() or text[:1] in "−>" else ""


def scan_head(outcome: ValuesOutcome, anchor: str, href: str = "") -> ScanView:
    """Name, status and quality of one scan in a line."""
    status, tone = scan_status(outcome)
    headline = "no result"
    if outcome.result is not None:
        quality = outcome.result.quality
        headline = f"S/N {number_text(quality.signal_to_noise)}, line width {number_text(quality.line_width_hz)} Hz"
    return ScanView(anchor=anchor, name=outcome.files.name, status=status, tone=tone, headline=headline, href=href)


def scan_view(outcome: ValuesOutcome, anchor: str, scale: str, label: str, figures: ScanPictures | None) -> ScanView:
    """Everything the page tells about one scan."""
    view = replace(scan_head(outcome, anchor), problems=tuple(str(problem) for problem in outcome.problems))
    result = outcome.result
    if result is None:
        return view
    return replace(
        view,
        exclusions=tuple(exclusion_text(item) for item in result.exclusions),
        warnings=result.preprocessed.warnings if isinstance(result, ScanResult) else (),
        notes=result.source.notes if isinstance(result, ForeignValues) else (),
        program=result.source.tool if isinstance(result, ForeignValues) else "",
        result=result if isinstance(result, ScanResult) else None,
        figures=figures,
        metabolites=metabolites_view(result, scale, label),
        sheet=sheet_view(result, scale, label),
    )
