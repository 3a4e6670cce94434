"""The top of a sampled peak between its samples."""

from __future__ import annotations

from pharmrs.core.records.arrays import FloatArray


def vertex(heights: FloatArray, top: int) -> float:
    """Offset, in samples from `top`, of the vertex of the parabola through `heights` (n,) at `top` and its neighbours.

    `top` must have a neighbour on both sides; 0 where the three samples do not bend down.
    """
    left, middle, right = heights[top - 1 : top + 2]
    bend = left - 2.0 * middle + right
    return float(0.5 * (left - right) / bend) if bend < 0.0 else 0.0
