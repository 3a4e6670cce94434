"""Finished concentrations of another laboratory: a table of samples, values with their unit, `<` and `>`, comments.

One row per sample and analyte: `sample` (or `subject` and `session`), `analyte`, `value`, `unit`; optional `matrix`
(plasma, serum: part of the analyte's name where a table holds several), `sd`, `comment`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from pharmrs.assay.read.cells import missing_word
from pharmrs.assay.records.results import BiomarkerConcentration, Censored, Flag
from pharmrs.core.read.numbers import Commas, marks_of, read_number
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table

REQUIRED = ("value", "unit")
OPTIONAL = ("sample", "subject", "session", "analyte", "matrix", "sd", "comment", "date")
_BEYOND = re.compile(r"(<=?|>=?|≤|≥)\s*(.*)")
_NAN = float("nan")


def is_finished(path: Path) -> bool:
    """Whether a file holds finished concentrations: its name says so."""
    return "concentrations" in path.name.lower()


def read_finished(path: Path, analyte: str, problems: Problems) -> tuple[BiomarkerConcentration, ...]:
    """All values of a table. `analyte`: of rows that name none; what is wrong goes to `problems`."""
    rows = read_text_table(path, problems, REQUIRED, OPTIONAL)
    commas = marks_of((match[2] if (match := _BEYOND.fullmatch(text)) else text) for text in _column(rows, "value"))
    matrices = {row.text("matrix").lower() for row in rows}
    found: dict[tuple[str, str], BiomarkerConcentration] = {}
    for row in rows:
        one = _value(row, analyte, len(matrices) > 1, commas, path, problems)
        if one is None:
            continue
        if (one.sample, one.analyte) in found:
            remedy = "keep the row that is true, or name the matrix or the analyte"
            problems.add(row.where, "each sample once per analyte", f"{one.sample}, {one.analyte}", remedy)
        found[one.sample, one.analyte] = one
    units: dict[str, dict[str, None]] = {}
    for one in found.values():
        units.setdefault(one.analyte, {})[one.unit] = None
    for name, several in units.items():
        if len(several) > 1:
            remedy = "write all values of an analyte in one unit: nothing is converted"
            problems.add("unit", f"{name} must have one unit", ", ".join(several), remedy)
    return tuple(found[key] for key in sorted(found))


def _column(rows: Sequence[TextRow], name: str) -> list[str]:
    return [row.text(name) for row in rows]


def _value(
    row: TextRow, analyte: str, several_matrices: bool, commas: Commas, path: Path, problems: Problems
) -> BiomarkerConcentration | None:
    sample = row.text("sample") or _label(row)
    if not sample:
        remedy = "write the label sub-<label>_ses-<label>, or fill the columns subject and session"
        problems.add(f"{row.where}: sample", "must name a sample", "empty", remedy)
        return None
    text = row.text("value")
    beyond = _BEYOND.fullmatch(text)
    number = read_number(beyond[2] if beyond else text, commas)
    missing = not beyond and (not text or missing_word(text) is not None)
    if not missing and (number.rule or number.value < 0 or (beyond and number.value <= 0)):
        rule = number.rule or "must not be negative"
        remedy = number.remedy or "correct the value"
        remedy = f"{remedy}; a value beyond a limit is written <15.6 or >1000, a lost one n/a, with the why in comment"
        problems.add(f"{row.where}: value", rule, text, remedy)
        return None
    if not row.text("unit") and not missing:
        problems.add(f"{row.where}: unit", "must be given", "empty", "write the unit of the value, e.g. pg/mL")
        return None
    sd = read_number(row.text("sd"), commas).value if row.text("sd") else _NAN
    censored: Censored = "none" if not beyond else "left" if beyond[1][0] in "<≤" else "right"
    flag: Flag = "lost" if missing else "ok" if not beyond else "below_lloq" if censored == "left" else "above_uloq"
    name = row.text("analyte") or analyte
    return BiomarkerConcentration(
        sample=sample,
        analyte=f"{name} ({row.text('matrix').lower()})" if several_matrices and row.text("matrix") else name,
        plate=path.stem,
        value=_NAN if missing or beyond else number.value,
        sd=sd,
        ci_low=_NAN,
        ci_high=_NAN,
        unit=row.text("unit"),
        dilution="",
        flag=flag,
        censored=censored,
        limit=number.value if beyond else math.nan,
        replicates=0,
        cv_percent=_NAN,
        reason=row.text("comment"),
    )


def _label(row: TextRow) -> str:
    subject, session = (row.text(name).removeprefix(f"{name[:3]}-") for name in ("subject", "session"))
    return f"sub-{subject}" + (f"_ses-{session}" if session else "") if subject else ""
