"""Who takes part, and which sessions they have: `participants.tsv` and `sub-*/sub-*_sessions.tsv` of a BIDS dataset."""

from __future__ import annotations

import re
from pathlib import Path

from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table

PARTICIPANTS = "participants.tsv"


def read_participants(root: Path, problems: Problems) -> list[TextRow]:
    """Rows of `participants.tsv`; every participant once, labelled `sub-<label>`."""
    rows = read_text_table(root / PARTICIPANTS, problems, ("participant_id",))
    seen: set[str] = set()
    for row in rows:
        label = row.text("participant_id")
        if not label.startswith("sub-") or not is_label(label.removeprefix("sub-")):
            problems.add(f"{row.where}: participant_id", "must be a label like sub-01", label, "correct the label")
        if label in seen:
            problems.add(f"{row.where}: participant_id", "must occur once", label, "delete one of the lines")
        seen.add(label)
    return rows


def is_label(text: str) -> bool:
    """Whether `text` is a label as BIDS wants it: it becomes part of paths."""
    return re.fullmatch(r"[0-9A-Za-z+]+", text) is not None


def participant_labels(root: Path) -> tuple[str, ...]:
    """Labels without `sub-`, sorted: of `participants.tsv`, or of the folders where there is no such table."""
    if (root / PARTICIPANTS).is_file():
        rows = read_participants(root, Problems(str(root / PARTICIPANTS)))
        labels = {row.text("participant_id").removeprefix("sub-") for row in rows}
        return tuple(sorted(label for label in labels if is_label(label)))
    return tuple(sorted(path.name.removeprefix("sub-") for path in root.glob("sub-*") if path.is_dir()))


def sessions_file(root: Path, label: str) -> Path:
    """`sub-01/sub-01_sessions.tsv` of the participant labelled `01`."""
    return root / f"sub-{label}" / f"sub-{label}_sessions.tsv"
