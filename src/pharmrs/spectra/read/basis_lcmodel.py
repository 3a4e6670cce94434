"""LCModel `.basis` files, plain or gzipped.

Source: LCModel 6.3 manual, section 8, and its Fortran source (BSD-3), where each stored spectrum is multiplied by
TRAMP / (VOLUME * CONC) and a positive ISHIFT moves it ISHIFT grid points to larger ppm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pharmrs.core.constants import WATER_PPM
from pharmrs.core.read.compressed import read_bytes
from pharmrs.core.read.numbers import plain_number, plain_numbers
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.records import BasisSet

_GROUP = re.compile(
    # the body ends before the next group begins: a file of beginnings without end would else be searched for ever
    r"[$&]\s*(?P<name>SEQPAR|BASIS1|NMUSED|BASIS)\b(?P<body>(?:(?![$&]\s*(?:SEQPAR|BASIS1|NMUSED|BASIS)\b).)*?)"
    r"(?:[$&]\s*END\b|\n[ \t]*/[ \t]*(?=\r?\n))",
    re.I | re.S,
)
_MACROMOLECULES = re.compile(r"mm|mac|lip", re.I)
_WRITE_AGAIN = "write the basis set again (LCModel MakeBasis), or copy the file again"


@dataclass(slots=True)
class _Entry:
    header: str
    numbers: str


@dataclass(slots=True)
class _File:
    general: str = ""
    entries: list[_Entry] = field(default_factory=list)


def recognises_lcmodel(path: Path) -> bool:
    """Whether the name says that `path` is an LCModel basis set."""
    return path.is_file() and re.search(r"\.basis(\.gz)?$", path.name, re.I) is not None


def read_lcmodel(path: Path, problems: Problems) -> BasisSet | None:
    """Read an LCModel basis set; None, with the reasons in `problems`, where it cannot be used.

    The signals are the inverse transforms of the stored spectra, with ISHIFT applied, which puts 4.65 ppm at 0 Hz in
    the NIfTI-MRS phase sense. Macromolecule and lipid entries keep their stored amplitude, as CONC has no meaning for
    them.
    """
    raw = read_bytes(path, problems, "copy or download the file again")
    if raw is None:
        return None
    file = _split(raw.decode("latin-1"))
    if not file.entries:
        problems.add("$BASIS", "needs at least one metabolite ($BASIS ... $END and its spectrum)", "none", _WRITE_AGAIN)
        return None
    if (key := _encrypted(file.general)) is not None:
        rule = "must be readable: encrypted basis sets are for LCModel alone"
        remedy = (
            "ask its supplier for the set that is not encrypted, or simulate one for the sequence: `pharmrs basis`, "
            "or basis: {simulate: ...} in study.yaml"
        )
        problems.add(key, rule, f"{key} = {_value(file.general, key)}: an encrypted basis set", remedy)
        return None
    mhz = _number(file.general, "HZPPPM", problems, "MHz of the spectrometer", low=10.0, high=1000.0)
    dwell_time_s = _number(file.general, "BADELT", problems, "dwell time in s", low=5e-6, high=5e-3)
    points = _number(file.general, "NDATAB", problems, "number of points", low=32, high=2**22)
    if mhz is None or dwell_time_s is None or points is None:
        return None
    names, fids = [], []
    notes: list[str] = []
    for number, entry in enumerate(file.entries, start=1):
        name = _value(entry.header, "METABO") or _value(entry.header, "ID") or f"entry{number}"
        fid = _signal(entry, name, round(points), problems, notes)
        if fid is not None:
            names.append(name)
            fids.append(fid)
    if len(fids) != len(file.entries):
        return None
    echo = _value(file.general, "ECHOT")
    echo_ms = _float(echo) if echo else None
    return BasisSet(
        names=tuple(names),
        fids=np.array(fids),
        dwell_time_s=dwell_time_s,
        spectrometer_frequency_mhz=mhz,
        receiver_ppm=WATER_PPM.value,
        source=str(path),
        echo_time_s=echo_ms / 1000.0 if echo_ms is not None and echo_ms > 0 else float("nan"),
        notes=tuple(notes),
    )


def _encrypted(general: str) -> str | None:
    """The key that marks the set as encrypted: ENCRYP, or BADELT below zero as in those that LCModel distributes."""
    flagged = re.search(r"\b(ENCRYP\w*)\s*=\s*\.?T", general, re.I)
    if flagged:
        return flagged[1]
    dwell = _float(_value(general, "BADELT"))
    return "BADELT" if dwell is not None and dwell < 0 else None


def _signal(entry: _Entry, name: str, points: int, problems: Problems, notes: list[str]) -> ComplexArray | None:
    field_name = f"entry {name}"
    try:
        # columns of a fixed format may touch ("1.0E+00-2.0E+00"), and Fortran may write exponents with D
        numbers = plain_numbers(re.sub(r"(?<=[0-9.])-", " -", re.sub("[dD]", "E", entry.numbers)))
    except ValueError as error:
        problems.add(field_name, "the spectrum must be numbers", error, _WRITE_AGAIN)
        return None
    if numbers.size != 2 * points:
        rule = f"NDATAB = {points} announces {2 * points} numbers"
        problems.add(field_name, rule, f"{numbers.size} numbers", _WRITE_AGAIN)
        return None
    if not np.isfinite(numbers).all():
        problems.add(field_name, "must be finite numbers", "NaN or infinite", _WRITE_AGAIN)
        return None
    scale = _scale(entry.header, name, field_name, problems, notes)
    shift = _float(_value(entry.header, "ISHIFT") or "0")
    if scale is None or shift is None:
        if shift is None:
            problems.add(field_name, "ISHIFT must be a whole number", _value(entry.header, "ISHIFT"), _WRITE_AGAIN)
        return None
    fid = np.fft.ifft(numbers[0::2] + 1j * numbers[1::2])
    ramp = np.exp(-2j * np.pi * round(shift) * np.arange(points) / points)
    return np.asarray(scale * fid * ramp, dtype=np.complex128)


def _scale(header: str, name: str, field_name: str, problems: Problems, notes: list[str]) -> float | None:
    factors = {key: _float(_value(header, key) or "1") for key in ("CONC", "TRAMP", "VOLUME")}
    for key, value in factors.items():
        if value is None or not value > 0:
            problems.add(field_name, f"{key} must be a number above 0", _value(header, key), _WRITE_AGAIN)
            return None
    conc, tramp, volume = (float(value or 1.0) for value in factors.values())
    scale = tramp / (volume * conc)
    if scale != 1.0 and _MACROMOLECULES.match(name):
        notes.append(f"{name}: amplitude as stored; LCModel would multiply it by {scale:.6g}")
        return 1.0
    return scale


def _split(text: str) -> _File:
    file = _File()
    matches = list(_GROUP.finditer(text))
    for i, match in enumerate(matches):
        if match["name"].upper() == "BASIS":
            end = matches[i + 1].start() if i + 1 < len(matches) else len(text)
            file.entries.append(_Entry(match["body"], text[match.end() : end]))
        elif match["name"].upper() in ("SEQPAR", "BASIS1"):
            file.general += "\n" + match["body"]
    return file


def _value(body: str, key: str) -> str:
    found = re.search(rf"(?:^|[\s,]){key}\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|([^\s,]+))", body, re.I)
    return next((group.strip() for group in found.groups() if group is not None), "") if found else ""


def _float(text: str) -> float | None:
    return plain_number(re.sub("[dD]", "E", text))


def _number(body: str, key: str, problems: Problems, meaning: str, *, low: float, high: float) -> float | None:
    text = _value(body, key)
    value = _float(text)
    if value is None or not low <= value <= high:
        problems.add(key, f"{meaning}, must be from {low:g} to {high:g}", text or "missing", _WRITE_AGAIN)
        return None
    return value
