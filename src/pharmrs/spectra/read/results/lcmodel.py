"""Results of LCModel: .table, .coord and .print hold one table of concentrations, .csv one line.

Source: LCModel 6.3 manual, sections 4 and 10.2: Conc. is water-scaled with WCONC and ATTH2O where DOWS = T, else in
arbitrary units; %SD is the Cramer-Rao bound, 999 for what is not there.
"""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path

from pharmrs.core.constants import LCMODEL_WATER_ATTENUATION, LCMODEL_WATER_CONCENTRATION_MM
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.read.results.lcmodel_coord import read_curves
from pharmrs.spectra.records.foreign import UNSCALED, ForeignResult, ForeignValue, our_name

_HEAD = re.compile(r"Conc\.\s+%SD\s+/(?P<reference>\S+)\s+Metab")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?"
_ROW = re.compile(rf"\s*(?P<value>{_NUMBER})\s+(?P<sd>\d+)%\s*(?P<ratio>{_NUMBER})[ +-](?P<name>\S+)\s*$")
_WIDTH = re.compile(rf"FWHM\s*=\s*({_NUMBER})\s*ppm")
_RATIO = re.compile(rf"S/N\s*=\s*({_NUMBER})")
_SECTION = re.compile(r"^\s*(?:\$\$\w|\d+ lines? in following )")
_NOT_THERE = 999
_AGAIN = "run LCModel again with LTABLE = 7 (or LCSV = 11), or copy the file again"


def recognises_lcmodel_result(path: Path, text: str) -> bool:
    """Whether `text` is a result of LCModel, by what stands in it."""
    return _HEAD.search(text) is not None or re.match(r"\s*Row\s*,\s*Col\s*,", text) is not None


def read_lcmodel_result(path: Path, text: str, problems: Problems) -> list[ForeignResult]:
    """The scan of a .table, .coord or .print; those of a .csv."""
    head = _HEAD.search(text)
    return [_table(path, text, head, problems)] if head is not None else _csv(path, text, problems)


def _table(path: Path, text: str, head: re.Match[str], problems: Problems) -> ForeignResult:
    rows, after = _rows(text[head.end() :].splitlines()[1:])
    announced = re.search(r"(\d+)\s+lines? in following concentration table", text[: head.end()])
    sums_alone = re.search(r"\bONLYCO\s*=\s*\.?T", text, re.I) is not None  # then single metabolites are counted only
    count = int(announced[1]) - 1 if announced else len(rows)
    fewer = len(rows) < count and not sums_alone
    if len(rows) > count or (fewer and not (rows and _SECTION.search(after))):
        rule = f"must have {count} metabolites, as it announces"
        problems.add("concentration table", rule, f"{len(rows)} lines that can be read", _AGAIN)
    reference = _reference(head["reference"], rows)
    scale, notes = _water_scale(text)
    if fewer:  # LCModel counts signals that it leaves out of the table, e.g. of the liver
        notes = (*notes, f"announces {count} metabolites and prints {len(rows)}, followed by its next section")
    values = []
    for row in rows:
        name, sd = row["name"], int(row["sd"])
        percent = math.inf if sd >= _NOT_THERE else float(sd)
        for kind, factor, cell in (
            (scale[0], scale[1], row["value"]),
            (f"ratio_{reference.lower()}", 1.0, row["ratio"]),
        ):
            value = factor * float(re.sub("[dD]", "E", cell))
            values.append(
                ForeignValue(metabolite=our_name(name), printed=name, scale=kind, value=value, crlb_percent=percent)
            )
    width, ratio = _WIDTH.search(text), _RATIO.search(text)
    stated = _stated(text)
    mhz = stated.get("spectrometer_frequency_mhz")
    if width and not mhz:
        stated["line_width_ppm"] = float(width[1])
    return ForeignResult(
        tool="LCModel",
        file=str(path),
        scan=path.name.split(".")[0],
        values=tuple(values),
        signal_to_noise=float(ratio[1]) if ratio else math.nan,
        line_width_hz=float(width[1]) * mhz if width and mhz else math.nan,
        notes=notes,
        stated=stated,
        curves=read_curves(text, str(path)),
    )


