"""Layout tables: plate, well, role, sample, nominal, dilution (and analyte), as TSV, CSV or workbook."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.assay.read.cells import Sheet, is_empty, read_sheets
from pharmrs.assay.read.columns import (
    TableHeader,
    concentration,
    concentration_text,
    dilution_commas,
    dilution_factor,
    header_places,
    made_by_excel,
    plain_text,
    same_unit,
)
from pharmrs.assay.records.plate import MEASURED, ROLES, LayoutWell, PlateLayout, Role, well_name, wells_named
from pharmrs.core.errors import InputProblem
from pharmrs.core.read.numbers import Commas, NumberRead, Typed, marks_of
from pharmrs.core.read.problems import Problems

COLUMNS = ("plate", "well", "role", "sample", "nominal", "dilution")
_NEEDED = frozenset({"well", "role"})
_EXACT = 1e15  # workbooks keep 15 digits of a number
SYNONYMS = {
    "plate": ("plate", "plate id", "plate name", "barcode", "plate barcode", "platte"),
    "well": ("well", "position", "well position", "well id", "wells", "kavität", "kavitäten", "vertiefung"),
    "role": ("role", "type", "content", "sample type", "well type", "rolle", "typ", "art", "inhalt", "probentyp"),
    "sample": ("sample", "sample id", "sample name", "name", "id", "probe", "proben", "probenname", "proben id"),
    "nominal": (
        "nominal",
        "conc",
        "concentration",
        "nominal concentration",
        "nominal conc",
        "expected",
        "konzentration",
        "konz",
        "nominalkonzentration",
        "sollwert",
        "soll",
    ),
    "dilution": (
        "dilution",
        "dilution factor",
        "dil",
        "df",
        "fold",
        "dilution fold",
        "verdünnung",
        "verd",
        "verdünnungsfaktor",
    ),
    "analyte": ("analyte", "assay", "target", "analyt"),
}
_ROLE_WORDS: dict[str, Role] = {
    **{role: role for role in ROLES},
    **dict.fromkeys(("standards", "std", "calibrator", "cal", "kalibrator"), "standard"),
    **dict.fromkeys(("blanks", "zero", "blk", "bl", "leerwert", "blindwert"), "blank"),
    **dict.fromkeys(
        ("samples", "unknown", "unknowns", "unkn", "un", "smp", "spl", "probe", "proben", "unbekannt"), "sample"
    ),
    **dict.fromkeys(("controls", "qc", "ctrl", "quality control", "kontrolle", "kontrollen"), "control"),
    **dict.fromkeys(("spikes", "spiked"), "spike"),
}


def read_layout(path: Path, warn: Callable[[InputProblem], None] = lambda _problem: None) -> PlateLayout:
    """Read a layout table. Raises InputError with every mistake in it; what is only to be known goes to `warn`."""
    problems = Problems(str(path))
    sheets = read_sheets(path, problems)
    problems.raise_errors()
    sheet = next((one for one in sheets if _header(one) is not None), sheets[0] if sheets else Sheet("", ()))
    layout = layout_of(sheet, problems, path)
    problems.raise_errors(warn)
    return layout


def layout_of(sheet: Sheet, problems: Problems, path: Path) -> PlateLayout:
    """The layout that a table holds; problems are collected by line."""
    head = header_places(sheet, SYNONYMS, (_NEEDED,))
    lacking = [name for name in ("well", "role") if head is None or name not in head.places]
    if head is None or lacking:
        remedy = f"begin with a header line: {', '.join(COLUMNS)} (`pharmrs plate --template` writes one)"
        problems.add("header", f"the column(s) {', '.join(lacking)} must be there", "missing", remedy)
        return PlateLayout(source=str(path), wells=())
    rows = [row for row in range(head.row + 1, len(sheet.rows)) if not is_empty(sheet.rows[row])]
    table = _Table(sheet, head, _commas(sheet, head, rows), path.stem, problems)
    wells = [entry for row in rows for entry in _entries(table, row)]
    if not wells and not problems.found:
        problems.add("rows", "at least one well must be described", "none", "fill in role and sample of the wells")
    _check_overlaps(sheet, head, rows, problems)
    _check_roles(wells, problems)
    return PlateLayout(source=str(path), wells=tuple(wells), unit=_unit(table, rows))


def _header(sheet: Sheet) -> TableHeader | None:
    head = header_places(sheet, SYNONYMS, (_NEEDED,))
    return head if head is not None and set(head.places) >= _NEEDED else None


@dataclass(frozen=True, slots=True)
class _Table:
    """A layout table as it is read: what its columns are, what commas in them are, and where problems go."""

    sheet: Sheet
    head: TableHeader
    commas: Mapping[str, Commas]
    default_plate: str
    problems: Problems

    def cell(self, row: int, name: str) -> str:
        return self.sheet.cell(row, self.head.places[name]) if name in self.head.places else ""

    def text(self, row: int, name: str) -> str:
        return plain_text(self.cell(row, name))

    def wrong(self, row: int, name: str, rule: str, remedy: str, severity: str = "error") -> None:
        value = self.text(row, name) or "empty"
        self.problems.add(f"line {row + 1}, {name}", rule, value, remedy, severity=severity)


def _commas(sheet: Sheet, head: TableHeader, rows: Sequence[int]) -> dict[str, Commas]:
    cells = {name: [sheet.cell(row, place) for row in rows] for name, place in head.places.items()}
    nominal = [concentration_text(cell) for cell in cells.get("nominal", ())]
    return {"nominal": marks_of(nominal), "dilution": dilution_commas(cells.get("dilution", ()))}


def _unit(table: _Table, rows: Sequence[int]) -> str:
    """The one unit of the concentrations, from the header or behind the numbers; empty where none is written."""
    units = dict.fromkeys(
        unit for row in rows if (unit := concentration(table.cell(row, "nominal"), table.commas["nominal"])[1])
    )
    if stated_unit := table.head.units.get("nominal"):
        units = dict.fromkeys([stated_unit, *units])
    if len({same_unit(unit) for unit in units}) > 1:
        remedy = "write all concentrations in one unit"
        table.problems.add("nominal", "concentrations must have one unit", ", ".join(units), remedy)
    return next(iter(units), "")


def _entries(table: _Table, row: int) -> list[LayoutWell]:
    """The wells of a row; none for a well without a role (left empty in the template) or with a mistake."""
    if not table.text(row, "role") and not table.text(row, "sample"):
        return []
    before = _errors(table.problems)
    positions, role = wells_named(table.text(row, "well")), _ROLE_WORDS.get(table.text(row, "role").lower())
    if not positions:
        remedy = "write a letter and a number, as in B7; several as A1,A2 or A1:B2"
        table.wrong(row, "well", "must name a well", remedy)
    if role is None:
        table.wrong(row, "role", f"must be one of {', '.join(ROLES)}", "correct the role")
    nominal = _nominal(table, row, role)
    dilution = dilution_factor(table.cell(row, "dilution"), table.commas["dilution"])
    if dilution.rule:
        table.wrong(row, "dilution", dilution.rule, dilution.remedy)
    if role in MEASURED and not table.text(row, "sample"):
        table.wrong(row, "sample", f"a {role} needs a name", "write the sample's label, e.g. sub-01_ses-1")
    for name in ("plate", "sample"):
        if _lost_digits(table.cell(row, name)):
            rule = "a spreadsheet keeps 15 digits of a number: the others of this name are lost"
            table.wrong(row, name, rule, "format the column as text and write the names again")
    if made_by_excel(table.cell(row, "sample")):
        rule = "looks like a date that a spreadsheet made of a label (MAR-1, 2-3)"
        table.wrong(row, "sample", rule, "format the column as text and write the label again", "warning")
    if _errors(table.problems) > before or role is None:
        return []
    return [
        LayoutWell(
            plate=table.text(row, "plate") or table.default_plate,
            well=well_name(*position),
            role=role,
            sample=table.text(row, "sample"),
            nominal=nominal,
            dilution=dilution.value,
            analyte=table.text(row, "analyte"),
            line=row + 1,
        )
        for position in positions
    ]


def _lost_digits(cell: str) -> bool:
    return isinstance(cell, Typed) and abs(float(cell)) >= _EXACT


def _errors(problems: Problems) -> int:
    return sum(one.severity == "error" for one in problems.found)


def _nominal(table: _Table, row: int, role: Role | None) -> float:
    """The concentration of a row, NaN where there is none; what is wrong with it is told."""
    cell = table.cell(row, "nominal")
    given = bool(plain_text(cell))
    found, _ = concentration(cell, table.commas["nominal"]) if given else (NumberRead(math.nan), "")
    if found.rule:
        remedy = found.remedy if found.either else "write the concentration as a number"
        table.wrong(row, "nominal", found.rule, remedy)
    elif found.value < 0:
        table.wrong(row, "nominal", "must not be negative", "correct the concentration")
    elif role in ("standard", "spike") and not given:
        needs = "a standard needs its concentration" if role == "standard" else "a spike needs the amount added"
        table.wrong(row, "nominal", needs, "write it, 0 for the zero standard")
    elif role == "blank" and given and found.value != 0.0:
        table.wrong(row, "nominal", "a blank holds no analyte", "leave it empty, or give it the role standard")
    return found.value


def _check_overlaps(sheet: Sheet, head: TableHeader, rows: Sequence[int], problems: Problems) -> None:
    """Wells that are described more than once, rows with other mistakes included."""
    given: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        texts = {name: plain_text(sheet.cell(row, place)) for name, place in head.places.items()}
        if not (texts["role"] or texts.get("sample")):
            continue
        what = texts.get("sample") or texts.get("nominal", "")
        for position in wells_named(texts["well"]):
            key = (texts.get("plate", ""), well_name(*position))
            given.setdefault(key, []).append(f"line {row + 1}: {texts['role']} {what}".rstrip())
    for (plate, well), lines in given.items():
        if len(lines) > 1:
            field = f"plate {plate}, well {well}" if plate else f"well {well}"
            remedy = "keep the row that is true"
            problems.add(field, "roles overlap: a well can hold one thing", "; ".join(lines), remedy)


def _check_roles(wells: list[LayoutWell], problems: Problems) -> None:
    """A name stands for samples or for controls of a plate, not for both."""
    roles: dict[tuple[str, str], set[str]] = {}
    for entry in wells:
        if entry.sample and entry.role in ("sample", "control"):
            roles.setdefault((entry.plate, entry.sample), set()).add(entry.role)
    for (plate, sample), found in roles.items():
        if len(found) > 1:
            remedy = "give control and sample different names"
            problems.add(
                f"plate {plate}, sample {sample}", "a sample has one role", " and ".join(sorted(found)), remedy
            )
