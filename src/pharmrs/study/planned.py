"""Who and what was planned: participants and their sessions, against the recordings that were found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pharmrs.core.errors import InputProblem, input_problem, some_of
from pharmrs.core.files.content import is_there
from pharmrs.core.read.participants import PARTICIPANTS, SessionTables, participant_labels, sessions_file
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.trial.read.allocation import ALLOCATION

Place = tuple[str, str]


def planned_sessions(root: Path, unread: list[InputProblem] | None = None) -> dict[Place, str]:
    """Time point (empty: not stated) by participant and session, labels without `sub-` and `ses-`.

    Participants are those of participants.tsv, or of the folders where there is none, and of the allocation (their
    labels only: what they were given stays unknown here). One whose sessions are in no table has one without a label.
    `unread`: takes why a table that is there could not be read.
    """
    planned: dict[Place, str] = {}
    unread = [] if unread is None else unread
    tables = SessionTables(root)
    _rows(root / PARTICIPANTS, "participant_id", unread)
    allocated = [row.text("participant_id") for row in _rows(root / ALLOCATION, "participant_id", unread)]
    for label in dict.fromkeys((*participant_labels(root), *(one.removeprefix("sub-") for one in allocated))):
        problems = Problems(str(path := sessions_file(root, label)))
        rows = tables.of(label, problems, ("session_id",)) if is_there(path) else []
        unread += _unreadable(problems)
        own = {row.text("session_id").removeprefix("ses-"): row.text("time_point") for row in rows}
        planned |= {(label, session): point for session, point in own.items()} or {(label, ""): ""}
    return planned


def _rows(path: Path, column: str, unread: list[InputProblem]) -> list[TextRow]:
    """Of a table that may be absent; what is wrong in its lines is told by who needs them."""
    problems = Problems(str(path))
    rows = read_text_table(path, problems, (column,)) if is_there(path) else []
    unread += _unreadable(problems)
    return rows


def _unreadable(problems: Problems) -> list[InputProblem]:
    return [one for one in problems.found if one.field == "file" and one.severity == "error"]


def without_recording(planned: dict[Place, str], scans: Sequence[ScanFiles]) -> list[Place]:
    """Planned sessions (or participants, where no session is known) in which nothing was found."""
    found = {(scan.subject, scan.session) for scan in scans} | {(scan.subject, "") for scan in scans}
    return [place for place in planned if place not in found]


def check_planned(root: Path, scans: Sequence[ScanFiles]) -> list[InputProblem]:
    """What the tables plan and the folders lack, and the other way round."""
    problems: list[InputProblem] = []
    planned = planned_sessions(root, problems)
    if not (root / PARTICIPANTS).is_file():
        return problems
    if missing := without_recording(planned, scans):
        rule = "planned sessions should have a recording (*_svs.nii.gz)"
        remedy = "bring the recordings, or leave it: they count as planned and not recorded"
        problems.append(input_problem(root, "sessions", rule, some_of([*map(name_of, missing)]), remedy, "warning"))
    people = {label for label, _ in planned}
    if strangers := list(dict.fromkeys(f"sub-{one.subject}" for one in scans if one.subject not in people)):
        rule, remedy = "should list everybody who was recorded", "add the lines"
        file = root / PARTICIPANTS
        problems.append(input_problem(file, "participant_id", rule, some_of(strangers), remedy, "warning"))
    return problems


def name_of(place: Place) -> str:
    """`sub-01_ses-2`."""
    return f"sub-{place[0]}" + (f"_ses-{place[1]}" if place[1] else "")
