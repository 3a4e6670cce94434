"""Cells of a text table as numbers, times and words of a list; what is wrong is a problem with its line and column."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from pharmrs.core.read.numbers import Commas, read_number
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow

_NAN = float("nan")


class CellReader:
    """Reads the cells of one table; every problem names line and column."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def number(self, row: TextRow, column: str, *, low: float = -math.inf, above: float = -math.inf) -> float:
        """A number not below `low` and above `above`; NaN where the cell is missing (or wrong, which is a problem)."""
        text = row.text(column)
        if not text:
            return _NAN
        read = read_number(text, row.commas.get(column, Commas.UNKNOWN))
        value = read.value
        if read.rule:
            self._add(row, column, read.rule, text, read.remedy)
            return _NAN
        if value < low or value <= above:
            rule = f"must be above {above:g}" if value <= above else f"must not be below {low:g}"
            self._add(row, column, rule, text, "correct the value, or write n/a where there is none")
            return _NAN
        return value

    def word(self, row: TextRow, column: str, allowed: Sequence[str], missing: str) -> str:
        """One of `allowed`; `missing` where the cell is missing or wrong (which is a problem)."""
        text = row.text(column)
        if not text:
            return missing
        if text not in allowed:
            self._add(row, column, f"must be one of {', '.join(allowed)}", text, "correct the word")
            return missing
        return text

    def clock_h(self, row: TextRow, column: str) -> float:
        """A time of day, `HH:MM`, `HH:MM:SS` or hours as a number from 0 to 24, as hours since midnight."""
        text = row.text(column)
        if not text:
            return _NAN
        found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]+)?))?", text)
        if found is None:
            value = self.number(row, column, low=0.0)
        else:
            value = int(found[1]) + int(found[2]) / 60 + float(found[3] or 0) / 3600
        if value >= 24 or (found is not None and (int(found[2]) > 59 or float(found[3] or 0) >= 60)):
            self._add(row, column, "must be a time of day", text, "write HH:MM, or hours from 0 to 24")
            return _NAN
        return value

    def _add(self, row: TextRow, column: str, rule: str, value: str, remedy: str) -> None:
        self.problems.add(f"{row.where}: {column}", rule, value, remedy)
