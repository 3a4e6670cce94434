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
from pharmrs.spectra.records.import_plan import ImportLine

REQUIRED = ("file", "format", "subject", "suffix")
_TIMES = ("echo_time_s", "repetition_time_s", "mixing_time_s")
OPTIONAL = ("session", "acquisition", "run", "second_file", "part", *_TIMES, "incomplete")
# formats of one file, and those whose header is a file of its own
FORMATS = ("twix", "philips", "philips_dcm", "ge", "dicom", "rda", "uih", "bruker", "varian", "jmrui", "nifti")
_TWO_FILES = {"philips": "the .SPAR beside the .SDAT"}
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
    second = row.text("second_file")
    if bool(second) != (kind in _TWO_FILES) and kind in FORMATS:
        wanted = _TWO_FILES.get(kind)
        rule = f"must be given for {kind}" if wanted else f"must be empty for {kind}"
        problems.add(
            f"{row.where}: second_file", rule, second or "nothing", f"give {wanted}" if wanted else "delete it"
        )
    files = tuple(os.path.realpath(folder / name) for name in (row.text("file"), second) if name)
    if not row.text("file"):
        problems.add(f"{row.where}: file", "must be given", "nothing", "give the path from the folder of this table")
    for name in files:
        if not is_there(Path(name)):
            remedy = "correct the path; it is taken from the folder of this table"
            problems.add(f"{row.where}: file", "must exist", name, remedy)
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
    )


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
