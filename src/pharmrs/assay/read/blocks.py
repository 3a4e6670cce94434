"""Blocks of wells in a sheet: grids (a row 1 2 3 ... over rows A B C ...), bare ones, and lists (Well, Mean, StDev).

A grid may hold several lines a row, as Gen5 writes them (450, below it 540, below it what it calculated): each is a
block of its own, called by the word at the end of its lines.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pharmrs.assay.read.cells import Sheet, is_empty, missing_word, number, number_like
from pharmrs.assay.records.plate import Missing, well_name, well_position
from pharmrs.core.errors import some_of
from pharmrs.core.read.numbers import Commas, marks_of, read_number
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import FloatArray

SIZES = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))  # 6 to 1536 wells
_STANDARD_SIZE = (8, 12)
_BARE_SIZES = ((8, 12), (16, 24))
_ROW_NAME = re.compile(r"[A-P]|[Q-Z]|A[A-F]")
_MOST_LEFT = 3  # columns before the row names
_FEWEST_COLUMNS, _FEWEST_WELLS = 2, 6
_LINES_ABOVE, _WAVELENGTH_ABOVE = 3, 6
_WAVELENGTH = re.compile(r"wavelength\W{0,3}\d{3}", re.IGNORECASE)
_SHOWN = 3
# what is no reading, by the words above it or beside it
_NOT_READ = re.compile(
    r"\b(?:plate\s*layout|layout|plate\s*map|template|groups?|sample\s*(?:ids?|names?|types?)|well\s*(?:id|type)s?"
    r"|conc|concentrations?|nominal|dilutions?|dil|flags?|replicates?|contents?|labels?|types?|ranges?|cv|st\.?\s*dev"
    r"|sd|mean|average|pathlength|spot\s*count)\b",
    re.IGNORECASE,
)
_READ = re.compile(
    r"\b(?:raw|od|abs|absorbance|fluorescence|luminescence|rfu|rlu|nm|od\d{3}|\d{3} ?nm)\b", re.IGNORECASE
)
_CALCULATED = re.compile(r"\b(?:correct(?:ed|ion)|blank(?:ed)?|subtract(?:ed)?|norm\\w*|ratio|delta)\b", re.IGNORECASE)


@dataclass(slots=True)
class WellBlock:
    """One block: rows of the sheet from `first` to `last`; values, words and plain texts by well.

    `title`: the words beside or above it; `doubtful`: cells that could be two numbers.
    """

    first: int
    last: int
    values: dict[str, float] = field(default_factory=dict)
    missing: dict[str, Missing] = field(default_factory=dict)
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)  # well -> (cell, text)
    sd: dict[str, float] = field(default_factory=dict)
    title: str = ""
    commas: Commas = Commas.UNKNOWN

    @property
    def labels(self) -> bool:
        """Whether this is a table of names, not of readings."""
        names = sum(not number_like(text) for _, text in self.texts.values())
        return names > len(self.values) + len(self.missing) + len(self.texts) - names

    @property
    def doubt(self) -> str:
        """Why these numbers may be no readings of their own; empty where nothing speaks against it."""
        if match := _NOT_READ.search(self.title):
            return f"called {match[0]}"
        if match := _CALCULATED.search(self.title):
            return f"calculated from other reads ({match[0]})"
        if _READ.search(self.title):
            return ""
        counts = Counter(self.values.values())
        if len(counts) < 2:  # all alike: a dead plate, or one that was never read; not what a layout looks like
            return ""
        if set(counts) == set(map(float, range(1, len(counts) + 1))):
            return "the numbers 1, 2, 3, ... as groups have them"
        if len(self.values) > _STANDARD_SIZE[0] and min(counts.values(), default=0) > 1:
            return "every number stands in several wells, as groups and concentrations do"
        return ""

    def report_texts(self, sheet: Sheet, problems: Problems) -> None:
        """Texts in wells, and two decimal marks in one block, are problems."""
        where = f"sheet {sheet.title}, " if sheet.title else ""
        if self.commas is Commas.BOTH:
            remedy = "export again with one decimal mark"
            problems.add(f"{where}rows {self.first + 1} to {self.last + 1}", "one decimal mark", "both . and ,", remedy)
        doubtful = []
        for well, (cell, text) in self.texts.items():
            if number_like(text):
                doubtful.append((cell, text, read_number(text, self.commas)))
                continue
            remedy = "correct the cell; words understood: OVER, UNDER, MASKED, INVALID, n/a"
            problems.add(f"{where}cell {cell} (well {well})", "a well must hold a number", text, remedy)
        if doubtful:
            cell, text, found = doubtful[0]
            others = some_of([f"{one[1]} in {one[0]}" for one in doubtful], _SHOWN)
            more = f" and {len(doubtful) - 1} more" if len(doubtful) > 1 else ""
            problems.add(f"{where}cell {cell}{more}", f"{text} {found.rule}", others, found.remedy)


def find_blocks(sheet: Sheet, problems: Problems) -> list[WellBlock]:
    """All grids and lists of a sheet in their order; what is wrong inside them is reported."""
    blocks: list[WellBlock] = []
    row = 0
    while row < len(sheet.rows):
        found = _grid(sheet, row) or _list(sheet, row) or _wide(sheet, row) or _bare(sheet, row)
        for block in found:
            block.title = block.title or _title(sheet, block.first, blocks[-1].last if blocks else -1)
        blocks += found
        row = max((block.last for block in found), default=row) + 1
    for block in blocks:
        if not block.labels and not _NOT_READ.search(block.title):
            block.report_texts(sheet, problems)
    return blocks


def _title(sheet: Sheet, first: int, before: int) -> str:
    """The nearest line above a block that holds anything, after the block before it, and the one of its wavelength."""
    lines = [line for row in range(first - 1, before, -1) if (line := sheet.row_text(row))]
    near = next(
        (
            sheet.row_text(row)
            for row in range(first - 1, max(before, first - 1 - _LINES_ABOVE), -1)
            if sheet.row_text(row)
        ),
        "",
    )
    told = next((line for line in lines[1:_WAVELENGTH_ABOVE] if _WAVELENGTH.search(line)), "")
    return f"{near}, {told}" if told and not _WAVELENGTH.search(near) else near


def _grid(sheet: Sheet, row: int) -> list[WellBlock]:
    """The blocks of a grid whose header is `row`: any word or none in its corner, then columns that rise by one."""
    for left in range(_MOST_LEFT):
        if number(sheet.cell(row, left)) is not None or not is_empty(sheet.cell(row, place) for place in range(left)):
            continue
        columns = _column_numbers(sheet, row, left + 1)
        if len(columns) < _FEWEST_COLUMNS and not (columns and sheet.text(row, left) == "<>"):
            continue
        if _ROW_NAME.fullmatch(sheet.text(row + 1, left)):
            return _grid_blocks(sheet, row, left, columns)
    return []


def _grid_blocks(sheet: Sheet, row: int, left: int, columns: dict[int, int]) -> list[WellBlock]:
    lines: list[tuple[int, str, int]] = []  # line of the sheet, row of the plate, which of its lines
    line, name, again = row + 1, "", 0
    while line < len(sheet.rows):
        text = sheet.text(line, left)
        if _ROW_NAME.fullmatch(text):
            name, again = text, 0
        elif text or not name or is_empty(sheet.cell(line, place) for place in columns):
            break
        else:
            again += 1
        lines.append((line, name, again))
        line += 1
    blocks = []
    for which in sorted({again for _, _, again in lines}):
        own = [(line, name) for line, name, again in lines if again == which]
        commas = marks_of(sheet.cell(line, place) for line, _ in own for place in columns)
        block = WellBlock(row, lines[-1][0], commas=commas)
        for line, name in own:
            for place, column in columns.items():
                take_reading(sheet, block, f"{name}{column}", line, place, commas)
        block.title = _beside([line for line, _ in own], sheet, max(columns) + 1)
        blocks.append(block)
    return blocks


def _beside(lines: Sequence[int], sheet: Sheet, after: int) -> str:
    """The word at the end of the lines of a block, where most of them end alike; notes of single lines are no name."""
    words = [next((text for far in range(3) if (text := sheet.text(line, after + far))), "") for line in lines]
    word, times = Counter(words).most_common(1)[0]
    return word if 2 * times > len(words) else ""


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


def _wide(sheet: Sheet, row: int) -> list[WellBlock]:
    """A row of well names, and below it rows of numbers, each with its name in front: one block a row."""
    wells = {
        place: text
        for place in range(1, len(sheet.rows[row]))
        if well_position(text := sheet.text(row, place)) is not None
    }
    if len(wells) < _FEWEST_WELLS or 2 * len(wells) < len([cell for cell in sheet.rows[row] if cell.strip()]):
        return []
    blocks = []
    line = row + 1
    while line < len(sheet.rows) and not is_empty(sheet.rows[line]):
        commas = marks_of(sheet.cell(line, place) for place in wells)
        block = WellBlock(row, line, title=sheet.text(line, 0), commas=commas)
        for place, well in wells.items():
            take_reading(sheet, block, well, line, place, commas)
        blocks.append(block)
        line += 1
    return blocks


def _bare(sheet: Sheet, row: int) -> list[WellBlock]:
    """A whole plate of numbers without names of rows and columns: 8 lines of 12 or 16 of 24, nothing beside them."""
    start = next((place for place in range(len(sheet.rows[row])) if sheet.text(row, place)), -1)
    for height, width in _BARE_SIZES:
        if start < 0 or row + height > len(sheet.rows):
            continue
        cells = [[sheet.cell(row + line, start + place) for place in range(width)] for line in range(height)]
        commas = marks_of(cell for line in cells for cell in line)
        whole = all(number(cell, commas) is not None or missing_word(cell) for line in cells for cell in line)
        beside = any(
            not is_empty((*sheet.rows[row + line][:start], *sheet.rows[row + line][start + width :]))
            for line in range(height)
        )
        under = sheet.text(row + height, start) if row + height < len(sheet.rows) else ""
        if not whole or beside or under or cells[0] == [str(column) for column in range(1, width + 1)]:
            continue
        block = WellBlock(row, row + height - 1, commas=commas)
        for line, place in itertools.product(range(height), range(width)):
            take_reading(sheet, block, well_name(line, place), row + line, start + place, commas)
        return [block]
    return []


def _list(sheet: Sheet, row: int) -> list[WellBlock]:
    """A list of wells under the header `Well` with their `Mean` of several reads, and perhaps `StDev`."""
    heads = [sheet.text(row, place).lower() for place in range(1, len(sheet.rows[row]))]
    if sheet.text(row, 0).lower() != "well" or "mean" not in heads:
        return []
    value_place = 1 + heads.index("mean")
    sd_place = 1 + heads.index("stdev") if "stdev" in heads else None
    block = WellBlock(row, row)
    line = row + 1
    commas = marks_of(sheet.cell(below, value_place) for below in range(line, len(sheet.rows)))
    while well_position(sheet.text(line, 0)) is not None:
        well = sheet.text(line, 0)
        take_reading(sheet, block, well, line, value_place, commas)
        spread = number(sheet.cell(line, sd_place)) if sd_place is not None else None
        if spread is not None:
            block.sd[_canonical(well)] = spread
        block.last = line
        line += 1
    return [block] if block.last > row else []


def _canonical(well: str) -> str:
    position = well_position(well)
    assert position is not None
    return well_name(*position)


def take_reading(sheet: Sheet, block: WellBlock, well: str, row: int, place: int, commas: Commas) -> None:
    """Put what a cell holds into its block: a number, a word for none, or a text that is neither."""
    cell, name = sheet.cell(row, place), _canonical(well)
    value, word = number(cell, commas), missing_word(cell)
    if value is not None:
        block.values[name] = value
    elif word is not None:
        block.missing[name] = word
    elif cell.strip():
        block.texts[name] = (cell_name(row, place), cell.strip())


def cell_name(row: int, column: int) -> str:
    """Name of a cell as spreadsheets show it: row 0, column 0 is A1."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


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
