"""Exports of plate readers as they come: real files, and files with every oddity a reader is known for."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pharmrs.assay.read.layout import read_layout
from pharmrs.assay.read.registry import read_export
from pharmrs.assay.records.plate import Plate, well_position
from pharmrs.core.errors import InputError, InputProblem

GRID = np.round(np.linspace(0.05, 2.4, 96).reshape(8, 12), 4)
ROWS = "ABCDEFGH"


def only(path: Path) -> Plate:
    (plate,) = read_export(path).plates
    return plate


def problems_of(path: Path) -> list[InputProblem]:
    with pytest.raises(InputError) as caught:
        read_export(path)
    return list(caught.value.problems)


def as_single(value: float) -> float:
    return float(np.float32(value))


def icontrol(path: Path, *plates: dict[str, Any]) -> Path:
    """An i-control workbook; each plate: title, labels (wavelength -> grid of cells), date, columns, rows, plate id."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for number, plate in enumerate(plates, start=1):
        sheet: Any = book.create_sheet(plate.get("title", f"Sheet{number}"))
        sheet["A1"], sheet["E1"] = "Application: Tecan i-control", "Tecan i-control , 2.0.10.0"
        sheet["A2"], sheet["E2"] = "Device: infinite 200Pro", "Serial number: 1"
        sheet["A5"], sheet["B5"] = "Date:", plate.get("date", datetime(2022, 1, 31))
        sheet["A6"], sheet["B6"] = "Time:", "10:00:00 AM"
        sheet["A11"], sheet["E11"] = "Plate", "96-well plate"
        sheet["A12"], sheet["E12"] = "Plate-ID (Stacker)", plate.get("id")
        line = 15
        columns, rows = plate.get("columns", range(1, 13)), plate.get("rows", ROWS)
        for label, (wavelength, cells) in enumerate(plate["labels"].items(), start=1):
            sheet[f"A{line}"] = f"Label: Label{label}"
            sheet[f"A{line + 1}"], sheet[f"E{line + 1}"] = "Mode", "Absorbance"
            sheet[f"A{line + 2}"], sheet[f"E{line + 2}"] = "Measurement Wavelength", wavelength
            sheet[f"F{line + 2}"] = "nm"
            sheet[f"A{line + 3}"], sheet[f"B{line + 3}"] = "Start Time:", plate.get("start", "1/31/2022 10:00:00 AM")
            sheet[f"B{line + 5}"] = "Temperature: 30.6 °C"
            line += 6
            sheet[f"A{line}"] = "<>"
            for place, column in enumerate(columns):
                sheet.cell(line, place + 2, column)
            for row, letter in enumerate(rows, start=1):
                sheet.cell(line + row, 1, letter)
                for place in range(len(columns)):
                    sheet.cell(line + row, place + 2, cells[row - 1][place])
            line += len(rows) + 5
        sheet[f"A{line}"], sheet[f"B{line}"] = "End Time:", "1/31/2022 10:05:00 AM"
    book.save(path)
    return path


def cells(grid: np.ndarray = GRID) -> list[list[Any]]:
    return [[as_single(value) for value in row] for row in grid]


def test_real_single_reads(shared: Path) -> None:
    plate = only(shared / "plates" / "single_time_single_reads.xlsx")
    (read,) = plate.reads
    assert (plate.shape, len(read.wells), read.wavelength_nm, read.mode) == ((8, 12), 96, 600.0, "Absorbance")
    assert read.value("A1") == 0.0932 and read.value("D10") == 1.2636 and read.value("H12") == 0.0889  # no float32 dust
    assert plate.measured == "2022-01-01T10:00:00"
    assert read.settings["Bandwidth"] == "9 nm" and read.settings["Temperature"] == "30.6 °C"


def test_real_multiple_reads(shared: Path) -> None:
    plate = only(shared / "plates" / "single_time_multiple_reads.xlsx")
    (read,) = plate.reads
    assert len(read.wells) == 96 and read.value("A1") == 0.1036 and read.value("H12") == 0.1082
    assert read.sd is not None and read.sd[0, 0] == 0.0243
    assert read.settings["Multiple Reads per Well (Circle)"] == "3 x 3"


def test_real_sunrise(shared: Path) -> None:
    plate = only(shared / "plates" / "elisar_tecan_sunrise.xls")
    assert plate.instrument.startswith("Tecan Sunrise")
    (read,) = plate.reads
    assert len(read.wells) == 96 and read.value("A11") == 2.11 and read.value("H12") == 0.067
    assert plate.labels["A11"] == "STD1000" and plate.labels["G1"] == "M1A" and plate.labels["H11"] == "BLANK"


