"""Blocks of wells in a sheet: grids (`<>` or a row 1 2 3 ... over rows A B C ...) and lists (Well, Mean, StDev)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from pharmrs.assay.read.cells import Sheet, missing_word, mixes_decimal_marks, number
from pharmrs.assay.records.plate import Missing, well_name, well_position
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import FloatArray

SIZES = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))  # 6 to 1536 wells
_STANDARD_SIZE = (8, 12)
_ROW_NAME = re.compile(r"[A-P]|[Q-Z]|A[A-F]")
_GRID_MARKS = ("", "<>")
_FEWEST_COLUMNS = 2


@dataclass(slots=True)
class WellBlock:
    """One block: rows of the sheet from `first` to `last`; values, words and plain texts by well."""

    first: int
    last: int
    values: dict[str, float] = field(default_factory=dict)
    missing: dict[str, Missing] = field(default_factory=dict)
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)  # well -> (cell, text)
    sd: dict[str, float] = field(default_factory=dict)
    trailing: str = ""

    @property
    def labels(self) -> bool:
        """Whether this is a table of names, not of readings."""
        return len(self.texts) > len(self.values) + len(self.missing)


def find_blocks(sheet: Sheet, problems: Problems) -> list[WellBlock]:
    """All grids and lists of a sheet in their order; what is wrong inside them is reported."""
    blocks = []
    row = 0
    while row < len(sheet.rows):
        block = _grid(sheet, row) or _list(sheet, row)
        if block is not None:
            blocks.append(block)
            row = block.last
        row += 1
    for block in blocks:
        if not block.labels:
            _report_texts(sheet, block, problems)
    return blocks


def _grid(sheet: Sheet, row: int) -> WellBlock | None:
    """A grid whose header is `row`: the mark, then column numbers that rise by one."""
    for left in range(2):
        if sheet.text(row, left) not in _GRID_MARKS:
            continue
        columns = _column_numbers(sheet, row, left + 1)
        if len(columns) < _FEWEST_COLUMNS and not (columns and sheet.text(row, left) == "<>"):
            continue
        if not _ROW_NAME.fullmatch(sheet.text(row + 1, left)):
            continue
        block = WellBlock(row, row)
        line = row + 1
        while _ROW_NAME.fullmatch(sheet.text(line, left)):
            for place, column in columns.items():
                _take(sheet, block, f"{sheet.text(line, left)}{column}", line, place)
            after = max(columns) + 1
            block.trailing = block.trailing or sheet.text(line, after)
            block.last = line
            line += 1
        return block
    return None


def _column_numbers(sheet: Sheet, row: int, start: int) -> dict[int, int]:
    """Place -> column number of the plate, as long as they rise by one."""
    columns: dict[int, int] = {}
    place = start
    while (value := number(sheet.cell(row, place))) is not None and value == int(value):
        if columns and int(value) != columns[place - 1] + 1:
            break
        if not 1 <= value <= SIZES[-1][1]:
            break
        columns[place] = int(value)
        place += 1
    return columns


def _list(sheet: Sheet, row: int) -> WellBlock | None:
    """A list of wells under the header `Well` with their `Mean` of several reads, and perhaps `StDev`."""
    heads = [sheet.text(row, place).lower() for place in range(1, len(sheet.rows[row]))]
    if sheet.text(row, 0).lower() != "well" or "mean" not in heads:
        return None
    value_place = 1 + heads.index("mean")
    sd_place = 1 + heads.index("stdev") if "stdev" in heads else None
    block = WellBlock(row, row)
    line = row + 1
    while well_position(sheet.text(line, 0)) is not None:
        well = sheet.text(line, 0)
        _take(sheet, block, well, line, value_place)
        spread = number(sheet.cell(line, sd_place)) if sd_place is not None else None
        if spread is not None:
            block.sd[_canonical(well)] = spread
        block.last = line
        line += 1
    return block if block.last > row else None


def _canonical(well: str) -> str:
    position = well_position(well)
    assert position is not None
    return well_name(*position)


def _take(sheet: Sheet, block: WellBlock, well: str, row: int, place: int) -> None:
    cell, name = sheet.cell(row, place), _canonical(well)
    value, word = number(cell), missing_word(cell)
    if value is not None:
        block.values[name] = value
    elif word is not None:
        block.missing[name] = word
    elif cell is not None:
        block.texts[name] = (cell_name(row, place), str(cell))


def cell_name(row: int, column: int) -> str:
    """Name of a cell as spreadsheets show it: row 0, column 0 is A1."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


def _report_texts(sheet: Sheet, block: WellBlock, problems: Problems) -> None:
    where = f"sheet {sheet.title}, " if sheet.title else ""
    for well, (cell, text) in block.texts.items():
        remedy = "correct the cell; words understood: OVER, UNDER, MASKED, INVALID, n/a"
        problems.add(f"{where}cell {cell} (well {well})", "a well must hold a number", text, remedy)
    cells = [cell for row in sheet.rows[block.first + 1 : block.last + 1] for cell in row[1:]]
    if mixes_decimal_marks(cells):
        remedy = "export again with one decimal mark"
        problems.add(f"{where}rows {block.first + 1} to {block.last + 1}", "one decimal mark", "both . and ,", remedy)


def plate_shape(blocks: list[WellBlock], described: str = "") -> tuple[int, int]:
    """Rows and columns: from a description such as `96-well plate`, else the smallest usual plate that holds all wells.

    At least 96 wells are assumed, because a partial plate does not tell its size.
    """
    told = re.search(r"\b(6|12|24|48|96|384|1536)\b", described)
    positions = [
        position
        for block in blocks
        for well in (*block.values, *block.missing, *block.texts)
        if (position := well_position(well)) is not None
    ]
    rows = 1 + max((row for row, _ in positions), default=0)
    columns = 1 + max((column for _, column in positions), default=0)
    by_count = {height * width: (height, width) for height, width in SIZES}
    if told and by_count[int(told[1])] >= (rows, columns):
        return by_count[int(told[1])]
    fitting = [size for size in SIZES if size[0] >= rows and size[1] >= columns and size >= _STANDARD_SIZE]
    return fitting[0]


def as_array(values: dict[str, float], shape: tuple[int, int]) -> FloatArray:
    """Values by well as an array of the plate."""
    array = np.full(shape, np.nan)
    for well, value in values.items():
        position = well_position(well)
        if position is not None and position[0] < shape[0] and position[1] < shape[1]:
            array[position] = value
    return array
