"""What a table of observations that is ready tells of the design of its trial, to begin a study.yaml with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.trial.read.observations import REQUIRED

_NO_DRUG = re.compile(r"placebo|plc|sham|vehicle|control|saline|^0$", re.I)
_BEFORE = re.compile(r"base|pre|before|^(?:t|tp|v|day|visit)?[-_ ]?0$", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyTable:
    """`treatments`: what seems to be the reference first; `time_points`: what seems to be the baseline first.

    `several`: participants have more than one treatment. `quantities`: the columns there are of metabolite, biomarker.
    """

    name: str
    treatments: tuple[str, ...]
    time_points: tuple[str, ...]
    several: bool
    quantities: tuple[str, ...]


def find_ready_table(root: Path) -> ReadyTable | None:
    """The one table of the folder with a line for each participant, treatment and time point; None where none is."""
    found = [one for path in sorted(root.glob("*.[tc]sv")) if (one := _ready(path)) is not None]
    return found[0] if len(found) == 1 else None


def _ready(path: Path) -> ReadyTable | None:
    problems = Problems(str(path))
    rows = read_text_table(path, problems, REQUIRED)
    if problems.found or not rows:
        return None
    treatments = sorted(_labels(rows, "treatment"), key=lambda label: _NO_DRUG.search(label) is None)
    times = sorted(_labels(rows, "time_point"), key=lambda label: _BEFORE.search(label) is None)
    pairs = {(row.text("subject"), row.text("treatment")) for row in rows if row.text("treatment")}
    return ReadyTable(
        name=path.name,
        treatments=tuple(treatments),
        time_points=tuple(times),
        several=len(pairs) > len({subject for subject, _ in pairs}),
        quantities=tuple(name for name in ("metabolite", "biomarker") if any(row.text(name) for row in rows)),
    )


def _labels(rows: list[TextRow], column: str) -> list[str]:
    return list(dict.fromkeys(row.text(column) for row in rows if row.text(column)))