def test_real_standards(shared: Path) -> None:
    export = read_export(shared / "plates" / "elisar_standards.csv")
    assert export.layout is not None and len(export.layout.wells) == 16
    first = export.layout.wells[0]
    assert (first.role, first.nominal, export.plates[0].reads[0].value(first.well)) == ("standard", 1000.0, 2.11)


def test_icontrol_two_labels_and_several_sheets(tmp_path: Path) -> None:
    first = {"title": "Monday", "id": "ELISA-1", "labels": {450: cells(), 540: cells(GRID / 10)}}
    second = {
        "title": "Tuesday",
        "labels": {450: cells(GRID * 2)},
        "date": "31.01.2022",
        "start": "31.01.2022 10:00:00",
    }
    plates = read_export(icontrol(tmp_path / "run7.xlsx", first, second)).plates
    assert [plate.names[0] for plate in plates] == ["ELISA-1", "run7_Tuesday"]
    assert "run7" not in plates[0].names  # a file of two plates names neither
    assert [read.wavelength_nm for read in plates[0].reads] == [450.0, 540.0]
    np.testing.assert_array_equal(plates[0].reads[0].values, GRID)
    np.testing.assert_allclose(plates[1].reads[0].values, GRID * 2, rtol=1e-6)
    assert [plate.measured for plate in plates] == ["2022-01-31T10:00:00"] * 2


def test_icontrol_partial_plate(tmp_path: Path) -> None:
    part = [row[3:7] for row in cells()[2:5]]
    plate = only(icontrol(tmp_path / "p.xlsx", {"labels": {450: part}, "columns": range(4, 8), "rows": "CDE"}))
    read = plate.reads[0]
    assert plate.shape == (8, 12) and len(read.wells) == 12
    assert read.value("C4") == GRID[2, 3] and read.value("E7") == GRID[4, 6] and np.isnan(read.value("A1"))


def test_icontrol_words_and_commas(tmp_path: Path) -> None:
    grid: list[list[Any]] = [[str(value).replace(".", ",") for value in row] for row in GRID]
    grid[0][0], grid[0][1], grid[7][11], grid[3][3] = "OVER", "MASKED", "INVALID", None
    read = only(icontrol(tmp_path / "p.xlsx", {"labels": {450: grid}})).reads[0]
    assert dict(read.missing) == {"A1": "over", "A2": "masked", "H12": "masked"}
    assert read.value("B1") == GRID[1, 0] and "D4" not in read.wells


def test_text_in_wells_and_mixed_marks_are_named(tmp_path: Path) -> None:
    grid: list[list[Any]] = cells()
    grid[0][0], grid[2][5], grid[4][4], grid[5][5] = "spilled", "0.3?", "0,5", "0.5"
    found = problems_of(icontrol(tmp_path / "p.xlsx", {"labels": {450: grid}}))
    assert ["(well A1)" in one.field for one in found].count(True) == 1
    assert any("cell G24 (well C6)" in one.field and one.value == "0.3?" for one in found), [one.field for one in found]
    assert any(one.rule == "one decimal mark" for one in found)


