"""Exports made after those of instrument families, and the habits of people who write tables: read right, or asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pharmrs.assay.read.layout import read_layout
from pharmrs.assay.read.registry import read_export
from pharmrs.assay.records.plate import Plate, PlateRead
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.science.response import choose_reads
from pharmrs.assay.stage.plates import analyse_files
from pharmrs.core.errors import InputError, InputProblem

ROWS = "ABCDEFGH"
OD = np.round(np.linspace(0.05, 2.4, 96).reshape(8, 12) + 0.001 * np.arange(12), 4)
SETTINGS = AssaySettings()


def plates(path: Path) -> tuple[Plate, ...]:
    return read_export(path).plates


def reads(path: Path) -> dict[str, PlateRead]:
    (plate,) = plates(path)
    return {read.label: read for read in plate.reads}


def chosen(path: Path, **settings: Any) -> PlateRead | InputProblem:
    (plate,) = plates(path)
    found = choose_reads(plate, AssaySettings(**settings))
    return found if isinstance(found, InputProblem) else found[0]


def problem(path: Path) -> InputProblem:
    with pytest.raises(InputError) as caught:
        read_export(path)
    return caught.value.problems[0]


def text(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title.replace("_", " "))
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def grid(values: np.ndarray = OD, corner: str | None = None, columns: int = 12) -> list[list[Any]]:
    return [
        [corner, *range(1, columns + 1)],
        *([ROWS[row], *map(float, values[row, :columns])] for row in range(8)),
    ]


def lines(rows: list[list[Any]], mark: str = "\t") -> list[str]:
    return [mark.join("" if cell is None else str(cell) for cell in row) for row in rows]


@pytest.mark.parametrize("corner", ["Abs", "RLU", "OD", "<>", "Temperature(C)", None])
@pytest.mark.parametrize("mark", ["\t", ",", ";"])
def test_a_word_in_the_corner_of_a_grid(tmp_path: Path, corner: str | None, mark: str) -> None:
    """SkanIt writes Abs or RLU there."""
    rows = [["Measurement results"], ["Absorbance 1"], ["Wavelength: 450 nm"], *grid(corner=corner)]
    (read,) = reads(text(tmp_path / "a.csv", *lines(rows, mark))).values()
    np.testing.assert_array_equal(read.values, OD)
    assert read.wavelength_nm == 450.0


def test_sparkcontrol(tmp_path: Path) -> None:
    head = [
        ["Method name: ELISA"],
        ["Application: SparkControl", None, None, None, "V3.1"],
        ["Plate", None, None, None, "96"],
    ]
    for name, nm, values in (("signal", 450, OD), ("reference", 570, OD / 10)):
        head += [["Mode", None, None, None, "Absorbance"], ["Name", None, None, None, name]]
        head += [["Measurement wavelength [nm]", None, None, None, nm], [None], *grid(values, "<>"), [None]]
    path = workbook(tmp_path / "spark.xlsx", Result_sheet=head)
    found = reads(path)
    assert {name: read.wavelength_nm for name, read in found.items()} == {"signal": 450.0, "reference": 570.0}
    np.testing.assert_array_equal(found["signal"].values, OD)
    asked = chosen(path)
    assert isinstance(asked, InputProblem) and "1: signal (450 nm" in asked.value and "--read" in asked.remedy
    for way in ({"wavelength_nm": 450.0}, {"read": "signal"}, {"read": "1"}, {"read": "SIGNAL"}):
        read = chosen(path, **way)
        assert isinstance(read, PlateRead) and read.label == "signal"


def test_i_control_with_two_reads_of_one_wavelength(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["Application: Tecan i-control"], ["Plate", None, None, None, "96"]]
    for label, values in (("before", OD), ("after", OD * 1.1)):
        rows += [[f"Label: {label}"], ["Mode", None, None, None, "Absorbance"]]
        rows += [["Measurement Wavelength", None, None, None, 450, "nm"], *grid(values, "<>"), [None]]
    path = workbook(tmp_path / "i.xlsx", Sheet1=rows)
    assert isinstance(chosen(path, wavelength_nm=450.0), InputProblem)
    read = chosen(path, wavelength_nm=450.0, read="after")
    assert isinstance(read, PlateRead) and read.label == "after"


GEN5 = [
    "Software Version\t3.12.08", "", "Experiment File Path:\tx", "Plate Number\t{name}", "Reader Type:\tSynergy H1", "",
    "Plate Type\t96 WELL PLATE", "Read\tAbsorbance Endpoint", "\tWavelengths:  450, 540", "", "Layout",
]  # fmt: skip


def gen5(name: str, conc: bool, scale: float = 1.0) -> list[str]:
    found = [line.format(name=name) for line in GEN5]
    found.append("\t" + "\t".join(map(str, range(1, 13))))
    for row in range(8):
        found.append(f"{ROWS[row]}\t" + "\t".join(f"SPL{row + 1}" for _ in range(12)) + "\tWell ID")
    found += ["", "Results", "\t" + "\t".join(map(str, range(1, 13)))]
    for row in range(8):
        found.append(f"{ROWS[row]}\t" + "\t".join(f"{value * scale:.4f}" for value in OD[row]) + "\t450")
        found.append("\t" + "\t".join(f"{value / 10:.4f}" for value in OD[row]) + "\t540")
        if conc:
            words = ["<15.600" if value < 0.3 else ">1000.000" if value > 2 else "100.0" for value in OD[row]]
            found.append("\t" + "\t".join(words) + "\tConc")
    return found


@pytest.mark.parametrize("conc", [False, True])
def test_calculated_columns_mask_nothing(tmp_path: Path, conc: bool) -> None:
    """Gen5's own <15.600 and >1000.000 are opinions about wells that were read."""
    (plate,) = plates(text(tmp_path / "g.txt", *gen5("Plate 1", conc)))
    by_wavelength = {read.wavelength_nm: read for read in plate.reads if not read.doubt}
    np.testing.assert_allclose(by_wavelength[450.0].values, OD, atol=1e-9)
    assert not by_wavelength[450.0].missing


