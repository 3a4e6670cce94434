"""Text tables: cells by column, missing values, and every mistake named with its line."""

from __future__ import annotations

import csv
import math
from datetime import time
from pathlib import Path

import pytest
from openpyxl import Workbook

from pharmrs.core.read.cells import CellReader
from pharmrs.core.read.participants import participant_labels, read_participants, sessions_file
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.core.report.tables import write_tsv

_LEFT_OUT = "header: only known columns are read"


def _read(path: Path, text: str, **columns: tuple[str, ...]) -> tuple[list[dict[str, str]], list[str]]:
    path.write_text(text, encoding="utf-8")
    problems = Problems(str(path))
    rows = read_text_table(path, problems, columns.get("required", ("a",)), columns.get("optional"))
    return [row.cells for row in rows], [f"{one.field}: {one.rule}" for one in problems.found]


def test_cells_are_stripped_and_na_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("\ufeffa\tb\r\n 1 \tn/a\r\n\r\n2\t\r\n", encoding="utf-8")
    rows = read_text_table(path, Problems("t"), ("a", "b"))
    assert [(row.line, row.text("a"), row.text("b"), row.text("c")) for row in rows] == [
        (2, "1", "", ""),
        (4, "2", "", ""),
    ]
    assert rows[0].where == "line 2"


def test_comma_separates_where_there_is_no_tab(tmp_path: Path) -> None:
    assert _read(tmp_path / "t.csv", 'a,b\n"1,5",2\n') == ([{"a": "1,5", "b": "2"}], [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["file: must hold a header and lines"]),
        ("a\n", ["file: must hold at least one line below the header"]),
        ("b\n1\n", ["header: must have the column a"]),
        ("a\ta\n1\t2\n", ["header: must name a column once"]),
        ("a\tz\n1\t2\n", [_LEFT_OUT]),
        (
            "a\tbb_limt\n1\t2\n",
            ["header: must not nearly be the name of a known column", "header: only known columns are read"],
        ),
        ("aa;b\n1;2\n", ["header: must have the column a", _LEFT_OUT]),
        ("a\tb\n\x071\t2\n", ["line 2: must not hold control characters"]),
        ("a\tb\n1\x00\t2 \n", ["line 2: must not hold control characters"]),  # no UTF-16, though even in length
        ("a\tb\n" + 40 * "\0", ["line 2: must not hold control characters"]),  # what a crash left of the lines
        (
            "a\tb\n1\n2\t3\t4\n",
            ["line 2: must have 2 cells, as the header", "line 3: must have 2 cells, as the header"],
        ),
    ],
)
def test_mistakes_are_named(text: str, told: list[str], tmp_path: Path) -> None:
    assert _read(tmp_path / "t.tsv", text, optional=("b", "bb_limit"))[1] == told


def test_foreign_columns_are_one_problem(tmp_path: Path) -> None:
    problems = Problems("t.tsv")
    names = "\t".join(f"x{number}" for number in range(12))
    read_text_table(_written(tmp_path, f"a\t{names}\n"), problems, ("a",), ())
    (problem,) = problems.found
    assert problem.value == "x0, x1, x2, x3, x4, x5, x6, x7, x8, x9 and 2 more"


WAYS = {
    "tabs": b"a\tb\tid\n10.5\tn/a\t007\n9\tNA\t1234567\n",
    "commas": b"a,b,id\n10.5,n/a,007\n9,NA,1234567\n",
    "R's write.csv": b'"","a","b","id"\n"1",10.5,NA,"007"\n"2",9,NA,"1234567"\n',
    "semicolons and decimal commas": b"a;b;id\r\n10,5;;007\r\n9;NA;1234567\r\n",
    "UTF-16 of Excel": "a\tb\tid\r\n10,5\t\t007\r\n9\t\t1234567\r\n".encode("utf-16"),
    "UTF-16 without its mark": "a\tb\tid\n10.5\t\t007\n9\t\t1234567\n".encode("utf-16-le"),
    "empty lines and cells around": b"\n\na\tb\tid\t\t\n\t\t\t\t\n10.5\t\t007\t\t\n9\t\t1234567\t\t\n\n",
    "names as people write them": b"A\t B\tID\n10.5\t\t007\n9\t\t1234567\n",
    "marks that Windows adds": "\u202aa\tb\tid\n10.5\t\t\u202a007\u202c\n9\t\t1234567\u200b\n".encode(),
}