def test_kinetic_is_refused(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    path = icontrol(tmp_path / "p.xlsx", {"labels": {450: cells()}})
    book = load_workbook(path)
    book.active["A60"] = "Cycle Nr."
    book.save(path)
    assert problems_of(path)[0].rule == "must be an end-point measurement"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("comma", [False, True])
@pytest.mark.parametrize("mark", ["", "<>"])
def test_plain_grids(tmp_path: Path, delimiter: str, comma: bool, mark: str) -> None:
    if comma and delimiter == ",":
        return
    lines = [delimiter.join([mark, *map(str, range(1, 13))])]
    for letter, row in zip(ROWS, GRID, strict=True):
        numbers = [str(value).replace(".", ",") if comma else str(value) for value in row]
        lines.append(delimiter.join([letter, *numbers]))
    path = tmp_path / "grid.csv"
    path.write_bytes(("450 nm\n" + "\r\n".join(lines)).encode("utf-8-sig"))
    plate = only(path)
    np.testing.assert_array_equal(plate.reads[0].values, GRID)
    assert plate.names == ("grid",) and plate.reads[0].wavelength_nm == 450.0


def test_long_table_with_its_own_layout(tmp_path: Path) -> None:
    lines = ["plate\twell\todd\tOD\trole\tsample\tnominal\tdilution"]
    lines += ["x\tA01\t?\t0.5\tstandard\t\t100\t", "x\tA02\t?\tOVER\tsample\tsub-01_ses-1\tn/a\t1:8"]
    path = tmp_path / "long.tsv"
    path.write_text("\n".join(lines))
    export = read_export(path)
    assert export.plates[0].reads[0].value("A1") == 0.5 and export.plates[0].reads[0].missing == {"A2": "over"}
    assert export.layout is not None
    assert [(one.well, one.dilution) for one in export.layout.wells] == [("A1", 1.0), ("A2", 8.0)]


def test_long_table_with_wavelengths_and_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("well,wavelength,value\nA1,450,0.5\nA1,540,0.04\nB1,450,0.7\nB1,540,0.05\n")
    reads = {read.wavelength_nm: read for read in only(path).reads}
    assert reads[450.0].value("B1") == 0.7 and reads[540.0].value("A1") == 0.04
    path.write_text("well,value\nA1,0.5\nA1,0.6\nZZ,1\nB1,cloudy\n")
    assert [one.rule for one in problems_of(path)] == [
        "each well once per read", "must name a well", "a well must hold a number"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prose.txt", b"Dear colleague,\nplease find attached the plate.\n"),
        ("empty.csv", b""),
        ("picture.xlsx", b"PK\x03\x04 not a workbook"),
        ("noise.xls", b"\xd0\xcf\x11\xe0 not a workbook"),
        ("bytes.txt", bytes(range(256))),
    ],
)
def test_unknown_exports_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    (problem,) = problems_of(path)
    assert problem.file == str(path) and problem.rule.startswith("must be") and "export" in problem.remedy


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "nowhere.xlsx")[0].rule == "must be readable"


GEN5 = """
Software Version\t3.12.08

Experiment File Path:\t
Protocol File Path:\tC:\\protocol.prt

Plate Number\tPlate 1
Date\t4/11/2024
Time\t5:27:15 PM
Reader Type:\tSynergy H1
Reader Serial Number:\tUnknown
Reading Type\tReader

Procedure Details

Plate Type\t96 WELL PLATE (Use plate lid)
Read\tabs450
\tAbsorbance Endpoint
\tFull Plate
\tWavelengths:  450
\tRead Speed: Normal,  Delay: 100 msec,  Measurements/Data Point: 8

Results
\t{columns}
{rows}
"""


def test_gen5_through_allotropy(tmp_path: Path) -> None:
    grid = [[f"{value:.3f}" for value in row] for row in GRID]
    grid[0][7], grid[3][11] = "OVRFLW", "MISSED"
    rows = "\n".join("\t".join([letter, *row, "abs450:450"]) for letter, row in zip(ROWS, grid, strict=True))
    path = tmp_path / "gen5.txt"
    path.write_text(GEN5.format(columns="\t".join(map(str, range(1, 13))), rows=rows))
    plate = only(path)
    read = plate.reads[0]
    assert read.wavelength_nm == 450.0 and read.value("B2") == round(GRID[1, 1], 3)
    assert read.missing == {"A8": "over", "D12": "empty"}
    assert "Plate 1" in plate.names and plate.measured == "2024-04-11T17:27:15"


def test_mars_through_allotropy(tmp_path: Path) -> None:
    rows = "\n".join(
        ",".join([letter, *(f"{value:.3f}" for value in row)]) for letter, row in zip(ROWS, GRID, strict=True)
    )
    head = "User: Lab,Path: C:\\Data,Test run no.: 445\nTest name: ELISA,Date: 5/14/2021,Time: 3:29:50 PM\n\n"
    head += "ID1: study,ID2: Plate 1,ID3: x,\nAbsorbance\n\n"
    grid = "Raw Data ({} {})\n\n," + ",".join(map(str, range(1, 13))) + ",\n" + rows + "\n\n"
    path = tmp_path / "mars.csv"
    path.write_text(head + grid.format(450, 1))
    plate = only(path)
    np.testing.assert_array_equal(plate.reads[0].values, [[float(f"{value:.3f}") for value in row] for row in GRID])
    assert plate.reads[0].wavelength_nm == 450.0 and "MARS" in plate.instrument.upper()
    path.write_text(head + grid.format(450, 1) + grid.format(540, 2))  # never one read over the other
    assert [read.wavelength_nm for read in only(path).reads] == [450.0, 540.0]


