"""How much of a box lies in each element of an image grid: partial volumes, not nearest elements.

The box is cut into cells small against the elements. A cell is shared between the two elements it may touch along each
axis of the grid, as the cuboid of its own spread along that axis: exact for a box along the grid, and for a turned box
right to second order in the size of the cells (tests compare with exact clipping of polyhedra).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from pharmrs.anatomy.records.images import VoxelBox
from pharmrs.core.records.arrays import FloatArray

_CELL_MM = 0.5
_MOST_CELLS = 200_000
_LARGEST_SPREAD = 0.75  # of an element: a cell must not reach beyond two of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Shares of the box in the elements of the block of the grid that begins at index `first`; `shares` (i, j, k).

    Their sum is the share of the box inside the grid, at most 1.
    """

    first: tuple[int, int, int]
    shares: FloatArray

    @property
    def inside(self) -> float:
        return float(self.shares.sum())

    @property
    def block(self) -> tuple[slice, slice, slice]:
        """Where the shares are in the grid."""
        i, j, k = (slice(start, start + size) for start, size in zip(self.first, self.shares.shape, strict=True))
        return i, j, k

    def sum_of(self, image: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
        """Mean of `image` over the box, what is outside the grid counting as zero."""
        return float(np.sum(self.shares * image[self.block], dtype=np.float64))


def box_overlap(box: VoxelBox, shape: tuple[int, int, int], affine: FloatArray) -> Overlap:
    """Shares of `box` in the elements of the grid of `shape` whose indices `affine` (4x4) takes to the world (mm)."""
    to_index = np.linalg.inv(affine) @ box.affine
    counts = _cells(box, to_index)
    offsets = [(np.arange(count) + 0.5) / count - 0.5 for count in counts]
    spread = np.sqrt(((to_index[:3, :3] / np.array(counts)) ** 2).sum(axis=1))
    reach = 0.5 * np.abs(to_index[:3, :3]).sum(axis=1) + 1.0
    first = np.floor(to_index[:3, 3] - reach).astype(int)
    size = np.ceil(to_index[:3, 3] + reach).astype(int) - first + 2
    lower, share = [], []
    for axis in range(3):
        index = to_index[axis, 3] - 0.5 * spread[axis] - first[axis]
        index = index + sum(
            (to_index[axis, edge] * offsets[edge]).reshape([-1 if edge == at else 1 for at in range(3)])
            for edge in range(3)
        )
        low = np.floor(index + 0.5)
        lower.append(low.astype(np.intp))
        share.append(np.minimum((low + 0.5 - index) / spread[axis], 1.0))  # of the cell, in the lower element
    shares = np.zeros(int(size.prod()))
    for corner in itertools.product((0, 1), repeat=3):
        element = np.ravel_multi_index([low + step for low, step in zip(lower, corner, strict=True)], size)
        weight = math.prod(1.0 - part if step else part for part, step in zip(share, corner, strict=True))
        shares += np.bincount(element.ravel(), weights=np.ravel(weight), minlength=shares.size)
    return _cropped(shares.reshape(size) / math.prod(counts), first, shape)


def _cells(box: VoxelBox, to_index: FloatArray) -> tuple[int, int, int]:
    """Number of cells along each edge: about half a millimetre, and small against the elements of the grid."""
    edges = box.edges_mm
    cell = max(_CELL_MM, (1e3 * box.volume_ml / _MOST_CELLS) ** (1 / 3))
    finest = np.abs(to_index[:3, :3]).sum(axis=0) * math.sqrt(3.0) / _LARGEST_SPREAD
    first, second, third = (max(1, math.ceil(n)) for n in np.maximum(edges / cell, finest))
    return first, second, third


def _cropped(shares: FloatArray, first: np.ndarray[tuple[int], np.dtype[np.intp]], shape: tuple[int, ...]) -> Overlap:
    """The part of the block that is inside the grid."""
    start = np.clip(first, 0, shape)
    stop = np.clip(first + shares.shape, start, shape)
    inside = tuple(slice(a - f, b - f) for a, b, f in zip(start, stop, first, strict=True))
    i, j, k = (int(value) for value in start)
    return Overlap(first=(i, j, k), shares=shares[inside])
