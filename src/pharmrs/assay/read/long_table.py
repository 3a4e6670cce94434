"""Long tables: one row per well with its reading; may carry the layout's columns too, or be a list of standards."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.assay.read.blocks import WellBlock, as_array, plate_shape
from pharmrs.assay.read.cells import Sheet, is_empty, missing_word, number, number_like
from pharmrs.assay.read.columns import TableHeader, header_places, plain, plain_text
from pharmrs.assay.read.grid import wavelength_in
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
_VALUE = re.compile(r"(?:od|abs|absorbance|a|e|raw|raw data|rfu|rlu|signal)? ?\(?\d{3}(?: ?nm)?\)?")
_Readings = dict[tuple[str, str, float | None], WellBlock]  # plate, label, wavelength


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
    if "well" not in head.places:
        return _standards(path, sheet, head, rows, problems)
    readings: _Readings = {}
    for column in _columns(sheet, head):
        commas = marks_of(sheet.cell(row, column.place) for row in rows)
        for row in rows:
            _take(sheet, row, head, column, readings, problems, path.stem, commas)
    layout = None
    if "role" in head.places and "wavelength" not in head.places:
        found = layout_of(sheet, problems, path)
        layout = found if found.wells else None
    return PlateExport(source=str(path), plates=_plates(path, readings), layout=layout)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of readings: where it stands, and what it is called where there are several."""

    place: int
    label: str


def _columns(sheet: Sheet, head: TableHeader) -> list[_Column]:
    """Every column that is called as readings are: `OD 450` and `OD 620` are two reads."""
    called = {
        place: text
        for place in range(len(sheet.rows[head.row]))
        if (text := sheet.text(head.row, place))
        and place not in [at for name, at in head.places.items() if name != "value"]
        and (place == head.places["value"] or _VALUE.fullmatch(plain(text)) or plain(text) in _COLUMNS["value"])
    }
    return [_Column(place, text if len(called) > 1 else "reading") for place, text in called.items()]


def _take(
    sheet: Sheet,
    row: int,
    head: TableHeader,
    column: _Column,
    readings: _Readings,
    problems: Problems,
    default_plate: str,
    commas: Commas,
) -> None:
    places = head.places
    plate = plain_text(sheet.cell(row, places["plate"])) if "plate" in places else ""
    well, cell = sheet.text(row, places["well"]), sheet.cell(row, column.place)
    position = well_position(well)
    wavelength = number(sheet.cell(row, places["wavelength"])) if "wavelength" in places else None
    wavelength = wavelength_in(column.label) if wavelength is None else wavelength
    block = readings.setdefault((plate or default_plate, column.label, wavelength), WellBlock(row, row))
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
    names = list(dict.fromkeys(plate for plate, _, _ in readings))
    for name in names:
        blocks = {(label, nm): block for (plate, label, nm), block in readings.items() if plate == name}
        shape = plate_shape(list(blocks.values()))
        reads = [
            PlateRead(
                label=label if label != "reading" or wavelength is None else f"{wavelength:g} nm",
                mode="",
                wavelength_nm=wavelength,
                values=as_array(block.values, shape),
                missing=block.missing,
            )
            for (label, wavelength), block in blocks.items()
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
    return PlateExport(source=str(path), plates=_plates(path, {(path.stem, "reading", None): block}), layout=layout)
