"""Which reported statistics cannot all be right: each check, its arithmetic, and the number that explains it best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pharmrs.trial.audit.checks import CHECKS, Interval, Relation
from pharmrs.trial.records.reported import EQUAL, AuditedRow, AuditFinding, PrintedNumber, ReportedRow

_DEFAULTS = {
    "level": PrintedNumber(text="95", value=95.0, unit=0.0),
    "items": PrintedNumber(text="1", value=1.0, unit=0.0),
}
_WHOLE = ("df", "df1", "df2", "n", "items")  # for these, every plausible value is tried
_CANDIDATES = (*range(1, 201), *range(210, 2001, 10))
_TOLERANCE = 1e-9  # relative; ends of intervals belong to them, as a final 5 may have been rounded either way
CONSISTENT, CUT, ONE_SIDED, IMPOSSIBLE = "consistent", "cut", "one_sided", "impossible"


def audit_rows(rows: Sequence[ReportedRow]) -> tuple[AuditedRow, ...]:
    """Every row with all checks that its numbers allow."""
    return tuple(_audit_row(row) for row in rows)


def _audit_row(row: ReportedRow) -> AuditedRow:
    findings = tuple(_findings(row, row.numbers))
    if not findings:
        given = ", ".join(row.numbers) or "nothing"
        reason = f"nothing to compare: {given} do not determine each other"
        return AuditedRow(label=row.label, line=row.line, findings=(), repairs={}, reason=reason)
    explained = _explanations(row) if any(finding.verdict == IMPOSSIBLE for finding in findings) else {}
    repairs = {name: text for name, text in explained.items() if text}
    return AuditedRow(
        label=row.label, line=row.line, findings=findings, suspects=tuple(explained), repairs=repairs
    )  # fmt: skip


def _explanations(row: ReportedRow) -> dict[str, str]:
    """Numbers that alone, printed differently, would leave nothing impossible, with what they would have to be."""
    found: dict[str, str] = {}
    for name in row.numbers:
        rest = {key: value for key, value in row.numbers.items() if key != name}
        if any(finding.verdict == IMPOSSIBLE for finding in _findings(row, rest)):
            continue
        if name == "se" and _below_zero(row):
            continue  # no standard error explains it: estimate and t differ in sign
        if name not in _WHOLE:
            found[name] = _repair(row, name)
            continue
        fitting = [value for value in _CANDIDATES if _fits(row, name, value)]
        if fitting:
            found[name] = str(fitting[0]) if len(fitting) == 1 else f"some of {fitting[0]} to {fitting[-1]}"
    return found


def _below_zero(row: ReportedRow) -> bool:
    """Whether estimate and statistic have different signs, so that their quotient is no standard error."""
    known = row.numbers
    return "estimate" in known and any(
        known["estimate"].value * known[name].value < 0 for name in ("t", "z") if name in known
    )


def _fits(row: ReportedRow, name: str, value: int) -> bool:
    numbers = {**row.numbers, name: PrintedNumber(text=str(value), value=float(value), unit=0.0)}
    found = _findings(row, numbers)
    as_many = len(found) == len(_findings(row, row.numbers))  # a value that makes checks impossible to do is no answer
    return as_many and all(finding.verdict == CONSISTENT for finding in found)


def _findings(row: ReportedRow, numbers: Mapping[str, PrintedNumber]) -> list[AuditFinding]:
    known = {**_DEFAULTS, **numbers}
    found: list[AuditFinding] = []
    for check in CHECKS:
        if check.quantity not in numbers or not all(name in known for name in check.needs):
            continue
        finding = _finding(row, check, known)
        if finding is not None:
            found.append(finding)
    return found


def _finding(row: ReportedRow, check: Relation, known: Mapping[str, PrintedNumber]) -> AuditFinding | None:
    if any(known[name].relation != EQUAL for name in check.needs):
        return None
    allowed = check.allowed({name: known[name].interval() for name in check.needs})
    if allowed is None:
        return None
    printed = known[check.quantity]
    verdict = _verdict(check, known, allowed)
    low, high = min(part[0] for part in allowed), max(part[1] for part in allowed)
    texts = {name: known[name].text for name in check.needs}
    return AuditFinding(
        label=row.label, line=row.line, check=check.name, quantity=check.quantity, printed=printed.text,
        low=low, high=high, verdict=verdict,
        arithmetic=f"{check.formula.format(**texts)} = {_range(low, high)}, printed {printed.text}",
    )  # fmt: skip


def _verdict(check: Relation, known: Mapping[str, PrintedNumber], allowed: tuple[Interval, ...]) -> str:
    printed = known[check.quantity]
    if _meets(printed.interval(), allowed):
        return CONSISTENT
    loose = check.allowed({name: known[name].interval(cut=True) for name in check.needs})
    if loose is not None and _meets(printed.interval(cut=True), loose):
        return CUT
    if check.quantity == "p" and _meets(printed.interval(), tuple((low / 2, high / 2) for low, high in allowed)):
        return ONE_SIDED
    return IMPOSSIBLE


def _meets(interval: Interval, allowed: tuple[Interval, ...]) -> bool:
    def close(a: float, b: float) -> bool:
        return a <= b + _TOLERANCE * max(abs(a), abs(b), _TOLERANCE)

    return any(close(low, interval[1]) and close(interval[0], high) for low, high in allowed)


def _repair(row: ReportedRow, name: str) -> str:
    """What the suspect would be, from the check with the narrowest answer; for an input, by search of its value."""
    known = {**_DEFAULTS, **row.numbers}
    answers = []
    for check in CHECKS:
        usable = all(key in known and known[key].relation == EQUAL for key in check.needs)
        if check.quantity == name and name not in check.needs and usable:
            allowed = check.allowed({key: known[key].interval() for key in check.needs})
            if allowed is not None:
                answers += [(high - low, low, high) for low, high in allowed]
    if name == "se" and {"estimate", "t"} <= known.keys() and known["t"].value != 0:
        return _range(*_quotient(known["estimate"], known["t"]))
    if name == "estimate" and {"se", "t"} <= known.keys():
        corners = [a * b for a in known["se"].interval() for b in known["t"].interval()]
        return _range(min(corners), max(corners))
    return _range(*min(answers)[1:]) if answers else ""


def _quotient(first: PrintedNumber, second: PrintedNumber) -> Interval:
    low, high = second.interval()
    if low <= 0 <= high:
        return first.value / second.value, first.value / second.value
    corners = [a / b for a in first.interval() for b in (low, high)]
    return min(corners), max(corners)


def _range(low: float, high: float) -> str:
    if low == high or f"{low:.4g}" == f"{high:.4g}":
        return f"{low:.4g}"
    return f"{low:.4g} to {high:.4g}"
