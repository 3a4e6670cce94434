"""Basis sets of every supported format, told apart by what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
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


FORMATS = (
    BasisFormat(name="LCModel .basis", recognises=recognises_lcmodel, read=read_lcmodel, defines_sense=True),
    BasisFormat(name="jMRUI text", recognises=recognises_jmrui, read=read_jmrui, defines_sense=False),
    BasisFormat(name="Osprey .mat", recognises=recognises_osprey, read=read_osprey, defines_sense=False),
    BasisFormat(name="FSL-MRS JSON", recognises=recognises_fsl_json, read=read_fsl_json, defines_sense=False),
)


def read_basis(path: str | Path) -> BasisSet:
    """Read a basis set (file or folder) in the NIfTI-MRS phase sense.

    A reference peak at 0 ppm is removed, `proton_amplitude` is estimated, and `notes` tells what was done. Raises
    `InputError` with every problem found.
    """
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
