"""What an audit of reported statistics found: as lines for people and as a tidy table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pharmrs.core.records.columns import Column
from pharmrs.core.report.numbers import count_text
from pharmrs.core.report.section import render_section
from pharmrs.core.report.site import write_page
from pharmrs.core.report.tables import Row, Table, write_table
from pharmrs.core.report.view_tables import CellView, TableView
from pharmrs.trial.records.reported import AuditedRow

VERDICTS = {
    "consistent": "agrees with the others within rounding",
    "cut": "agrees only if digits were cut off instead of rounded",
    "one_sided": "agrees only if p is one-sided",
    "impossible": "cannot be, given the others",
}
COLUMNS = {
    "label": Column("Row of the audited table."),
    "line": Column("Its line in the file; the header is line 1."),
    "check": Column("What was compared."),
    "quantity": Column("The printed number that was checked."),
    "printed": Column("Its printed text."),
    "low": Column("Smallest value that the other printed numbers allow, rounding included."),
    "high": Column("Largest value that they allow."),
    "verdict": Column("Result of the check.", levels=VERDICTS),
    "arithmetic": Column("The check written out."),
    "suspects": Column("Numbers each of which, if misprinted alone, would explain the row."),
}


def audit_table(rows: Sequence[AuditedRow]) -> Table:
    """One line per check; a row that could not be checked has one line that says why."""
    lines: list[Row] = []
    for row in rows:
        suspects = ", ".join(row.suspects)
        if not row.findings:
            lines.append({"label": row.label, "line": row.line, "check": "none", "arithmetic": row.reason})
        lines += [
            {name: getattr(finding, name) for name in COLUMNS if name != "suspects"} | {"suspects": suspects}
            for finding in row.findings
        ]
    return Table(name="audit", columns=COLUMNS, rows=tuple(lines))


def write_audit(folder: Path, name: str, rows: Sequence[AuditedRow]) -> tuple[Path, ...]:
    """The table with its data dictionary, and a page: what cannot be first, every check below."""
    table = audit_table(rows)
    shown = [
        [CellView("" if row.get(column) is None else str(row[column])) for column in COLUMNS] for row in table.rows
    ]
    view = TableView(caption="Every check", columns=tuple(COLUMNS), rows=tuple(map(tuple, shown)), sortable=True)
    section = render_section("audit", "Checks", "section_audit.html.j2", lines=audit_lines(rows), checks=view)
    page = write_page(folder / "audit.html", kind="Audit of reported statistics", heading=name, sections=(section,))
    return (page, *write_table(folder, table))


def audit_lines(rows: Sequence[AuditedRow]) -> list[str]:
    """A summary, then every row that is not simply consistent with its arithmetic."""
    impossible = [row for row in rows if row.impossible]
    unchecked = [row for row in rows if not row.findings]
    checks = sum(len(row.findings) for row in rows)
    lines = [
        f"{count_text(len(rows), 'row')}, {count_text(checks, 'check')}: "
        f"{count_text(len(impossible), 'row')} impossible, {len(unchecked)} not checkable",
    ]
    for row in rows:
        remarkable = [finding for finding in row.findings if finding.verdict != "consistent"]
        if not remarkable and row.findings:
            continue
        lines.append(f"{row.label} (line {row.line})" + ("" if row.findings else f": {row.reason}"))
        lines += [
            f"  {finding.verdict}: {finding.quantity}: {finding.arithmetic} ({VERDICTS[finding.verdict]})"
            for finding in remarkable
        ]
        if row.impossible:
            lines.append("  " + _explanation(row))
    return lines


def _explanation(row: AuditedRow) -> str:
    if not row.suspects:
        return "no single misprint explains it"
    parts = [f"{name} ({row.repairs[name]})" if name in row.repairs else name for name in row.suspects]
    return "explained by one misprint in: " + " or ".join(parts)
