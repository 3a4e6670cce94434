"""Writes a plate as Tecan i-control exports it (xlsx): header lines, one block per label, then the end time.

The layout follows real exports of an Infinite 200 (two labels: signal and reference wavelength); values are stored with
the float32 dust of the instrument, and a value above the reader's range is the word OVER.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.files.undated_zip import EPOCH, UndatedZip
from pharmrs.core.records.arrays import FloatArray
from pharmrs.simulate.plates import PlateReading

_READER_MAXIMUM = 4.0
_STAMP = "1/1/1924 10:{minute:02d}:00 AM"


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
    book.properties.created = book.properties.modified = datetime(*EPOCH, tzinfo=UTC).replace(tzinfo=None)
    write_bytes(path, _saved(book))


def _saved(book: Any) -> bytes:
    """The workbook, without the time of day (`book.save` would put it in) and without temporary files.

    openpyxl writes sheets to temporary files by way of lxml, which tells of a full disk in a way of its own.
    """
    from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
    from openpyxl.worksheet._writer import WorksheetWriter
    from openpyxl.writer.excel import ExcelWriter

    class InMemory(ExcelWriter):  # type: ignore[misc]  # openpyxl has no types
        def write_worksheet(self, sheet: Any) -> None:
            sheet._drawing = SpreadsheetDrawing()
            writer = WorksheetWriter(sheet, io.BytesIO())
            writer.write()
            sheet._rels = writer._rels
            self._archive.writestr(sheet.path[1:], writer.out.getvalue())
            self.manifest.append(sheet)

    stream = io.BytesIO()
    InMemory(book, UndatedZip(stream)).save()
    return stream.getvalue()


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
