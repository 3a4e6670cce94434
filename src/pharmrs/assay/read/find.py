"""Blocks of wells in a sheet: grids (a row 1 2 3 ... over rows A B C ...), bare ones, wells in a row or in a column.

A grid may hold several lines a row, as Gen5 writes them (450, below it 540, below it what it calculated): each is a
block of its own, called by the word at the end of its lines. Grids may stand beside each other.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from pharmrs.assay.read.blocks import NOT_READ, SIZES, WellBlock, canonical, take_reading
from pharmrs.assay.read.cells import Sheet, is_empty, missing_word, number
from pharmrs.assay.records.plate import well_name, well_position
from pharmrs.core.read.numbers import marks_of
from pharmrs.core.read.problems import Problems

_BARE_SIZES = ((8, 12), (16, 24))
_ROW_NAME = re.compile(r"[A-P]|[Q-Z]|A[A-F]", re.IGNORECASE)
_FEWEST_COLUMNS, _FEWEST_WELLS = 2, 6
_LINES_ABOVE, _WAVELENGTH_ABOVE = 3, 6
_WAVELENGTH = re.compile(r"wavelength\W{0,3}\d{3}", re.IGNORECASE)
_NO_READING = re.compile(
    r"\b(?:plate|barcode|repeat|row|col|column|time|index|no|number|#|sample|name|id|subject|patient)\b", re.IGNORECASE
)
_MOST_ROWS, _MANY_WELLS = 16, 96  # S1, S2, S3 are samples, not wells of the largest plates


def find_blocks(sheet: Sheet, problems: Problems) -> list[WellBlock]:
    """All grids and wells in a row of a sheet in their order; what is wrong inside them is reported."""
    return _down(
        sheet,
        lambda row: _grids(sheet, row) or _means(sheet, row) or _wide(sheet, row) or _bare(sheet, row),
        problems,
    )


def find_lists(sheet: Sheet, problems: Problems) -> list[WellBlock]:
    """All lists of a sheet: wells one below the other, and beside them their readings, each column a block."""
    return _down(sheet, lambda row: _lists(sheet, row), problems)


def _down(sheet: Sheet, blocks_from: Callable[[int], list[WellBlock]], problems: Problems) -> list[WellBlock]:
    """The blocks that begin in each row, from the top; the search goes on below those that were found."""
    blocks: list[WellBlock] = []
    row = 0
    while row < len(sheet.rows):
        found = blocks_from(row)
        before = blocks[-1].last if blocks else -1
        for block in found:
            block.title = block.title or _title(sheet, block, before)
        blocks += found
        row = max((block.last for block in found), default=row) + 1
    _report(sheet, blocks, problems)
    return blocks


def _report(sheet: Sheet, blocks: Sequence[WellBlock], problems: Problems) -> None:
    for block in blocks:
        if not block.labels and not NOT_READ.search(block.title):
            block.report_texts(sheet, problems)


def _title(sheet: Sheet, block: WellBlock, before: int) -> str:
    """The nearest line above a block that holds anything, after the block before it, and the one of its wavelength.

    What stands over the block itself is its title, not what stands over another one beside it.
    """
    above = range(block.first - 1, max(before, block.first - 1 - _LINES_ABOVE), -1)
    own = (
        " ".join(sheet.text(row, place) for place in range(max(block.left - 1, 0), block.right + 1)) for row in above
    )
    near = next((" ".join(text.split()) for text in own if text.strip()), "")
    near = near or next((line for row in above if (line := sheet.row_text(row))), "")
    lines = [line for row in range(block.first - 1, before, -1) if (line := sheet.row_text(row))]
    light = next((line for line in lines[1:_WAVELENGTH_ABOVE] if _WAVELENGTH.search(line)), "")
    return f"{near}, {light}" if light and not _WAVELENGTH.search(near) else near


def _over(sheet: Sheet, row: int, left: int, right: int) -> str:
    """What a row holds over these columns; words that go on beside them belong to it."""
    if is_empty(sheet.cell(row, place) for place in range(left, right + 1)):
        return ""
    while left > 0 and sheet.text(row, left) and sheet.text(row, left - 1):
        left -= 1
    while sheet.text(row, right) and sheet.text(row, right + 1):
        right += 1
    return " ".join(text for place in range(left, right + 1) if (text := sheet.text(row, place)))


def _grids(sheet: Sheet, row: int) -> list[WellBlock]:
    """The blocks of all grids whose header is `row`: any word or none in the corner, then columns that rise by one."""
    blocks: list[WellBlock] = []
    left = 0
    while left < len(sheet.rows[row]):
        columns = _column_numbers(sheet, row, left + 1) if number(sheet.cell(row, left)) is None else {}
        enough = len(columns) >= _FEWEST_COLUMNS or (columns and sheet.text(row, left) == "<>")
        if enough and _ROW_NAME.fullmatch(sheet.text(row + 1, left)):
            blocks += _grid_blocks(sheet, row, left, columns)
            left = max(columns)
        left += 1
    return blocks


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
        block = WellBlock(row, lines[-1][0], left=left, right=max(columns), commas=commas)
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
    """Whole plates of numbers without names of columns: 8 lines of 12 or 16 of 24, nothing that touches them but
    the names of their rows."""
    blocks: list[WellBlock] = []
    for start in range(len(sheet.rows[row])):
        if sheet.text(row, start) and (not blocks or start > blocks[-1].right + 1):
            found = (_bare_block(sheet, row, start, *size) for size in _BARE_SIZES)
            blocks += [block for block in found if block is not None]
    return blocks


def _bare_block(sheet: Sheet, row: int, start: int, height: int, width: int) -> WellBlock | None:
    lines, places = range(row, row + height), range(start, start + width)
    if lines[-1] >= len(sheet.rows) or sheet.text(row + height, start) or sheet.text(row, places[-1] + 1):
        return None
    cells = [[sheet.cell(line, place) for place in places] for line in lines]
    commas = marks_of(cell for line in cells for cell in line)
    if any(number(cell, commas) is None and missing_word(cell) is None for line in cells for cell in line):
        return None
    left = [sheet.text(line, start - 1) if start else "" for line in lines]
    named = [text.upper() for text in left] == [well_name(line, 0)[:-1] for line in range(height)]
    touched = any(sheet.text(line, places[-1] + 1) for line in lines) or (any(left) and not named)
    if touched or cells[0] == [str(column) for column in range(1, width + 1)]:
        return None
    block = WellBlock(row, lines[-1], left=start, right=places[-1], commas=commas)
    for line, place in itertools.product(range(height), range(width)):
        take_reading(sheet, block, well_name(line, place), row + line, start + place, commas)
    return block


def block_of_cells(sheet: Sheet, first: tuple[int, int], last: tuple[int, int]) -> WellBlock:
    """The cells that somebody pointed at: the first of them is A1."""
    lines, places = range(first[0], last[0] + 1), range(first[1], last[1] + 1)
    commas = marks_of(sheet.cell(line, place) for line in lines for place in places)
    block = WellBlock(first[0], last[0], left=first[1], right=last[1], commas=commas)
    for line, place in itertools.product(lines, places):
        take_reading(sheet, block, well_name(line - first[0], place - first[1]), line, place, commas)
    return block


def _means(sheet: Sheet, row: int) -> list[WellBlock]:
    """A list of wells under the header `Well` with their `Mean` of several reads, and perhaps `StDev`.

    A mean further to the right is one of replicates, which are no readings of their own.
    """
    heads = [sheet.text(row, place).lower() for place in range(1, len(sheet.rows[row]))]
    if sheet.text(row, 0).lower() != "well" or heads[:1] != ["mean"]:
        return []
    lines = list(_wells_below(sheet, row + 1, 0))
    sd_place = 1 + heads.index("stdev") if "stdev" in heads else None
    found = _column(sheet, lines, 0, 1 + heads.index("mean")) if lines else None
    if found is None:
        return []
    found.first = row
    for line in lines:
        spread = number(sheet.cell(line, sd_place)) if sd_place is not None else None
        if spread is not None:
            found.sd[canonical(sheet.text(line, 0))] = spread
    return [found]


def _lists(sheet: Sheet, row: int) -> list[WellBlock]:
    """The columns of readings of every column of wells that begins in `row`; a list in several columns is one."""
    wells = [place for place in range(len(sheet.rows[row])) if well_position(sheet.text(row, place)) is not None]
    blocks: list[WellBlock] = []
    for place, until in itertools.pairwise([*wells, len(sheet.rows[row])]):
        lines = list(_wells_below(sheet, row, place))
        if not _is_list([sheet.text(line, place) for line in lines]):
            continue
        begin = 0 if place == wells[0] else place + 1
        for column in (one for one in range(begin, until) if one != place):
            block = _column(sheet, lines, place, column)
            title = sheet.text(row - 1, column) if row else ""
            if block is None or _NO_READING.search(title):
                continue
            block.title = title
            same = next((one for one in blocks if one.title == title and not one.wells & block.wells), None)
            if same is None:
                blocks.append(block)
            else:
                same.take(block)
    return blocks


def _is_list(wells: Sequence[str]) -> bool:
    rows = {position[0] for well in wells if (position := well_position(well)) is not None}
    return len(wells) >= _FEWEST_WELLS and (max(rows) < _MOST_ROWS or len(wells) >= _MANY_WELLS)


def _wells_below(sheet: Sheet, row: int, place: int) -> Iterator[int]:
    """The lines from `row` on that name another well each."""
    seen: set[tuple[int, int]] = set()
    for line in range(row, len(sheet.rows)):
        position = well_position(sheet.text(line, place))
        if position is None or position in seen:
            return
        seen.add(position)
        yield line


def _column(sheet: Sheet, lines: Sequence[int], wells: int, place: int) -> WellBlock | None:
    """What stands beside wells; None where most of them have nothing there."""
    commas = marks_of(sheet.cell(line, place) for line in lines)
    block = WellBlock(lines[0], lines[-1], left=place, right=place, commas=commas)
    for line in lines:
        take_reading(sheet, block, sheet.text(line, wells), line, place, commas)
    filled = len(block.values) + len(block.missing) + len(block.texts)
    return block if 2 * filled > len(lines) else None
