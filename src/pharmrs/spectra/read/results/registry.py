"""Results of fits of every tool that is known, told apart by what stands in the file."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.files.content import read_text
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.read.results import tables
from pharmrs.spectra.read.results.lcmodel import read_lcmodel_result, recognises_lcmodel_result
from pharmrs.spectra.read.results.osprey import is_osprey, read_osprey
from pharmrs.spectra.read.results.spant import is_spant, read_spant
from pharmrs.spectra.records.foreign import ForeignResult

_LARGEST_BYTES = 1 << 27


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFormat:
    """One format: its name, whether a file is of it, and its reader."""

    name: str
    recognises: Callable[[Path, str], bool]
    read: Callable[[Path, str, Problems], list[ForeignResult]]


FORMATS = (
    ResultFormat(
        name="LCModel .table, .coord, .print, .csv", recognises=recognises_lcmodel_result, read=read_lcmodel_result
    ),
    ResultFormat(name="FSL-MRS summary.csv", recognises=tables.is_fsl_summary, read=tables.read_fsl_summary),
    ResultFormat(
        name="FSL-MRS concentrations.csv",
        recognises=tables.is_fsl_concentrations,
        read=tables.read_fsl_concentrations,
    ),
    ResultFormat(name="Gannet .csv", recognises=tables.is_gannet, read=tables.read_gannet),
    ResultFormat(name="spant .csv", recognises=is_spant, read=read_spant),
    ResultFormat(name="TARQUIN .csv", recognises=tables.is_tarquin, read=tables.read_tarquin),
    ResultFormat(name="Osprey .tsv", recognises=is_osprey, read=read_osprey),
    ResultFormat(name="pharmrs metabolites.tsv", recognises=tables.is_ours, read=tables.read_ours),
)


def read_results(path: Path) -> tuple[ForeignResult, ...]:
    """The scans of one file. Raises `InputError` with what was looked for where it is of no known format."""
    problems = Problems(str(path))
    known = "; ".join(kind.name for kind in FORMATS)
    try:
        text = read_text(path, "utf-8-sig", largest=_LARGEST_BYTES)
    except UnicodeDecodeError:
        text = read_text(path, "latin-1", largest=_LARGEST_BYTES)
    except OSError as error:
        problems.add("file", "must be readable", error.strerror or error, "check the path")
        problems.raise_errors()
        raise AssertionError from error
    found: list[ForeignResult] = []
    kind = None
    try:
        kind = next((kind for kind in FORMATS if kind.recognises(path, text)), None)
        found = kind.read(path, text, problems) if kind is not None else []
    except (ValueError, KeyError, IndexError, csv.Error) as error:
        named = kind.name if kind is not None else "a table"
        problems.add("layout", f"must be as its tool writes it ({named})", error, "write or copy the results again")
    if kind is None and not problems.found:
        begins = text[:40].strip() or "nothing"
        remedy = "give one of these, or write the values as a table of this program (scan, metabolite, ratio_tcr, ...)"
        problems.add("format", f"results that are known: {known}", f"begins with {begins!r}", remedy)
    if kind is not None and not any(one.values for one in found) and not problems.found:
        problems.add("values", f"must hold concentrations ({kind.name})", "none", "write the results again")
    problems.raise_errors()
    return tuple(found)
