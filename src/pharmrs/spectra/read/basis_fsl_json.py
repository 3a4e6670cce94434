"""FSL-MRS basis folders: one JSON file per metabolite.

Source: FSL-MRS documentation, "Basis spectra", keys basis_re, basis_im, basis_dwell (s), basis_centre (MHz),
basis_width (Hz), basis_name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pharmrs.core.files.json_text import read_json
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.read.basis_files import FileSignals, joined
from pharmrs.spectra.records import BasisSet

_REMEDY = "write the basis set again with fsl_mrs_sim or basis_tools"


def recognises_fsl_json(path: Path) -> bool:
    """Whether `path` is a folder with JSON files, or one JSON file."""
    return any(path.glob("*.json")) if path.is_dir() else path.suffix.lower() == ".json" and path.is_file()


def read_fsl_json(path: Path, problems: Problems) -> BasisSet | None:
    """Read a folder of FSL-MRS JSON files; None, with the reasons in `problems`, where it cannot be used.

    The format does not say in which phase sense it is stored, so the known singlets must decide afterwards.
    """
    entries = []
    for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
        entry = _read_entry(file, problems)
        if entry is not None:
            entries.append(entry)
    if problems.found:
        return None
    return joined(path, entries, "basis", "basis_centre, basis_dwell and number of points", _REMEDY, problems)


def _read_entry(file: Path, problems: Problems) -> FileSignals | None:
    where = file.name
    try:
        content = read_json(file)
    except (OSError, ValueError) as error:
        problems.add(where, "must be valid JSON", str(error), _REMEDY)
        return None
    basis = content.get("basis") if isinstance(content, dict) else None
    if not isinstance(basis, dict):
        problems.add(where, "must have the key 'basis' of an FSL-MRS basis file", "missing", _REMEDY)
        return None
    mhz = _number(basis, "basis_centre", 10.0, 1000.0, "MHz", where, problems)
    dwell_time_s = _number(basis, "basis_dwell", 5e-6, 5e-3, "s", where, problems)
    parts = []
    for key in ("basis_re", "basis_im"):
        try:
            part = np.asarray(basis.get(key, []), dtype=np.float64).ravel()
        except (TypeError, ValueError):
            part = np.array([np.nan])
        if part.size < 2 or not np.isfinite(part).all():
            problems.add(f"{where}: {key}", "must be a list of finite numbers", f"{part.size} values", _REMEDY)
            continue
        parts.append(part)
    if len(parts) == 2 and parts[0].size != parts[1].size:
        found = f"{parts[0].size} and {parts[1].size}"
        problems.add(where, "basis_re and basis_im must have the same number of points", found, _REMEDY)
        return None
    if mhz is None or dwell_time_s is None or len(parts) != 2:
        return None
    return FileSignals(
        names=(str(basis.get("basis_name") or file.stem),),
        fids=(parts[0] + 1j * parts[1])[None, :],
        dwell_time_s=dwell_time_s,
        spectrometer_frequency_mhz=mhz,
    )


def _number(
    basis: dict[str, Any], key: str, low: float, high: float, unit: str, where: str, problems: Problems
) -> float | None:
    value = basis.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        problems.add(f"{where}: {key}", f"must be a number from {low:g} to {high:g} {unit}", value, _REMEDY)
        return None
    return float(value)
