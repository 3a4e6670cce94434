"""An empty layout of a 96-well plate: a table to fill in, and a page to print and take to the bench."""

from __future__ import annotations

from pathlib import Path

from pharmrs.assay.records.plate import well_name
from pharmrs.core.errors import InputError, input_problem
from pharmrs.core.files.atomic import write_text
from pharmrs.core.report.page import environment

COLUMNS = ("plate", "well", "role", "sample", "nominal", "dilution")
_ROWS, _WELL_COLUMNS = 8, 12


def layout_template() -> str:
    """The table with one line per well; lines left without role and sample are ignored when it is read."""
    lines = ["\t".join(COLUMNS)]
    lines += [f"plate-01\t{well_name(row, column)}\t\t\t\t" for row in range(_ROWS) for column in range(_WELL_COLUMNS)]
    return "\n".join(lines) + "\n"


def write_layout_template(folder: Path) -> tuple[Path, Path]:
    """Write `layout.tsv` and the printable `layout.html` into `folder`. An existing layout.tsv is never overwritten."""
    table, page = folder / "layout.tsv", folder / "layout.html"
    if table.exists():
        table = folder / "layout-template.tsv"
    letters = [well_name(row, 0)[0] for row in range(_ROWS)]
    text = environment().get_template("layout.html.j2").render(rows=letters, columns=range(1, _WELL_COLUMNS + 1))
    contents = {table: layout_template(), page: text}
    rule, remedy = "must not replace a file of somebody else, nor a template that was filled in", "move it elsewhere"
    if other := [path for path, content in contents.items() if path.exists() and path.read_bytes() != content.encode()]:
        raise InputError([input_problem(path, "out", rule, "it exists", remedy) for path in other])
    for path, content in contents.items():
        write_text(path, content)
    return table, page
