"""Which reader understands an export: each format recognises its own, the first that does reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pharmrs.assay.read import grid, long_table, multiskan, tecan_icontrol, tecan_sunrise, vendors, victor
from pharmrs.assay.read.cells import Sheet, read_sheets
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
    Reader(multiskan.NAME, multiskan.recognises, multiskan.read),
    Reader(vendors.NAME, vendors.recognises, vendors.read),
    Reader(grid.NAME, grid.recognises, grid.read),
    Reader(long_table.NAME, long_table.recognises, long_table.read),
)
SUFFIXES = (".xlsx", ".xls", ".csv", ".tsv", ".txt", ".asc")


def read_export(path: Path, warn: Callable[[InputProblem], None] = lambda _problem: None) -> PlateExport:
    """Read an export in any known format. Raises InputError with every problem found; warnings go to `warn`."""
    problems = Problems(str(path))
    sheets = read_sheets(path, problems)
    problems.raise_errors()
    reader = next((one for one in READERS if one.recognises(path, sheets)), None)
    if reader is None:
        found = " ".join(text for sheet in sheets for row in sheet.rows[:3] for text in row if text.strip())
        names = "Tecan, Gen5, SoftMax Pro, SkanIt, Multiskan, MARS, VICTOR, EnVision, Kaleido, grids, long tables"
        remedy = "export as a plain grid (rows A-H, columns 1-12) or as a long table with the columns well and value"
        problems.add("format", f"must be a known export ({names})", found or "no text", remedy)
        problems.raise_errors()
        raise AssertionError("an unknown format must come with a problem")
    export = reader.read(path, sheets, problems)
    if not export.plates and not problems.found:
        problems.add("file", "must hold a plate", "none found", "export the plate again")
    problems.raise_errors(warn)
    return export
