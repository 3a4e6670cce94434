"""Results of FSL-MRS, Gannet, TARQUIN and of this program: tables with a column for each thing.

Sources: the programs' own writers (FSL-MRS `results.py`, Gannet `ExportToCSV.m`, TARQUIN
`export_data.cpp`), read for their layout.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path

from pharmrs.core.files.content import read_text
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.records.foreign import UNSCALED, ForeignResult, ForeignValue, our_name
from pharmrs.spectra.records.scaling import SCALES

_FSL_SCALES = {"mMol/kg": "tissue_molal", "mM": "tissue_molar"}
_FSL_SECOND = {"raw": UNSCALED, "internal": "ratio_tcr", "molality": "tissue_molal", "molarity": "tissue_molar"}


def cells_of(text: str) -> list[list[str]]:
    """The cells of a table, separated by tabs where its first line has one, else by commas."""
    first = text.lstrip("\ufeff\r\n").split("\n", 1)[0]
    reader = csv.reader(text.lstrip("\ufeff").splitlines(), delimiter="\t" if "\t" in first else ",")
    return [[cell.strip() for cell in line] for line in reader if any(cell.strip() for cell in line)]


def number(text: str) -> float:
    """A cell as a number; NaN for what is none (n/a, NaN, empty)."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def is_fsl_summary(_path: Path, text: str) -> bool:
    header = cells_of(text[:4000])[:1]
    return bool(header) and "Metab" in header[0] and "%CRLB" in header[0]


def read_fsl_summary(path: Path, text: str, _problems: Problems) -> list[ForeignResult]:
    """`summary.csv`: a line a metabolite; internal reference, molality, molarity, S/N and FWHM (Hz) of each."""
    header, *body = cells_of(text)
    rows = [dict(zip(header, cells, strict=False)) for cells in body]
    scales = {name: _FSL_SCALES[name] for name in header if name in _FSL_SCALES}
    scales |= {name: f"ratio_{our_name(name[1:]).lower()}" for name in header if re.fullmatch(r"/\S+", name)}
    scales |= {name: UNSCALED for name in header if name == "Raw conc"}
    values = [value_of(row["Metab"], scale, row[name], number(row["%CRLB"]))
              for row in rows for name, scale in scales.items()]  # fmt: skip
    named = {our_name(row["Metab"]): row for row in rows}
    best = named.get("NAA") or named.get("tNAA") or named.get("tCr") or {}
    return [
        ForeignResult(
            tool="FSL-MRS",
            file=str(path),
            scan=file_or_folder(path),
            values=tuple(values),
            signal_to_noise=number(best.get("SNR", "")),
            line_width_hz=number(best.get("FWHM", "")),
            notes=("S/N and line width are those of NAA, as FSL-MRS defines them",),
        )
    ]


def is_fsl_concentrations(_path: Path, text: str) -> bool:
    head = cells_of(text[:4000])[:2]
    return len(head) == 2 and {"mean", "std"} <= set(head[0]) and "raw" in head[1]


def read_fsl_concentrations(path: Path, text: str, _problems: Problems) -> list[ForeignResult]:
    """`concentrations.csv`: two header lines, mean and std of raw, internal, molality and molarity."""
    kinds, scales, *body = cells_of(text)
    where = {(kind, scale): column for column, (kind, scale) in enumerate(zip(kinds, scales, strict=False))}
    names = next((column for column, cell in enumerate(kinds) if cell == "Metabs"), 1)
    values = []
    for cells in body:
        for scale, ours in _FSL_SECOND.items():
            if ("mean", scale) in where and cells[names]:
                value, sd = number(cells[where["mean", scale]]), number(cells[where["std", scale]])
                percent = 100.0 * sd / value if value > 0 else math.inf
                values.append(value_of(cells[names], ours, str(value), percent))
    return [ForeignResult(tool="FSL-MRS", file=str(path), scan=file_or_folder(path), values=tuple(values))]


def is_gannet(_path: Path, text: str) -> bool:
    return "Gannet_ver" in text[:4000].split("\n", 1)[0]


def read_gannet(path: Path, text: str, _problems: Problems) -> list[ForeignResult]:
    """One line a recording; `X_ConcCr` over Cr, `X_ConcIU` water-scaled in its own units, fit errors in per cent.

    From version 3.3 on the columns are `X_conc_Cr`, `X_conc_iu`, `X_fit_error_Cr` and so on.
    """
    header, *body = cells_of(text)
    columns = [name.lower().replace("_conc_", "_conc").replace("fit_error_", "fiterror_") for name in header]
    results = []
    for cells in body:
        row = dict(zip(columns, cells, strict=False))
        values = []
        for name, column in zip(header, columns, strict=True):
            metabolite, _, kind = name.partition("_")
            against = {"conccr": "cr", "conciu": "w"}.get(column.partition("_")[2])
            error = number(row.get(f"{metabolite.lower()}_fiterror_{against or 'w'}", ""))
            if against is not None:
                scale = "ratio_cr" if against == "cr" else UNSCALED
                values.append(value_of(metabolite, scale, row[column], error))
            elif kind.lower().startswith("conciu_"):  # corrected for fluid, for tissue
                values.append(value_of(metabolite, f"{UNSCALED}: {kind}", row[column], error))
        results.append(
            ForeignResult(
                tool="Gannet",
                file=str(path),
                scan=scan_in(row["filename"]),
                values=tuple(values),
                signal_to_noise=number(row.get("naa_snr", "")),
                line_width_hz=number(row.get("naa_fwhm", "")),
                notes=("edited spectra: GABA is GABA+; the error is Gannet's fit error, not a Cramer-Rao bound",),
            )
        )
    return results


