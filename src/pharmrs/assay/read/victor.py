"""PerkinElmer VICTOR (Wallac 1420, X3): one row per plate, repeat and well, each measurement with its time before it.

Plate  Repeat  Well  Type  Time         Absorbance @ 450 (A)  Time  ...
1      1       A01   M     00:00:41.29  0.057                 ...
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pharmrs.assay.read.blocks import WellBlock, as_array, plate_shape, take_reading
from pharmrs.assay.read.cells import Sheet
from pharmrs.assay.read.grid import wavelength_in
from pharmrs.assay.records.plate import Plate, PlateExport, PlateRead, well_position
from pharmrs.core.read.numbers import marks_of
from pharmrs.core.read.problems import Problems

NAME = "PerkinElmer VICTOR"
_HEADS = ("plate", "repeat", "well", "type")
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class _Column:
    """A measurement: where it stands and what it is called."""

    place: int
    label: str


def recognises(_path: Path, sheets: tuple[Sheet, ...]) -> bool:
    """Whether a header names plate, repeat, well and type."""
    return any(_header(sheet) is not None for sheet in sheets)


def _header(sheet: Sheet) -> int | None:
    rows = range(min(len(sheet.rows), _LOOKED_AT))
    return next((row for row in rows if tuple(sheet.text(row, place).lower() for place in range(4)) == _HEADS), None)


def read(path: Path, sheets: tuple[Sheet, ...], problems: Problems) -> PlateExport:
    """Every plate of the list; several repeats are reads of their own."""
    sheet, head = next((one, row) for one in sheets if (row := _header(one)) is not None)
    columns = [
        _Column(place, text)
        for place in range(4, len(sheet.rows[head]))
        if (text := sheet.text(head, place)) and text.lower() != "time"
    ]
    lines = []
    for line in range(head + 1, len(sheet.rows)):
        if well_position(sheet.text(line, 2)) is None:
            break
        lines.append(line)
    repeats = list(dict.fromkeys(sheet.text(line, 1) for line in lines))
    plates = []
    names = list(dict.fromkeys(sheet.text(line, 0) for line in lines))
    for name in names:
        own = [line for line in lines if sheet.text(line, 0) == name]
        reads = []
        for repeat in repeats:
            here = [line for line in own if sheet.text(line, 1) == repeat]
            reads += [_read(sheet, here, column, repeat if len(repeats) > 1 else "", problems) for column in columns]
        known = (f"{path.stem}_{name}", f"{path.stem}/{name}", *((path.stem,) if len(names) == 1 else ()), name)
        plates.append(Plate(source=str(path), names=known, instrument=NAME, reads=tuple(reads)))
    return PlateExport(source=str(path), plates=tuple(plates))


def _read(sheet: Sheet, lines: list[int], column: _Column, repeat: str, problems: Problems) -> PlateRead:
    label = f"{column.label}, repeat {repeat}" if repeat else column.label
    block = WellBlock(lines[0], lines[-1], title=label, commas=marks_of(sheet.cell(at, column.place) for at in lines))
    for line in lines:
        take_reading(sheet, block, sheet.text(line, 2), line, column.place, block.commas)
    block.report_texts(sheet, problems)
    shape = plate_shape([block])
    return PlateRead(
        label=label, mode=column.label.split("@")[0].split("(")[0].strip(), wavelength_nm=wavelength_in(column.label),
        values=as_array(block.values, shape), missing=block.missing,
    )  # fmt: skip
