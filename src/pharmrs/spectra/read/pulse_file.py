"""Shaped pulses as text: a header of `# key: value` lines, then one line a step, amplitude and phase in degrees.

    # flip_deg: 90
    # duration_ms: 2.56
    # peak_b1_hz: 1250
    0.000  0
    0.013  180

Steps are equally long, amplitudes relative (their highest is 1 after reading). `peak_b1_hz`, the nutation frequency at
the highest amplitude, may be left out where the phase is constant apart from its sign: it follows from the flip angle.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import numpy as np

from pharmrs.core.files.content import read_text
from pharmrs.core.read.numbers import plain_number, plain_numbers
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.records.shaped_pulse import ShapedPulse

_KEYS = {"flip_deg": (1.0, 360.0), "duration_ms": (0.01, 100.0), "peak_b1_hz": (0.1, 1e5)}
_FEWEST, _MOST = 8, 20000


def read_pulse(path: str | Path) -> ShapedPulse:
    """Read a pulse. Raises `InputError` with everything wrong with it."""
    problems = Problems(str(path))
    header, rows = _read(Path(path), problems)
    values = {key: _number(header, key, low, high, problems) for key, (low, high) in _KEYS.items()}
    shape = _shape(rows, problems)
    flip, duration_ms, peak_hz = (values[key] for key in _KEYS)
    if shape is not None and peak_hz is None and flip is not None and duration_ms is not None:
        peak_hz = _peak_for(flip, duration_ms / 1e3, shape, problems)
    problems.raise_errors()
    if shape is None or flip is None or duration_ms is None or peak_hz is None:
        raise AssertionError("a missing value must come with a problem")
    return ShapedPulse(flip_deg=flip, duration_s=duration_ms / 1e3, b1_hz=peak_hz * shape, source=str(path))


def _read(path: Path, problems: Problems) -> tuple[dict[str, str], list[str]]:
    """The header, and the lines of numbers."""
    try:
        lines = read_text(path).splitlines()
    except FileNotFoundError:
        problems.add("file", "must exist", "missing", "check the path of the pulse")
        problems.raise_errors()
        raise
    except (OSError, UnicodeDecodeError) as error:
        problems.add("file", "must be readable text", error, "see docs/basis.md for the format")
        problems.raise_errors()
        raise
    header: dict[str, str] = {}
    for line in lines:
        found = re.match(r"\s*#\s*(\w+)\s*:\s*(.*)", line)
        if found is None:
            continue
        key = found[1].lower()
        if key in header:
            problems.add(key, "must be given once", found[2], "delete the other line")
        elif key not in _KEYS and (near := difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.6)):
            problems.add(key, "unknown key", found[2], f"did you mean {near[0]}?")
        header[key] = found[2].strip()
    return header, [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _number(header: dict[str, str], key: str, low: float, high: float, problems: Problems) -> float | None:
    text = header.get(key)
    if text is None:
        if key != "peak_b1_hz":
            problems.add(key, "this header line is required", "missing", f"add `# {key}: NUMBER`")
        return None
    value = plain_number(text)
    if value is None or not low <= value <= high:
        problems.add(key, f"must be a number from {low:g} to {high:g}", text, "correct the header")
        return None
    return value


def _shape(rows: list[str], problems: Problems) -> ComplexArray | None:
    """Complex shape with highest amplitude 1, (steps,)."""
    cells = [re.split(r"[\s;]+|,\s*", row.strip()) for row in rows]
    if any(len(row) != 2 for row in cells):
        problems.add("steps", "must have two columns, amplitude and phase in degrees", "other", "see docs/basis.md")
        return None
    if not _FEWEST <= len(cells) <= _MOST:
        problems.add("steps", f"must be {_FEWEST} to {_MOST}", len(cells), "resample the pulse")
        return None
    try:
        table = plain_numbers(" ".join(cell for row in cells for cell in row)).reshape(-1, 2)
    except ValueError as error:
        problems.add("steps", "must be lines of two numbers, amplitude and phase", error, "see docs/basis.md")
        return None
    if not np.isfinite(table).all() or not table[:, 0].any():
        problems.add("steps", "must be finite, with an amplitude above 0", "none or NaN", "correct the numbers")
        return None
    return np.asarray(table[:, 0] / np.abs(table[:, 0]).max() * np.exp(1j * np.deg2rad(table[:, 1])))


def _peak_for(flip_deg: float, duration_s: float, shape: ComplexArray, problems: Problems) -> float | None:
    """Peak B1 (Hz) that turns a spin on resonance by `flip_deg`; only defined where the axis stays the same."""
    largest = shape[np.argmax(np.abs(shape))]
    along: FloatArray = np.real(shape * np.conj(largest) / abs(largest))
    turned = float(along.sum()) * duration_s / shape.size
    remedy = "give the nutation frequency at the highest amplitude, `# peak_b1_hz: NUMBER`"
    if np.abs(shape - along * largest / abs(largest)).max() > 1e-3:
        problems.add("peak_b1_hz", "required where the phase varies", "missing", remedy)
        return None
    if turned <= 1e-3 * duration_s:
        problems.add("peak_b1_hz", "required where the amplitudes add up to nothing", "missing", remedy)
        return None
    return flip_deg / 360.0 / turned
