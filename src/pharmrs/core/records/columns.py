"""Columns declared where the row is: the fields of a row's record carry what each means; every form comes from them.

`core/report/tables.py` writes the table and its data dictionary from it, `core/report/view_tables.py` the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its definition, its unit (empty: none, text), and the meaning of coded values.

    `head`: above it on a page (empty: its name in words); `digits`: significant ones of a number on a page.
    """

    description: str
    units: str = ""
    levels: Mapping[str, str] = field(default_factory=dict)
    head: str = ""
    digits: int = 3


def column(
    description: str,
    units: str = "",
    levels: Mapping[str, str] | None = None,
    *,
    head: str = "",
    digits: int = 3,
    default: Any = MISSING,
) -> Any:
    """A field of a row's record that is a column of its table."""
    made: Any = field(default=default, metadata={"column": Column(description, units, levels or {}, head, digits)})
    return made


def columns_of(row: type) -> dict[str, Column]:
    """Name -> column of a row's record, in their order; fields without one are not in the table."""
    return {one.name: one.metadata["column"] for one in fields(row) if "column" in one.metadata}
