"""Results of spant: a table for each scale, a line a spectrum; those of a group name the file of each.

Source: spant's `fit_svs.R`, `fitting.R` and `amp_scaling.R`, read for their layout.
"""

from __future__ import annotations

import re
from pathlib import Path

from pharmrs.core.files.content import read_text
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.read.results.tables import cells_of, file_or_folder, number, percent_of, scan_in, value_of
from pharmrs.spectra.records.foreign import UNSCALED, ForeignResult, our_name

_SPANT_NOT = {"X", "Y", "Z", "Dynamic", "Coil"}


def is_spant(_path: Path, text: str) -> bool:
    header = (cells_of(text[:8000]) or [[]])[0]
    return set(header) >= _SPANT_NOT and any(name.endswith(".sd") for name in header)


def read_spant(path: Path, text: str, _problems: Problems) -> list[ForeignResult]:
    """One line a spectrum: amplitudes, then `name.sd`, then what the fit tells of itself.

    Tables of a group tell in `path` whose line it is, and in `ratio` what it is to.
    """
    header, *body = cells_of(text)
    name = path.name.lower()
    common = "tissue_molal" if "molal" in name else "lcmodel_water" if "legacy" in name else UNSCALED
    match = re.search(r"fit_res_(?!group)(\w+?)_ratio", path.name)
    amplitudes = _amplitudes(path, len(body)) if common == "tissue_molal" and "w_amp" in header else []
    results = []
    for index, cells in enumerate(body, start=1):
        row = dict(zip(header, cells, strict=False))
        ratio = row.get("ratio", match[1] if match else "")
        scale = f"ratio_{our_name(ratio).lower()}" if ratio else common
        names = [one for one in header if f"{one}.sd" in row]
        values = [
            value_of(one, scale, row[one], percent_of(number(row[one]), number(row[f"{one}.sd"]))) for one in names
        ]
        notes: tuple[str, ...] = ()
        if amplitudes and (water := number(row["w_amp"])) > 0.0:
            raw = amplitudes[index - 1]
            values += [
                value_of(
                    one,
                    "institutional",
                    str(number(raw.get(one, "")) / water),
                    percent_of(number(raw.get(one, "")), number(raw.get(f"{one}.sd", ""))),
                )
                for one in names
            ]
            notes = (_note(row),)
        alone = file_or_folder(path) + (f"_{index}" if len(body) > 1 else "")
        results.append(
            ForeignResult(
                tool="spant", file=str(path), scan=scan_in(row["path"]) if row.get("path") else alone,
                values=tuple(values), signal_to_noise=number(row.get("SNR", "")), notes=notes,
            )
        )  # fmt: skip
    return results


def _amplitudes(path: Path, count: int) -> list[dict[str, str]]:
    """The lines of the table of plain amplitudes beside one of molal concentrations; none where it is not there."""
    beside = path.with_name(path.name.replace("_molal_conc", "_unscaled_conc" if "group" in path.name else "_unscaled"))
    if beside == path or not beside.is_file():
        return []
    header, *body = cells_of(read_text(beside, "utf-8-sig"))
    return [dict(zip(header, cells, strict=False)) for cells in body] if len(body) == count else []


def _note(row: dict[str, str]) -> str:
    shares = ", ".join(f"{label} {number(row.get(column, '')):g} %"
                       for label, column in (("WM", "WM_vol"), ("GM", "GM_vol"), ("CSF", "CSF_vol")))  # fmt: skip
    return (
        f"molal scaling of spant ({shares}, relaxation of its own) undone: amplitudes of fit_res_unscaled over w_amp "
        "are scaled as declared here"
    )
