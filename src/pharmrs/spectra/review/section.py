"""Visual inspection in the report: who judged what, how well the raters agree, what was excluded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pharmrs.core.records.columns import Column
from pharmrs.core.report.numbers import count_text, number_text
from pharmrs.core.report.references import Citations
from pharmrs.core.report.section import Section, render_section
from pharmrs.core.report.tables import Row, Table
from pharmrs.core.report.view_tables import CellView, TableView, count_cell, number_cell
from pharmrs.spectra.review.records import VERDICTS, Decision, RaterAgreement

if TYPE_CHECKING:
    from pharmrs.spectra.records.declared import VisualInspection

_LEVELS = {"accept": "kept", "reject": "not to be used", "unsure": "counts as declared in study.yaml"}
DECISIONS = {
    "scan": Column("Name of the scan: BIDS name without suffix, unique in the dataset."),
    "rater": Column("Label of the rater."),
    "decision": Column("The verdict that stands.", levels=_LEVELS),
    "reason": Column("Why, in the words of the rater."),
    "excluded": Column("Whether the verdicts on the scan exclude it.", levels={"yes": "yes", "no": "no"}),
}
_KINDS = {
    "between": "of two raters, over the scans that both judged",
    "within": "of a rater with themselves, over the scans that were shown twice",
}
AGREEMENT = {
    "kind": Column("Whose agreement.", levels=_KINDS),
    "first": Column("Label of the first rater; within a rater: of the first showing."),
    "second": Column("Label of the second rater; within a rater: of the second showing."),
    "scans": Column("Scans that were judged twice, by both raters or by one at both showings.", "1"),
    **{
        f"{one}_{other}": Column(f"Scans with verdict {one} of the first and {other} of the second rater.", "1")
        for one in VERDICTS
        for other in VERDICTS
    },
    "agreed": Column("Share of the scans with the same verdict.", "1"),
    "kappa": Column("Cohen's kappa of the three verdicts (doi:10.1177/001316446002000104); n/a: not defined.", "1"),
    "low": Column("Lower end of its 95 % interval (doi:10.1037/h0028106).", "1"),
    "high": Column("Upper end of its 95 % interval.", "1"),
    "kappa_reject": Column("Cohen's kappa of reject against the rest.", "1"),
}
_Verdicts = Mapping[str, Mapping[str, Decision]]


def inspection_tables(verdicts: _Verdicts, excluded: set[str], pairs: Sequence[RaterAgreement]) -> tuple[Table, Table]:
    """Tables `visual_inspection` (one row per scan and rater) and `rater_agreement`."""
    rows: list[Row] = [
        {
            "scan": scan,
            "rater": rater,
            "decision": one.decision,
            "reason": one.reason,
            "excluded": scan in excluded,
        }
        for scan, raters in verdicts.items()
        for rater, one in raters.items()
    ]
    return (
        Table(name="visual_inspection", columns=DECISIONS, rows=tuple(rows)),
        Table(name="rater_agreement", columns=AGREEMENT, rows=tuple(map(_agreement_row, pairs))),
    )


def _agreement_row(pair: RaterAgreement) -> Row:
    counted = {
        f"{one}_{other}": pair.table[place][across]
        for place, one in enumerate(VERDICTS)
        for across, other in enumerate(VERDICTS)
    }
    plain = ("first", "second", "scans", "agreed", "kappa", "low", "high", "kappa_reject")
    kind = "within" if pair.within else "between"
    return {"kind": kind, **{name: getattr(pair, name) for name in plain}, **counted}


def rule_text(rule: VisualInspection) -> str:
    """The declared rule in words."""
    who = {"any": "at least one rater rejected it", "all": "all raters rejected it"}[rule.exclude_when]
    return f"a scan is excluded when {who}; 'unsure' counts as {rule.unsure_counts_as}"


def inspection_section(
    rule: VisualInspection, verdicts: _Verdicts, excluded: set[str], pairs: Sequence[RaterAgreement]
) -> Section:
    """The section of the report."""
    return render_section(
        "visual-inspection", "Visual inspection", "section_review.html.j2", page="spectra",
        rule=rule_text(rule), wanted=rule.raters, counts=_counts(verdicts),
        agreement=_agreement_view(pairs), not_accepted=_not_accepted(verdicts, excluded),
    )  # fmt: skip


def _counts(verdicts: _Verdicts) -> TableView:
    raters = sorted({rater for own in verdicts.values() for rater in own})
    rows = []
    for rater in raters:
        given = [own[rater].decision for own in verdicts.values() if rater in own]
        cells = (*(count_cell(given.count(verdict)) for verdict in VERDICTS), count_cell(len(verdicts) - len(given)))
        rows.append((CellView(rater), *cells))
    columns = ("Rater", *(verdict.capitalize() for verdict in VERDICTS), "Not judged")
    return TableView(caption="Verdicts of each rater, in scans", columns=columns, rows=tuple(rows))


def _agreement_view(pairs: Sequence[RaterAgreement]) -> TableView:
    rows = tuple(
        (
            CellView(pair.name),
            count_cell(pair.scans),
            number_cell(pair.agreed),
            number_cell(pair.kappa),
            CellView(f"{number_text(pair.low)} to {number_text(pair.high)}"),
            number_cell(pair.kappa_reject),
        )
        for pair in pairs
    )
    columns = ("Raters", "Scans", "Agreed", "Kappa", "95 % interval", "Kappa, reject or not")
    return TableView(caption="Agreement: Cohen's kappa of the three verdicts", columns=columns, rows=rows)


def _not_accepted(verdicts: _Verdicts, excluded: set[str]) -> TableView:
    rows = tuple(
        (
            CellView(scan),
            CellView(rater),
            CellView(one.decision, tone="bad" if one.decision == "reject" else ""),
            CellView(one.reason),
            CellView("excluded", tone="bad") if scan in excluded else CellView("kept"),
        )
        for scan, own in verdicts.items()
        for rater, one in own.items()
        if one.decision != "accept" or scan in excluded
    )
    columns = ("Scan", "Rater", "Verdict", "Reason", "Use")
    return TableView(caption="Scans that not every rater accepted", columns=columns, rows=rows)


def inspection_paragraphs(
    rule: VisualInspection, verdicts: _Verdicts, excluded: set[str], pairs: Sequence[RaterAgreement], cite: Citations
) -> list[str]:
    """Methods: how the spectra were judged."""
    raters = sorted({rater for own in verdicts.values() for rater in own})
    complete = sum(len(own) >= rule.raters for own in verdicts.values())
    judged = (
        f"{count_text(len(raters), 'rater')} judged the spectra with pharmrs review: one spectrum with its fit at a "
        "time, in an order drawn at random for each rater, without the name of scan, participant, session, treatment "
        f"or any concentration. {complete} of {count_text(len(verdicts), 'scan')} were judged by at least "
        f"{count_text(rule.raters, 'rater')}. By the rule declared beforehand {rule_text(rule)}: "
        f"{count_text(len(excluded), 'scan')} excluded."
    )
    again = [pair for pair in pairs if pair.within]
    if again:
        shown = " and ".join(count_text(pair.scans, "scan") + f" ({pair.first})" for pair in again)
        judged += (
            f" A share of {100 * rule.repeats:g} % of the spectra, drawn at random, was shown a second time at places "
            f"the raters did not know: {shown}; the first verdict counts."
        )
    agreements_text = [
        f"{pair.name}: {100 * pair.agreed:.0f} % of {count_text(pair.scans, 'scan')} agreed, kappa "
        f"{number_text(pair.kappa)} (95 % interval {number_text(pair.low)} to {number_text(pair.high)})"
        for pair in pairs
        if pair.scans
    ]
    return [judged, *([f"Agreement {cite.cite('kappa')}: {'; '.join(agreements_text)}."] if agreements_text else [])]
