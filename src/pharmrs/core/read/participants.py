"""Who takes part, and which sessions they have: `participants.tsv` and `sub-*/sub-*_sessions.tsv` of a BIDS dataset, or
`phenotype/sessions.tsv`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pharmrs.core.files.content import is_there
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table

PARTICIPANTS = "participants.tsv"
ALL_SESSIONS = Path("phenotype") / "sessions.tsv"  # of everybody who has no table of their own


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
    """`sub-01/sub-01_sessions.tsv` of the participant labelled `01`; without it the table of everybody, if there is
    one.
    """
    own = root / f"sub-{label}" / f"sub-{label}_sessions.tsv"
    return own if is_there(own) or not is_there(root / ALL_SESSIONS) else root / ALL_SESSIONS


class SessionTables:
    """The session tables of a dataset; that of everybody is read once, however many people it holds."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._shared: dict[tuple[str, ...], tuple[Problems, dict[str, list[TextRow]]]] = {}

    def of(self, label: str, problems: Problems, required: Sequence[str], when_missing: str = "") -> list[TextRow]:
        """The lines of one participant; what is wrong with the table goes to `problems`."""
        path = sessions_file(self._root, label)
        if path != self._root / ALL_SESSIONS:
            return read_text_table(path, problems, required, when_missing=when_missing)
        own, by_label = self._of_all(path, ("participant_id", *required))
        problems.found += own.found
        return by_label.get(label, [])

    def _of_all(self, path: Path, columns: tuple[str, ...]) -> tuple[Problems, dict[str, list[TextRow]]]:
        if columns not in self._shared:
            problems, by_label = Problems(str(path)), dict[str, list[TextRow]]()
            for row in read_text_table(path, problems, columns):
                by_label.setdefault(row.text("participant_id").removeprefix("sub-"), []).append(row)
            self._shared[columns] = (problems, by_label)
        return self._shared[columns]
