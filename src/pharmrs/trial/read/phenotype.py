"""Tables of `phenotype/`: anything measured or given, by participant, by session or by period, as covariates travel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.files.content import is_file
from pharmrs.core.read.numbers import could_be_number, read_number
from pharmrs.core.read.participants import ALL_SESSIONS
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.trial.read.allocation import ALLOCATION, AllocatedSession
from pharmrs.trial.records.observations import CovariateValue

FOLDER = ALLOCATION.parent
_KEYS = ("participant_id", "session_id", "period", "time_point")
Place = tuple[str, str, str, str]  # participant, session, period, time point; empty: all of them
_NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phenotype:
    """One column of one table. `keys`: what its lines are for, beside the participant."""

    file: Path
    name: str
    cells: dict[Place, CovariateValue]
    keys: tuple[str, ...]

    def place(self, label: str, visit: AllocatedSession) -> Place:
        """Where the value of a visit stands."""
        labels = {"session_id": visit.session, "period": str(visit.period), "time_point": visit.time_point}
        session, period, point = (labels[key] if key in self.keys else "" for key in _KEYS[1:])
        return (label, session, period, point)

    def at(self, label: str, visit: AllocatedSession) -> CovariateValue:
        """The value that belongs to a visit; NaN where there is none."""
        return self.cells.get(self.place(label, visit), _NAN)

    def strangers(self, visits: Mapping[str, Sequence[AllocatedSession]]) -> list[Place]:
        """Lines that belong to no visit of anybody: a label is spelled in another way, or the visit is not planned."""
        known = {self.place(label, visit) for label, own in visits.items() for visit in own}
        return [place for place in self.cells if place not in known]


def phenotype_files(root: Path) -> list[Path]:
    """The tables, but for the allocation."""
    folder = root / FOLDER
    found = sorted(folder.glob("*.tsv")) if folder.is_dir() else []
    return [path for path in found if path.name != ALLOCATION.name and is_file(path)]


def phenotype_columns(root: Path) -> dict[str, list[Path]]:
    """Every column with the tables that have it."""
    found: dict[str, list[Path]] = {}
    for path in phenotype_files(root):
        rows = read_text_table(path, Problems(str(path)), ("participant_id",))
        for name in rows[0].cells if rows else ():
            if name not in _KEYS and not (name == "sampling_time" and path == root / ALL_SESSIONS):
                found.setdefault(name, []).append(path)
    return found


def read_phenotype(
    root: Path, names: Sequence[str], categories: Sequence[str], problems: Problems
) -> dict[str, Phenotype]:
    """The named columns that a table of `phenotype/` holds. What is wrong goes to `problems`."""
    columns, found = phenotype_columns(root), {}
    for name in dict.fromkeys(names):
        if len(files := columns.get(name, [])) > 1:
            several = ", ".join(path.name for path in files)
            problems.add(f"{FOLDER.name}: {name}", "must be a column of one table", several, "rename or delete one")
        elif files:
            found[name] = _read(files[0], name, name in categories, problems)
    return found


def _read(path: Path, name: str, category: bool, problems: Problems) -> Phenotype:
    own = Problems(str(path))
    rows = read_text_table(path, own, ("participant_id",))
    keys = tuple(key for key in _KEYS[1:] if key in rows[0].cells)
    cells: dict[Place, CovariateValue] = {}
    first: dict[Place, str] = {}
    for row in rows:
        session = row.text("session_id").removeprefix("ses-") if "session_id" in keys else ""
        period, point = (row.text(key) if key in keys else "" for key in ("period", "time_point"))
        place = (row.text("participant_id").removeprefix("sub-"), session, period, point)
        if place in first:
            rule, remedy = f"one line for each {', '.join((_KEYS[0], *keys))}", "keep one of the two lines"
            own.add(row.where, rule, f"{', '.join(filter(None, place))}, as {first[place]}", remedy)
        first.setdefault(place, row.where)
        cells[place] = row.text(name) if category else _number(row, name, own)
    problems.found += own.found
    return Phenotype(file=path, name=name, cells=cells, keys=keys)


def _number(row: TextRow, name: str, problems: Problems) -> float:
    text = row.text(name)
    if not text:
        return _NAN
    if not could_be_number(text):
        problems.add(f"{row.where}: {name}", "must be a number", text, "correct it, or declare its reference level")
        return _NAN
    read = read_number(text, row.commas[name])
    if read.rule:
        problems.add(f"{row.where}: {name}", read.rule, text, read.remedy)
    return read.value
