"""Tables of Osprey: one file a scale, a line a scan in the order of the job file, a column a metabolite.

Source: Osprey's `exportQuant.m`, `OspreyQuantify.m`, `OspreyOverview.m`: who the lines are of and the quality of each
stand in tables of their own in the folder above.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from pharmrs.core.files.content import read_text
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.read.results.tables import cells_of, number, scan_in, value_of
from pharmrs.spectra.records.foreign import UNSCALED, ForeignResult

_KINDS = re.compile(r"tCr|rawWaterScaled|CSFWaterScaled|TissCorrWaterScaled|amplMets|CRLB|"
                    r"Alpha(?:Corr|TissCorr)?WaterScaled(?:GroupNormed)?", re.I)  # fmt: skip
_NAME = re.compile(rf"(?:\w+?_)??(?P<kind>{_KINDS.pattern})_Voxel_\d", re.I)
# the same out again, with Osprey's capitals
KIND_OF_SCALE = {
    "ratio_tcr": "tCr", "water_relaxation": "rawWaterScaled", "tissue_molal": "TissCorrWaterScaled",
    "alpha_corrected": "AlphaCorrWaterScaled", "alpha_normalised": "AlphaCorrWaterScaledGroupNormed",
    UNSCALED: "amplMets",
}  # fmt: skip
_SCALES = {kind.lower(): scale for scale, kind in KIND_OF_SCALE.items()}
_NOTES = {
    "rawwaterscaled": "rawWaterScaled of Osprey: 55.5 mol/L of water, 65 % visible, relaxation times that Osprey has "
    "for each metabolite; taken as it is",
    "tisscorrwaterscaled": "TissCorrWaterScaled of Osprey, corrected for tissue and relaxation by it; taken as it is",
}
BESIDE = ("subject_names_and_excluded.tsv", "QM_processed_spectra.tsv")


def kind_of(path: Path) -> str:
    """The scale in the name of a table, in lower case; empty: it is none of Osprey's."""
    match = _NAME.fullmatch(path.name.split(".")[0].partition("_Basis")[0])
    return match["kind"].lower() if match and path.suffix.lower() in (".tsv", ".csv") else ""


def is_osprey(path: Path, _text: str) -> bool:
    return bool(kind_of(path))


def read_osprey(path: Path, text: str, problems: Problems) -> list[ForeignResult]:
    """The scans of one table, with their bounds, names and quality from the tables beside it."""
    kind = kind_of(path)
    if kind == "crlb":
        remedy = "give the tables of concentrations (tCr, TissCorrWaterScaled, ...); the bounds are read beside them"
        problems.add("file name", "must be a table of concentrations", "Cramér-Rao bounds alone", remedy)
        return []
    header, *body = cells_of(text)
    bounds = [one for one in path.parent.glob("*") if kind_of(one) == "crlb" and _same(one, path)]
    percents = _lines(bounds[0]) if bounds else []
    names, quality = (_columns(path, name, len(body)) for name in BESIDE)
    results = []
    for index, cells in enumerate(body):
        beside = dict(zip(percents[0], percents[1 + index], strict=False)) if index + 1 < len(percents) else {}
        values = tuple(
            value_of(name, _SCALES.get(kind, f"{UNSCALED}: {kind}"), cell, number(beside.get(name, "")))
            for name, cell in zip(header, cells, strict=False)
            if not math.isnan(number(cell))
        )
        who = scan_in(names["subject"][index]) if "subject" in names else f"row-{index + 1}"
        notes = (_NOTES[kind],) if kind in _NOTES else ()
        results.append(
            ForeignResult(
                tool="Osprey", file=str(path), scan=who, values=values, notes=notes,
                signal_to_noise=number(quality.get("Cr_SNR", {}).get(index, "")),
                line_width_hz=number(quality.get("Cr_FWHM", {}).get(index, "")),
            )
        )  # fmt: skip
    return results


def _same(one: Path, other: Path) -> bool:
    """Whether two tables are of one subspectrum and basis: their names differ in the scale alone."""
    return _KINDS.sub("", one.name) == _KINDS.sub("", other.name)


def _lines(path: Path) -> list[list[str]]:
    return cells_of(read_text(path, "utf-8-sig"))


def _columns(path: Path, name: str, count: int) -> dict[str, dict[int, str]]:
    """Columns of a table beside or above `path` that has a line for each of `count` scans; none where it is not."""
    found = next((folder / name for folder in (path.parent, path.parent.parent) if (folder / name).is_file()), None)
    if found is None:
        return {}
    header, *body = _lines(found)
    if len(body) != count:
        return {}
    return {column: {at: cells[place] for at, cells in enumerate(body) if place < len(cells)}
            for place, column in enumerate(header)}  # fmt: skip
