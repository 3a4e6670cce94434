"""The one reader of numbers: its grammar against decimal's, and commas as both habits write them."""

from __future__ import annotations

import math
import random
from decimal import Decimal

import numpy as np
import pytest

from pharmrs.core.read.numbers import (
    Commas,
    Typed,
    commas_of,
    could_be_number,
    marks_of,
    plain_number,
    plain_numbers,
    read_number,
    whole_number,
)

NO_NUMBERS = (
    "8_5", "1_000.5", "１２", "٣", "²", "yes", "true", "0x10", "0o14", "0b1", "1:30", "1 000", "1'000", "5 pg", "<5",
    "5 %", "", " ", "+", ".", ",", "e5", "1e", "1e5.5", "--1", "1.2.3", "1,23,456", "inf", "-Infinity", "nan", "1e999",
    "5,", "1d3",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number(text: str) -> None:
    assert plain_number(text) is None and whole_number(text) is None
    for commas in Commas:
        read = read_number(text, commas)
        assert math.isnan(read.value) and read.rule and read.remedy
    if len(text.split()) == 1 and text not in ("1e999", "inf", "-Infinity", "nan"):  # told by whoever asks
        with pytest.raises(ValueError, match=r"not a number|could not convert"):
            plain_numbers(f"1 {text} 2")


@pytest.mark.parametrize(
    "text",
    ["0", "020", "-0.5", "+7", ".5", "5.", "1e3", "1E-3", "12.25", "00.10", "1959", "9" * 18, "\N{MINUS SIGN}3.5"],
)
def test_plain_numbers_are_what_decimal_says(text: str) -> None:
    expected = float(Decimal(text.replace("\N{MINUS SIGN}", "-")))
    assert plain_number(f" {text} ") == expected
    assert read_number(text).value == expected


def test_a_block_of_numbers() -> None:
    assert np.array_equal(plain_numbers(" 1.5\n-2e3\t .25 "), [1.5, -2000.0, 0.25])


def _german(value: Decimal, places: int) -> str:
    whole, _, rest = f"{value:,.{places}f}".partition(".")
    return whole.replace(",", ".") + ("," + rest if rest else "")


@pytest.mark.parametrize("places", [1, 2, 3, 4])
def test_columns_of_both_habits(places: int) -> None:
    """Numbers written by format() with thousands, as in Boston and as in Berlin, come back as they were."""
    draw = random.Random(places)
    values = [Decimal(draw.randrange(10 ** (places + 8))).scaleb(-places) for _ in range(50)]
    for texts in ([f"{value:,.{places}f}" for value in values], [_german(value, places) for value in values]):
        commas = commas_of(texts)
        assert commas in (Commas.DECIMAL, Commas.THOUSANDS)
        assert [read_number(text, commas).value for text in texts] == [float(value) for value in values]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["1,959", "0,5"], [1.959, 0.5]),
        (["1,959", "12,25"], [1.959, 12.25]),
        (["1,959", "1,234,567"], [1959.0, 1234567.0]),
        (["1,959", "2.5"], [1959.0, 2.5]),
        (["1,959", "1,959.5"], [1959.0, 1959.5]),
        (["1,959e3"], [1959.0]),
        (["1.234.567", "1,959"], [1234567.0, 1.959]),
        (["1.234,5"], [1234.5]),
        (["1.959"], [1.959]),
        (["-1,959", "-0,5"], [-1.959, -0.5]),
        (["0,5", "2.5"], [0.5, 2.5]),
    ],
)
def test_the_column_decides(column: list[str], expected: list[float]) -> None:
    commas = commas_of(column)
    assert [read_number(text, commas).value for text in column] == expected


@pytest.mark.parametrize(
    ("column", "text", "readings"),
    [
        (["1,959", "891"], "1,959", ("1.959", "1959")),
        (["56,412", "75,182"], "56,412", ("56.412", "56412")),
        (["-1,959"], "-1,959", ("-1.959", "-1959")),
        (["0,5", "1.959"], "1.959", ("1.959", "1959")),
        (["0,5", "2.5", "1,959"], "1,959", ("1.959", "1959")),
    ],
)
def test_what_could_be_two_numbers_shows_both(column: list[str], text: str, readings: tuple[str, str]) -> None:
    read = read_number(text, commas_of(column))
    assert math.isnan(read.value)
    assert all(reading in read.rule and reading in read.remedy for reading in readings)
    assert could_be_number(text)


@pytest.mark.parametrize(
    ("column", "marks"),
    [
        (["1.959", "891"], Commas.POINTS),  # an instrument that separates thousands by points, or not
        (["1.959", "1891"], Commas.UNKNOWN),  # four digits without a point: they are decimals
        (["1.959", "2.010"], Commas.UNKNOWN),
        (["1.959", "891", "0.5"], Commas.THOUSANDS),
    ],
)
def test_points_that_may_separate_thousands(column: list[str], marks: Commas) -> None:
    assert marks_of(column) is marks
    assert read_number("1.959", marks).either is (marks is Commas.POINTS)


def test_a_number_that_a_workbook_holds_is_never_in_doubt() -> None:
    assert read_number(Typed("1.959"), Commas.DECIMAL).value == 1.959
    assert commas_of([Typed("2.5")]) is Commas.UNKNOWN
