"""Writes a plate as Tecan i-control exports it (xlsx): header lines, one block per label, then the end time.

The layout follows real exports of an Infinite 200 (two labels: signal and reference wavelength); values are stored with
the float32 dust of the instrument, and a value above the reader's range is the word OVER.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from pharmrs.records.arrays import FloatArray
from pharmrs.report.atomic import write_bytes
from pharmrs.simulate.plates import PlateReading

_READER_MAXIMUM = 4.0
_STAMP = "1/1/1924 10:{minute:02d}:00 AM"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # earliest time a zip archive can hold: the same plate gives the same bytes


def write_tecan_export(path: Path, reading: PlateReading) -> None:
    """Write `reading` as an i-control workbook, whole or not at all; the same reading gives the same bytes."""
    from openpyxl import Workbook

    book = Workbook()
    sheet: Any = book.active
    sheet.title = "Sheet2"
    for line, cells in _header(reading.plate):
        for column, value in cells.items():
            sheet[f"{column}{line}"] = value
    line = 15
    for number, (wavelength, values) in enumerate(reading.reads.items()):
        line = _block(sheet, line, number, wavelength, values)
    sheet[f"A{line + 3}"], sheet[f"B{line + 3}"] = "End Time:", _STAMP.format(minute=5)
    book.create_sheet("Sheet1")
    book.properties.created = book.properties.modified = datetime(*_EPOCH, tzinfo=UTC).replace(tzinfo=None)
    stream = io.BytesIO()
    book.save(stream)
    write_bytes(path, _without_times(stream.getvalue()))


def _header(plate: str) -> list[tuple[int, dict[str, object]]]:
    return [
        (1, {"A": "Application: Tecan i-control", "E": "Tecan i-control , 2.0.10.0"}),
        (2, {"A": "Device: infinite 200Pro", "E": "Serial number: 0", "I": "Serial number of connected stacker:"}),
        (3, {"A": "Firmware: V_3.40_01/15_Infinite (Dec 23 2014/12.45.11)", "E": "MAI, simulated by pharmrs"}),
        (5, {"A": "Date:", "B": "1/1/1924"}),
        (6, {"A": "Time:", "B": "10:00:00 AM"}),
        (9, {"A": "System", "E": "PC"}),
        (10, {"A": "User", "E": "PC\\Lab User"}),
        (11, {"A": "Plate", "E": "96-well plate"}),
        (12, {"A": "Plate-ID (Stacker)", "E": plate}),
    ]


def _block(sheet: Any, line: int, number: int, wavelength_nm: float, values: FloatArray) -> int:
    """One label; returns the first line after it."""
    head: list[tuple[object, ...]] = [
        (f"Label: Label{number + 1}",),
        ("Mode", "Absorbance", None),
        ("Measurement Wavelength", round(wavelength_nm), "nm"),
        ("Bandwidth", 9, "nm"),
        ("Number of Flashes", 10, None),
        ("Settle Time", 0, "ms"),
    ]
    for name, *rest in head:
        sheet[f"A{line}"] = name
        if rest:
            sheet[f"E{line}"], sheet[f"F{line}"] = rest
        line += 1
    sheet[f"A{line}"], sheet[f"B{line}"] = "Start Time:", _STAMP.format(minute=2 * number)
    line += 2
    sheet[f"B{line}"] = "Temperature: 24.1 °C"
    line += 1
    for column in range(values.shape[1]):
        sheet.cell(line, column + 2, column + 1)
    sheet[f"A{line}"] = "<>"
    for row, letter in enumerate("ABCDEFGH"[: values.shape[0]], start=1):
        sheet.cell(line + row, 1, letter)
        for column, value in enumerate(values[row - 1]):
            if np.isfinite(value):
                sheet.cell(line + row, column + 2, _as_stored(float(value)))
    return line + int(values.shape[0]) + 4


def _as_stored(density: float) -> float | str:
    """Four decimals, as single precision stores them; OVER above the range."""
    return "OVER" if density > _READER_MAXIMUM else float(np.float32(round(density, 4)))


def _without_times(archive: bytes) -> bytes:
    """The same workbook with every time of day in the archive set to one instant."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as result:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":
                content = _fixed_properties(content)
            result.writestr(zipfile.ZipInfo(entry.filename, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _fixed_properties(content: bytes) -> bytes:
    """openpyxl writes the time of saving whatever was set: replaced by the instant of the archive."""
    import re

    stamp = "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z".format(*_EPOCH).encode()
    return re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, content)
