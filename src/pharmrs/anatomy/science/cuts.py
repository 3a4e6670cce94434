"""Planes through the centre of a box, along the axes of the world, for pictures of where the box lies."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.ndimage import map_coordinates

from pharmrs.anatomy.records.images import ImageArray, PlaneCut, TissueMaps, Volume, VoxelBox
from pharmrs.core.records.arrays import FloatArray

_REACH_MM = 180.0
_CORNERS = np.array(list(itertools.product((-0.5, 0.5), repeat=3)))


def cuts_through(box: VoxelBox, maps: TissueMaps, image: Volume | None) -> tuple[PlaneCut, ...]:
    """Sagittal, coronal and axial cut; without an image the tissues stand in for it as a T1w image shows them."""
    return tuple(_cut(axis, box, maps, image) for axis in range(3))


def _cut(axis: int, box: VoxelBox, maps: TissueMaps, image: Volume | None) -> PlaneCut:
    across, up = (other for other in range(3) if other != axis)
    shape, affine = (maps.shape, maps.affine) if image is None else (image.data.shape, image.affine)
    low, high = _bounds(shape, affine)
    low, high = np.maximum(low, box.centre_mm - _REACH_MM), np.minimum(high, box.centre_mm + _REACH_MM)
    columns, rows = (np.arange(np.ceil(low[a]), np.floor(high[a]) + 1) for a in (across, up))
    world = np.empty((3, rows.size, columns.size))
    world[axis] = box.centre_mm[axis]
    world[across], world[up] = np.meshgrid(columns, rows)
    tissue = np.stack([_sample(one, maps.affine, world) for one in maps.maps])
    # without a T1w image: grey levels of the tissues as one would show them
    shown = 0.65 * tissue[0] + tissue[1] + 0.25 * tissue[2] if image is None else _sample(image.data, affine, world)
    return PlaneCut(
        axis=axis,
        image=np.asarray(shown, dtype=np.float32),
        tissue=tissue,
        extent_mm=(columns[0] - 0.5, columns[-1] + 0.5, rows[0] - 0.5, rows[-1] + 0.5),
        outline=_outline(box, axis)[:, [across, up]],
    )


def _bounds(shape: tuple[int, ...], affine: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest world coordinates of the grid, each (3,)."""
    ends = np.array(list(itertools.product(*((0.0, size - 1.0) for size in shape))))
    corners = ends @ affine[:3, :3].T + affine[:3, 3]
    return corners.min(axis=0), corners.max(axis=0)


def _sample(data: ImageArray, affine: FloatArray, world: FloatArray) -> ImageArray:
    to_index = np.linalg.inv(affine)
    index = np.tensordot(to_index[:3, :3], world, 1) + to_index[:3, 3][:, None, None]
    return np.asarray(map_coordinates(data, index, order=1, cval=0.0), dtype=np.float32)


def _outline(box: VoxelBox, axis: int) -> FloatArray:
    """Corners of the polygon in which the plane across `axis` through the centre cuts the box, in order, (n, 3)."""
    corners = box.points(_CORNERS)
    height = corners[:, axis] - box.centre_mm[axis]
    points = []
    for first, second in itertools.combinations(range(8), 2):
        if np.count_nonzero(_CORNERS[first] != _CORNERS[second]) == 1 and height[first] * height[second] < 0:
            share = height[first] / (height[first] - height[second])
            points.append(corners[first] + share * (corners[second] - corners[first]))
    found = np.array(points)
    around = np.delete(found - found.mean(axis=0), axis, axis=1)
    return np.asarray(found[np.argsort(np.arctan2(around[:, 1], around[:, 0]))])
