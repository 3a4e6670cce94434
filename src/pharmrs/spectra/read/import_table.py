"""The mapping table of `pharmrs import`: which vendor file becomes which recording of the dataset."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from pharmrs.core.errors import InputProblem
from pharmrs.core.files.content import is_there
from pharmrs.core.read.cells import CellReader
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.spectra.read.vendor.headers import spar_beside
from pharmrs.spectra.records.import_plan import ImportLine

REQUIRED = ("file", "format", "subject", "suffix")
_TIMES = ("echo_time_s", "repetition_time_s", "mixing_time_s")
_CLOCK = ("dwell_time_s", "frequency_mhz")
OPTIONAL = ("session", "acquisition", "run", "second_file", "part", *_TIMES, *_CLOCK, "incomplete")
# formats of one file, and those whose header is a file of its own
FORMATS = ("twix", "philips", "philips_dcm", "ge", "dicom", "rda", "uih", "bruker", "varian", "jmrui", "lcmodel",
           "nifti")  # fmt: skip
_SECOND_FILES = {"philips": "the .SPAR of the .SDAT", "lcmodel": "the .control of the .RAW, or nothing"}
_SUFFIXES = ("svs", "mrsref")
_SIDECAR = {"echo_time_s": "EchoTime", "repetition_time_s": "RepetitionTime", "mixing_time_s": "MixingTime"}


def read_import_table(
    path: str | Path, warn: Callable[[InputProblem], None] = lambda _problem: None
) -> tuple[ImportLine, ...]:
    """The lines of the mapping table, paths resolved against its folder.

    Raises `InputError` with everything that is wrong: unknown formats and suffixes, labels that are not letters and
    digits, missing files, two lines with one target, numbers that are none.
    """
    place = Path(path)
    problems = Problems(str(path))
    rows = read_text_table(place, problems, REQUIRED, OPTIONAL)
    lines = [_line(row, place.parent, problems) for row in rows]
    first: dict[str, str] = {}
    for line in lines:
        if line.target in first:
            rule = "each line must make a recording of its own"
            remedy = "tell them apart by session, acquisition or run"
            problems.add(line.where, rule, f"{line.target}, as {first[line.target]}", remedy)
        first.setdefault(line.target, line.where)
    problems.raise_errors(warn)
    return tuple(lines)


def _line(row: TextRow, folder: Path, problems: Problems) -> ImportLine:
    kind = row.text("format").lower()
    if kind not in FORMATS:
        problems.add(f"{row.where}: format", f"must be one of {', '.join(FORMATS)}", kind or "nothing", "correct it")
    suffix = row.text("suffix")
    if suffix not in _SUFFIXES:
        remedy = "svs for metabolites, mrsref for a water reference"
        problems.add(f"{row.where}: suffix", "must be svs or mrsref", suffix or "nothing", remedy)
    files, transients = _files(row, kind, folder, problems)
    incomplete = row.text("incomplete").lower()
    if incomplete not in ("", "no", "yes"):
        problems.add(f"{row.where}: incomplete", "must be yes, no or empty", incomplete, "correct it")
    return ImportLine(
        where=row.where,
        format=kind,
        files=files,
        part=row.text("part"),
        target=_target(row, suffix, problems),
        sidecar=_sidecar(row, problems),
        incomplete=incomplete == "yes",
        transients=transients,
        clock={column: CellReader(problems).number(row, column, low=0.0) for column in _CLOCK if row.text(column)},
    )


def _files(row: TextRow, kind: str, folder: Path, problems: Problems) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The file with its second one, and the files of single transients where the name is a pattern (`scan3/*.rda`)."""
    name, second = row.text("file"), row.text("second_file")
    if not name:
        problems.add(f"{row.where}: file", "must be given", "nothing", "give the path from the folder of this table")
    if any(mark in name for mark in "*?[") and not is_there(folder / name):
        matching = [str(path) for path in sorted(folder.glob(name), key=lambda path: _natural(path.name))]
        if not matching or second:
            remedy = "correct the pattern (taken from the folder of this table); formats of two files have none"
            found = f"{name}: {len(matching)} files" + (f", second_file {second}" if second else "")
            problems.add(f"{row.where}: file", "a pattern must match the files of the transients", found, remedy)
        return tuple(matching[:1]), tuple(matching)
    if kind == "philips" and name and not second:
        beside = spar_beside(folder / name)
        if beside is None:
            rule = "must be given for philips where no .SPAR of the same name lies beside the .SDAT"
            problems.add(f"{row.where}: second_file", rule, "nothing", f"give {_SECOND_FILES[kind]}")
        second = str(beside) if beside is not None else ""
    if second and kind in FORMATS and kind not in _SECOND_FILES:
        problems.add(f"{row.where}: second_file", f"must be empty for {kind}", second, "delete it")
    files = tuple(os.path.realpath(folder / one) for one in (name, second) if one)
    for one in files:
        if not is_there(Path(one)):
            remedy = "correct the path; it is taken from the folder of this table"
            problems.add(f"{row.where}: file", "must exist", one, remedy)
    return files, ()


def _natural(name: str) -> list[tuple[int, str]]:
    """So that 2 comes before 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _target(row: TextRow, suffix: str, problems: Problems) -> str:
    entities = []
    for key, column in (("sub", "subject"), ("ses", "session"), ("acq", "acquisition"), ("run", "run")):
        label = row.text(column).removeprefix(f"{key}-")
        if not label and column == "subject":
            problems.add(f"{row.where}: {column}", "must be given", "nothing", "give the label of the participant")
        if not label:
            continue
        if not re.fullmatch(r"[A-Za-z0-9]+", label):
            remedy = "use letters and digits only, as BIDS wants"
            problems.add(f"{row.where}: {column}", "must be a BIDS label", label, remedy)
        entities.append(f"{key}-{label}")
    folders = [entity for entity in entities if entity.startswith(("sub-", "ses-"))]
    return "/".join([*folders, "mrs", "_".join([*entities, suffix])])


def _sidecar(row: TextRow, problems: Problems) -> dict[str, float]:
    cells = CellReader(problems)
    return {key: cells.number(row, column, low=0.0) for column, key in _SIDECAR.items() if row.text(column)}
