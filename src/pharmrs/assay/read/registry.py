"""Which reader understands an export: each format recognises its own, the first that does reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pharmrs.assay.read import (
    grid,
    long_table,
    multiskan,
    nivo,
    tecan_icontrol,
    tecan_sunrise,
    vendors,
    victor,
    well_list,
)
from pharmrs.assay.read.cells import Sheet, read_sheets
from pharmrs.assay.read.pointed import grids_of_numbers, is_range, read_cells
from pharmrs.assay.records.plate import PlateExport
from pharmrs.core.errors import InputProblem
from pharmrs.core.read.problems import Problems


@dataclass(frozen=True, slots=True)
class Reader:
    """One format: its name, whether a file is in it, and what reads it (problems are collected)."""

    name: str
    recognises: Callable[[Path, tuple[Sheet, ...]], bool]
    read: Callable[[Path, tuple[Sheet, ...], Problems], PlateExport]


# Formats with words of their own come before plain grids, which many of them contain.
READERS: tuple[Reader, ...] = (
    Reader(tecan_icontrol.NAME, tecan_icontrol.recognises, tecan_icontrol.read),
    Reader(tecan_sunrise.NAME, tecan_sunrise.recognises, tecan_sunrise.read),
    Reader(victor.NAME, victor.recognises, victor.read),
    Reader(nivo.NAME, nivo.recognises, nivo.read),
    Reader(multiskan.NAME, multiskan.recognises, multiskan.read),
    Reader(vendors.NAME, vendors.recognises, vendors.read),
    Reader(grid.NAME, grid.recognises, grid.read),
    Reader(long_table.NAME, long_table.recognises, long_table.read),
    Reader(well_list.NAME, well_list.recognises, well_list.read),
)
SUFFIXES = (".xlsx", ".xls", ".csv", ".tsv", ".txt", ".asc")


def read_export(
    path: Path, warn: Callable[[InputProblem], None] = lambda _problem: None, asked: str = ""
) -> PlateExport:
    """Read an export in any known format. Raises InputError with every problem found; warnings go to `warn`.

    `asked`: the read that the user names; where it names cells (`Sheet1!B15:M22`), these are the plate.
    """
    problems = Problems(str(path))
    sheets = read_sheets(path, problems)
    problems.raise_errors()
    if is_range(asked):
        export = read_cells(path, sheets, asked, problems)
    elif (reader := next((one for one in READERS if one.recognises(path, sheets)), None)) is None:
        _add_unknown(sheets, problems)
        problems.raise_errors()
        raise AssertionError("an unknown format must come with a problem")
    else:
        export = reader.read(path, sheets, problems)
    if not export.plates and not problems.found:
        problems.add("file", "must hold a plate", "none found", "export the plate again")
    problems.raise_errors(warn)
    return export


def _add_unknown(sheets: tuple[Sheet, ...], problems: Problems) -> None:
    """No reader knows the file: what numbers it holds, and how to point at those of the plate."""
    names = "Tecan, Gen5, SoftMax Pro, SkanIt, Multiskan, MARS, VICTOR, EnVision, Kaleido, grids, lists, long tables"
    rule = f"must be a known export ({names})"
    if grids := grids_of_numbers(sheets):
        remedy = "point at the readings, well A1 to the last: --read CELLS, as in this list (assay.read in study.yaml)"
        problems.add("format", rule, f"numbers in {'; '.join(grids)}", remedy)
        return
    found = " ".join(text for sheet in sheets for row in sheet.rows[:3] for text in row if text.strip())
    remedy = "export as a plain grid (rows A-H, columns 1-12) or as a long table with the columns well and value"
    problems.add("format", rule, found or "no text", remedy)
