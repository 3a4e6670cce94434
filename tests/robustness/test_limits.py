"""The limits that docs/robustness.md tells: what is one too many is refused in words, what just fits is read."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pharmrs.core.errors import InputError
from pharmrs.core.files.content import read_content
from pharmrs.core.files.json_text import parse_json, read_json
from pharmrs.core.read.compressed import read_bytes
from pharmrs.core.read.declarations import read_keys
from pharmrs.core.read.numbers import read_number
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.sheets import sheets_of, table_of
from pharmrs.core.read.text_table import read_text_table
from pharmrs.spectra.read.basis_jmrui import read_jmrui
from pharmrs.spectra.read.pulse_file import read_pulse

MIB = 1 << 20


def told(read: Callable[[Path], object], path: Path, size: int = 0) -> str:
    """What a reader says of a file, which is made `size` bytes long without taking as much of the disk."""
    if size:
        with path.open("wb") as stream:
            stream.write(b"jMRUI Data Textfile\n" if path.name == "basis.txt" else b"")
            stream.truncate(size)
    try:
        read(path)
    except (OSError, ValueError, InputError) as error:
        return str(error)
    return ""


def with_problems(read: Callable[[Path, Problems], object]) -> Callable[[Path], object]:
    def raising(path: Path) -> None:
        problems = Problems(str(path))
        read(path, problems)
        problems.raise_errors()

    return raising


@pytest.mark.parametrize(
    ("read", "name", "mib"),
    [
        (read_content, "recording", 1024),
        (with_problems(lambda path, problems: read_text_table(path, problems, ("a",))), "table.tsv", 256),
        (with_problems(read_jmrui), "basis.txt", 256),
        (read_json, "sidecar.json", 32),
        (read_pulse, "pulse.pta", 32),
        (lambda path: read_keys(path, "", ""), "study.yaml", 4),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_larger_than_its_kind_may_be(
    read: Callable[[Path], object], name: str, mib: int, tmp_path: Path
) -> None:
    assert f"Larger than {mib} MiB" in told(read, tmp_path / name, mib * MIB + 1)


def test_what_a_compressed_file_unpacks_to(tmp_path: Path) -> None:
    """256 MiB of what swells more than 50 times; each part here is 64 MiB."""
    path = tmp_path / "swells.nii.gz"
    path.write_bytes(gzip.compress(bytes(64 * MIB), 1) * 5)
    problems = Problems("x")
    assert read_bytes(path, problems, "copy it again") is None
    assert [str(one.value) for one in problems.found] == ["Larger than 256 MiB"]


def test_a_member_of_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", bytes(64 * MIB + 1))
    problems = Problems("book.xlsx")
    assert sheets_of(path.read_bytes(), problems) == ()
    assert [one.rule for one in problems.found] == ["must be a workbook with tables"]
    assert "64 MiB" in str(problems.found[0].value)


def test_cells_of_a_table() -> None:
    problems = Problems("x")
    assert table_of("a\n" * 20_000_001, problems) == ()
    assert [one.rule for one in problems.found] == ["must hold at most 20000000 cells"]


def test_numbers_of_a_table() -> None:
    for fits, not_any_more in (("1e70", "1.1e70"), ("-1e70", "-1e71"), ("1e-70", "9e-71"), ("0", "-1e-300")):
        assert read_number(fits).value == float(fits) and read_number(fits).rule == ""
        assert "between 1e-70 and 1e+70" in read_number(not_any_more).rule


def test_levels_and_numbers_of_json() -> None:
    assert parse_json("[" * 64 + "]" * 64) and parse_json("1" + "0" * 307) == 10**307
    assert "64 levels" in told(lambda _: parse_json("[" * 65 + "]" * 65), Path())
    assert "a whole number of 310 digits" in told(lambda _: parse_json("1" + "0" * 309), Path())


def test_levels_and_values_of_a_declaration(tmp_path: Path) -> None:
    def read(text: str) -> str:
        (tmp_path / "study.yaml").write_text(text)
        return told(lambda path: read_keys(path, "", ""), tmp_path / "study.yaml")

    assert read("a: " + "[" * 40 + "]" * 40) == ""
    assert "50 levels" in read("a: " + "[" * 51 + "]" * 51)
    wide = "a: &a [" + "1," * 999 + "1]\n"
    assert read(wide + "b: [" + "*a, " * 150 + "*a]\n") == ""
    assert "200000" in read(wide + "b: [" + "*a, " * 250 + "*a]\n").replace(",", "")
