"""Tables with the labels of their data dictionaries, as Stata and R take them."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pharmrs.core.files.places import distinct

_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|inf)")
_IDENTIFIERS = frozenset({
    "scan", "subject", "session", "participant_id", "session_id", "sample", "plate", "well", "gel", "lane", "marker",
})  # fmt: skip
_STATA_NAME, _STATA_LABEL = 32, 80
_STATA_WORDS = frozenset({
    "aggregate", "array", "boolean", "break", "byte", "case", "catch", "class", "colvector", "complex", "const",
    "continue", "default", "delegate", "delete", "do", "double", "else", "eltypedef", "end", "enum", "explicit",
    "export", "external", "float", "for", "friend", "function", "global", "goto", "if", "in", "inline", "int", "local",
    "long", "null", "pragma", "protected", "quad", "rowvector", "short", "static", "strL", "string", "struct", "super",
    "switch", "template", "this", "throw", "transmorphic", "try", "typedef", "typename", "union", "using", "vector",
    "version", "virtual", "void", "volatile", "while", "with",
})  # fmt: skip
_UNDATED = datetime.datetime(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledTable:
    """`cells`: text of each column, empty where missing; `labels`: what a column means, with its unit; `measured`: the
    columns that have a unit.
    """

    name: str
    cells: Mapping[str, Sequence[str]]
    labels: Mapping[str, str]
    measured: frozenset[str] = frozenset()

    def kind(self, column: str) -> str:
        """`number`, `yes_no` or `text`. A label of a person or scan is text though it may look like a number."""
        there = [cell for cell in self.cells[column] if cell]
        if column in _IDENTIFIERS or not (there or column in self.measured):
            return "text"
        if there and all(cell in ("yes", "no") for cell in there):
            return "yes_no"
        return "number" if all(_NUMBER.fullmatch(cell) for cell in there) else "text"


def stata_bytes(table: LabelledTable) -> tuple[bytes, int]:
    """The table as .dta (Stata 14 and later), and how many infinite values became missing: Stata has none."""
    import pandas as pd

    names = _stata_names(tuple(table.cells))
    columns: dict[str, Any] = {}
    infinite, yes_no = 0, dict[Any, dict[float, str]]()
    for column, cells in table.cells.items():
        kind, name = table.kind(column), names[column]
        if kind == "text":
            columns[name] = list(cells)
        elif kind == "yes_no":
            columns[name] = [float(cell == "yes") if cell else None for cell in cells]
            yes_no[name] = {0.0: "no", 1.0: "yes"}
        else:
            infinite += sum("inf" in cell for cell in cells)
            columns[name] = [float(cell) if cell and "inf" not in cell else None for cell in cells]
    frame = pd.DataFrame({
        name: pd.Series(values, dtype="object" if table.kind(column) == "text" else "float64")
        for (column, name), values in zip(names.items(), columns.values(), strict=True)
    })  # fmt: skip
    stream = io.BytesIO()
    frame.to_stata(
        stream, write_index=False, version=118, time_stamp=_UNDATED, data_label=table.name[:_STATA_LABEL],
        variable_labels={names[column]: _cut(label) for column, label in table.labels.items() if column in names},
        value_labels=yes_no,
    )  # fmt: skip
    return stream.getvalue(), infinite


def _stata_names(columns: Sequence[str]) -> dict[str, str]:
    """Column -> a name that Stata takes: 32 letters, digits and `_`, no word of its own, no two the same."""
    return distinct(columns, _stata_word, lambda plain, n: f"{plain[: _STATA_NAME - len(str(n)) - 1]}_{n}")


def _stata_word(column: str) -> str:
    plain = re.sub(r"\W", "_", column, flags=re.ASCII)
    return (f"_{plain}" if not plain or plain[0].isdigit() or plain in _STATA_WORDS else plain)[:_STATA_NAME]


def _cut(label: str) -> str:
    """The label at Stata's length, cut between words."""
    if len(label) <= _STATA_LABEL:
        return label
    return label[: _STATA_LABEL - 3].rsplit(" ", 1)[0] + "..."


_R_HEAD = """# Tables of pharmrs with their labels: setwd("this folder"); source("tables.R"); str(pharmrs$metabolites)
# Missing cells are NA; yes/no is logical; what names a person or a scan stays text ("01" is not 1).
pharmrs <- list()
read_table <- function(name, classes, labels) {
  table <- read.delim(paste0(name, ".tsv"), na.strings = "n/a", colClasses = "character", quote = "",
                      comment.char = "", check.names = FALSE, encoding = "UTF-8")
  for (column in names(classes)) {
    if (classes[[column]] == "number") table[[column]] <- as.numeric(table[[column]])
    if (classes[[column]] == "yes_no") table[[column]] <- table[[column]] == "yes"
    if (column %in% names(labels)) attr(table[[column]], "label") <- labels[[column]]
  }
  table
}
"""


def r_tables(tables: Sequence[LabelledTable]) -> str:
    """An R script that reads the tables of its folder, with the class and the label of every column."""
    lines = [_R_HEAD]
    for table in tables:
        kinds = ", ".join(f"{_r(column)} = {_r(table.kind(column))}" for column in table.cells)
        labels = ",\n  ".join(f"{_r(column)} = {_r(label)}" for column, label in table.labels.items() if label)
        name = _r(table.name)
        lines.append(f"pharmrs[[{name}]] <- read_table({name}, c({kinds}), list(\n  {labels}))\n")
    return "\n".join(lines)


def _r(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
