"""Layout tables: plate, well, role, sample, nominal, dilution (and analyte), as TSV, CSV or workbook."""

from __future__ import annotations

import math
from pathlib import Path

from pharmrs.assay.read.cells import Sheet, missing_word, number, read_sheets
from pharmrs.assay.read.columns import dilution_factor, header_places, plain_text
from pharmrs.assay.records.plate import ROLES, Layout, LayoutWell, Role, well_name, well_position
from pharmrs.core.read.problems import Problems

COLUMNS = ("plate", "well", "role", "sample", "nominal", "dilution")
SYNONYMS = {
    "plate": ("plate", "plate_id", "plate id"),
    "well": ("well", "position", "well position"),
    "role": ("role", "type", "content"),
    "sample": ("sample", "sample_id", "name", "id"),
    "nominal": ("nominal", "conc", "concentration", "nominal_concentration"),
    "dilution": ("dilution", "dilution_factor", "dilution factor"),
    "analyte": ("analyte",),
}
_ROLE_WORDS: dict[str, Role] = {
    **{role: role for role in ROLES},
    **dict.fromkeys(("standards", "std", "calibrator"), "standard"),
    **dict.fromkeys(("blanks", "zero"), "blank"),
    **dict.fromkeys(("samples", "unknown", "unkn"), "sample"),
    **dict.fromkeys(("controls", "qc", "ctrl"), "control"),
}


def read_layout(path: Path) -> Layout:
    """Read a layout table. Raises InputError with every mistake in it."""
    problems = Problems(str(path))
    sheets = read_sheets(path, problems)
    problems.raise_errors()
    wells = layout_wells(sheets[0] if sheets else Sheet("", ()), problems, default_plate=path.stem)
    problems.raise_errors()
    return Layout(source=str(path), wells=tuple(wells))


def layout_wells(sheet: Sheet, problems: Problems, default_plate: str) -> list[LayoutWell]:
    """The rows of a layout; problems are collected by line."""
    header = header_places(sheet, SYNONYMS)
    lacking = [name for name in ("well", "role") if header is None or name not in header[1]]
    if header is None or lacking:
        remedy = f"begin with a header line: {', '.join(COLUMNS)} (`pharmrs plate --template` writes one)"
        problems.add("header", f"the column(s) {', '.join(lacking)} must be there", "missing", remedy)
        return []
    first, places = header
    wells = []
    for row in range(first + 1, len(sheet.rows)):
        if all(cell is None for cell in sheet.rows[row]):
            continue
        entry = _entry(sheet, row, places, problems, default_plate)
        if entry is not None:
            wells.append(entry)
    if not wells and not problems.found:
        problems.add("rows", "at least one well must be described", "none", "fill in role and sample of the wells")
    _check_overlaps(sheet, first, places, problems)
    _check_roles(wells, problems)
    return wells


def _entry(sheet: Sheet, row: int, places: dict[str, int], problems: Problems, default_plate: str) -> LayoutWell | None:
    """One row; None for a well without a role (left empty in the template) or with a mistake."""
    line = row + 1

    def text(name: str) -> str:
        return plain_text(sheet.cell(row, places[name])) if name in places else ""

    def wrong(name: str, rule: str, value: str, remedy: str) -> None:
        problems.add(f"line {line}, {name}", rule, value or "empty", remedy)

    position, role = well_position(text("well")), _ROLE_WORDS.get(text("role").lower())
    if not text("role") and not text("sample"):
        return None
    before = len(problems.found)
    if position is None:
        wrong("well", "must name a well", text("well"), "write a letter and a number, as in B7")
    if role is None:
        wrong("role", f"must be one of {', '.join(ROLES)}", text("role"), "correct the role")
    nominal_cell = sheet.cell(row, places["nominal"]) if "nominal" in places else None
    nominal = number(nominal_cell)
    if nominal is None and nominal_cell is not None and missing_word(nominal_cell) != "empty":
        wrong("nominal", "must be a number", text("nominal"), "write the concentration without its unit")
    elif nominal is not None and not (math.isfinite(nominal) and nominal >= 0):
        wrong("nominal", "must not be negative", text("nominal"), "correct the concentration")
    elif role == "standard" and nominal is None:
        wrong("nominal", "a standard needs its concentration", text("nominal"), "write it, 0 for the zero standard")
    elif role == "blank" and nominal not in (None, 0.0):
        wrong("nominal", "a blank holds no analyte", text("nominal"), "leave it empty, or give it the role standard")
    dilution = dilution_factor(sheet.cell(row, places["dilution"]) if "dilution" in places else None)
    if dilution is None:
        wrong("dilution", "must be a factor of 1 or more", text("dilution"), "write 8 or 1:8 for one part in eight")
    if role in ("sample", "control") and not text("sample"):
        wrong("sample", f"a {role} needs a name", "", "write the sample's label, e.g. sub-01_ses-1")
    if len(problems.found) > before or position is None or role is None or dilution is None:
        return None
    return LayoutWell(
        plate=text("plate") or default_plate,
        well=well_name(*position),
        role=role,
        sample=text("sample"),
        nominal=math.nan if nominal is None else nominal,
        dilution=dilution,
        analyte=text("analyte"),
        line=line,
    )


def _check_overlaps(sheet: Sheet, first: int, places: dict[str, int], problems: Problems) -> None:
    """Wells that are described more than once, rows with other mistakes included."""
    given: dict[tuple[str, str], list[str]] = {}
    for row in range(first + 1, len(sheet.rows)):
        texts = {name: plain_text(sheet.cell(row, place)) for name, place in places.items()}
        position = well_position(texts["well"])
        if position is None or not (texts["role"] or texts.get("sample")):
            continue
        what = texts.get("sample") or texts.get("nominal", "")
        key = (texts.get("plate", ""), well_name(*position))
        given.setdefault(key, []).append(f"line {row + 1}: {texts['role']} {what}".rstrip())
    for (plate, well), rows in given.items():
        if len(rows) > 1:
            field = f"plate {plate}, well {well}" if plate else f"well {well}"
            remedy = "keep the row that is true"
            problems.add(field, "roles overlap: a well can hold one thing", "; ".join(rows), remedy)


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
