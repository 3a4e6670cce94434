"""Basis sets of every supported format, told apart by what they are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pharmrs.core.files.content import is_there
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.read.basis_fsl_json import read_fsl_json, recognises_fsl_json
from pharmrs.spectra.read.basis_jmrui import read_jmrui, recognises_jmrui
from pharmrs.spectra.read.basis_lcmodel import read_lcmodel, recognises_lcmodel
from pharmrs.spectra.read.basis_orientation import orient
from pharmrs.spectra.read.basis_osprey import read_osprey, recognises_osprey
from pharmrs.spectra.read.reference_peak import remove_reference_peak
from pharmrs.spectra.read.singlets import with_proton_amplitude
from pharmrs.spectra.records import BasisSet


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisFormat:
    """One format: its name, whether a path is of it, its reader, and whether it defines the phase sense."""

    name: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Problems], BasisSet | None]
    defines_sense: bool


_GABA_PPM, _GSH_PPM, _LAC_PPM = 1.9, 4.56, 4.1
_CRUSHED, _CHANGED, _TURNED_OVER = 0.7, 0.2, 1.2  # of the norm in OFF
FORMATS = (
    BasisFormat(name="LCModel .basis", recognises=recognises_lcmodel, read=read_lcmodel, defines_sense=True),
    BasisFormat(name="jMRUI text", recognises=recognises_jmrui, read=read_jmrui, defines_sense=False),
    BasisFormat(name="Osprey .mat", recognises=recognises_osprey, read=read_osprey, defines_sense=False),
    BasisFormat(name="FSL-MRS JSON", recognises=recognises_fsl_json, read=read_fsl_json, defines_sense=False),
)


def read_basis(path: str | Path) -> BasisSet:
    """Read a basis set (file or folder) in the NIfTI-MRS phase sense.

    A reference peak at 0 ppm is removed, `proton_amplitude` is estimated, and `notes` tells what was done. Beside
    `NAME.basis`, `NAME-on1.basis` (and `-on2`, `-on3` of HERMES) are the conditions of an edited sequence. Raises
    `InputError` with every problem found.
    """
    off = _read_one(path)
    places = [condition_file(Path(path), number) for number in (1, 2, 3)]
    there = [place for place in places if Path(path).is_file() and is_there(place)]
    if not there:
        return off
    return _with_conditions(off, [_read_one(place) for place in there], str(path))


def condition_file(off: Path, number: int) -> Path:
    """Where the basis set of a condition with the editing pulses on is, beside that of OFF."""
    return off.with_name(f"{off.stem}-on{number}{off.suffix}")


def _with_conditions(off: BasisSet, conditions: list[BasisSet], source: str) -> BasisSet:
    """All conditions, each with the components, the clock and the unit of OFF."""
    problems = Problems(source)
    if len(conditions) not in (1, 3):
        remedy = "one for MEGA, three for HERMES (first band, second band, both)"
        problems.add("conditions", "must be one or three beside OFF", f"{len(conditions)}", remedy)
    made = []
    for one in conditions:
        clock = math.isclose(one.dwell_time_s, off.dwell_time_s, rel_tol=1e-6) and one.points == off.points
        missing = [name for name in off.names if name not in one.names]
        if missing or not clock:
            value = f"{one.source}: {', '.join(missing) or 'another clock or length'}"
            problems.add("conditions", "must have the components and the clock of OFF", value, "write them again")
            continue
        rows = [one.names.index(name) for name in off.names]
        made.append(replace(off, fids=one.fids[rows], source=one.source, edited=()))
    problems.raise_errors()
    return replace(off, edited=tuple(made), edited_ppm=_bands(off, made))


def _bands(off: BasisSet, conditions: list[BasisSet]) -> tuple[float, ...]:
    """Where the pulse of each band acts, as its signals tell: where NAA is crushed, else where lactate is turned
    over or GSH changes; NaN where neither does."""
    rows = {name.lower(): row for row, name in enumerate(off.names)}

    def left(condition: BasisSet, name: str) -> float:
        return float(np.linalg.norm(condition.fids[rows[name]]) / np.linalg.norm(off.fids[rows[name]]))

    def changed(condition: BasisSet, name: str) -> float:
        if name not in rows:
            return 0.0
        row = rows[name]
        return float(np.linalg.norm(condition.fids[row] - off.fids[row]) / np.linalg.norm(off.fids[row]))

    def band_of(condition: BasisSet) -> float:
        if "naa" in rows and left(condition, "naa") < _CRUSHED:
            return _GABA_PPM
        if changed(condition, "lac") > _TURNED_OVER:  # a pulse at 4.56 reaches it too, but not in full
            return _LAC_PPM
        return _GSH_PPM if changed(condition, "gsh") > _CHANGED else float("nan")

    return tuple(band_of(one) for one in (conditions if len(conditions) == 1 else conditions[:2]))


def _read_one(path: str | Path) -> BasisSet:
    place = Path(path)
    problems = Problems(str(path))
    known = ", ".join(kind.name for kind in FORMATS)
    if not is_there(place):
        problems.add(
            "basis",
            "must exist",
            "missing",
            "check the path of the basis set (in a study, from the folder of study.yaml)",
        )
    kind = None if problems.found else next((kind for kind in FORMATS if kind.recognises(place)), None)
    if kind is None and not problems.found:
        problems.add(
            "basis", f"must be one of: {known}", "unknown format", "convert it, or give the file or its folder"
        )
    problems.raise_errors()
    if kind is None:
        raise AssertionError("an unknown format must come with a problem")
    basis = kind.read(place, problems)
    if basis is not None:
        _check(basis, problems)
        if not kind.defines_sense and not problems.found:
            basis = orient(basis, problems)
    problems.raise_errors()
    if basis is None:
        raise AssertionError("an unusable basis set must come with a problem")
    return with_proton_amplitude(remove_reference_peak(basis))


def _check(basis: BasisSet, problems: Problems) -> None:
    twice = [name for name, count in Counter(basis.names).items() if count > 1]
    if twice:
        remedy = "rename or remove one of each; a repeated signal cannot be fitted"
        problems.add("names", "each metabolite must occur once", ", ".join(twice), remedy)
    empty = [name for name, fid in zip(basis.names, basis.fids, strict=True) if not np.abs(fid).max() > 0]
    if empty:
        problems.add("signals", "must not be all zeros", ", ".join(empty), "remove these entries from the basis set")
