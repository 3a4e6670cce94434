"""Curves as SVG path data with few vertices: what cannot be seen at the size of the picture is left out."""

from __future__ import annotations

import math

import numpy as np

from pharmrs.core.records.arrays import FloatArray, IntArray

UNITS = 4  # coordinates are whole numbers of a quarter of a pixel
TOLERANCE_PX = 0.3


def curve_data(across: FloatArray, down: FloatArray, tolerance: float = TOLERANCE_PX) -> str:
    """The `d` of a path through the points (pixels, `across` ascending); a gap where a coordinate is not finite.

    At every point the path lies within `tolerance` of it, up and down, but for the rounding of coordinates.
    """
    known = np.flatnonzero(np.isfinite(across) & np.isfinite(down))
    if not len(known):
        return ""
    runs = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
    return "".join(_run(across[run], down[run], tolerance) for run in runs)


def dots_data(across: FloatArray, down: FloatArray, spacing: float = 1.0) -> str:
    """The `d` of a path with a dot at each point for round line ends; one where several lie within `spacing` pixels."""
    known = np.isfinite(across) & np.isfinite(down)
    places = np.rint(np.column_stack([across[known], down[known]]) / spacing).astype(int)
    _, first = np.unique(places, axis=0, return_index=True)
    grid = np.rint(UNITS * spacing * places[np.sort(first)]).astype(int)
    steps = np.diff(grid, axis=0, prepend=np.zeros((1, 2), dtype=int))
    return "".join(f"m{_pair(x, y)}h0" for x, y in steps.tolist())


def thinned(across: FloatArray, down: FloatArray, tolerance: float) -> IntArray:
    """Indices of the points to keep so that straight lines between them miss no point by more than `tolerance`.

    One pass: a line runs on from its first point as long as one slope passes every later point within the tolerance.
    """
    x, y = across.tolist(), down.tolist()
    kept = [0]
    anchor = 0
    steepest_down, steepest_up = -math.inf, math.inf
    for i in range(1, len(x)):
        run, rise = x[i] - x[anchor], y[i] - y[anchor]
        if run > 0 and not steepest_down * run <= rise <= steepest_up * run:
            anchor = i - 1
            kept.append(anchor)
            run, rise = x[i] - x[anchor], y[i] - y[anchor]
            steepest_down, steepest_up = -math.inf, math.inf
        if run > 0:
            steepest_down = max(steepest_down, (rise - tolerance) / run)
            steepest_up = min(steepest_up, (rise + tolerance) / run)
    if len(x) > 1:
        kept.append(len(x) - 1)
    return np.array(kept)


def _run(across: FloatArray, down: FloatArray, tolerance: float) -> str:
    kept = thinned(across, down, tolerance)
    grid = np.rint(UNITS * np.column_stack([across[kept], down[kept]])).astype(int)
    start = f"M{_pair(*grid[0].tolist())}"
    steps = np.diff(grid, axis=0)
    steps = steps[steps.any(axis=1)].tolist()
    if not steps:
        return start + "h0"
    text = start + "l" + _pair(*steps[0])
    return text + "".join([(f"{x}" if x < 0 else f" {x}") + (f"{y}" if y < 0 else f" {y}") for x, y in steps[1:]])


def _pair(x: int, y: int) -> str:
    return f"{x}{y}" if y < 0 else f"{x} {y}"
