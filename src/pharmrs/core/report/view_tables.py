"""Cells and tables as the page shows them: text, and what a column is sorted by."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pharmrs.core.records.columns import Column, columns_of
from pharmrs.core.report.numbers import MISSING, number_text

_SENTENCE = 40  # letters; longer texts want a column that is wide enough to read


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell: its text, the number it is sorted by (empty: by text), a link inside the page, and a tone."""

    text: str
    order: str = ""
    href: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """A table with its caption; the first column heads the rows. `ordered`: cells tell the number behind their text."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[CellView, ...], ...]
    sortable: bool = False
    ordered: bool = True
    groups: tuple[tuple[str, int], ...] = ()

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers: they end on the right, and what is missing in them too."""
        return tuple(any(row[place].order for row in self.rows) for place in range(len(self.columns)))

    @property
    def wordy(self) -> tuple[bool, ...]:
        """Which columns hold sentences, which need room."""
        return tuple(
            any(len(row[place].text) > _SENTENCE and not row[place].order for row in self.rows)
            for place in range(len(self.columns))
        )


def number_cell(value: float | None, digits: int = 3, tone: str = "") -> CellView:
    """A number with the given significant digits, sorted by its exact value."""
    known = value is not None and not math.isnan(value)
    return CellView(
        number_text(value, digits), order=repr(float(value)) if known and value is not None else "", tone=tone
    )


def count_cell(value: int) -> CellView:
    """A count."""
    return CellView(str(value), order=str(value))


def view_of(caption: str, row: type, rows: Iterable[object], *, sortable: bool = False) -> TableView:
    """The table of records of the class `row` on a page; heads and digits come from the columns of its fields."""
    columns = columns_of(row)
    heads = tuple(
        (column.head or name.replace("_", " ").capitalize())
        + (f" ({column.units})" if column.units not in ("", "1") else "")
        for name, column in columns.items()
    )
    cells = tuple(tuple(_cell(getattr(one, name), column) for name, column in columns.items()) for one in rows)
    return TableView(caption=caption, columns=heads, rows=cells, sortable=sortable)


def _cell(value: object, column: Column) -> CellView:
    if isinstance(value, bool):
        return CellView("yes" if value else "no")
    if value is None or isinstance(value, str):
        return CellView(value or MISSING)
    if isinstance(value, int):
        return count_cell(value)
    return number_cell(float(value), column.digits)  # type: ignore[arg-type]
