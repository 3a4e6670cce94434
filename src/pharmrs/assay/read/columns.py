"""Columns of tables that people write: found by name, read with every mistake told by line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pharmrs.assay.read.cells import Cell, Sheet, missing_word, number

_DILUTION = re.compile(r"1\s*[:/]\s*(\d+([.,]\d+)?)")


def header_places(sheet: Sheet, synonyms: Mapping[str, Sequence[str]]) -> tuple[int, dict[str, int]] | None:
    """The header row and the place of each known column; None for a sheet without rows."""
    for row, cells in enumerate(sheet.rows):
        texts = [cell.strip().lower() if isinstance(cell, str) else "" for cell in cells]
        if not any(texts):
            continue
        places: dict[str, int] = {}
        for name, words in synonyms.items():
            found = [place for place, text in enumerate(texts) if text in words]
            if found:
                places[name] = found[0]
        return row, places
    return None


def dilution_factor(cell: Cell) -> float | None:
    """`8`, `1:8` and `1/8` are the factor 8; empty is 1; None for what is no dilution of 1 or more."""
    if cell is None or missing_word(cell) == "empty":
        return 1.0
    match = _DILUTION.fullmatch(cell.strip()) if isinstance(cell, str) else None
    factor = number(match[1]) if match else number(cell)
    return factor if factor is not None and factor >= 1.0 else None


def plain_text(cell: Cell) -> str:
    """A cell as text: `n/a` and empty cells are empty, whole numbers have no decimals."""
    if cell is None or missing_word(cell) == "empty":
        return ""
    return f"{cell:g}" if isinstance(cell, float) else cell.strip()
