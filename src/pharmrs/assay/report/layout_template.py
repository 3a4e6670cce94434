"""An empty layout, of an export or of 96 wells: a table to fill in, and a page to print and take to the bench."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pharmrs.assay.records.plate import Plate, well_name
from pharmrs.core.errors import InputError, input_problem
from pharmrs.core.files.atomic import write_text
from pharmrs.core.report.page import environment

COLUMNS = ("plate", "well", "role", "sample", "nominal", "dilution")
_ROWS, _WELL_COLUMNS = 8, 12


def layout_template(plates: Sequence[Plate] = ()) -> str:
    """The table with one line per well that was read, under the plate's name; of no plates for one of 96 wells.

    Lines left without role and sample are ignored when it is read.
    """
    wells = [(plate.names[0], *well) for plate in plates for well in _read_wells(plate)]
    wells = wells or [("plate-01", row, column) for row in range(_ROWS) for column in range(_WELL_COLUMNS)]
    lines = ["\t".join(COLUMNS), *(f"{name}\t{well_name(row, column)}\t\t\t\t" for name, row, column in wells)]
    return "\n".join(lines) + "\n"


def _read_wells(plate: Plate) -> Iterator[tuple[int, int]]:
    """Row and column of every well that has a reading."""
    known = np.any([np.isfinite(read.values) for read in plate.reads], axis=0)
    for row, column in np.argwhere(known):
        yield int(row), int(column)


def write_layout_template(folder: Path, plates: Sequence[Plate] = ()) -> tuple[Path, Path]:
    """Write `layout.tsv` and the printable `layout.html` into `folder`. An existing layout.tsv is never overwritten."""
    table, page = folder / "layout.tsv", folder / "layout.html"
    if table.exists():
        table = folder / "layout-template.tsv"
    letters = [well_name(row, 0)[0] for row in range(_ROWS)]
    text = environment().get_template("layout.html.j2").render(rows=letters, columns=range(1, _WELL_COLUMNS + 1))
    contents = {table: layout_template(plates), page: text}
    rule, remedy = "must not replace a file of somebody else, nor a template that was filled in", "move it elsewhere"
    if other := [path for path, content in contents.items() if path.exists() and path.read_bytes() != content.encode()]:
        raise InputError([input_problem(path, "out", rule, "it exists", remedy) for path in other])
    for path, content in contents.items():
        write_text(path, content)
    return table, page