def test_gen5_with_several_plates(tmp_path: Path) -> None:
    found = plates(text(tmp_path / "g.txt", *gen5("Plate 1", True), "", *gen5("Plate 2", True, 2.0)))
    assert [plate.names[0] for plate in found] == ["Plate 1", "Plate 2"]
    for plate, scale in zip(found, (1.0, 2.0), strict=True):
        chosen_read = choose_reads(plate, AssaySettings(wavelength_nm=450.0))
        assert not isinstance(chosen_read, InputProblem)
        np.testing.assert_allclose(chosen_read[0].values, np.round(OD * scale, 4), atol=1e-9)


def softmax(name: str, values: np.ndarray, nm: str) -> list[str]:
    head = f"Plate:\t{name}\t0.3\tPlateFormat\tEndpoint\tAbsorbance\tRaw\tFALSE\t1\t\t\t\t\t\t1\t{nm}\t1\t12\t96"
    rows = ["\tTemperature(C)\t" + "\t".join(map(str, range(1, 13)))]
    rows += [("\t25.0\t" if row == 0 else "\t\t") + "\t".join(f"{v:.4f}" for v in values[row]) for row in range(8)]
    return [head, *rows, "", "~End"]


def test_softmax_of_old_versions_and_repeated_plates(tmp_path: Path) -> None:
    path = text(tmp_path / "s.txt", "##BLOCKS= 2", *softmax("Plate#1", OD, "450 "), *softmax("Plate#1", OD * 2, "450 "))
    found = plates(path)
    assert [plate.names[0] for plate in found] == ["Plate#1", "Plate#1 (2)"]
    for plate, scale in zip(found, (1.0, 2.0), strict=True):
        assert plate.reads[0].wavelength_nm == 450.0
        np.testing.assert_allclose(plate.reads[0].values, np.round(OD * scale, 4), atol=1e-9)


def test_smart_control_names_wells_in_a_row(tmp_path: Path) -> None:
    wells = [f"{ROWS[row]}{column:02d}" for row in range(8) for column in range(1, 13)]
    head = [["User: u"], ["Path: p"], ["Test Name: t"], ["ID3: Plate 2"], [None]]
    table = [*head, ["Well", *wells], ["Content", *["Sample X1"] * 96], ["Raw Data (450)", *OD.ravel().tolist()],
             ["Blank corrected based on Raw Data (450)", *(OD - 0.04).ravel().tolist()]]  # fmt: skip
    path = workbook(tmp_path / "smart.xlsx", Table_End_point=table)
    read = chosen(path)
    assert isinstance(read, PlateRead) and read.wavelength_nm == 450.0
    np.testing.assert_allclose(read.values, OD)


