"""Acceptance as the report shows it: the verdict in a sentence, and every rule on every plate."""

from __future__ import annotations

from dataclasses import dataclass

from pharmrs.assay.records.acceptance import AcceptanceCheck, RuleName
from pharmrs.assay.records.results import AssayStudy
from pharmrs.core.report.numbers import count_text
from pharmrs.core.report.view_tables import CellView, TableView

_HEADS: dict[RuleName, str] = {
    "dose_response": "Dose-response",
    "levels": "Levels",
    "calibrators": "Standards",
    "controls": "Controls",
    "westgard": "Control charts",
    "blank": "Blank",
    "lack_of_fit": "Fit",
    "hook": "Hook",
    "parallelism": "Parallelism",
    "spike_recovery": "Spikes",
    "edge": "Edge",
    "drift": "Drift",
    "place": "Place",
    "floor": "Below zero",
    "replicates": "Replicates",
    "range": "Range",
    "copy": "Copy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictView:
    """The sentence that comes first, and why each plate that was rejected was."""

    text: str
    bad: bool
    reasons: tuple[str, ...] = ()


def verdict_view(study: AssayStudy) -> VerdictView:
    """How many plates were accepted, which were not and why, and what became of their samples."""
    out = [plate for plate in study.all_plates if plate.rejected]
    total = len(study.all_plates)
    if not total:
        return VerdictView(text="No plates: the concentrations came finished from another laboratory.", bad=False)
    lost = sum(one.flag == "rejected" for one in study.concentrations)
    judged = sum(check.rule == "controls" and check.verdict != "not judged" for p in study.plates for check in p.checks)
    controls = "" if judged else " No controls of stated concentration: the accuracy of the plates was not judged."
    if not out:
        values = f" {count_text(lost, 'sample')} rejected by the rules for single values." if lost else ""
        return VerdictView(text=f"{total} of {count_text(total, 'plate')} accepted.{values}{controls}", bad=bool(lost))
    text = (
        f"{len(out)} of {count_text(total, 'plate')} rejected, and {count_text(lost, 'sample')} with them left out of "
        f"the statistics.{controls}"
    )
    return VerdictView(text=text, bad=True, reasons=tuple(f"{plate.name}: {plate.rejected}" for plate in out))


def acceptance_view(study: AssayStudy) -> TableView:
    """One line per plate; a cell's words are the verdict, its colour the consequence."""
    plates = study.all_plates
    judged = {check.rule for plate in plates for check in plate.checks if check.verdict != "not judged"}
    shown = judged | {"controls"}  # that nobody checked the accuracy is to be seen
    heads = {rule: head for rule, head in _HEADS.items() if rule in shown}
    rows = []
    for plate in plates:
        by_rule: dict[str, AcceptanceCheck] = {check.rule: check for check in plate.checks}
        cells = [_cell(by_rule.get(rule)) for rule in heads]
        state = CellView("rejected", tone="bad") if plate.rejected else CellView("accepted", tone="good")
        rows.append((CellView(plate.name), state, *cells))
    caption = "Acceptance of the plates; limits and findings are in assay_acceptance.tsv"
    return TableView(caption=caption, columns=("Plate", "Verdict", *heads.values()), rows=tuple(rows))


def _cell(check: AcceptanceCheck | None) -> CellView:
    if check is None or check.verdict == "not judged":
        return CellView("not judged")
    tones = {"met": "", "noted": "bad", "failed": "bad"}
    return CellView(check.verdict, tone=tones[check.verdict])
