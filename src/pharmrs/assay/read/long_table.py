"""Long tables: one row per well with its reading; may carry the layout's columns too, or be a list of standards."""

from __future__ import annotations

import math
from pathlib import Path

from pharmrs.assay.read.blocks import WellBlock, as_array, plate_shape
from pharmrs.assay.read.cells import Sheet, missing_word, number
from pharmrs.assay.read.columns import header_places, plain_text
from pharmrs.assay.read.layout import SYNONYMS as LAYOUT_COLUMNS
from pharmrs.assay.read.layout import layout_wells
from pharmrs.assay.records.plate import Layout, LayoutWell, Plate, PlateExport, PlateRead, well_name, well_position
from pharmrs.core.read.problems import Problems

NAME = "long table"
_COLUMNS = {
    **LAYOUT_COLUMNS,
    "value": ("value", "od", "absorbance", "abs", "signal", "response", "reading", "rfu", "rlu", "fluorescence"),
    "wavelength": ("wavelength", "wavelength_nm", "nm"),
}
_COLUMNS_OF_A_PLATE = 12
_Readings = dict[tuple[str, float | None], WellBlock]


def recognises(_path: Path, sheets: tuple[Sheet, ...]) -> bool:
    """Whether a header names readings, and wells or concentrations."""
    return any(_places(sheet) is not None for sheet in sheets)


def _places(sheet: Sheet) -> tuple[int, dict[str, int]] | None:
    header = header_places(sheet, _COLUMNS)
    if header is None or "value" not in header[1] or not {"well", "nominal"} & set(header[1]):
        return None
    return header


def read(path: Path, sheets: tuple[Sheet, ...], problems: Problems) -> PlateExport:
    """The first sheet with such a header."""
    sheet = next(one for one in sheets if _places(one) is not None)
    header = _places(sheet)
    assert header is not None
    first, places = header
    if "well" not in places:
        return _standards(path, sheet, first, places, problems)
    readings: _Readings = {}
    for row in range(first + 1, len(sheet.rows)):
        if any(cell is not None for cell in sheet.rows[row]):
            _take(sheet, row, places, readings, problems, path.stem)
    layout = None
    if "role" in places:
        wells = layout_wells(sheet, problems, default_plate=path.stem) if "wavelength" not in places else []
        layout = Layout(source=str(path), wells=tuple(wells)) if wells else None
    return PlateExport(source=str(path), plates=_plates(path, readings), layout=layout)


def _take(
    sheet: Sheet, row: int, places: dict[str, int], readings: _Readings, problems: Problems, default_plate: str
) -> None:
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
    value, word = number(cell), missing_word(cell)
    if value is not None:
        block.values[name] = value
    elif word is not None or cell is None:
        block.missing[name] = word or "empty"
    else:
        problems.add(f"line {row + 1} (well {name})", "a well must hold a number", str(cell), "correct the cell")


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


def _standards(path: Path, sheet: Sheet, first: int, places: dict[str, int], problems: Problems) -> PlateExport:
    """A table of concentrations and responses without wells: standards, put into wells in their order."""
    block = WellBlock(first, first)
    wells: list[LayoutWell] = []
    for row in range(first + 1, len(sheet.rows)):
        if all(cell is None for cell in sheet.rows[row]):
            continue
        nominal, value = number(sheet.cell(row, places["nominal"])), number(sheet.cell(row, places["value"]))
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
    layout = Layout(source=str(path), wells=tuple(wells))
    return PlateExport(source=str(path), plates=_plates(path, {(path.stem, None): block}), layout=layout)