def test_magellan_through_allotropy(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet: Any = book.active
    sheet.append(["Well positions", "Layout", "450", "620"])
    for row, letter in enumerate(ROWS):
        for column in range(12):
            sheet.append([f"{letter}{column + 1}", "SM1", float(GRID[row, column]), 0.04])
    settings = ["Measurement mode: Absorbance", "Measurement wavelength: {} nm", "Number of flashes: 25"]
    settings += ["Plate definition file: COS96ft.pdfx", "Unit: OD"]
    lines = ["Date of measurement: 2024-01-05/Time of measurement: 10:00:00", "450 nm", "620 nm", "user"]
    lines += ["infinite 200Pro", "Instrument serial number: 1", *(one.format(450) for one in settings)]
    lines += [*(one.format(620) for one in settings), "Meas. temperature: 450: 24.0 °C"]
    lines += ["Meas. temperature: 620: 24.0 °C", "end"]
    for line in ["", *lines]:
        sheet.append([line])
    book.save(tmp_path / "magellan.xlsx")
    plate = only(tmp_path / "magellan.xlsx")
    assert [read.wavelength_nm for read in plate.reads] == [450.0, 620.0]
    np.testing.assert_allclose(plate.reads[0].values, GRID)


LAYOUT = "plate\twell\trole\tsample\tnominal\tdilution\n"


def layout(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "layout.tsv"
    path.write_text(text)
    return path


def test_layout(tmp_path: Path) -> None:
    text = (
        LAYOUT
        + "p\tA01\tStandard\t\t23,4\t\np\tB1\tblank\t\tn/a\t\np\tC1\tsample\tsub-01_ses-1\t\t1:8\np\tD1\t\t\t\t\n"
    )
    first, second, third = read_layout(layout(tmp_path, text)).wells
    assert (first.well, first.role, first.nominal, first.dilution) == ("A1", "standard", 23.4, 1.0)
    assert second.role == "blank" and np.isnan(second.nominal)
    assert (third.sample, third.dilution, third.line) == ("sub-01_ses-1", 8.0, 4)


def test_mistakes_of_a_layout_are_told_at_once(tmp_path: Path) -> None:
    rows = ["p\tA1\tstandard\t\t\t", "p\tA2\tsample\t\t\t", "p\tZ99\tsample\ts\t\t", "p\tA3\treference\ts\t\t"]
    rows += ["p\tA4\tstandard\t\thigh\t", "p\tA5\tsample\ts\t\t0.5", "p\tA6\tblank\t\t7\t", "p\tA7\tstandard\t\t-3\t"]
    rows += ["p\tB1\tsample\ts\t\t", "p\tB1\tstandard\t\t5\t", "p\tB2\tcontrol\ts\t\t", "p\tA02\tblank\t\t\t"]
    with pytest.raises(InputError) as caught:
        read_layout(layout(tmp_path, LAYOUT + "\n".join(rows)))
    said = {problem.field: problem.rule for problem in caught.value.problems}
    assert said == {
        "line 2, nominal": "a standard needs its concentration",
        "line 3, sample": "a sample needs a name",
        "line 4, well": "must name a well",
        "line 5, role": "must be one of standard, blank, sample, control, spike",
        "line 6, nominal": "must be a number",
        "line 7, dilution": "must be a factor of 1 or more",
        "line 8, nominal": "a blank holds no analyte",
        "line 9, nominal": "must not be negative",
        "plate p, well A2": "roles overlap: a well can hold one thing",
        "plate p, well B1": "roles overlap: a well can hold one thing",
        "plate p, sample s": "a sample has one role",
    }


def test_no_layout_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="column"):
        read_layout(layout(tmp_path, "name\tvalue\nx\t1\n"))


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("A1", (0, 0)),
        ("h12", (7, 11)),
        ("P024", (15, 23)),
        ("AF48", (31, 47)),
        ("1A", None),
        ("A0", None),
        ("BA1", None),
    ],
)
def test_names_of_wells(text: str, position: tuple[int, int] | None) -> None:
    assert well_position(text) == position


COLUMNS = "\t".join(map(str, range(1, 13)))


@pytest.mark.parametrize("wavelengths", [(450,), (450, 540)])
def test_softmax_through_allotropy(tmp_path: Path, wavelengths: tuple[int, ...]) -> None:
    head = f"Plate:\tPlate1\t1.3\tPlateFormat\tEndpoint\tAbsorbance\tRaw\tFALSE\t1\t\t\t\t\t\t{len(wavelengths)}\t"
    head += " ".join(map(str, wavelengths)) + " \t1\t12\t96\t1\t8\t\t\n\tTemperature(C)\t"
    lines = ["\t\t".join([COLUMNS] * len(wavelengths))]
    for row, values in enumerate(GRID):
        grids = (
            "\t".join(str(round(value / (1 + number), 6)) for value in values) for number in range(len(wavelengths))
        )
        lines.append(("\t35\t" if row == 0 else "\t\t") + "\t\t".join(grids))
    path = tmp_path / "softmax.txt"
    end = "\t\t\n\n~End\nOriginal Filename: x; Date Last Saved: 1/9/2023 2:23:07 PM"
    path.write_text("##BLOCKS= 1\n" + head + "\t\t\n".join(lines) + end)
    plate = only(path)
    assert plate.names[0] == "Plate1" and [read.wavelength_nm for read in plate.reads] == list(wavelengths)
    for number, read in enumerate(plate.reads):
        np.testing.assert_allclose(read.values, GRID / (1 + number), atol=1e-6)


