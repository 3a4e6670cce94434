"""Long tables: one row per well with its reading; may carry the layout's columns too, or be a list of standards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from pharmrs.assay.read.blocks import WellBlock, as_array, plate_shape
from pharmrs.assay.read.cells import Sheet, is_empty, missing_word, number, number_like
from pharmrs.assay.read.columns import TableHeader, header_places, plain_text
from pharmrs.assay.read.layout import SYNONYMS as LAYOUT_COLUMNS
from pharmrs.assay.read.layout import layout_of
from pharmrs.assay.records.plate import LayoutWell, Plate, PlateExport, PlateLayout, PlateRead, well_name, well_position
from pharmrs.core.read.numbers import Commas, marks_of, read_number
from pharmrs.core.read.problems import Problems

NAME = "long table"
_COLUMNS = {
    **LAYOUT_COLUMNS,
    "value": (
        "value",
        "od",
        "absorbance",
        "abs",
        "signal",
        "response",
        "reading",
        "rfu",
        "rlu",
        "fluorescence",
        "luminescence",
        "raw",
        "raw data",
        "od450",
        "od 450",
        "optical density",
        "result",
    ),
    "wavelength": ("wavelength", "wavelength nm", "nm", "measurement wavelength"),
}
_NEEDED = (frozenset({"well", "value"}), frozenset({"nominal", "value"}))
_COLUMNS_OF_A_PLATE = 12
_Readings = dict[tuple[str, float | None], WellBlock]


def recognises(_path: Path, sheets: tuple[Sheet, ...]) -> bool:
    """Whether a header names readings, and wells or concentrations."""
    return any(_head(sheet) is not None for sheet in sheets)


def _head(sheet: Sheet) -> TableHeader | None:
    head = header_places(sheet, _COLUMNS, _NEEDED)
    return head if head is not None and any(columns <= set(head.places) for columns in _NEEDED) else None


def read(path: Path, sheets: tuple[Sheet, ...], problems: Problems) -> PlateExport:
    """The first sheet with such a header."""
    sheet, head = next((one, head) for one in sheets if (head := _head(one)) is not None)
    rows = [row for row in range(head.row + 1, len(sheet.rows)) if not is_empty(sheet.rows[row])]
    commas = marks_of(sheet.cell(row, head.places["value"]) for row in rows)
    if "well" not in head.places:
        return _standards(path, sheet, head, rows, problems)
    readings: _Readings = {}
    for row in rows:
        _take(sheet, row, head, readings, problems, path.stem, commas)
    layout = None
    if "role" in head.places and "wavelength" not in head.places:
        found = layout_of(sheet, problems, path)
        layout = found if found.wells else None
    return PlateExport(source=str(path), plates=_plates(path, readings), layout=layout)


def _take(
    sheet: Sheet,
    row: int,
    head: TableHeader,
    readings: _Readings,
    problems: Problems,
    default_plate: str,
    commas: Commas,
) -> None:
    places = head.places
    plate = plain_text(sheet.cell(row, places["plate"])) if "plate" in places else ""
    well, cell = sheet.text(row, places["well"]), sheet.cell(row, places["value"])
    position = well_position(well)
    wavelength = number(sheet.cell(row, places["wavelength"])) if "wavelength" in places else None
    block = readings.setdefault((plate or default_plate, wavelength), WellBlock(row, row))
    if position is None:
        problems.add(f"line {row + 1}, well", "must name a well", well or "empty", "write a letter and a number: B7")
        return
    name = well_name(*position)
    if name in block.values or name in block.missing:
        problems.add(f"line {row + 1}, well", "each well once per read", name, "keep one row, or add `wavelength`")
    value, word = number(cell, commas), missing_word(cell)
    if value is not None:
        block.values[name] = value
    elif word is not None or not cell.strip():
        block.missing[name] = word or "empty"
    else:
        found = read_number(cell, commas)
        rule, remedy = ("a well must hold a number", "correct the cell")
        if number_like(cell):
            rule, remedy = found.rule, found.remedy
        problems.add(f"line {row + 1} (well {name})", rule, cell, remedy)


def _plates(path: Path, readings: _Readings) -> tuple[Plate, ...]:
    plates = []
    names = list(dict.fromkeys(plate for plate, _ in readings))
    for name in names:
        blocks = {wavelength: block for (plate, wavelength), block in readings.items() if plate == name}
        shape = plate_shape(list(blocks.values()))
        reads = [
            PlateRead(
                label=f"{wavelength:g} nm" if wavelength is not None else "reading",
                mode="",
                wavelength_nm=wavelength,
                values=as_array(block.values, shape),
                missing=block.missing,
            )
            for wavelength, block in blocks.items()
        ]
        known = [name] if len(names) > 1 else list(dict.fromkeys([name, path.stem]))
        plates.append(Plate(source=str(path), names=tuple(known), instrument=NAME, reads=tuple(reads)))
    return tuple(plates)


def _standards(path: Path, sheet: Sheet, head: TableHeader, rows: Sequence[int], problems: Problems) -> PlateExport:
    """A table of concentrations and responses without wells: standards, put into wells in their order."""
    block = WellBlock(head.row, head.row)
    wells: list[LayoutWell] = []
    places = head.places
    commas = {name: marks_of(sheet.cell(row, places[name]) for row in rows) for name in ("nominal", "value")}
    for row in rows:
        nominal, value = (number(sheet.cell(row, places[name]), commas[name]) for name in ("nominal", "value"))
        name = well_name(*divmod(len(wells), _COLUMNS_OF_A_PLATE))
        if nominal is None or value is None or not math.isfinite(nominal) or nominal < 0:
            found = f"{sheet.text(row, places['nominal'])}, {sheet.text(row, places['value'])}"
            problems.add(f"line {row + 1}", "concentration and reading must be numbers", found, "correct the line")
            continue
        block.values[name] = value
        wells.append(
            LayoutWell(
                plate=path.stem, well=name, role="standard", sample="", nominal=nominal, dilution=1.0, line=row + 1
            )
        )
    layout = PlateLayout(source=str(path), wells=tuple(wells), unit=head.units.get("nominal", ""))
    return PlateExport(source=str(path), plates=_plates(path, {(path.stem, None): block}), layout=layout)
