"""Text tables: cells by column, missing values, and every mistake named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pharmrs.core.read.participants import participant_labels, read_participants, sessions_file
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import read_text_table


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
        ("a;b\n1,5;2\n", ["file: cells must be separated by tabs (or commas)"]),
        ("a\tz\n1\t2\n", ["header: must have known columns only (a, b)"]),
        (
            "a\tb\n1\n2\t3\t4\n",
            ["line 2: must have 2 cells, as the header", "line 3: must have 2 cells, as the header"],
        ),
    ],
)
def test_mistakes_are_named(text: str, told: list[str], tmp_path: Path) -> None:
    assert _read(tmp_path / "t.tsv", text, optional=("b",))[1] == told


def test_foreign_columns_are_one_problem(tmp_path: Path) -> None:
    problems = Problems("t.tsv")
    names = "\t".join(f"x{number}" for number in range(12))
    read_text_table(_written(tmp_path, f"a\t{names}\n"), problems, ("a",), ())
    (problem,) = problems.found
    assert problem.value == "x0, x1, x2, x3, x4, x5, x6, x7, x8, x9 and 2 more"


def _written(folder: Path, text: str) -> Path:
    path = folder / "t.tsv"
    path.write_text(text)
    return path


def test_missing_and_foreign_files_are_named(tmp_path: Path) -> None:
    for path, content in ((tmp_path / "none.tsv", None), (tmp_path / "latin.tsv", b"a\n\xe9\n"), (tmp_path, None)):
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
