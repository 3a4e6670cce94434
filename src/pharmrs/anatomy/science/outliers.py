"""Boxes of a study that do not lie as the others do: elsewhere, turned, with swapped edges, or odd for their person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pharmrs.anatomy.records.images import VoxelBox
from pharmrs.anatomy.records.places import Place
from pharmrs.core.records.arrays import FloatArray

_LEAST_BOXES = 4  # a group
_LEAST_FAR_MM, _FAR_MEDIANS = 12.0, 3.0  # of the distance to the middle; normal places: 4.6 SDs along an axis
_LEAST_ALIKE, _USUAL = 0.75, 0.85  # overlap of boxes laid on each other's centre: of the odd one, of most
_ODD_PAIR, _GOOD_PAIR = 0.5, 0.65
_POINTS = 14  # along each edge


def odd_boxes(boxes: Sequence[VoxelBox], subjects: Sequence[str]) -> dict[int, list[tuple[str, str]]]:
    """Box (in template space) -> what is odd about it: rule and what was found."""
    found: dict[int, list[tuple[str, str]]] = {}

    def note(index: int, rule: str, value: str) -> None:
        found.setdefault(index, []).append((rule, value))

    if len(boxes) >= _LEAST_BOXES:
        centres = np.array([box.centre_mm for box in boxes])
        middle = np.median(centres, axis=0)
        far = np.linalg.norm(centres - middle, axis=1)
        limit = max(_LEAST_FAR_MM, _FAR_MEDIANS * float(np.median(far)))
        for index in np.flatnonzero(far > limit):
            mirrored = np.linalg.norm(centres[index] * [-1, 1, 1] - middle) < _LEAST_FAR_MM
            hint = "; its mirror image, left for right, would lie with them" if mirrored else ""
            rule = "the voxel should lie where those of the study do"
            note(int(index), rule, f"{far[index]:.0f} mm away{hint}")
        for index, alike in enumerate(_alike(boxes)):
            if alike < _LEAST_ALIKE:
                rule = "edges and tilt of the voxel should be those of the study's others"
                edges = " x ".join(f"{edge:.0f}" for edge in boxes[index].edges_mm)
                note(index, rule, f"{100 * alike:.0f} % shared when laid on each other, edges {edges} mm (in MNI152)")
    for index, shared in _odd_for_person(boxes, subjects).items():
        note(index, "the voxel should lie where the participant's others do", f"Dice {shared:.2f} with them")
    return found


def away_from(place: Place, centre_mm: FloatArray) -> float:
    """Distance (mm) of a centre in MNI152 to the nearest of the declared points."""
    return min(float(np.linalg.norm(centre_mm - np.array(point))) for point in place.points_mm)


def _alike(boxes: Sequence[VoxelBox]) -> list[float]:
    """How much each box shares with the others, centre on centre: median; 1 where all differ."""
    pairs = np.eye(len(boxes))
    for first in range(len(boxes)):
        for second in range(first + 1, len(boxes)):
            pairs[first, second] = pairs[second, first] = _shared(boxes[first], boxes[second], centred=True)
    alike = [float(np.median(np.delete(row, index))) for index, row in enumerate(pairs)]
    return alike if np.median(alike) >= _USUAL else [1.0] * len(boxes)


def _odd_for_person(boxes: Sequence[VoxelBox], subjects: Sequence[str]) -> dict[int, float]:
    """Boxes that share little with the others of their participant, which share much; of two, the second."""
    odd: dict[int, float] = {}
    for subject in dict.fromkeys(subjects):
        mine = [index for index, one in enumerate(subjects) if one == subject]
        if len(mine) < 2:
            continue
        pairs = {(a, b): _shared(boxes[a], boxes[b]) for a in mine for b in mine if a < b}
        medians = {one: float(np.median([shared for pair, shared in pairs.items() if one in pair])) for one in mine}
        if len(mine) == 2:
            odd |= {mine[1]: medians[mine[1]]} if medians[mine[1]] < _ODD_PAIR else {}
            continue
        for one in mine:
            rest = [shared for pair, shared in pairs.items() if one not in pair]
            if medians[one] < _ODD_PAIR and float(np.median(rest)) > _GOOD_PAIR:
                odd[one] = medians[one]
    return odd


def _shared(first: VoxelBox, second: VoxelBox, *, centred: bool = False) -> float:
    """Dice coefficient of two boxes, by points in the first."""
    steps = (np.arange(_POINTS) + 0.5) / _POINTS - 0.5
    shares = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    places = first.points(shares) + ((second.centre_mm - first.centre_mm) if centred else 0.0)
    inside = np.linalg.inv(second.affine[:3, :3]) @ (places - second.centre_mm).T
    both = float(np.mean((np.abs(inside) <= 0.5).all(axis=0))) * first.volume_ml
    return 2.0 * both / (first.volume_ml + second.volume_ml)
