"""Tecan i-control and SparkControl workbooks: one sheet per plate, one block per label, single or multiple reads."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from pharmrs.assay.read.blocks import WellBlock, as_array, plate_shape
from pharmrs.assay.read.cells import Sheet, number
from pharmrs.assay.read.find import find_blocks
from pharmrs.assay.records.plate import Plate, PlateExport, PlateRead
from pharmrs.core.read.problems import Problems

NAME = "Tecan i-control"
_HEADER_ROWS = 12
_PROGRAMS = ("i-control", "sparkcontrol")
_WAVELENGTHS = ("measurement wavelength", "emission wavelength")
_TEMPERATURE = re.compile(r"Temperature:\s*([\d.,]+)\s*°C")


_FORMATS = (
    ("%m/%d/%Y %I:%M:%S %p", r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M"),  # only American clocks say AM and PM
    ("%d.%m.%Y %H:%M:%S", r"\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d\d:\d\d"),
    ("%Y-%m-%d %H:%M:%S", r"\d{4}-\d\d-\d\d \d{1,2}:\d\d:\d\d"),
    ("%Y-%m-%d %I:%M:%S %p", r"\d{4}-\d\d-\d\d \d{1,2}:\d\d:\d\d [AP]M"),
)


def iso_date(text: str) -> str:
    """`2022-01-31T10:00:00`, or empty where day and month cannot be told apart (31/01/2022 has no AM or PM)."""
    tidy = re.sub(r"T00:00:00(?= )", "", " ".join(text.split())).replace("T", " ").upper()
    for form, pattern in _FORMATS:
        if re.fullmatch(pattern, tidy):
            try:
                return datetime.strptime(tidy, form).isoformat()
            except ValueError:
                return ""
    return ""


def recognises(_path: Path, sheets: tuple[Sheet, ...]) -> bool:
    """Whether any sheet begins as i-control's do."""
    return any(_is_export(sheet) for sheet in sheets)


def _is_export(sheet: Sheet) -> bool:
    cells = (sheet.text(row, column) for row in range(_HEADER_ROWS) for column in (0, 4))
    return any(program in cell.lower() for cell in cells for program in _PROGRAMS)


def read(path: Path, sheets: tuple[Sheet, ...], problems: Problems) -> PlateExport:
    """Every sheet that holds a measurement."""
    exports = [sheet for sheet in sheets if _is_export(sheet)]
    plates = [_plate(path, sheet, len(exports) == 1, problems) for sheet in exports]
    return PlateExport(source=str(path), plates=tuple(plate for plate in plates if plate is not None))


def _plate(path: Path, sheet: Sheet, alone: bool, problems: Problems) -> Plate | None:
    blocks = find_blocks(sheet, problems)
    if any(sheet.text(row, 0).lower().startswith(("cycle nr", "cycles / well")) for row in range(len(sheet.rows))):
        problems.add(
            f"sheet {sheet.title}", "must be an end-point measurement", "kinetic cycles", "export the end point"
        )
        return None
    if not blocks:
        problems.add(f"sheet {sheet.title}", "must hold a plate", "no table of wells", "export the plate again")
        return None
    header = _fields(sheet, 0, _first_label(sheet, blocks[0]))
    shape = plate_shape(blocks, header.get("Plate", ""))
    reads = []
    start = _first_label(sheet, blocks[0])
    for count, block in enumerate(blocks, start=1):
        reads.append(_read(sheet, start, block, count, shape))
        start = block.last + 1
    stated = header.get("Plate-ID (Stacker)", "") or header.get("Plate ID", "")
    names = [stated, f"{path.stem}_{sheet.title}", f"{path.stem}/{sheet.title}", *([path.stem] if alone else [])]
    names += [sheet.title]
    tail = _fields(sheet, blocks[-1].last + 1, len(sheet.rows))
    return Plate(
        source=str(path),
        names=tuple(dict.fromkeys(name for name in names if name)),
        instrument=" ".join([_program(header), header.get("Device", "").split(" Serial number")[0]]).strip(),
        reads=tuple(reads),
        plate_id=stated,
        measured=iso_date(reads[0].settings.get("Start Time", ""))
        or iso_date(f"{header.get('Date', '')} {header.get('Time', '')}"),
        settings=header | tail,
    )


def _program(header: dict[str, str]) -> str:
    return "Tecan SparkControl" if "spark" in header.get("Application", "").lower() else NAME


def _first_label(sheet: Sheet, block: WellBlock) -> int:
    """The row in which the fields of the first read begin: `Label: Label1` (i-control) or `Mode` (SparkControl)."""
    rows = range(block.first)
    starts = (row for row in rows if sheet.text(row, 0).startswith("Label:") or sheet.text(row, 0) == "Mode")
    return next(starts, block.first)


def _read(sheet: Sheet, start: int, block: WellBlock, count: int, shape: tuple[int, int]) -> PlateRead:
    fields = _fields(sheet, start, block.first)
    label = fields.pop("Label", "") or fields.get("Name", "") or f"Label{count}"
    stated = (value for name in _WAVELENGTHS for key, value in fields.items() if key.lower().startswith(name))
    wavelength = next((value for value in stated if value), "")
    return PlateRead(
        label=label,
        mode=fields.get("Mode", ""),
        wavelength_nm=number(wavelength.split()[0]) if wavelength else None,
        values=as_array(block.values, shape),
        missing=block.missing,
        sd=as_array(block.sd, shape) if block.sd else None,
        settings=fields,
    )


def _fields(sheet: Sheet, first: int, last: int) -> dict[str, str]:
    """Fields of the rows: `Key: value` in one cell or `Key` in the first cell and its value in those that follow."""
    fields: dict[str, str] = {}
    for row in range(first, min(last, len(sheet.rows))):
        texts = [text for place in range(len(sheet.rows[row])) if (text := sheet.text(row, place))]
        temperature = next((match for text in texts if (match := _TEMPERATURE.fullmatch(text))), None)
        if temperature:
            fields["Temperature"] = f"{temperature[1]} °C"
        elif texts and ":" in texts[0] and not texts[0].endswith(":"):
            key, value = texts[0].split(":", 1)
            fields[key.strip()] = " ".join([value.strip(), *texts[1:]]).strip()
        elif texts and sheet.text(row, 0):
            fields[texts[0].rstrip(":")] = " ".join(texts[1:])
        elif texts:
            fields[f"row {row + 1}"] = " ".join(texts)
    return fields
