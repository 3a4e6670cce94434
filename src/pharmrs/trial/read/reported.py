"""A table of reported statistics in: the printed texts with their digits."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

from pharmrs.core.errors import InputProblem
from pharmrs.core.read.numbers import Commas, read_number, with_point
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.trial.records.reported import ABOVE, BELOW, EQUAL, REPORTED, PrintedNumber, ReportedRow

_LABEL = "label"
_WHOLE = ("n", "df", "df1", "df2", "items", "level")  # exact where printed without decimals
_NUMBER = re.compile(r"(?P<number>[-+]?(?:[0-9]+\.?(?P<after>[0-9]*)|\.(?P<only>[0-9]+)))(?P<power>e[-+]?[0-9]+)?")
_MOST_DIGITS = 300
_SIGNS = str.maketrans({"−": "-", "–": "-", "‐": "-", "\u00a0": " "})


def read_reported_table(path: Path, warn: Callable[[InputProblem], None]) -> list[ReportedRow]:
    """Rows of a table with a column `label` and any of the columns of `REPORTED`. Raises `InputError`; `warn` is
    told what is left out.

    Numbers are text: `.050` has three digits, `-0.33` two, `<.001` is a bound.
    """
    problems = Problems(str(path))
    lines = read_text_table(path, problems, [_LABEL], list(REPORTED))
    rows: list[ReportedRow] = []
    for line in lines:
        numbers: dict[str, PrintedNumber] = {}
        for name in REPORTED:
            text = line.text(name)
            if not text:
                continue
            number = parse_printed(text, whole=name in _WHOLE, commas=line.commas[name])
            if number is None:
                _refuse(line, name, text, problems)
            else:
                numbers[name] = number
        rows.append(ReportedRow(label=line.text(_LABEL) or line.where, line=line.line, numbers=numbers))
    problems.raise_errors(warn)
    return rows


def _refuse(line: TextRow, name: str, text: str, problems: Problems) -> None:
    rule, remedy = "must be a number as printed, e.g. -0.33, .050 or <.001", "write it alone, without stars or units"
    if "," in text and (read := read_number(_parts(text)[1], line.commas[name])).rule:
        rule, remedy = read.rule, read.remedy
    problems.add(f"{line.where}, {name}", rule, text, remedy)


def _parts(text: str) -> tuple[str, str]:
    """The relation, empty where there is none, and the number behind it."""
    plain = text.translate(_SIGNS).strip().lower()
    return (plain[0], plain[1:].strip()) if plain[:1] in tuple("<>=≤≥") else ("", plain)


def parse_printed(text: str, *, whole: bool = False, commas: Commas = Commas.UNKNOWN) -> PrintedNumber | None:
    """The number that `text` prints; None when it is none. `whole`: without decimals it is exact."""
    relation_sign, plain = _parts(text)
    found = _NUMBER.fullmatch(with_point(plain, commas) or "")
    if found is None:
        return None
    digits = len(found["after"] or found["only"] or "")
    power = int(found["power"][1:6]) if found["power"] else 0
    value = float(found["number"] + (found["power"] or ""))
    if not math.isfinite(value) or abs(power - digits) > _MOST_DIGITS:
        return None
    relation = {"<": BELOW, "≤": BELOW, ">": ABOVE, "≥": ABOVE}.get(relation_sign, EQUAL)
    return PrintedNumber(
        text=text.strip(),
        value=value,
        unit=0.0 if whole and not digits else 10.0 ** (power - digits),
        relation=relation,
    )
