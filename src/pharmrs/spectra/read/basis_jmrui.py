"""jMRUI text files: one file with several signals, or a folder with one signal per file.

Source: jMRUI 6 manual, "Data Textfile": SamplingInterval in ms, TransmitterFrequency in Hz.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from pharmrs.core.files.content import read_text
from pharmrs.core.read.numbers import plain_number, plain_numbers
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.read.basis_files import FileSignals, joined
from pharmrs.spectra.records import BasisSet

_FIRST_LINE = "jMRUI Data Textfile"
_LARGEST_BYTES = 1 << 28
_REMEDY = "export the signals again from jMRUI as text"


def recognises_jmrui(path: Path) -> bool:
    """Whether `path` is, or is a folder with, text files that begin as jMRUI writes them."""
    files = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    return any(_begins_right(file) for file in files)


def read_jmrui(path: Path, problems: Problems) -> BasisSet | None:
    """Read jMRUI text signals; None, with the reasons in `problems`, where they cannot be used.

    The format does not say in which phase sense it is stored, so the known singlets must decide afterwards.
    """
    files = [file for file in (sorted(path.glob("*.txt")) if path.is_dir() else [path]) if _begins_right(file)]
    read = [_read_file(file, problems) for file in files]
    signals = [entry for entry in read if entry is not None]
    if problems.found:
        return None
    clock = "TransmitterFrequency, SamplingInterval and PointsInDataset"
    return joined(path, signals, "header", clock, _REMEDY, problems)


def _begins_right(file: Path) -> bool:
    if not file.is_file():
        return False
    try:
        with file.open("rb") as stream:
            return stream.read(200).decode("latin-1").lstrip("\ufeffï»¿ \r\n").startswith(_FIRST_LINE)
    except OSError:
        return False


def _read_file(file: Path, problems: Problems) -> FileSignals | None:
    try:
        text = read_text(file, "latin-1", largest=_LARGEST_BYTES)
    except OSError as error:
        problems.add(file.name, "must be readable", error.strerror or error, _REMEDY)
        return None
    header, *blocks = re.split(r"^[ \t]*Signal[ \t]+\d+[ \t]+out of[ \t]+\d+.*$", text, flags=re.M | re.I)
    where = file.name
    nucleus = re.search(r"^[ \t]*NucleusOfInterest[ \t]*:[ \t]*(\S+)", header, re.M | re.I)
    if nucleus and nucleus[1].upper() not in ("1H", "H", "PROTON"):
        problems.add(f"{where}: NucleusOfInterest", "must be 1H", nucleus[1], "use a proton basis set")
    interval_ms = _number(header, "SamplingInterval", 5e-3, 5.0, "ms", where, problems)
    frequency_hz = _number(header, "TransmitterFrequency", 1e7, 1e9, "Hz", where, problems)
    points = _number(header, "PointsInDataset", 32, 2**22, "points", where, problems)
    if interval_ms is None or frequency_hz is None or points is None:
        return None
    if not blocks:
        problems.add(where, "needs the line 'Signal 1 out of 1 in file' before the numbers", "missing", _REMEDY)
        return None
    fids = [_read_block(block, round(points), f"{where}: signal {i}", problems) for i, block in enumerate(blocks, 1)]
    good = [fid for fid in fids if fid is not None]
    if len(good) != len(blocks):
        return None
    return FileSignals(
        names=_names(header, file, len(blocks)),
        fids=np.array(good),
        dwell_time_s=interval_ms / 1000.0,
        spectrometer_frequency_mhz=frequency_hz / 1e6,
    )


def _read_block(block: str, points: int, where: str, problems: Problems) -> ComplexArray | None:
    try:
        rows = [line.split()[:2] for line in block.splitlines() if line.strip()]
        values = plain_numbers("\n".join(" ".join(row) for row in rows)).reshape(len(rows), 2)
    except ValueError as error:
        problems.add(where, "must be lines of numbers, real and imaginary part first", error, _REMEDY)
        return None
    if len(rows) != points:
        problems.add(where, f"PointsInDataset announces {points} points", f"{len(rows)} lines", _REMEDY)
        return None
    if not np.isfinite(values).all():
        problems.add(where, "must be finite numbers", "NaN or infinite", _REMEDY)
        return None
    return np.ascontiguousarray(values[:, 0] + 1j * values[:, 1])


def _names(header: str, file: Path, count: int) -> tuple[str, ...]:
    found = re.search(r"^[ \t]*SignalNames[ \t]*:[ \t]*(.*)$", header, re.M | re.I)
    names = (
        [re.sub(r"\.(txt|mrui)$", "", name, flags=re.I) for name in re.split(r"[;,\s]+", found[1].strip()) if name]
        if found
        else []
    )
    if len(names) == count:
        return tuple(names)
    return (file.stem,) if count == 1 else tuple(f"{file.stem}_{i}" for i in range(1, count + 1))


def _number(header: str, key: str, low: float, high: float, unit: str, where: str, problems: Problems) -> float | None:
    found = re.search(rf"^[ \t]*{key}[ \t]*:[ \t]*(\S+)", header, re.M | re.I)
    value = plain_number(found[1]) if found else None
    if value is None or not low <= value <= high:
        rule = f"must be a number from {low:g} to {high:g} {unit}"
        problems.add(f"{where}: {key}", rule, found[1] if found else "missing", _REMEDY)
        return None
    return value
