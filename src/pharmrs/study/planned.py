"""Who and what was planned: participants and their sessions, against the recordings that were found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pharmrs.core.errors import InputProblem, input_problem, some_of
from pharmrs.core.read.participants import PARTICIPANTS, participant_labels, sessions_file
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import read_text_table
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.trial.read.allocation import ALLOCATION

Place = tuple[str, str]


def planned_sessions(root: Path) -> dict[Place, str]:
    """Time point (empty: not stated) by participant and session, labels without `sub-` and `ses-`.

    Participants are those of participants.tsv, or of the folders where there is none, and of the allocation (their
    labels only: what they were given stays unknown here). One whose sessions are in no table has one without a label.
    """
    planned: dict[Place, str] = {}
    for label in dict.fromkeys((*participant_labels(root), *_allocated(root))):
        path = sessions_file(root, label)
        rows = read_text_table(path, Problems(str(path)), ("session_id",)) if path.is_file() else []
        own = {row.text("session_id").removeprefix("ses-"): row.text("time_point") for row in rows}
        planned |= {(label, session): point for session, point in own.items()} or {(label, ""): ""}
    return planned


def _allocated(root: Path) -> list[str]:
    path = root / ALLOCATION
    rows = read_text_table(path, Problems(str(path)), ("participant_id",)) if path.is_file() else []
    return list(dict.fromkeys(row.text("participant_id").removeprefix("sub-") for row in rows))


def without_recording(planned: dict[Place, str], scans: Sequence[ScanFiles]) -> list[Place]:
    """Planned sessions (or participants, where no session is known) in which nothing was found."""
    found = {(scan.subject, scan.session) for scan in scans} | {(scan.subject, "") for scan in scans}
    return [place for place in planned if place not in found]


def check_planned(root: Path, scans: Sequence[ScanFiles]) -> list[InputProblem]:
    """What the tables plan and the folders lack, and the other way round."""
    if not (root / PARTICIPANTS).is_file():
        return []
    planned = planned_sessions(root)
    problems = []
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