@pytest.mark.parametrize("columns", [12, 24])
def test_a_template_of_group_numbers_is_no_plate(tmp_path: Path, columns: int) -> None:
    """As analysis workbooks have it: group numbers on top, the densities below without names of rows and columns."""
    rows, letters = (8, ROWS) if columns == 12 else (16, "ABCDEFGHIJKLMNOP")
    groups = [[letters[row], *[row + 1 + rows * (column // 2) for column in range(columns)]] for row in range(rows)]
    values = np.round(np.random.default_rng(1).uniform(0.05, 3, (rows, columns)), 4)
    bare = [[None, *map(float, values[row])] for row in range(rows)]
    head = [[None, *range(1, columns + 1)]]
    titled = workbook(tmp_path / "a.xlsx", Data=[["Plate Layout"], *head, *groups, [None], ["Raw"], *bare])
    read = chosen(titled)
    assert isinstance(read, PlateRead)
    np.testing.assert_array_equal(read.values, values)
    alone = workbook(tmp_path / "b.xlsx", Data=[*head, *groups])
    asked = chosen(alone)
    assert isinstance(asked, InputProblem) and "groups" in asked.value and "--read" in asked.remedy
    assert isinstance(chosen(alone, read="1"), PlateRead)  # whoever insists gets it


def test_thousands_and_decimals_are_not_guessed(tmp_path: Path) -> None:
    counts = [[f'"{int(value * 4000):,}"' for value in row] for row in OD]
    rows = [["", *map(str, range(1, 13))], *([ROWS[row], *counts[row]] for row in range(8))]
    found = problem(text(tmp_path / "a.csv", *lines(rows, ",")))
    assert "1.0" in found.rule or "thousands" in found.rule
    decimal = [
        ["", *map(str, range(1, 13))],
        *([ROWS[r], *(f"{v:.3f}".replace(".", ",") for v in OD[r])] for r in range(8)),
    ]
    (read,) = reads(text(tmp_path / "b.csv", *lines(decimal, ";"))).values()  # 0,050 shows what its commas are
    np.testing.assert_array_equal(read.values, [[float(f"{value:.3f}") for value in row] for row in OD])


def layout_lines(*rows: str) -> list[str]:
    return ["plate\twell\trole\tsample\tnominal\tdilution", *rows]


@pytest.mark.parametrize(
    ("dilution", "factor"),
    [("1:8", 8.0), ("1/8", 8.0), ("8", 8.0), ("", 1.0), ("1:12,5", 12.5), ("1:1000", 1000.0), ("1:1,000,000", 1e6),
     ("1+7", 8.0), ("1 + 999", 1000.0), ("1 in 8", 8.0), ("8x", 8.0), ("8-fold", 8.0), ("neat", 1.0), ("1+1,000", None),
     ("1:1,000", None), ("1:10,000", None), ("1:1.000", None), ("10.000", None), ("1:0.5", None), ("08:01:00", None)],
)  # fmt: skip
def test_dilutions(tmp_path: Path, dilution: str, factor: float | None) -> None:
    path = text(tmp_path / "layout.tsv", *layout_lines(f"p\tA1\tsample\ts\t\t{dilution}"))
    if factor is not None:
        assert read_layout(path).wells[0].dilution == factor
        return
    with pytest.raises(InputError) as caught:
        read_layout(path)
    (found,) = caught.value.problems
    assert found.field == "line 2, dilution" and found.remedy
    if "," in dilution or dilution.endswith(".000"):
        assert "1.000" in found.rule or "10.000" in found.rule  # both readings are shown
        assert "1000" in found.rule


def test_names_in_a_workbook_are_exact(tmp_path: Path) -> None:
    rows = [["Plate ID", "Well Position", "Sample Type", "Sample ID", "Concentration (pg/mL)", "Dilution Factor"]]
    names = [1234567, 1234568, 20250301, 123456789012]
    rows += [[20250301, f"A{place}", "Unknown", name, None, 8] for place, name in enumerate(names, start=1)]
    layout = read_layout(workbook(tmp_path / "layout.xlsx", Sheet1=[["My plate"], [None], *rows]))
    assert [well.sample for well in layout.wells] == ["1234567", "1234568", "20250301", "123456789012"]
    assert {well.plate for well in layout.wells} == {"20250301"} and layout.unit == "pg/mL"


def test_units_of_a_layout(tmp_path: Path) -> None:
    good = layout_lines("p\tA1\tstandard\t\t1000 pg/mL\t", "p\tA2\tstandard\t\t500 pg/ml\t")
    assert read_layout(text(tmp_path / "a.tsv", *good)).unit == "pg/mL"
    mixed = layout_lines("p\tA1\tstandard\t\t1 ng/mL\t", "p\tA2\tstandard\t\t500 pg/mL\t")
    with pytest.raises(InputError, match="must have one unit"):
        read_layout(text(tmp_path / "b.tsv", *mixed))


def test_a_layout_in_another_unit_is_an_error(tmp_path: Path) -> None:
    """Standards in ng/mL, the assay declared in pg/mL: nothing is converted, and nothing is taken for the other."""
    layout = text(tmp_path / "layout.csv", "Well,Type,Sample,Conc. [ng/mL]", "A1,Standard,,1000", "A2,Standard,,500")
    export = text(tmp_path / "p.csv", *lines(grid(), ","))
    for unit, wrong in (("pg/mL", True), ("ng/ml", False), ("", False)):
        outcome = analyse_files([export], [layout], replace(SETTINGS, unit=unit))
        rules = [one.rule for one in outcome.problems]
        assert ("concentrations must be in the unit of the assay" in rules) is wrong


@pytest.mark.parametrize("mark", ["'", " ", "\N{NO-BREAK SPACE}"])
def test_digits_between_which_something_stands_are_no_names(tmp_path: Path, mark: str) -> None:
    """6'041: Swiss thousands make no table of names of it; the message names the cell."""
    counts = [[f"{int(value * 1e5):,}".replace(",", mark) for value in row] for row in OD]
    rows = [["", *map(str, range(1, 13))], *([ROWS[row], *counts[row]] for row in range(8))]
    found = problem(text(tmp_path / "a.tsv", *lines(rows)))
    assert found.field.startswith("cell B2") and "nothing between thousands" in found.remedy


def test_points_beside_whole_numbers_below_a_thousand_could_be_thousands(tmp_path: Path) -> None:
    counts = [[f"{int(value * 4000):,}".replace(",", ".") for value in row] for row in OD]
    rows = [["", *map(str, range(1, 13))], *([ROWS[row], *counts[row]] for row in range(8))]
    found = problem(text(tmp_path / "a.tsv", *lines(rows)))
    assert "point between thousands" in found.rule
    plain = [[f"{value:.3f}" for value in row] for row in OD]  # three digits everywhere are decimals
    rows = [["", *map(str, range(1, 13))], *([ROWS[row], *plain[row]] for row in range(8))]
    (read,) = reads(text(tmp_path / "b.tsv", *lines(rows))).values()
    np.testing.assert_array_equal(read.values, np.array(plain, dtype=float))


def test_a_sheet_of_groups_beside_one_of_readings_is_no_plate(tmp_path: Path) -> None:
    groups = np.repeat(np.arange(1.0, 9.0)[:, None], 12, axis=1)
    (plate,) = plates(workbook(tmp_path / "p.xlsx", Layout=grid(groups), Data=grid()))
    assert plate.names == ("p_Data", "p/Data", "Data", "p")


def test_a_grid_that_stands_twice_is_one_read(tmp_path: Path) -> None:
    told: list[InputProblem] = []
    export = read_export(workbook(tmp_path / "p.xlsx", Data=[*grid(), [None], *grid()]), told.append)
    assert len(export.plates[0].reads) == 1
    assert [one.severity for one in told] == ["warning"] and "row 1" in told[0].value


def test_names_of_more_digits_than_a_workbook_keeps(tmp_path: Path) -> None:
    rows = [["well", "role", "sample"], ["A1", "sample", 123456789012345671], ["A2", "sample", 123456789012345672]]
    with pytest.raises(InputError) as caught:
        read_layout(workbook(tmp_path / "layout.xlsx", Sheet1=rows))
    assert [one.field for one in caught.value.problems] == ["line 2, sample", "line 3, sample"]
    assert "15 digits" in caught.value.problems[0].rule


def test_dates_among_the_names_of_samples_are_told(tmp_path: Path) -> None:
    told: list[InputProblem] = []
    path = text(tmp_path / "layout.tsv", *layout_lines("p\tA:1\tsample\t2024-03-01\t\t"))
    assert read_layout(path, told.append).wells[0].well == "A1"
    assert [one.severity for one in told] == ["warning"] and "a spreadsheet made of a label" in told[0].rule


def test_victor_has_a_row_for_each_well(tmp_path: Path) -> None:
    """Each measurement has its time before it; repeats are reads of their own, and asked about."""
    head = "Plate\tRepeat\tWell\tType\tTime\tAbsorbance @ 450 (A)\tTime\tAbsorbance @ 570 (A)"
    rows = [
        f"1\t1\t{ROWS[row]}{column + 1:02d}\tM\t00:00:41.29\t{OD[row, column]}\t00:01:44.84\t0.04"
        for row in range(8)
        for column in range(12)
    ]
    end = ["", "Plate\tRepeat\tEnd time\tStart temp.", "1\t1\t10:00\t25", "", "Plate map of plate 1", "A | M   M   M"]
    path = text(tmp_path / "v.txt", head, *rows, *end)
    found = reads(path)
    np.testing.assert_array_equal(found["Absorbance @ 450 (A)"].values, OD)
    assert [read.wavelength_nm for read in found.values()] == [450.0, 570.0] and plates(path)[0].names[-1] == "1"
    twice = text(tmp_path / "w.txt", head, *rows, *(row.replace("1\t1\t", "1\t2\t", 1) for row in rows), *end)
    asked = chosen(twice, wavelength_nm=450)
    assert isinstance(asked, InputProblem) and "repeat 2" in asked.value
    assert isinstance(chosen(twice, read="Absorbance @ 450 (A), repeat 2"), PlateRead)


def test_multiskan_writes_bare_rows_below_plate_and_wavelength(tmp_path: Path) -> None:
    bare = ["\t" + "\t".join(str(value) for value in row) for row in OD]
    low = ["\t" + "\t".join("0.04" for _ in row) for row in OD]
    path = text(
        tmp_path / "m.txt", "Results of Photometric1", "", "\tPlate:1 - Wavelength:450", "", "\tIteration: 1", *bare,
        "", "\tPlate:1 - Wavelength:620", "", "\tIteration: 1", *low,
    )  # fmt: skip
    found = reads(path)
    np.testing.assert_array_equal(found["450 nm"].values, OD)
    assert found["620 nm"].wavelength_nm == 620.0
    part = text(tmp_path / "part.txt", "\tPlate:7 - Wavelength:450", "\tIteration: 1", *(row[:30] for row in bare[:3]))
    assert np.isfinite(chosen(part).values).sum() < 24  # type: ignore[union-attr]  rows that end early are no error


def test_enspire_is_told_from_envision_and_read(tmp_path: Path) -> None:
    """Both begin with `Plate information`; EnSpire names the measurement in the line above its grid."""
    rows = [f"{ROWS[row]}," + ",".join(str(value) for value in OD[row]) + "," for row in range(8)]
    path = text(
        tmp_path / "e.csv", "Plate information ", "Plate,Repeat,Barcode,Meas,Measurement date,", "1,1,,Meas A,2/13/25,",
        "", "Background information", "Plate,Label,Result,Signal,Flashes/Time,Meastime,MeasInfo,", "",
        "Results for Meas A -  450nm (A)", "," + ",".join(f"{column:02d}" for column in range(1, 13)) + ",", *rows, "",
        "Exported with EnSpire Workstation version 4.10",
    )  # fmt: skip
    np.testing.assert_array_equal(chosen(path).values, OD)  # type: ignore[union-attr]


def test_notes_beside_a_grid_are_not_its_name(tmp_path: Path) -> None:
    """Concentrations noted beside the rows by hand; the wavelength stands some lines above."""
    noted = [
        [*row, note]
        for row, note in zip(grid(corner="Abs"), ["uM", 1000, 500, 100, 50, 10, None, None, None], strict=True)
    ]
    path = workbook(tmp_path / "p.xlsx", A=[["Wavelength: 450 nm"], [None], ["NADH"], [None], *noted])
    read = chosen(path)
    assert isinstance(read, PlateRead) and read.wavelength_nm == 450.0 and read.label == "NADH, Wavelength: 450 nm"


NIVO = (
    "WELL RESULTS", "", "PROTOCOL NAME,ELISA", "", "MEASUREMENT START DATE,x", "", "Plate,0", "Barcode,0", "",
    "1 OPERATION,ABS (F)", "TEMPERATURE(Celsius),25.0", "", "{0}", "2 OPERATION,ABS (F)", "", "{1}", "PARAMETERS", "",
    "PLATE FORMAT,96 wells (8X12)", "1 OPERATION,ABS (F)", "EXCITATION FILTER,450/10nm", "", "2 OPERATION,ABS (F)",
    "EXCITATION FILTER,570/10nm", "", "PROTOCOL COMMENT,", "", "PLATE MAP", "", ",1,2,3", "A,X,X,X", "B,X,X,X",
)  # fmt: skip


def wells_below(values: np.ndarray, mark: str = ",") -> str:
    cells = ((f"{ROWS[row]}{column + 1}", values[row, column]) for row in range(8) for column in range(12))
    return "\n".join(f"{well}{mark}{value}" for well, value in cells) + "\n"


@pytest.mark.parametrize("form", ["list", "plate", "workbook"])
def test_nivo_numbers_its_operations(tmp_path: Path, form: str) -> None:
    """Wells one below the other or as a plate; the filter of each operation stands among the parameters."""
    parts = [
        "\n".join(lines(grid(values), ",")) if form == "plate" else "Well,\n" + wells_below(values)
        for values in (OD, OD / 10)
    ]
    whole = "\n".join(NIVO).format(*parts)
    path = text(tmp_path / "n.csv", whole)
    if form == "workbook":
        rows: list[list[Any]] = [
            [float(cell) if cell.replace(".", "", 1).isdigit() else cell for cell in line.split(",")]
            for line in whole.splitlines()
        ]
        cut = rows.index(["PARAMETERS"])
        path = workbook(tmp_path / "n.xlsx", Well_results=rows[:cut], Parameters=rows[cut:])
    (plate,) = plates(path)
    assert plate.instrument == "PerkinElmer VICTOR Nivo" and [one.wavelength_nm for one in plate.reads] == [450, 570]
    for read, values in zip(plate.reads, (OD, OD / 10), strict=True):
        np.testing.assert_allclose(read.values, values, rtol=1e-6)
    cycles = whole.replace("Well,\n", ",Cycle,1\nWell,Time(s),\n")
    if form == "list":
        assert "end-point" in problem(text(tmp_path / "k.csv", cycles)).rule


@pytest.mark.parametrize("beside", [False, True])
def test_analysis_workbooks_hold_bare_readings_below_their_layout(tmp_path: Path, beside: bool) -> None:
    """As MyAssays writes them: groups, readings, what was calculated, each below its title; other tables beside."""
    rows: list[list[Any]] = [["Plate Layout"], [None, *range(1, 13)]]
    rows += [[ROWS[row], *([row + 1] * 12)] for row in range(8)]
    rows += [
        [None, "Standard", None, "Unknown"],
        ["Raw", *[None] * 13, *(["Standard", "Conc. (pg/mL)"] if beside else [])],
    ]
    rows += [[None, *map(float, OD[row]), None, *([row, 5.0 * 2**row] if beside else [])] for row in range(8)]
    rows += [["Blank Corrected", *[None] * 13, *(["Concentration (pg/mL)"] if beside else [])]]
    rows += [[None, *map(float, OD[row] - 0.05), None, *([OD[row, 0] * 9] * 12 if beside else [])] for row in range(8)]
    read = chosen(workbook(tmp_path / "m.xlsx", Data=rows))
    assert isinstance(read, PlateRead) and read.label == "Raw"
    np.testing.assert_array_equal(read.values, OD)


def test_grids_beside_each_other_are_two_reads(tmp_path: Path) -> None:
    both = [[*left, None, *right] for left, right in zip(grid(), grid(OD / 10), strict=True)]
    path = text(tmp_path / "p.csv", *lines([["Signal 450 nm", *[None] * 13, "Reference 620 nm"], *both], ","))
    for nm, values in ((450.0, OD), (620.0, OD / 10)):
        np.testing.assert_allclose(chosen(path, wavelength_nm=nm).values, values)  # type: ignore[union-attr]


def test_wells_one_below_the_other(tmp_path: Path) -> None:
    """Without a header, beside names, in two columns of wells; every column that is called as readings is a read."""
    np.testing.assert_array_equal(chosen(text(tmp_path / "a.txt", wells_below(OD, "\t"))).values, OD)  # type: ignore[union-attr]
    table = [f"x,{line},0.04" for line in wells_below(OD).split()]
    path = text(tmp_path / "b.csv", "Sample,Well,OD 450,OD 620", *table)
    assert isinstance(chosen(path), InputProblem)
    np.testing.assert_array_equal(chosen(path, wavelength_nm=450).values, OD)  # type: ignore[union-attr]
    means = [f"{line},1.0,0.1" for line in wells_below(OD).split()]  # of replicates: no reading of a well
    path = text(tmp_path / "e.csv", "Well,OD450,Mean,SD", *means)
    np.testing.assert_array_equal(chosen(path).values, OD)  # type: ignore[union-attr]
    half = [f"{ROWS[r]}{c + 1};{OD[r, c]};;{ROWS[r]}{c + 7};{OD[r, c + 6]}" for c in range(6) for r in range(8)]
    np.testing.assert_array_equal(chosen(text(tmp_path / "c.csv", "Well;450;;Well;450", *half)).values, OD)  # type: ignore[union-attr]
    samples = [f"S{row + 1},{OD[row, 0]},{OD[row, 1]},{OD[row, 2]}" for row in range(8)]  # samples are no wells
    assert "B1:D8" in problem(text(tmp_path / "d.csv", *samples)).value


def test_cells_that_are_pointed_at(tmp_path: Path) -> None:
    """What no reader knows is shown with its cells, and the option that takes them."""
    rows = [["my own table"], *([f"row {row}", *map(float, OD[row]), "end"] for row in range(8))]
    path = workbook(tmp_path / "p.xlsx", Res=rows)
    found = problem(path)
    assert "Res!B2:M9 (8 x 12 numbers, 0.05 to " in found.value and "--read CELLS" in found.remedy
    np.testing.assert_array_equal(read_export(path, asked="Res!B2:M9").plates[0].reads[0].values, OD)
    (plate,) = read_export(path, asked="$B$2:$D$3").plates
    assert np.isfinite(plate.reads[0].values).sum() == 6 and plate.reads[0].value("B3") == OD[1, 2]
    for asked in ("Foo!B2:M9", "M9:B2", "A1:C2"):
        with pytest.raises(InputError):
            read_export(path, asked=asked)


def test_a_layout_in_german_with_several_wells_a_row(tmp_path: Path) -> None:
    head = "Platte;Position;Typ;Probe;Konzentration (pg/mL);Verdünnung"
    rows = [
        "p;A1,A2;Standard;;15,6;",
        "p;B1:C2;Probe;s1;;1+7",
        "p;D1-D3;Kontrolle;k;;unverdünnt",
        "p;E1 und E2;Leerwert;;;",
    ]
    layout = read_layout(text(tmp_path / "layout.csv", head, *rows))
    found = {well.well: (well.role, well.nominal, well.dilution) for well in layout.wells}
    assert layout.unit == "pg/mL" and found["A2"] == ("standard", 15.6, 1.0)
    assert [well for well, (role, _, _) in found.items() if role == "sample"] == ["B1", "B2", "C1", "C2"]
    assert found["C2"][2] == 8.0 and found["D3"][0] == "control" and found["E2"][0] == "blank"
    for wells, wrong in (("A1:C2", "roles overlap"), ("C2:A1", "must name a well"), ("A1,X", "must name a well")):
        with pytest.raises(InputError, match=wrong):
            read_layout(text(tmp_path / "layout.csv", head, rows[0], f"p;{wells};Probe;s1;;"))
