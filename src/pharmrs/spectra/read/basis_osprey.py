"""Basis sets of Osprey and MRSCloud: MATLAB files (version 5 to 7) that hold a structure BASIS.

Source: Osprey's documentation of its basis sets (Oeltzschner 2020, 10.1016/j.jneumeth.2020.108827): `fids` (points,
components), `name`, `spectralwidth` in Hz, `Bo` in tesla, `te` in ms.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pharmrs.core.constants import PROTON_GYROMAGNETIC_MHZ_PER_T, WATER_PPM
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.records import BasisSet

_FIELDS = ("fids", "name", "spectralwidth", "Bo")
_AGAIN = "export the basis set again, or convert it to LCModel's .basis (Osprey: io_writelcmBASIS)"
_LARGEST_BYTES = 1 << 30


def recognises_osprey(path: Path) -> bool:
    """Whether the name says that `path` is a MATLAB file."""
    return path.is_file() and path.suffix.lower() == ".mat"


def read_osprey(path: Path, problems: Problems) -> BasisSet | None:
    """Read an unedited basis set; None, with the reasons in `problems`, where it cannot be used.

    Phase sense and the chemical shift at 0 Hz are found afterwards, from the known singlets.
    """
    content = _loaded(path, problems)
    if content is None:
        return None
    given = {name: getattr(content, name, None) for name in (*_FIELDS, "te", "seq")}
    missing = [name for name in _FIELDS if given[name] is None]
    if missing:
        found = ", ".join(getattr(content, "_fieldnames", ())) or type(content).__name__
        problems.add("BASIS", f"must have the fields {', '.join(_FIELDS)}", found, _AGAIN)
        return None
    fids = np.asarray(given["fids"])
    names = tuple(str(name) for name in np.atleast_1d(np.asarray(given["name"])).ravel())
    if fids.ndim == 3:
        remedy = "give the basis set of the sequence without editing; edited spectra cannot be analysed"
        problems.add("BASIS.fids", "must hold one spectrum a component", f"{fids.shape[2]} sub-spectra", remedy)
        return None
    if fids.ndim != 2 or fids.shape[1] != len(names) or not np.isfinite(fids).all():
        found = f"shape {fids.shape}, {len(names)} names"
        problems.add("BASIS.fids", "must be finite numbers, points x components, with a name each", found, _AGAIN)
        return None
    width_hz = _number(given["spectralwidth"], "spectralwidth", 200.0, 200e3, "Hz", problems)
    tesla = _number(given["Bo"], "Bo", 0.2, 24.0, "T", problems)
    if width_hz is None or tesla is None:
        return None
    te_ms = given["te"]
    return BasisSet(
        names=names,
        fids=fids.T.astype(np.complex128),
        dwell_time_s=1.0 / width_hz,
        spectrometer_frequency_mhz=tesla * PROTON_GYROMAGNETIC_MHZ_PER_T.value,
        receiver_ppm=WATER_PPM.value,
        source=str(path),
        echo_time_s=float(te_ms) / 1000.0 if isinstance(te_ms, (int, float)) and te_ms > 0 else float("nan"),
    )


def _loaded(path: Path, problems: Problems) -> Any:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        if path.stat().st_size > _LARGEST_BYTES:
            problems.add("file", "must be smaller than 1 GB", f"{path.stat().st_size} bytes", _AGAIN)
            return None
        found = loadmat(str(path), struct_as_record=False, squeeze_me=True)
    except NotImplementedError:  # MATLAB 7.3 is HDF5
        remedy = "save it with save(file, 'BASIS', '-v7') in MATLAB"
        problems.add("file", "must be a MATLAB file of version 5 to 7", "version 7.3", remedy)
        return None
    except (OSError, ValueError, TypeError, MatReadError, MemoryError, EOFError) as error:
        problems.add("file", "must be a readable MATLAB file", error, "copy or download the file again")
        return None
    if "BASIS" not in found:
        names = ", ".join(name for name in found if not name.startswith("__")) or "nothing"
        problems.add("BASIS", "the structure BASIS of Osprey and MRSCloud is looked for", names, _AGAIN)
        return None
    return found["BASIS"]


def _number(value: Any, name: str, low: float, high: float, unit: str, problems: Problems) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not low <= number <= high:
        problems.add(f"BASIS.{name}", f"must be a number from {low:g} to {high:g} {unit}", value, _AGAIN)
        return None
    return number
