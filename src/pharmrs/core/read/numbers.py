"""The one reader of numbers: what a table, a basis set, a pulse or an option may call one, and what a comma means.

A number is decimal digits with at most one point, a sign and an exponent: no underscores, no digits of other scripts,
no hexadecimal or octal, no `yes`, no `1:30`. A comma begins decimals in half of the world and separates thousands in
the other: it is read only where its column (or else its table) shows which is meant. What could be either is an error
that shows both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from pharmrs.core.records.arrays import FloatArray

_SIGN, _POWER = "[-+]?", "(?:[eE][-+]?[0-9]+)?"
_PLAIN = re.compile(rf"{_SIGN}(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+){_POWER}")
_WHOLE = re.compile(r"[0-9]{1,18}")
_LEAST, _MOST = 1e-70, 1e70  # of what a table may hold: fourth powers of it are still numbers
_ENDLESS = re.compile(r"[-+]?(?:inf(?:inity)?|nan)", re.IGNORECASE)
_ONLY_NUMBERS = re.compile(r"[-+0-9.eE \t\r\n]*")  # no 1_0, no ２０
# what only one of the two habits can have written
_DECIMAL_COMMA = re.compile(
    rf"{_SIGN}(?:0[0-9]*,[0-9]+|[0-9]+,(?:[0-9]{{1,2}}|[0-9]{{4,}})|[0-9]{{4,}},[0-9]+|,[0-9]+"
    rf"|[0-9]+,[0-9]+(?=[eE])|[0-9]{{1,3}}(?:\.[0-9]{{3}})+,[0-9]+){_POWER}"
)
_THOUSANDS_COMMA = re.compile(rf"{_SIGN}[1-9][0-9]{{0,2}}(?:(?:,[0-9]{{3}})+\.[0-9]*|(?:,[0-9]{{3}}){{2,}})")
_EITHER = re.compile(rf"{_SIGN}[1-9][0-9]{{0,2}},[0-9]{{3}}")  # 1,959
_THOUSANDS_POINT = re.compile(rf"{_SIGN}[1-9][0-9]{{0,2}}(?:\.[0-9]{{3}}){{2,}}")  # 1.234.567: with decimal commas only
_POINT_OF_EITHER = re.compile(rf"{_SIGN}[1-9][0-9]{{0,2}}\.[0-9]{{3}}")  # 1.959 in a table with decimal commas
_BELOW_THOUSAND = re.compile(rf"{_SIGN}[1-9][0-9]{{2}}")
_NOT_SEPARATED = re.compile(rf"{_SIGN}[1-9][0-9]{{3,}}")


class Typed(str):
    """The text of a number that a workbook holds as a number: it has no separators to be mistaken."""

    __slots__ = ()


class Commas(Enum):
    """What a comma is in a column: nothing there tells, it begins the decimals, or it separates thousands.

    POINTS: the points of the column may separate thousands themselves (1.959 beside 891, no other decimals).
    """

    UNKNOWN = "unknown"
    DECIMAL = "decimal"
    THOUSANDS = "thousands"
    BOTH = "both"
    POINTS = "points"


@dataclass(frozen=True, slots=True)
class NumberRead:
    """A finite number; or NaN with the rule that the text breaks and what to do. `either`: it could be two numbers."""

    value: float
    rule: str = ""
    remedy: str = ""
    either: bool = False


def plain_number(text: str) -> float | None:
    """A finite number written with a decimal point or none; None for anything else. A minus sign may be U+2212."""
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    value = float(text) if _PLAIN.fullmatch(text) else math.nan
    return value if math.isfinite(value) else None


def plain_numbers(text: str) -> FloatArray:
    """The numbers of a block of text, separated by blanks. Raises ValueError where anything in it is none.

    Infinities and NaN are given back as they are: whoever asks tells that they must be finite.
    """
    words = text.split()
    if not _ONLY_NUMBERS.fullmatch(text):
        for word in words:
            if not (_PLAIN.fullmatch(word) or _ENDLESS.fullmatch(word)):
                raise ValueError(f"{word[:40]!r} is not a number")
    return np.array(words, dtype=np.float64)


def whole_number(text: str) -> int | None:
    """A whole number of at most 18 digits, not negative; None for anything else."""
    return int(text) if _WHOLE.fullmatch(text) else None


def could_be_number(text: str) -> bool:
    """Whether `text` is a number, or one of two."""
    return any(with_point(text, commas) is not None for commas in (Commas.UNKNOWN, Commas.DECIMAL))


def commas_of(texts: Iterable[str]) -> Commas:
    """What the numbers among `texts` show: 0,5 or 12,25 can only be decimals, 1,234,567 or 1,959.5 only thousands.

    A decimal point elsewhere in the column (2.5) shows that its commas cannot begin decimals.
    """
    decimal = thousands = False
    for cell in texts:
        if isinstance(cell, Typed) or not ("," in cell or "." in cell):
            continue
        text = cell.strip().replace("\N{MINUS SIGN}", "-")
        if "," in text:
            decimal = decimal or _DECIMAL_COMMA.fullmatch(text) is not None
            thousands = thousands or _THOUSANDS_COMMA.fullmatch(text) is not None
        elif _THOUSANDS_POINT.fullmatch(text):
            decimal = True
        elif not _POINT_OF_EITHER.fullmatch(text):
            thousands = thousands or _PLAIN.fullmatch(text) is not None
    if decimal and thousands:
        return Commas.BOTH
    return Commas.DECIMAL if decimal else Commas.THOUSANDS if thousands else Commas.UNKNOWN


def marks_of(texts: Iterable[str]) -> Commas:
    """`commas_of` for columns that an instrument or a bench wrote: points may separate thousands there, too.

    They do, or may, where every number with a point has three digits behind it, and others are whole and below a
    thousand (1.959, 891): a column of decimals has other decimals, or none below a thousand without them.
    """
    cells = [text.strip() for text in texts if not isinstance(text, Typed)]
    found = commas_of(cells)
    pointed = any(_POINT_OF_EITHER.fullmatch(cell) for cell in cells)
    whole = any(_BELOW_THOUSAND.fullmatch(cell) for cell in cells)
    if found is Commas.UNKNOWN and pointed and whole and not any(_NOT_SEPARATED.fullmatch(cell) for cell in cells):
        return Commas.POINTS
    return found


def with_point(text: str, commas: Commas = Commas.UNKNOWN) -> str | None:
    """The digits of `text` with a decimal point, nothing between thousands; None where it is not clearly a number."""
    if isinstance(text, Typed):
        return str(text)
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    doubtful = commas in (Commas.DECIMAL, Commas.BOTH, Commas.POINTS) and _POINT_OF_EITHER.fullmatch(text)
    if _PLAIN.fullmatch(text) and not doubtful:
        return text
    if _DECIMAL_COMMA.fullmatch(text) or (commas is Commas.DECIMAL and _EITHER.fullmatch(text)):
        return text.replace(".", "").replace(",", ".")
    if _THOUSANDS_COMMA.fullmatch(text) or (commas is Commas.THOUSANDS and _EITHER.fullmatch(text)):
        return text.replace(",", "")
    return text.replace(".", "") if _THOUSANDS_POINT.fullmatch(text) else None


def read_number(text: str, commas: Commas = Commas.UNKNOWN) -> NumberRead:
    """The number that `text` writes where its commas are `commas`; NaN with rule and remedy for anything else."""
    plain = with_point(text, commas)
    if plain is None:
        return _no_number(text.strip().replace("\N{MINUS SIGN}", "-"))
    value = float(plain)
    if value == 0 or _LEAST <= abs(value) <= _MOST:
        return NumberRead(value)
    rule = f"must be 0, or between {_LEAST:g} and {_MOST:g} in size: nothing that is measured lies outside"
    return NumberRead(math.nan, rule, "correct the number, choose another unit, or write n/a where there is no value")


def _no_number(text: str) -> NumberRead:
    if _ENDLESS.fullmatch(text):
        return NumberRead(math.nan, "must be finite", "write n/a where there is no value")
    mark = "," if _EITHER.fullmatch(text) else "." if _POINT_OF_EITHER.fullmatch(text) else ""
    if mark:
        decimal, whole = text.replace(mark, "."), text.replace(mark, "")
        name = "comma" if mark == "," else "point"
        rule = f"must be one number: with a decimal {name} this is {decimal}, with a {name} between thousands {whole}"
        clear = decimal if mark == "," else f"{decimal}0"  # three digits behind a point are what is in doubt
        remedy = f"write {clear} or {whole}: a decimal point, and nothing between thousands, is always clear"
        return NumberRead(math.nan, rule, remedy, either=True)
    if re.fullmatch(r"[-+]?[0-9]+(?:[,.'\u2019\u00a0\u202f ][0-9]+)+", text):
        return NumberRead(math.nan, "must be a number", "use a decimal point, and nothing between thousands")
    return NumberRead(math.nan, "must be a number", "write a number, or n/a for missing")
