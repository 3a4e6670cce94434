"""Where the boxes of a study lie in MNI152 space, how much they share, and with whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.anatomy.records.images import ImageArray, Volume, VoxelBox
from pharmrs.anatomy.science.overlap import Overlap, box_overlap
from pharmrs.core.records.arrays import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlacement:
    """The boxes of a study in template space.

    `shared`: share of the boxes in every element of the template's grid (0-1). `dice`: of each box with that map, 1
    when all boxes are one; `dice_first`: with the first box of the same participant, NaN for the first itself.
    `centre_mm`: mean of the centres; `distance_mm`: of each centre to it.
    """

    shared: ImageArray
    dice: tuple[float, ...]
    dice_first: tuple[float, ...]
    centre_mm: FloatArray
    distance_mm: tuple[float, ...]


def group_placement(boxes: Sequence[VoxelBox], subjects: Sequence[str], grid: Volume) -> GroupPlacement:
    """How the boxes (in template space, in the order of the scans) of the `subjects` agree, on the grid of `grid`."""
    shape = (grid.data.shape[0], grid.data.shape[1], grid.data.shape[2])
    element_ml = float(abs(np.linalg.det(grid.affine[:3, :3])) / 1e3)
    overlaps = [box_overlap(box, shape, grid.affine) for box in boxes]
    # share of each element that is in the box, from the share of the box that is in each element
    covered = [
        np.minimum(one.shares * box.volume_ml / element_ml, 1.0) for one, box in zip(overlaps, boxes, strict=True)
    ]
    total = np.zeros(shape)
    for one, part in zip(overlaps, covered, strict=True):
        total[one.block] += part
    shared = total / max(len(boxes), 1)
    first = {subject: subjects.index(subject) for subject in subjects}
    centres = np.array([box.centre_mm for box in boxes]).reshape(-1, 3)
    centre = centres.mean(axis=0) if len(boxes) else np.full(3, np.nan)
    whole = [_whole(one, part, shape) for one, part in zip(overlaps, covered, strict=True)]
    return GroupPlacement(
        shared=shared.astype(np.float32),
        dice=tuple(dice(one, shared) for one in whole),
        dice_first=tuple(
            dice(one, whole[first[subject]]) if first[subject] != index else float("nan")
            for index, (one, subject) in enumerate(zip(whole, subjects, strict=True))
        ),
        centre_mm=centre,
        distance_mm=tuple(float(np.linalg.norm(one - centre)) for one in centres),
    )


def dice(first: FloatArray, second: FloatArray) -> float:
    """Twice the shared volume over the sum of both; elements may belong to a box in part. NaN without any volume."""
    total = float(first.sum() + second.sum())
    return 2.0 * float(np.minimum(first, second).sum()) / total if total > 0 else float("nan")


def _whole(overlap: Overlap, covered: FloatArray, shape: tuple[int, int, int]) -> FloatArray:
    full = np.zeros(shape)
    full[overlap.block] = covered
    return full
