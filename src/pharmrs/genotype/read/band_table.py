"""Band tables of genotyping gels: one row per lane, tab-separated (or CSV), as read from the gel.

Columns: `lane`, `role`, `sample`, `bands_bp`; optional `gel` (default: the name of the file), `genotype` (of controls),
`intensities`, `marker` (where a table holds several), `remark`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.read.numbers import read_number
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.genotype.read.finished import is_finished
from pharmrs.genotype.records.marker import ROLES, Lane

REQUIRED = ("lane", "role", "sample", "bands_bp")
OPTIONAL = ("gel", "genotype", "intensities", "marker", "remark")
_WHEN_MISSING = "check the path; the band tables of a study lie in sourcedata/genotyping, see docs/genotype.md"
_ENDINGS = (".tsv", ".csv", ".xlsx", ".xls")
_BAND = re.compile(r"(\d[\d.,]*)\s*(?:bp|base\s?pairs?)?", re.IGNORECASE)
_NO_BAND = frozenset({"-", "--", "none", "no band", "no bands", "nd", "n.d.", "failed"})


@dataclass(frozen=True, slots=True)
class BandRow:
    """A lane with the marker it was run for; empty: not stated."""

    marker: str
    lane: Lane


def band_files(place: Path) -> list[Path]:
    """The band tables of a folder, in the order of their names; a file stands for itself."""
    if place.is_dir():
        tables = (path for path in place.iterdir() if path.suffix in _ENDINGS and not path.name.startswith("."))
        return sorted(path for path in tables if not is_finished(path))
    return [] if is_finished(place) else [place]


def read_bands(place: Path, warn: Callable[[InputProblem], None] = lambda _problem: None) -> tuple[BandRow, ...]:
    """All lanes of a band table or of a folder of them. Raises InputError with every mistake in every file."""
    rows, found = read_gels(place)
    if any(problem.severity == "error" for problem in found):
        raise InputError(found)
    for problem in found:
        warn(problem)
    return rows


def read_gels(place: Path) -> tuple[tuple[BandRow, ...], tuple[InputProblem, ...]]:
    """The lanes of every table without a mistake, and what is wrong with all. Raises InputError where none is there."""
    found: list[InputProblem] = []
    rows: list[BandRow] = []
    seen: dict[tuple[str, str, str], str] = {}
    files = band_files(place)
    if not files:
        problems = Problems(str(place))
        problems.add(
            "folder", "must hold band tables (.tsv, .csv or a workbook)", "none", "add one, see docs/genotype.md"
        )
        raise InputError(problems.found)
    for path in files:
        problems = Problems(str(path))
        read = _read_file(path, problems, seen)
        rows += [] if any(problem.severity == "error" for problem in problems.found) else read
        found += problems.found
    return tuple(rows), tuple(found)


def _read_file(path: Path, problems: Problems, seen: dict[tuple[str, str, str], str]) -> list[BandRow]:
    rows = []
    for row in read_text_table(path, problems, REQUIRED, OPTIONAL, when_missing=_WHEN_MISSING):
        lane = _lane(row, path.stem, problems)
        if lane is None:
            continue
        marker = row.text("marker")
        place = (marker, lane.gel, lane.lane)
        if place in seen:
            problems.add(row.where, "must be the only one of its lane", lane.place, f"see also {seen[place]}")
        seen[place] = f"{path.name} {row.where}"
        rows.append(BandRow(marker, lane))
    return rows


def _lane(row: TextRow, stem: str, problems: Problems) -> Lane | None:
    before, where = len(problems.found), row.where
    role, lane, sample, known = (row.text(name) for name in ("role", "lane", "sample", "genotype"))
    if role not in ROLES:
        problems.add(f"{where}: role", f"must be one of {', '.join(ROLES)}", role or "missing", "correct the role")
    if not lane:
        problems.add(f"{where}: lane", "must be given", "missing", "number the lanes of the gel")
    if not sample and role in ("sample", "control"):
        problems.add(f"{where}: sample", "must be given", "missing", "write the label, e.g. sub-01")
    if role == "control" and not known:
        remedy = "write the genotype of the control, e.g. Val/Val"
        problems.add(f"{where}: genotype", "must be given for a control", "missing", remedy)
    if role == "sample" and known:
        remedy = "delete it: only controls are known beforehand"
        problems.add(f"{where}: genotype", "must be empty for a sample", known, remedy)
    bands = _numbers(row, "bands_bp", problems, lowest=1.0, highest=1e5)
    strengths = _numbers(row, "intensities", problems, lowest=0.0, highest=math.inf)
    if strengths and len(strengths) != len(bands):
        rule = f"must be as many as the bands ({len(bands)})"
        problems.add(f"{where}: intensities", rule, len(strengths), "give one for each band, or none")
    if len(problems.found) > before:
        return None
    gel = row.text("gel") or stem
    return Lane(
        gel=gel, lane=lane, role=role, sample=sample or role, bands_bp=bands, intensities=strengths, genotype=known,
        source=f"{problems.file}: {where}",
    )  # fmt: skip


def _numbers(row: TextRow, column: str, problems: Problems, *, lowest: float, highest: float) -> tuple[float, ...]:
    """Sizes as laboratories write them: `277;399`, `277, 399`, `277 bp + 399 bp`, `277/399`; a word for no band.

    `277,399` without a blank could be a number, and is asked about.
    """
    text = row.text(column)
    if text.lower() in _NO_BAND:
        return ()
    values = []
    for part in re.split(r"[;+/&|]|,\s+|\band\b|(?<!\d)\s+|\s+(?=\d)", text):
        word = part.strip()
        if not word:
            continue
        match = _BAND.fullmatch(word)
        found = read_number(match[1] if match else word)
        if found.rule or not lowest <= found.value <= highest:
            rule = found.rule if found.either else f"must hold numbers of at least {lowest:g}"
            remedy = "write the sizes as 277;399 or 277 bp, 399 bp; a lane without band is n/a"
            problems.add(f"{row.where}: {column}", rule, word, remedy)
        else:
            values.append(found.value)
    return tuple(values)