def _rows(lines: list[str]) -> tuple[list[re.Match[str]], str]:
    """The lines of the table, and what comes after it."""
    rows: list[re.Match[str]] = []
    for place, line in enumerate(lines):
        row = _ROW.match(line)
        if row is None:
            return rows, next((one for one in lines[place:] if one.strip()), "")
        rows.append(row)
    return rows, ""


def _reference(printed: str, rows: list[re.Match[str]]) -> str:
    """What ratios are to: the head has room for six letters of its name, its row has the ratio 1."""
    cut = (row["name"] for row in rows if row["name"].startswith(printed) and float(row["ratio"]) == 1.0)
    return our_name(next(cut, printed))


def _stated(text: str) -> dict[str, float]:
    """What the settings that were changed tell of the recording."""
    names = {"spectrometer_frequency_mhz": ("HZPPPM", 1.0), "echo_time_s": ("ECHOT", 1e-3)}
    found = {name: (_setting(text, setting), unit) for name, (setting, unit) in names.items()}
    return {name: value * unit for name, (value, unit) in found.items() if value}


def _water_scale(text: str) -> tuple[tuple[str, float], tuple[str, ...]]:
    """The scale of Conc. and the factor that brings it to ours, and how it was made; undone and redone where its
    settings are not the default ones."""
    if not re.search(r"\bDOWS\s*=\s*\.?T", text, re.I):
        return (UNSCALED, 1.0), ("Conc. is not water-scaled (DOWS is not T): arbitrary units; ratios can be used",)
    concentration = _setting(text, "WCONC") or LCMODEL_WATER_CONCENTRATION_MM.value
    water = _setting(text, "ATTH2O") or LCMODEL_WATER_ATTENUATION.value
    metabolites = _setting(text, "ATTMET") or 1.0
    factor = (
        LCMODEL_WATER_CONCENTRATION_MM.value * LCMODEL_WATER_ATTENUATION.value / (concentration * water / metabolites)
    )
    stated = f"WCONC {concentration:g} mmol/L, ATTH2O {water:g}, ATTMET {metabolites:g}"
    if abs(factor - 1.0) < 1e-9:
        return ("lcmodel_water", 1.0), (f"water-scaled by LCModel with {stated}",)
    note = (
        f"water scaling of LCModel ({stated}) undone and redone with WCONC 35880 mmol/L and ATTH2O 0.7 (x {factor:.6g})"
    )
    return ("lcmodel_water", factor), (note,)


def _setting(text: str, key: str) -> float | None:
    found = re.search(rf"\b{key}\s*=\s*({_NUMBER})", text, re.I)
    return float(re.sub("[dD]", "E", found[1])) if found else None


def _csv(path: Path, text: str, problems: Problems) -> list[ForeignResult]:
    """One line a voxel: Row, Col, then name, `name %SD` and `name/reference` for each metabolite."""
    lines = [[cell.strip() for cell in line] for line in csv.reader(text.splitlines()) if any(map(str.strip, line))]
    if len(lines) < 2:
        problems.add("lines", "must have a header and a line a voxel", f"{len(lines)} lines", _AGAIN)
        return []
    header, body = lines[0], lines[1:]
    results = []
    for number, cells in enumerate(body, start=1):
        if len(cells) != len(header):
            rule = f"must have {len(header)} cells, as the header"
            problems.add(f"line {number + 1}", rule, f"{len(cells)} cells", _AGAIN)
            continue
        row = dict(zip(header, cells, strict=True))
        values = []
        for name in header[2:]:
            if f"{name} %SD" not in row:
                continue
            sd = float(row[f"{name} %SD"])
            percent = math.inf if sd >= _NOT_THERE else sd
            ratio = next((key for key in header if key.startswith(f"{name}/")), "")
            pairs = [(UNSCALED, row[name])]
            if ratio:
                pairs.append((f"ratio_{our_name(ratio.removeprefix(f'{name}/')).lower()}", row[ratio]))
            values += [
                ForeignValue(
                    metabolite=our_name(name), printed=name, scale=scale, value=float(cell), crlb_percent=percent
                )
                for scale, cell in pairs
            ]
        scan = path.name.split(".")[0] + (f"_{row['Row']}-{row['Col']}" if len(body) > 1 else "")
        note = "a .csv of LCModel does not say whether it is water-scaled: ratios can be used; the .table says it"
        results.append(ForeignResult(tool="LCModel", file=str(path), scan=scan, values=tuple(values), notes=(note,)))
    return results
