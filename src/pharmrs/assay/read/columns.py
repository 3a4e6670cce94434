"""Columns of tables that people write: headers as they word them, dilutions, concentrations with their unit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pharmrs.assay.read.cells import Sheet, missing_word
from pharmrs.core.read.numbers import Commas, NumberRead, Typed, could_be_number, marks_of, read_number

_LOOKED_AT = 100  # rows: what stands above a table
_DILUTION = re.compile(r"1\s*(?:[:/]|in\b|\+)\s*(\S+)", re.IGNORECASE)
_ADDED = re.compile(r"1\s*\+.*")  # one part, and so many added to it
_FOLD = re.compile(r"(\S+?)\s*(?:[x\xd7]|-?\s?fold|-?\s?fach)|[x\xd7]\s*(\S+)", re.IGNORECASE)
_UNDILUTED = ("undiluted", "neat", "unverdünnt", "pur", "none", "no")
_UNIT_OF_HEAD = re.compile(r"(.*?)\s*[(\[]\s*(?:in\s+)?([^()\[\]]*?)\s*[)\]]\s*")
_UNIT_OF_CELL = re.compile(r"([-+\d.,]+(?:[eE][-+]?\d+)?)\s*([A-Za-zµμ%][\w/µμ%.\s^-]*)")
_MADE_BY_EXCEL = re.compile(r"(?:\d{4}-\d\d-\d\d(?:T[\d:.]+)?|\d\d:\d\d:\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableHeader:
    """The header of a table: its row, the place of each known column, and units that stand in their names."""

    row: int
    places: Mapping[str, int]
    units: Mapping[str, str]


def header_places(
    sheet: Sheet, synonyms: Mapping[str, Sequence[str]], needed: Sequence[frozenset[str]] = ()
) -> TableHeader | None:
    """The first row that has the columns of one of `needed`, else the first that holds anything; None without rows.

    Capitals, blanks, underscores and hyphens do not matter; a unit in brackets is taken off: `Concentration (pg/mL)`.
    """
    first: TableHeader | None = None
    for row in range(min(len(sheet.rows), _LOOKED_AT)):
        texts = [sheet.text(row, place) for place in range(len(sheet.rows[row]))]
        if not any(texts):
            continue
        split = [_split(text) for text in texts]
        places: dict[str, int] = {}
        for name, words in synonyms.items():
            wanted = {plain(word) for word in words}
            found = [place for place, (text, _) in enumerate(split) if text in wanted]
            if found:
                places[name] = found[0]
        units = {name: split[place][1] for name, place in places.items() if split[place][1]}
        head = TableHeader(row=row, places=places, units=units)
        if any(columns <= set(places) for columns in needed):
            return head
        first = first or head
    return first


def _split(text: str) -> tuple[str, str]:
    match = _UNIT_OF_HEAD.fullmatch(text)
    return (plain(match[1]), match[2]) if match and match[1] else (plain(text), "")


def plain(text: str) -> str:
    """A name without what people write differently."""
    return re.sub(r"[\s_\-.]+", " ", text).strip().lower()


def dilution_factor(cell: str, commas: Commas) -> NumberRead:
    """`8`, `1:8`, `1/8`, `1 in 8`, `1+7`, `8x`, `8-fold` are the factor 8; empty is 1; else what is wrong."""
    text = cell.strip()
    if not text or missing_word(text) == "empty" or text.lower() in _UNDILUTED:
        return NumberRead(1.0)
    if made_by_excel(cell):
        remedy = "format the column as text and write it again, e.g. 8 or '1:8"
        return NumberRead(float("nan"), "must be a factor: a spreadsheet made a date or time of it", remedy)
    digits = _dilution_digits(text)
    found = read_number(cell if digits == text else digits, commas)
    if found.either:
        return found
    if not found.rule and _ADDED.fullmatch(text):
        return NumberRead(1.0 + found.value)
    if found.rule or not found.value >= 1.0:
        return NumberRead(float("nan"), "must be a factor of 1 or more", "write 8 or 1:8 for one part in eight")
    return found


def dilution_commas(texts: Sequence[str]) -> Commas:
    """What the commas of a column of dilutions are: 1:12,5 tells as 12,5 does.

    Without any that tells, 1:1.000 is more often a thousand than it is one: it is asked about.
    """
    found = marks_of([text if isinstance(text, Typed) else _dilution_digits(text.strip()) for text in texts])
    return Commas.POINTS if found is Commas.UNKNOWN else found


def _dilution_digits(text: str) -> str:
    """The number of a dilution as it stands, without what says that it is one."""
    if match := _DILUTION.fullmatch(text):
        return match[1]
    match = _FOLD.fullmatch(text)
    return (match[1] or match[2]) if match else text


def made_by_excel(cell: str) -> bool:
    """Whether this is what a spreadsheet makes of 1:8 or of MAR-1."""
    return _MADE_BY_EXCEL.fullmatch(cell.strip()) is not None


def concentration(cell: str, commas: Commas) -> tuple[NumberRead, str]:
    """A number and the unit that stands behind it, empty without: `1000 pg/mL`."""
    match = _UNIT_OF_CELL.fullmatch(cell.strip())
    if match is None or missing_word(cell) is not None or could_be_number(cell):  # 1.5e3 has no unit "e3"
        return read_number(cell, commas), ""
    return read_number(match[1], commas), " ".join(match[2].split())


def concentration_text(cell: str) -> str:
    """The number of a concentration as it stands, without its unit."""
    match = _UNIT_OF_CELL.fullmatch(cell.strip())
    return match[1] if match else cell


def same_unit(unit: str) -> str:
    """A unit without what people write differently: `pg/ml` and `pg/mL` are one, both signs for micro too."""
    return (
        re.sub(r"\s+", "", unit)
        .replace("\N{GREEK SMALL LETTER MU}", "\N{MICRO SIGN}")
        .lower()
        .replace("\N{MICRO SIGN}", "u")
    )


def plain_text(cell: str) -> str:
    """A cell as text, exactly as it stands; `n/a` and empty cells are empty."""
    return "" if missing_word(cell) == "empty" else cell.strip()
