"""What of the brain a box holds: shares of the structures of the atlas, and the box as a mask on a grid."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from pharmrs.anatomy.records.atlas import Atlas, Cortex
from pharmrs.anatomy.records.images import ImageArray, Volume, VoxelBox
from pharmrs.anatomy.science.grids import inverse
from pharmrs.anatomy.science.mixture import Mask
from pharmrs.anatomy.science.overlap import box_overlap
from pharmrs.anatomy.science.warp import template_place
from pharmrs.core.records.arrays import FloatArray

_STEP_MM = 0.5  # a quarter of an element of the template
_LEAST_SHARE = 0.005
_MIDDLE = ("CSF", "ventricles", "brain stem")  # have no side
_CORTEX = "cerebral cortex"
_COVERED = 0.5


def region_shares(
    box: VoxelBox, to_template: FloatArray, back: ImageArray, grid: Volume, atlas: Atlas, cortex: Cortex
) -> tuple[tuple[str, float], ...]:
    """Structures, with their side, and the share of the box (in the head's world) that the atlas gives them.

    The share of the cortex is divided among its regions, each place going to the nearest one.
    """
    places = template_place(_points(box), to_template, grid, back)
    index = (inverse(atlas.affine) @ np.vstack([places.T, np.ones(len(places))]))[:3]
    nearest = _label_at(cortex, places)
    found: dict[str, float] = {}
    for name in atlas.names:
        share = map_coordinates(atlas.share(name), index, order=1)
        if name in _MIDDLE:
            found[name] = float(share.mean())
            continue
        for side, mine in (("left", places[:, 0] < 0.0), ("right", places[:, 0] >= 0.0)):
            if name != _CORTEX:
                found[f"{side} {name}"] = float((share * mine).mean())
                continue
            for number in np.unique(nearest[mine]):
                region = f"{cortex.names[number - 1]} cortex" if number else name
                found[f"{side} {region}"] = float((share * (mine & (nearest == number))).mean())
    order = sorted(found.items(), key=lambda one: -one[1])
    return tuple((name, share) for name, share in order if share >= _LEAST_SHARE)


def _label_at(cortex: Cortex, places: FloatArray) -> NDArray[np.uint8]:
    index = np.rint((inverse(cortex.affine) @ np.vstack([places.T, np.ones(len(places))]))[:3]).astype(int)
    inside = np.clip(index, 0, np.array(cortex.labels.shape)[:, None] - 1)
    return np.asarray(cortex.labels[tuple(inside)])


def mask_on(box: VoxelBox, shape: tuple[int, int, int], affine: FloatArray) -> Mask:
    """Elements of a grid of which at least half is in the box."""
    overlap = box_overlap(box, shape, affine)
    mask = np.zeros(shape, dtype=bool)
    element_ml = float(abs(np.linalg.det(affine[:3, :3]))) / 1e3
    mask[overlap.block] = overlap.shares * box.volume_ml / element_ml >= _COVERED
    return mask


def mask_in_template(box: VoxelBox, to_template: FloatArray, back: ImageArray, grid: Volume) -> Mask:
    """Elements of the template's grid of which at least half is in the warped box."""
    places = template_place(_points(box), to_template, grid, back)
    index = np.rint((inverse(grid.affine) @ np.vstack([places.T, np.ones(len(places))]))[:3]).astype(int)
    shape = grid.data.shape
    held = ((index >= 0) & (index < np.array(shape)[:, None])).all(axis=0)
    counts = np.zeros(shape)
    np.add.at(counts, tuple(index[:, held]), 1.0)
    scale = abs(np.linalg.det(to_template[:3, :3]))
    share = counts * (1e3 * box.volume_ml * scale / len(places)) / abs(np.linalg.det(grid.affine[:3, :3]))
    return np.asarray(share >= _COVERED)


def _points(box: VoxelBox) -> FloatArray:
    """Places in the head's world half a millimetre apart all over the box, (n, 3)."""
    counts = [max(2, math.ceil(edge / _STEP_MM)) for edge in box.edges_mm]
    steps = [(np.arange(count) + 0.5) / count - 0.5 for count in counts]
    return box.points(np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3))
