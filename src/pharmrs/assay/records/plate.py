"""A plate as the reader exported it, and what the laboratory says is in its wells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from pharmrs.core.records.arrays import FloatArray, read_only

# spike: a sample to which the stated amount was added
Role = Literal["standard", "blank", "sample", "control", "spike"]
ROLES: tuple[Role, ...] = ("standard", "blank", "sample", "control", "spike")
MEASURED: tuple[Role, ...] = ("sample", "control", "spike")  # read back from the curve

# Why a well has no number: above or below what the detector can measure, switched off by the operator, not measured.
Missing = Literal["over", "under", "masked", "empty"]

_WELL = re.compile(r"([A-Za-z]{1,2}):?0*([1-9]\d?)")
_BETWEEN = re.compile(r"\s*[,;/+&|]\s*|\s+(?:and|und)\s+|(?<=\d)\s+(?=[A-Za-z])")
_RANGE = re.compile(r"\s*(?::|-|\N{EN DASH}|\.\.)\s*")
_MOST_ROWS, _MOST_COLUMNS = 32, 48  # 1536 wells


def well_name(row: int, column: int) -> str:
    """Name of the well at zero-based `row` and `column`: A1, H12, AF48."""
    letters = chr(ord("A") + row) if row < 26 else "A" + chr(ord("A") + row - 26)
    return f"{letters}{column + 1}"


def well_position(name: str) -> tuple[int, int] | None:
    """Zero-based row and column of `A1`, `a01`, `A:1`, `AF48`; None when the text names no well."""
    match = _WELL.fullmatch(name.strip())
    if match is None:
        return None
    letters = match[1].upper()
    row = ord(letters[-1]) - ord("A") + (26 if len(letters) == 2 else 0)
    column = int(match[2]) - 1
    if (len(letters) == 2 and letters[0] != "A") or row >= _MOST_ROWS or column >= _MOST_COLUMNS:
        return None
    return row, column


def wells_named(text: str) -> tuple[tuple[int, int], ...]:
    """Every well that a text names: `B7`, `A1,A2`, `A1; B1`, and all wells between two corners, `A1:B2` or `A1-A3`.

    None where anything in it is no well.
    """
    found: dict[tuple[int, int], None] = {}
    for part in _BETWEEN.split(text.strip()):
        single = well_position(part)  # A:1 is one well
        ends = [single] if single else [well_position(end) for end in _RANGE.split(part.strip())]
        first, last = ends[0], ends[-1]
        if len(ends) > 2 or first is None or last is None or last[0] < first[0] or last[1] < first[1]:
            return ()
        rows, columns = range(first[0], last[0] + 1), range(first[1], last[1] + 1)
        found |= dict.fromkeys((row, column) for row in rows for column in columns)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateRead:
    """One measurement of all wells of a plate.

    `values` (rows, columns): what the reader gave (optical density, fluorescence), NaN where it gave no number;
    `missing`: well -> why; a well that is in neither was not part of the export. `sd` (rows, columns) or None: spread
    of several reads within each well; `doubt`: why these may be no readings, so that they are taken only when asked
    for; `settings`: all other fields of the export, as they stand there.
    """

    label: str
    mode: str
    wavelength_nm: float | None
    values: FloatArray
    missing: Mapping[str, Missing] = field(default_factory=dict)
    sd: FloatArray | None = None
    doubt: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", read_only(self.values, np.float64))
        if self.sd is not None:
            object.__setattr__(self, "sd", read_only(self.sd, np.float64))

    def value(self, well: str) -> float:
        """The number of a well; NaN where there is none."""
        position = well_position(well)
        if position is None or position[0] >= self.values.shape[0] or position[1] >= self.values.shape[1]:
            return float("nan")
        return float(self.values[position])

    @property
    def wells(self) -> frozenset[str]:
        """Wells the export tells something about, numbers and reasons why there is none."""
        given = {well_name(int(row), int(column)) for row, column in np.argwhere(np.isfinite(self.values))}
        return frozenset(given | set(self.missing))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """One plate of an export.

    `names`: all names a layout may call it by, the most specific first; `plate_id`: what the reader itself recorded,
    empty where it did not; `measured`: ISO date and time, empty where the
    export does not tell it without doubt; `labels`: well -> what the reader's own software calls it; `settings`: all
    other fields of the export, as they stand there.
    """

    source: str
    names: tuple[str, ...]
    instrument: str
    reads: tuple[PlateRead, ...]
    plate_id: str = ""
    measured: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.reads[0].values.shape
        return int(rows), int(columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutWell:
    """One row of a layout table. `nominal` is NaN where it does not apply; `line`: line of the file, for messages."""

    plate: str
    well: str
    role: Role
    sample: str
    nominal: float
    dilution: float
    analyte: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateLayout:
    """A layout table: which well of which plate holds what; `unit` of the concentrations where it states one."""

    source: str
    wells: tuple[LayoutWell, ...]
    unit: str = ""

    @property
    def plates(self) -> tuple[str, ...]:
        """Names of the plates in the order of the table."""
        return tuple(dict.fromkeys(well.plate for well in self.wells))

    def of(self, plate: str) -> tuple[LayoutWell, ...]:
        """The wells of one plate."""
        return tuple(well for well in self.wells if well.plate == plate)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateExport:
    """What one file of a plate reader holds: its plates, and a layout where the file carries its own."""

    source: str
    plates: tuple[Plate, ...]
    layout: PlateLayout | None = None
