"""Plain grids of wells: numbers over columns 1, 2, 3 and rows A, B, C in text or workbooks; several are reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pharmrs.assay.read.blocks import WellBlock, as_array, plate_shape
from pharmrs.assay.read.cells import Sheet
from pharmrs.assay.read.find import find_blocks
from pharmrs.assay.records.plate import Plate, PlateExport, PlateRead
from pharmrs.core.read.problems import Problems

NAME = "grid of wells"
SHORTEST_NM, LONGEST_NM = 200.0, 1100.0


def recognises(path: Path, sheets: tuple[Sheet, ...]) -> bool:
    """Whether any sheet holds a grid of numbers."""
    ignored = Problems(str(path))
    return any(not block.labels for sheet in sheets for block in find_blocks(sheet, ignored))


def read(path: Path, sheets: tuple[Sheet, ...], problems: Problems) -> PlateExport:
    """One plate per sheet that holds a grid."""
    return PlateExport(source=str(path), plates=read_grids(path, sheets, problems, NAME))


def read_grids(
    path: Path,
    sheets: tuple[Sheet, ...],
    problems: Problems,
    instrument: str,
    find: Callable[[Sheet, Problems], list[WellBlock]] = find_blocks,
) -> tuple[Plate, ...]:
    """The plates of all sheets; a grid of texts names the wells."""
    looked_at = [(sheet, find(sheet, problems)) for sheet in sheets]
    found = [(sheet, blocks) for sheet, blocks in looked_at if any(not block.labels for block in blocks)]
    sure = [one for one in found if any(not (block.labels or block.doubt) for block in one[1])]
    found = sure or found  # a sheet of groups or concentrations is no plate beside one of readings
    plates = []
    for sheet, blocks in found:
        names = [f"{path.stem}_{sheet.title}", f"{path.stem}/{sheet.title}", sheet.title] if sheet.title else []
        names += [path.stem] if len(found) == 1 else []
        labels = {well: text for block in blocks if block.labels for well, (_, text) in block.texts.items()}
        readings = _without_copies([block for block in blocks if not block.labels], sheet, problems)
        shape = plate_shape(blocks)
        inside = {row for block in blocks for row in range(block.first, block.last + 1)}
        settings = {
            f"row {row + 1}": text
            for row in range(len(sheet.rows))
            if row not in inside and (text := sheet.row_text(row))
        }
        plates.append(
            Plate(
                source=str(path),
                names=tuple(names),
                instrument=instrument,
                reads=tuple(read_of(block, count, shape) for count, block in enumerate(readings, start=1)),
                labels=labels,
                settings=settings,
            )
        )
    return tuple(plates)


def _without_copies(blocks: list[WellBlock], sheet: Sheet, problems: Problems) -> list[WellBlock]:
    """Blocks that repeat an earlier one, number by number, are no reads of their own."""
    kept: list[WellBlock] = []
    for block in blocks:
        twin = next((one for one in kept if one.values and one.values == block.values), None)
        if twin is None:
            kept.append(block)
            continue
        where = f"sheet {sheet.title}, row {block.first + 1}" if sheet.title else f"row {block.first + 1}"
        rule, remedy = "the same numbers once", "check that no other plate should stand here; the copy is not used"
        problems.add(where, rule, f"a copy of the grid in row {twin.first + 1}", remedy, severity="warning")
    return kept


def read_of(block: WellBlock, count: int, shape: tuple[int, int]) -> PlateRead:
    """A grid as a read; its wavelength is told by its title: `450 nm`, `OD450`, `Raw Data (450 1)`."""
    return PlateRead(
        label=block.title or f"read {count}",
        mode="",
        wavelength_nm=wavelength_in(block.title),
        values=as_array(block.values, shape),
        missing=block.missing,
        doubt=block.doubt,
    )


def wavelength_in(title: str) -> float | None:
    """The only number of a title that can be a wavelength in nm; None where there is none, or several."""
    numbers = [float(word) for word in re.findall(r"(?<![\d.,/:])\d{3,4}(?![\d.,/:])", title)]
    known = {word for word in numbers if SHORTEST_NM <= word <= LONGEST_NM}
    return known.pop() if len(known) == 1 else None
