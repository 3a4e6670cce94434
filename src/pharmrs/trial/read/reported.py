"""A table of reported statistics in: the printed texts with their digits."""

from __future__ import annotations

import math
import re
from pathlib import Path

from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import read_text_table
from pharmrs.trial.records.reported import ABOVE, BELOW, EQUAL, REPORTED, PrintedNumber, ReportedRow

_LABEL = "label"
_WHOLE = ("n", "df", "df1", "df2", "items", "level")  # exact where printed without decimals
_NUMBER = re.compile(
    r"(?P<relation>[<>=≤≥]?)\s*(?P<number>[-+]?(?:\d+\.?(?P<after>\d*)|\.(?P<only>\d+)))(?P<power>e[-+]?\d+)?"
)
_MOST_DIGITS = 300
_SIGNS = str.maketrans({"−": "-", "–": "-", "‐": "-", "\u00a0": " "})


def read_reported_table(path: Path) -> list[ReportedRow]:
    """Rows of a table with a column `label` and any of the columns of `REPORTED`. Raises `InputError`.

    Numbers are text: `.050` has three digits, `-0.33` two, `<.001` is a bound. A decimal comma is accepted in tables
    that are separated by tabs.
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
            number = parse_printed(text, whole=name in _WHOLE)
            if number is None:
                rule = "must be a number as printed, e.g. -0.33, .050 or <.001"
                problems.add(f"{line.where}, {name}", rule, text, "write the number alone, without stars or units")
            else:
                numbers[name] = number
        rows.append(ReportedRow(label=line.text(_LABEL) or line.where, line=line.line, numbers=numbers))
    problems.raise_errors()
    return rows


def parse_printed(text: str, *, whole: bool = False) -> PrintedNumber | None:
    """The number that `text` prints; None when it is none. `whole`: without decimals it is exact."""
    plain = text.translate(_SIGNS).strip().lower()
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    found = _NUMBER.fullmatch(plain)
    if found is None:
        return None
    digits = len(found["after"] or found["only"] or "")
    power = int(found["power"][1:6]) if found["power"] else 0
    value = float(found["number"] + (found["power"] or ""))
    if not math.isfinite(value) or abs(power - digits) > _MOST_DIGITS:
        return None
    relation = {"<": BELOW, "≤": BELOW, ">": ABOVE, "≥": ABOVE}.get(found["relation"], EQUAL)
    return PrintedNumber(
        text=text.strip(),
        value=value,
        unit=0.0 if whole and not digits else 10.0 ** (power - digits),
        relation=relation,
    )
