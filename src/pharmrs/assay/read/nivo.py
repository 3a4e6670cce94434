"""PerkinElmer VICTOR Nivo (csv, text, xlsx): a section per operation, its wells as a list or as a plate.

WELL RESULTS ... Plate,0 / Barcode,0 ... 1 OPERATION,ABS (F) / Well, / A1,0.059 ... PARAMETERS ... 1 OPERATION,ABS (F) /
EXCITATION FILTER,450/10nm. Some versions write the results and the parameters on sheets of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pharmrs.assay.read.blocks import WellBlock, as_array, plate_shape
from pharmrs.assay.read.cells import Sheet
from pharmrs.assay.read.find import find_blocks, find_lists
from pharmrs.assay.read.grid import LONGEST_NM, SHORTEST_NM, wavelength_in
from pharmrs.assay.records.plate import Plate, PlateExport, PlateRead
from pharmrs.core.read.problems import Problems

NAME = "PerkinElmer VICTOR Nivo"
_OPERATION = re.compile(r"(\d+) OPERATION", re.IGNORECASE)
_ENDS = re.compile(r"parameters|plate map|protocol comment|calculated\b.*", re.IGNORECASE)
_FILTER = re.compile(r"(\d{3,4})(?:/\d+)? ?(?:nm)?")
_LIGHT = ("emission filter", "excitation filter", "wavelength", "excitation wavelength", "emission wavelength")


def recognises(_path: Path, sheets: tuple[Sheet, ...]) -> bool:
    """Whether operations are numbered as this program does."""
    return any(_sections(sheet) for sheet in sheets)


def _sections(sheet: Sheet) -> list[tuple[str, str, Sheet]]:
    """Number, name and lines of each operation, results and parameters alike."""
    marks = [row for row in range(len(sheet.rows)) if _OPERATION.fullmatch(sheet.text(row, 0))]
    ends = [row for row in range(len(sheet.rows)) if _ENDS.fullmatch(sheet.text(row, 0))]
    found = []
    for start in marks:
        end = min((row for row in (*marks, *ends) if row > start), default=len(sheet.rows))
        section = Sheet(sheet.title, sheet.rows[start + 1 : end])
        found.append((sheet.text(start, 0).split()[0], sheet.text(start, 1), section))
    return found


def read(path: Path, sheets: tuple[Sheet, ...], problems: Problems) -> PlateExport:
    """One plate; every operation that read wells is a read."""
    sections = [one for sheet in sheets for one in _sections(sheet)]
    light = {number: nm for number, _, section in sections if (nm := _wavelength(section)) is not None}
    found: list[tuple[str, str, WellBlock]] = []
    for number, name, section in sections:
        blocks = [one for one in find_blocks(section, problems) or find_lists(section, problems) if not one.labels]
        if blocks and any(text.lower() in ("cycle", "time(s)") for row in section.rows for text in row):
            remedy = "export the end point"
            problems.add(f"operation {number}", "must be an end-point measurement", name, remedy)
        elif blocks:
            found += [(number, name, block) for block in blocks]
    if not found:
        return PlateExport(source=str(path), plates=())
    shape = plate_shape([block for _, _, block in found])
    barcode = next((value for value in _fields(sheets, "barcode") if value != "0"), "")
    reads = tuple(
        PlateRead(
            label=name or f"operation {number}", mode=name.split("(")[0].strip(),
            wavelength_nm=light.get(number, wavelength_in(name)), values=as_array(block.values, shape),
            missing=block.missing, doubt="" if block.title.lower() in ("", "well") else block.doubt,
        )
        for number, name, block in found
    )  # fmt: skip
    names = tuple(dict.fromkeys(one for one in (barcode, path.stem) if one))
    return PlateExport(
        source=str(path),
        plates=(Plate(source=str(path), names=names, instrument=NAME, reads=reads, plate_id=barcode),),
    )


def _wavelength(section: Sheet) -> float | None:
    """Of the light that is measured: behind a filter where there is one, else the only one."""
    stated = {section.text(row, 0).lower(): section.text(row, 1) for row in range(len(section.rows))}
    for name in _LIGHT:
        match = _FILTER.fullmatch(stated.get(name, ""))
        if match and SHORTEST_NM <= float(match[1]) <= LONGEST_NM:
            return float(match[1])
    return None


def _fields(sheets: tuple[Sheet, ...], name: str) -> Iterator[str]:
    for sheet in sheets:
        for row in range(len(sheet.rows)):
            if sheet.text(row, 0).lower() == name and sheet.text(row, 1):
                yield sheet.text(row, 1)