def test_skanit_through_allotropy(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet: Any = book.active
    sheet.title = "Absorbance 1_01"
    for line in ("Measurement results", "study.skax", "5/22/2023 10:00:00 AM", None, "Absorbance 1"):
        sheet.append([line])
    sheet.append(["Wavelength: 450 nm"])
    sheet.append(["Plate 1"])
    sheet.append(["Abs", *range(1, 13)])
    for letter, values in zip(ROWS, GRID, strict=True):
        sheet.append([letter, *map(float, values)])
    sheet.append([None])
    sheet.append(["Sample", *range(1, 13)])
    for letter in ROWS:
        sheet.append([letter, *["Un0001"] * 12])
    fields = {
        "Session information": {"Session name": "study.skax", "Execution time": "5/22/2023 10:00:00 AM"},
        "General information": {"Report generated with SW version": "SkanIt Software 7.0 RE, ver. 7.0.0.50"},
        "Instrument information": {"Name": "Varioskan LUX", "Serial number": "1"},
    }
    for title, content in fields.items():
        extra: Any = book.create_sheet(title)
        extra.append([title])
        for key, value in content.items():
            extra.append([None, key, None, None, value])
    book.save(tmp_path / "skanit.xlsx")
    plate = only(tmp_path / "skanit.xlsx")
    assert plate.names[0] == "Plate 1" and plate.reads[0].wavelength_nm == 450.0
    np.testing.assert_array_equal(plate.reads[0].values, GRID)
    assert "SkanIt" in plate.instrument and plate.measured == "2023-05-22T10:00:00"


def test_a_broken_vendor_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "softmax.txt"
    path.write_text("##BLOCKS= 1\nPlate:\tPlate1\t1.3\tPlateFormat\tEndpoint\n")
    (problem,) = problems_of(path)
    assert "MOLDEV_SOFTMAX_PRO" in problem.rule and "plain grid" in problem.remedy


def test_lists_and_plain_formats_do_not_need_allotropy(tmp_path: Path) -> None:
    """It takes seconds to import: only files of its formats pay for it."""
    import subprocess
    import sys

    path = tmp_path / "long.csv"
    path.write_text("well,value\nA1,0.5\n")
    code = "import sys; from pathlib import Path; from pharmrs.assay.read.registry import read_export; "
    code += f"read_export(Path({str(path)!r})); print('allotropy' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert ended.stdout.strip() == "False"


def test_no_number_is_endless(tmp_path: Path) -> None:
    """1e300 is no reading, and said to be none; 1e50 overflows single precision and stays what it is."""
    path = tmp_path / "long.csv"
    for endless in ("1e999", "1e300"):
        path.write_text(f"well,value\nA1,{endless}\n")
        assert "nothing that is measured lies outside" in problems_of(path)[0].rule
    path.write_text("well,value\nA1,1e50\nA2,0.5\n")
    assert only(path).reads[0].value("A1") == 1e50


@pytest.mark.parametrize("seed", range(12))
def test_damaged_workbooks_are_told_or_read_never_a_traceback(shared: Path, tmp_path: Path, seed: int) -> None:
    from openpyxl import load_workbook

    rng = np.random.default_rng(seed)
    book = load_workbook(shared / "plates" / "single_time_single_reads.xlsx")
    sheet: Any = book.worksheets[0]
    odd = [
        "",
        None,
        "OVER",
        "<>",
        "A",
        "1",
        "1e999",
        "nan",
        "-",
        "#REF!",
        "Label: x",
        "Well",
        "Mean",
        1e308,
        "12",
        True,
    ]
    for _ in range(10):
        sheet.cell(int(rng.integers(1, 40)), int(rng.integers(1, 14))).value = odd[rng.integers(len(odd))]
    path = tmp_path / "damaged.xlsx"
    book.save(path)
    try:
        assert read_export(path).plates
    except InputError as error:
        assert all(problem.file == str(path) and problem.remedy for problem in error.problems)