@pytest.mark.parametrize("way", WAYS)
def test_one_table_in_the_ways_people_have_it(way: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(WAYS[way])
    _same_table(path)


def test_workbooks(tmp_path: Path) -> None:
    """Typed numbers, a zero-filled format, text that looks like a number, a second sheet, a time of Excel."""
    book = Workbook()
    first = book.active
    assert first is not None
    first.append(["notes about the study"])
    sheet = book.create_sheet("data")
    for row in (["a", "b", "id", "at"], [10.5, None, 7, time(8, 30)], [9, "NA", "1234567", "08:30:00"]):
        sheet.append(row)
    sheet["C2"].number_format = "000"
    book.save(tmp_path / "t.xlsx")
    rows = _same_table(tmp_path / "t.xlsx")
    assert [CellReader(Problems("t")).clock_h(row, "at") for row in rows] == [8.5, 8.5]
    again = book.create_sheet("again")
    again.append(["a", "b", "id"])
    book.save(tmp_path / "two.xlsx")
    problems = Problems("two.xlsx")
    assert read_text_table(tmp_path / "two.xlsx", problems, ("a", "id")) == []
    assert "data, again" in problems.found[0].value


def _same_table(path: Path) -> list[TextRow]:
    problems = Problems(path.name)
    rows = read_text_table(path, problems, ("a", "id"))
    assert [one for one in problems.found if one.severity == "error"] == []
    cells = CellReader(problems)
    assert [cells.number(row, "a") for row in rows] == [10.5, 9.0]
    assert [(row.text("id"), row.text("b")) for row in rows] == [("007", ""), ("1234567", "")]
    return rows


def test_digits_that_a_workbook_cannot_keep_are_said(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["a"], [12345678901234567]):
        sheet.append(row)
    book.save(tmp_path / "t.xlsx")
    problems = Problems("t.xlsx")
    read_text_table(tmp_path / "t.xlsx", problems, ("a",))
    assert [one.rule for one in problems.found] == ["a workbook keeps 15 digits of a number"]


def test_the_table_decides_where_the_column_does_not(tmp_path: Path) -> None:
    path, problems = tmp_path / "t.csv", Problems("t")
    for text, expected in (("a;b\n1,959;0,5\n", 1.959), ("a\tb\n1,959\t2.5\n", 1959.0)):
        path.write_text(text)
        (row,) = read_text_table(path, problems, ("a", "b"))
        assert CellReader(problems).number(row, "a") == expected
    path.write_text("a\tb\n1,959\tabout 0,5 or so\n")  # words are no witness
    (row,) = read_text_table(path, problems, ("a", "b"))
    assert math.isnan(CellReader(problems).number(row, "a"))
    assert "1.959" in problems.found[-1].rule and "1959" in problems.found[-1].rule


def test_sodium_is_not_missing(tmp_path: Path) -> None:
    assert read_text_table(_written(tmp_path, "a\nNa\n"), Problems("t"), ("a",))[0].text("a") == "Na"


def test_windows_text_is_read_and_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("a,b\ncafé,1\n".encode("cp1252"))
    problems = Problems("t.csv")
    assert read_text_table(path, problems, ("a",))[0].text("a") == "café"
    assert [(one.severity, one.field) for one in problems.found] == [("warning", "file")]


def _written(folder: Path, text: str) -> Path:
    path = folder / "t.tsv"
    path.write_text(text)
    return path


def test_missing_and_foreign_files_are_named(tmp_path: Path) -> None:
    for path, content in ((tmp_path / "none.tsv", None), (tmp_path / "other.tsv", b"a\n\x81\xff\n"), (tmp_path, None)):
        if content is not None:
            path.write_bytes(content)
        problems = Problems(str(path))
        assert read_text_table(path, problems, ("a",)) == []
        assert len(problems.found) == 1 and problems.found[0].remedy


def test_participants(tmp_path: Path) -> None:
    (tmp_path / "sub-07").mkdir()
    assert participant_labels(tmp_path) == ("07",)
    (tmp_path / "participants.tsv").write_text("participant_id\tage\nsub-02\t30\nsub-01\t20\n")
    assert participant_labels(tmp_path) == ("01", "02")
    assert sessions_file(tmp_path, "01") == tmp_path / "sub-01" / "sub-01_sessions.tsv"
    (tmp_path / "participants.tsv").write_text("participant_id\n01\nsub-02\nsub-02\n")
    problems = Problems("participants.tsv")
    read_participants(tmp_path, problems)
    assert [one.field for one in problems.found] == ["line 2: participant_id", "line 4: participant_id"]


COMMAND = "+cmd|' /C calc'!A0"
AS_IT_IS = ("-0.5", "-0.36 to 0.87", "+5", "-", "'t Hooft", "-1e-3", -0.5, float("-inf"))


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        *((text, f"'{text}") for text in ("=1+1", '=HYPERLINK("x")', "@SUM(1)", COMMAND, f"-2{COMMAND}")),
        ("'=1", "''=1"),
        *((cell, str(cell)) for cell in AS_IT_IS),
    ],
)
def test_no_cell_is_a_formula_and_each_is_read_as_it_was(cell: str | float, written: str, tmp_path: Path) -> None:
    """A spreadsheet shows text that begins with an apostrophe; numbers stay numbers; our reader takes it off again."""
    for name, mark in (("a.tsv", "\t"), ("a.csv", ",")):
        path = tmp_path / name
        write_tsv(path, ("id", "=x"), [{"id": "a", "=x": cell}])
        head, line = path.read_text(encoding="utf-8").splitlines()
        assert head == f"id{mark}'=x" and next(iter(csv.reader([line], delimiter=mark)))[1] == written
        problems = Problems("a")
        (row,) = read_text_table(path, problems, ("id", "=x"))
        assert row.text("=x") == str(cell) and not problems.found
