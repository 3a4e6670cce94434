"""Thermo Multiskan (Spectrum, Ascent) text: bare rows of readings below `Plate:1 - Wavelength:450`."""

from __future__ import annotations

import re
from pathlib import Path

from pharmrs.assay.read.blocks import WellBlock, as_array, plate_shape, take_reading
from pharmrs.assay.read.cells import Sheet, is_empty, missing_word, number
from pharmrs.assay.records.plate import Plate, PlateExport, PlateRead, well_name
from pharmrs.core.read.numbers import marks_of
from pharmrs.core.read.problems import Problems

NAME = "Thermo Multiskan"
_HEAD = re.compile(r"Plate:\s*(\S+)\s*-\s*Wavelength:\s*(\d{3,4})(?:[.,]0+)?(?:\s*nm)?", re.IGNORECASE)
_ITERATION = re.compile(r"Iteration:\s*(\d+)", re.IGNORECASE)


def recognises(_path: Path, sheets: tuple[Sheet, ...]) -> bool:
    """Whether a line names a plate and its wavelength as this program does."""
    return any(_HEAD.search(sheet.row_text(row)) for sheet in sheets for row in range(len(sheet.rows)))


def read(path: Path, sheets: tuple[Sheet, ...], problems: Problems) -> PlateExport:
    """Every plate; wavelengths and iterations are its reads."""
    sheet = next(one for one in sheets if recognises(path, (one,)))
    found: dict[str, list[tuple[float, str, WellBlock]]] = {}
    plate, wavelength, iteration, row = "", 0.0, "", 0
    while row < len(sheet.rows):
        text = sheet.row_text(row)
        if head := _HEAD.search(text):
            plate, wavelength, iteration = head[1], float(head[2]), ""
        elif again := _ITERATION.search(text):
            iteration = again[1]
        elif plate and (block := _block(sheet, row)) is not None:
            block.report_texts(sheet, problems)
            found.setdefault(plate, []).append((wavelength, iteration, block))
            row = block.last
        row += 1
    return PlateExport(
        source=str(path), plates=tuple(_plate(path, name, len(found) == 1, reads) for name, reads in found.items())
    )


def _block(sheet: Sheet, row: int) -> WellBlock | None:
    """The rows of readings that begin here; the first column is empty or the first of the plate."""
    left = 0 if sheet.text(row, 0) else 1
    if number(sheet.cell(row, left), marks_of(sheet.rows[row])) is None and missing_word(sheet.cell(row, left)) is None:
        return None
    last = row
    while last + 1 < len(sheet.rows) and not is_empty(sheet.rows[last + 1]):
        last += 1
    lines = range(row, last + 1)
    block = WellBlock(row, last, commas=marks_of(cell for line in lines for cell in sheet.rows[line]))
    for line in lines:
        for place in range(left, len(sheet.rows[line])):
            take_reading(sheet, block, well_name(line - row, place - left), line, place, block.commas)
    return block


def _plate(path: Path, name: str, alone: bool, reads: list[tuple[float, str, WellBlock]]) -> Plate:
    shape = plate_shape([block for _, _, block in reads])
    several = len({iteration for _, iteration, _ in reads}) > 1
    return Plate(
        source=str(path),
        names=(f"{path.stem}_{name}", f"{path.stem}/{name}", *((path.stem,) if alone else ()), name),
        instrument=NAME,
        reads=tuple(
            PlateRead(
                label=f"{wavelength:g} nm" + (f", iteration {iteration}" if several else ""), mode="Absorbance",
                wavelength_nm=wavelength, values=as_array(block.values, shape), missing=block.missing,
            )
            for wavelength, iteration, block in reads
        ),
    )  # fmt: skip
