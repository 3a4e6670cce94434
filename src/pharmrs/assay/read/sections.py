"""Exports in which several plates follow each other on one sheet: `Plate Number` (Gen5), `Plate:` (SoftMax Pro).

Each section is searched for blocks of wells; kinetic reads and spectra are refused by their words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pharmrs.assay.read.blocks import WellBlock, as_array, plate_shape
from pharmrs.assay.read.cells import Sheet, number
from pharmrs.assay.read.find import find_blocks
from pharmrs.assay.read.grid import LONGEST_NM, SHORTEST_NM, wavelength_in
from pharmrs.assay.records.plate import Plate, PlateRead, well_name
from pharmrs.core.read.numbers import marks_of
from pharmrs.core.read.problems import Problems

_BEGINS = re.compile(r"plate number|plate:")
_NO_END_POINT = re.compile(r"\b(?:kinetic|spectrum|spectral|well scan|area scan|cycle nr|time \[s\])", re.IGNORECASE)
_NANOMETRES = re.compile(r"\d{3,4}(?: \d{3,4})*")


def read_sections(path: Path, sheets: tuple[Sheet, ...], problems: Problems, instrument: str) -> tuple[Plate, ...]:
    """The plates of all sheets, those that follow each other on one sheet included."""
    tables = [sheet for sheet in sheets if sheet.title.lower().startswith("table")]  # SMART Control writes it all twice
    plates = []
    for sheet in tables or sheets:
        for name, section in _sections(sheet):
            if any(_NO_END_POINT.search(section.row_text(row)) for row in range(len(section.rows))):
                continue
            blocks = _softmax_blocks(section) or find_blocks(section, problems)
            plate = _plate(path, sheet, name, section, blocks, instrument)
            plates += [plate] if plate is not None else []
    alone = len(plates) == 1
    return tuple(_named(plate, path) if alone else plate for plate in _numbered(plates))


def _sections(sheet: Sheet) -> Iterator[tuple[str, Sheet]]:
    starts = [row for row in range(len(sheet.rows)) if _BEGINS.fullmatch(sheet.text(row, 0).lower())]
    for start, end in zip(starts or [0], [*starts[1:], len(sheet.rows)], strict=True):
        yield (sheet.text(start, 1) if starts else "", Sheet(sheet.title, sheet.rows[start:end]))


def _plate(
    path: Path, sheet: Sheet, name: str, section: Sheet, blocks: list[WellBlock], instrument: str
) -> Plate | None:
    readings = [block for block in blocks if not block.labels and (block.values or block.missing)]
    if not any(block.values for block in readings):
        return None
    shape = plate_shape(blocks)
    stated = name or sheet.title
    return Plate(
        source=str(path),
        names=tuple(dict.fromkeys(one for one in (stated, f"{path.stem}_{stated}", f"{path.stem}/{stated}") if stated)),
        instrument=instrument,
        reads=tuple(
            PlateRead(
                label=block.title or f"read {count}",
                mode="",
                wavelength_nm=wavelength_in(block.title),
                values=as_array(block.values, shape),
                missing=block.missing,
                doubt=block.doubt,
            )
            for count, block in enumerate(readings, start=1)
        ),
        labels={well: text for block in blocks if block.labels for well, (_, text) in block.texts.items()},
        settings={
            f"row {row + 1}": text for row in range(min(len(section.rows), 60)) if (text := section.row_text(row))
        },
    )


def _numbered(plates: list[Plate]) -> list[Plate]:
    """Plates of one name are told apart by their number: `Plate01`, `Plate01 (2)`."""
    seen: dict[str, int] = {}
    found = []
    for plate in plates:
        name = plate.names[0] if plate.names else ""
        seen[name] = seen.get(name, 0) + 1
        found.append(replace(plate, names=(f"{name} ({seen[name]})",)) if seen[name] > 1 else plate)
    return found


def _named(plate: Plate, path: Path) -> Plate:
    return replace(plate, names=tuple(dict.fromkeys((*plate.names, path.stem))))


def _softmax_blocks(section: Sheet) -> list[WellBlock]:
    """SoftMax's plate format: columns under `Temperature`, rows without letters, wavelengths side by side."""
    head = next(
        (row for row in range(len(section.rows)) if section.text(row, 1).lower().startswith("temperature")), None
    )
    if head is None or number(section.cell(head, 2)) is None:
        return []
    groups: list[dict[int, int]] = []
    for place in range(2, len(section.rows[head])):
        column = number(section.cell(head, place))
        if column is None:
            continue
        if not groups or place - 1 not in groups[-1]:
            groups.append({})
        groups[-1][place] = int(column)
    fields = section.rows[0] if section.text(0, 0).lower() == "plate:" else ()
    stated = next((cell.split() for cell in fields[6:] if _NANOMETRES.fullmatch(cell.strip()) and _plausible(cell)), [])
    lines = []
    for row in range(head + 1, len(section.rows)):
        if not any(section.text(row, place) for place in range(2, len(section.rows[row]))):
            break
        lines.append(row)
    blocks = []
    for count, columns in enumerate(groups):
        block = WellBlock(head, lines[-1] if lines else head)
        commas = marks_of(section.cell(row, place) for row in lines for place in columns)
        for line, row in enumerate(lines):
            for place, column in columns.items():
                value = number(section.cell(row, place), commas)
                if value is not None:
                    block.values[well_name(line, column - 1)] = value
        block.title = f"{stated[count]} nm" if count < len(stated) else f"read {count + 1}"
        blocks.append(block)
    return blocks


def _plausible(cell: str) -> bool:
    return all(SHORTEST_NM <= float(word) <= LONGEST_NM for word in cell.split())