def file_or_folder(path: Path) -> str:
    """The name of a file, else, where it is the one that a tool gives each of its tables, of its folder."""
    usual = path.name.startswith("fit_res_") or path.stem in ("results", "summary", "concentrations")
    return path.resolve().parent.name if usual else path.name.split(".")[0]


def scan_in(place: str) -> str:
    """Subject and session out of a path that a table names, else its last part."""
    entities = {key: re.findall(rf"(?<![A-Za-z]){key}-([A-Za-z0-9]+)", place)[-1:] for key in ("sub", "ses", "acq")}
    named = [f"{key}-{label[0]}" for key, label in entities.items() if label]
    parts = [part for part in place.replace("\\", "/").split("/") if part]
    last = parts[-1].split(".")[0] if parts else ""
    if last.startswith(("fit_res", "results")) and len(parts) > 1:
        last = parts[-2]
    return "_".join(named) if entities["sub"] else last


def is_tarquin(_path: Path, text: str) -> bool:
    return re.search(r"^Signal amplitudes\s*$", text[:4000], re.M) is not None


def read_tarquin(path: Path, text: str, problems: Problems) -> list[ForeignResult]:
    """Sections of amplitudes and of their standard deviations, a line a voxel in each."""
    sections = dict(_sections(cells_of(text)))
    amplitudes, sds = sections.get("Signal amplitudes", []), sections.get("CRLBs (standard deviation)", [])
    if len(amplitudes) < 2 or len(amplitudes) != len(sds):
        rule = "must have the sections Signal amplitudes and CRLBs (standard deviation), equally long"
        problems.add("sections", rule, ", ".join(sections), "write the results again (--output_csv)")
        return []
    results = []
    for cells, errors in zip(amplitudes[1:], sds[1:], strict=True):
        row, sd = dict(zip(amplitudes[0], cells, strict=False)), dict(zip(sds[0], errors, strict=False))
        values = [
            value_of(name, UNSCALED, row[name], percent_of(number(row[name]), number(sd.get(name, ""))))
            for name in amplitudes[0]
            if name not in ("Row", "Col", "Slice", "")
        ]
        place = f"_{row['Row']}-{row['Col']}-{row['Slice']}" if len(amplitudes) > 2 else ""
        scan = file_or_folder(path) + place
        note = "amplitudes of TARQUIN: water-scaled where a reference was given; the file does not say"
        results.append(ForeignResult(tool="TARQUIN", file=str(path), scan=scan, values=tuple(values), notes=(note,)))
    return results


def is_ours(_path: Path, text: str) -> bool:
    header = (cells_of(text[:4000]) or [[]])[0]
    return {"scan", "metabolite", "crlb_percent", "ratio_tcr"} <= set(header)


def read_ours(path: Path, text: str, _problems: Problems) -> list[ForeignResult]:
    """`metabolites.tsv` of a run of this program."""
    header, *body = cells_of(text)
    by_scan: dict[str, list[ForeignValue]] = {}
    for cells in body:
        row = dict(zip(header, cells, strict=False))
        for scale in (name for name in header if name in SCALES and not math.isnan(number(row[name]))):
            by_scan.setdefault(row["scan"], []).append(
                value_of(row["metabolite"], scale, row[scale], number(row["crlb_percent"]))
            )
    beside = path.with_name("quality.tsv")
    first, *lines = cells_of(read_text(beside, "utf-8")) if beside.is_file() else [[]]
    quality = {row["scan"]: row for row in (dict(zip(first, cells, strict=False)) for cells in lines)}
    return [
        ForeignResult(
            tool="pharmrs", file=str(path), scan=scan, values=tuple(values),
            signal_to_noise=number(quality.get(scan, {}).get("signal_to_noise", "")),
            line_width_hz=number(quality.get(scan, {}).get("line_width_hz", "")),
        )
        for scan, values in by_scan.items()
    ]  # fmt: skip


def value_of(printed: str, scale: str, cell: str, percent: float) -> ForeignValue:
    """One cell with its bound."""
    return ForeignValue(
        metabolite=our_name(printed), printed=printed, scale=scale, value=number(cell), crlb_percent=percent
    )


def percent_of(value: float, sd: float) -> float:
    return 100.0 * sd / value if value > 0 else math.inf


def _sections(lines: list[list[str]]) -> Iterator[tuple[str, list[list[str]]]]:
    """Lines of one cell begin a section; the lines after it belong to it."""
    title, rows = "", list[list[str]]()
    for cells in lines:
        filled = [cell for cell in cells if cell]
        if len(filled) == 1 and not re.match(r"[-+\d.]", filled[0]):
            if title:
                yield title, rows
            title, rows = filled[0], []
        else:
            rows.append(cells)
    if title:
        yield title, rows
