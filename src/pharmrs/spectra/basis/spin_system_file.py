"""Spin systems as JSON: one entry per molecule with its parts, shifts and couplings; every mistake at once.

    {"Lac": {"name": "lactate", "doi": "10...", "parts": [
        {"shifts_ppm": [4.0974, 1.3142], "j_hz": [[0, 6.933], [0, 0]], "nuclei": ["1H", "1H"], "scale": 1}]}}

`j_hz` is symmetric, or one triangle of it with zeros in the other; `nuclei` (all 1H) and `scale` (1) may be left out.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from pharmrs.core.files.json_text import read_json
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.records.spin_system import SpinPart, SpinSystem

_SHIFT_RANGE_PPM = (-2.0, 15.0)
_LARGEST_J_HZ = 300.0
_KEYS = {"name", "doi", "note", "parts"}
_PART_KEYS = {"shifts_ppm", "j_hz", "nuclei", "scale"}


def read_spin_systems(path: str | Path, nuclei: Collection[str]) -> dict[str, SpinSystem]:
    """Spin systems by name. `nuclei`: those that can be simulated. Raises `InputError` with everything wrong."""
    problems = Problems(str(path))
    content = _read(Path(path), problems)
    systems = {key: _system(key, value, nuclei, problems) for key, value in content.items()}
    problems.raise_errors()
    return {key: system for key, system in systems.items() if system is not None}


def _read(path: Path, problems: Problems) -> dict[str, Any]:
    try:
        content = read_json(path, lambda pairs: _once(pairs, problems))
    except FileNotFoundError:
        problems.add("file", "must exist", "missing", "check the path of the spin systems")
        return {}
    except OSError as error:
        problems.add("file", "must be readable", error.strerror or error, "check the permissions and the disk")
        return {}
    except ValueError as error:
        problems.add("file", "must be JSON", str(error), "correct the text there")
        return {}
    if not isinstance(content, dict) or not content:
        problems.add("file", "must hold one entry per molecule", type(content).__name__, "see docs/basis.md")
        return {}
    return content


def _once(pairs: list[tuple[str, Any]], problems: Problems) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.add(name, "must be given once", f"{names.count(name)} times", "delete the others")
    return dict(pairs)


def _system(key: str, value: Any, nuclei: Collection[str], problems: Problems) -> SpinSystem | None:
    if not key or len(key) > 20 or not key.isascii() or any(one.isspace() or one in "'\"/\\" for one in key):
        problems.add(key, "must be a name of up to 20 characters without blanks, quotes, slashes", key, "rename it")
    if not isinstance(value, dict) or not isinstance(value.get("parts"), list) or not value["parts"]:
        problems.add(key, "needs 'parts': a list of coupled groups of spins", value, "see docs/basis.md")
        return None
    _unknown_keys(key, value, _KEYS, problems)
    if not isinstance(value.get("doi"), str) or not value["doi"]:
        problems.add(f"{key}.doi", "must say where the values are from", value.get("doi"), "give a DOI, or 'measured'")
    before = len(problems.found)
    parts = [_part(f"{key}.parts[{i}]", part, nuclei, problems) for i, part in enumerate(value["parts"])]
    if len(problems.found) > before:
        return None
    return SpinSystem(
        key=key,
        name=str(value.get("name") or key),
        doi=str(value.get("doi")),
        parts=tuple(part for part in parts if part is not None),
        note=str(value.get("note") or ""),
    )


def _part(where: str, part: Any, nuclei: Collection[str], problems: Problems) -> SpinPart | None:
    if not isinstance(part, dict):
        problems.add(where, "must be an object with 'shifts_ppm'", part, "see docs/basis.md")
        return None
    _unknown_keys(where, part, _PART_KEYS, problems)
    shifts = _numbers(part.get("shifts_ppm"))
    if shifts is None or shifts.ndim != 1 or shifts.size == 0:
        problems.add(f"{where}.shifts_ppm", "must be a list of finite numbers", part.get("shifts_ppm"), "correct it")
        return None
    given = part.get("nuclei", ["1H"] * shifts.size)
    if not isinstance(given, list) or len(given) != shifts.size or not set(map(str, given)) <= set(nuclei):
        rule = f"must name one nucleus for each of {shifts.size} shifts, of {', '.join(sorted(nuclei))}"
        problems.add(f"{where}.nuclei", rule, given, "correct it, or leave it out where all are 1H")
        given = ["1H"] * shifts.size
    elif "1H" not in given:
        problems.add(f"{where}.nuclei", "must have at least one 1H", given, "only protons give signal here")
    low, high = _SHIFT_RANGE_PPM
    for shift, nucleus in zip(shifts, given, strict=True):
        if nucleus == "1H" and not low <= shift <= high:
            problems.add(f"{where}.shifts_ppm", f"must lie from {low:g} to {high:g} ppm", shift, "give ppm, not Hz")
    scale = part.get("scale", 1)
    if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not (scale > 0 and math.isfinite(scale)):
        problems.add(f"{where}.scale", "must be a number above 0", scale, "correct it")
        scale = 1
    j_hz = _couplings(where, part.get("j_hz"), shifts.size, problems)
    return SpinPart(nuclei=tuple(map(str, given)), shifts_ppm=shifts, j_hz=j_hz, scale=float(scale))


def _couplings(where: str, value: Any, spins: int, problems: Problems) -> FloatArray:
    """Symmetric couplings, shape (spins, spins); zeros where they could not be read."""
    none = np.zeros((spins, spins))
    if value is None:
        return none
    field, j_hz = f"{where}.j_hz", _numbers(value)
    if j_hz is None or j_hz.shape != (spins, spins):
        problems.add(field, f"must be {spins} rows of {spins} finite numbers", value, "one row and column per shift")
        return none
    if np.any(np.diag(j_hz) != 0):
        problems.add(field, "must have a zero diagonal", np.diag(j_hz).tolist(), "no spin is coupled to itself")
    if np.any(np.abs(j_hz) > _LARGEST_J_HZ):
        value = j_hz.flat[int(np.argmax(np.abs(j_hz)))]
        problems.add(field, f"must be within {_LARGEST_J_HZ:g} Hz", float(value), "give Hz, not rad/s")
    upper, lower = np.triu(j_hz, 1), np.tril(j_hz, -1)
    if not upper.any() or not lower.any():
        return np.asarray(upper + upper.T + lower + lower.T)
    if not np.allclose(j_hz, j_hz.T, rtol=0, atol=1e-9):
        rows, columns = np.nonzero(np.abs(np.triu(j_hz - j_hz.T)) > 1e-9)
        found = ", ".join(
            f"[{r}][{c}] {j_hz[r, c]:g} but [{c}][{r}] {j_hz[c, r]:g}" for r, c in zip(rows, columns, strict=True)
        )
        problems.add(field, "must be symmetric", found, "correct one of the two, or give one triangle only")
    return j_hz


def _numbers(value: Any) -> FloatArray | None:
    """`value` as finite numbers; None where it is anything else (texts and booleans are no numbers)."""
    try:
        array = np.array(value)
    except (TypeError, ValueError):
        return None
    if array.dtype.kind not in "if":
        return None
    array = array.astype(np.float64)
    return array if bool(np.isfinite(array).all()) else None


def _unknown_keys(where: str, value: dict[str, Any], known: set[str], problems: Problems) -> None:
    for name in sorted(set(value) - known):
        problems.add(f"{where}.{name}", "unknown key", value[name], f"remove it; known are {', '.join(sorted(known))}")
