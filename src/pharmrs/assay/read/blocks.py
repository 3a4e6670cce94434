"""A block of wells in a sheet: its readings, what stands in place of one, and why these may be no readings at all."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from pharmrs.assay.read.cells import Sheet, missing_word, number, number_like
from pharmrs.assay.records.plate import Missing, well_name, well_position
from pharmrs.core.errors import some_of
from pharmrs.core.read.numbers import Commas, read_number
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import FloatArray

SIZES = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))  # 6 to 1536 wells
_STANDARD_SIZE = (8, 12)
_SHOWN = 3
# what is no reading, by the words above it or beside it
NOT_READ = re.compile(
    r"\b(?:plate\s*layout|layout|plate\s*map|template|groups?|sample\s*(?:ids?|names?|types?)|well\s*(?:id|type)s?"
    r"|conc|concentrations?|nominal|dilutions?|dil|flags?|replicates?|contents?|labels?|types?|ranges?|cv|st\.?\s*dev"
    r"|sd|mean|average|pathlength|spot\s*count)\b",
    re.IGNORECASE,
)
_READ = re.compile(
    r"\b(?:raw|od|abs|absorbance|fluorescence|luminescence|rfu|rlu|nm|od\d{3}|\d{3} ?nm)\b", re.IGNORECASE
)
_CALCULATED = re.compile(r"\b(?:correct(?:ed|ion)|blank(?:ed)?|subtract(?:ed)?|norm\w*|ratio|delta)\b", re.IGNORECASE)


@dataclass(slots=True)
class WellBlock:
    """One block: rows of the sheet from `first` to `last`, columns `left` to `right`; values, words, texts by well.

    `title`: the words beside or above it; `doubtful`: cells that could be two numbers.
    """

    first: int
    last: int
    values: dict[str, float] = field(default_factory=dict)
    missing: dict[str, Missing] = field(default_factory=dict)
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)  # well -> (cell, text)
    sd: dict[str, float] = field(default_factory=dict)
    left: int = 0
    right: int = 0
    title: str = ""
    commas: Commas = Commas.UNKNOWN

    @property
    def wells(self) -> set[str]:
        """All wells it tells something about."""
        return {*self.values, *self.missing, *self.texts}

    def take(self, other: WellBlock) -> None:
        """The wells of another part of the same table."""
        self.values |= other.values
        self.missing |= other.missing
        self.texts |= other.texts
        self.last, self.right = max(self.last, other.last), max(self.right, other.right)

    @property
    def labels(self) -> bool:
        """Whether this is a table of names, not of readings."""
        names = sum(not number_like(text) for _, text in self.texts.values())
        return names > len(self.values) + len(self.missing) + len(self.texts) - names

    @property
    def doubt(self) -> str:
        """Why these numbers may be no readings of their own; empty where nothing speaks against it."""
        if match := NOT_READ.search(self.title):
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


def canonical(well: str) -> str:
    """The usual name of a well that is known to be one: a01 is A1."""
    position = well_position(well)
    assert position is not None
    return well_name(*position)


def take_reading(sheet: Sheet, block: WellBlock, well: str, row: int, place: int, commas: Commas) -> None:
    """Put what a cell holds into its block: a number, a word for none, or a text that is neither."""
    cell, name = sheet.cell(row, place), canonical(well)
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
    stated = re.search(r"\b(6|12|24|48|96|384|1536)\b", described)
    positions = [
        position
        for block in blocks
        for well in (*block.values, *block.missing, *block.texts)
        if (position := well_position(well)) is not None
    ]
    rows = 1 + max((row for row, _ in positions), default=0)
    columns = 1 + max((column for _, column in positions), default=0)
    by_count = {height * width: (height, width) for height, width in SIZES}
    if stated and by_count[int(stated[1])] >= (rows, columns):
        return by_count[int(stated[1])]
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
