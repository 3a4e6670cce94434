"""Who got what, and when was measured: `phenotype/allocation.tsv`, and `sub-*/sub-*_sessions.tsv` or
`phenotype/sessions.tsv`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.errors import some_of
from pharmrs.core.read.cells import CellReader
from pharmrs.core.read.numbers import whole_number
from pharmrs.core.read.participants import SessionTables, is_label
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.trial.records.declared_design import Design

ALLOCATION = Path("phenotype") / "allocation.tsv"
_ONLY_PERIOD = 1  # of a parallel design, where no period need be written


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocatedSession:
    """One session of a participant: labels without `ses-`, period, time point, time of the blood sample (NaN: none)."""

    session: str
    period: int
    time_point: str
    clock_time_h: float


def read_allocation(root: Path, design: Design, problems: Problems) -> dict[str, dict[int, str]]:
    """Treatment by participant (without `sub-`) and period. What is wrong goes to `problems`."""
    remedy = "write who got what in which period: columns participant_id, period, treatment"
    rows = read_text_table(root / ALLOCATION, problems, ("participant_id", "treatment"), when_missing=remedy)
    found: dict[str, dict[int, str]] = {}
    for row in rows:
        label, treatment = row.text("participant_id").removeprefix("sub-"), row.text("treatment")
        if not is_label(label):
            rule, remedy = "must be a label like sub-01", "use the labels of participants.tsv"
            problems.add(f"{row.where}: participant_id", rule, row.text("participant_id") or "n/a", remedy)
            continue
        if treatment not in design.treatments:
            remedy = "correct the label here or in design.treatments of study.yaml"
            known = ", ".join(design.treatments)
            problems.add(f"{row.where}: treatment", f"must be one of {known}", treatment or "n/a", remedy)
            continue
        period = _period(row, design, problems)
        if period is None:
            continue
        taken = found.setdefault(label, {})
        if period in taken or (treatment in taken.values() and not design.replicates):
            rule = "one line per participant and period, each treatment once unless design.sequences says otherwise"
            problems.add(f"{row.where}: period", rule, f"sub-{label}, {period}, {treatment}", "correct the line")
            continue
        if design.kind == "parallel" and taken:
            rule = "a parallel design gives one treatment to each participant"
            problems.add(f"{row.where}: treatment", rule, f"sub-{label}", "delete the line, or correct design.kind")
            continue
        taken[period] = treatment
    return found


def read_visits(tables: SessionTables, label: str, design: Design, problems: Problems) -> list[AllocatedSession]:
    """The sessions of one participant. A line without time point is no visit of the trial and passed over."""
    remedy = f"write its sessions, correct the label in {ALLOCATION.as_posix()}, or delete its lines there"
    rows = tables.of(label, problems, ("session_id", "time_point"), f"sub-{label}: {remedy}")
    if not rows and not problems.found:
        problems.add("session_id", "everybody in the allocation must have a line", f"none of sub-{label}", remedy)
    cells = CellReader(problems)
    _warn_of_dotted_times(rows, problems)
    visits: list[AllocatedSession] = []
    for row in rows:
        if not row.text("time_point"):
            continue
        period = _period(row, design, problems)
        if period is None:
            continue
        visit = AllocatedSession(
            session=row.text("session_id").removeprefix("ses-"),
            period=period,
            time_point=row.text("time_point"),
            clock_time_h=cells.clock_h(row, "sampling_time"),
        )
        same = [other for other in visits if (other.period, other.time_point) == (period, visit.time_point)]
        if same or not visit.session:
            rule = "one session per period and time point, with its label"
            found = f"ses-{visit.session}" + (f" as ses-{same[0].session}" if same else "")
            problems.add(f"{row.where}: session_id", rule, found, "correct period, time point or label")
            continue
        visits.append(visit)
    return visits


def _warn_of_dotted_times(rows: Sequence[TextRow], problems: Problems) -> None:
    """`14.45` is read as hours, 14:27, where somebody used to dots may have meant a quarter to three."""
    dotted = [row for row in rows if re.fullmatch(r"[0-9]{1,2}\.[0-5][0-9]", row.text("sampling_time"))]
    if dotted and not all(row.text("sampling_time").endswith((".00", ".25", ".50", ".75")) for row in dotted):
        found = some_of([f"{row.text('sampling_time')} in {row.where}" for row in dotted], 3)
        remedy = "write HH:MM if a time of the clock is meant"
        problems.add("sampling_time", "is read as hours and their hundredths", found, remedy, severity="warning")


def sequence_of(periods: Mapping[int, str]) -> str:
    """The order of a participant's treatments, e.g. `placebo/S-ketamine`."""
    return "/".join(periods[period] for period in sorted(periods))


def _period(row: TextRow, design: Design, problems: Problems) -> int | None:
    text = row.text("period")
    if not text and design.kind == "parallel":
        return _ONLY_PERIOD
    period = whole_number(text)
    if period is not None and period >= 1:
        return period
    problems.add(f"{row.where}: period", "must be 1, 2, ...", text or "n/a", "write the period of the trial")
    return None
