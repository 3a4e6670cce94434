"""Boxes at the places where spectra are usually taken, in made heads, and how well their fractions came out there.

Boxes lie at the MNI152 places by the affine map of the segmentation, moved by up to 3 mm, turned by up to 15 degrees;
what they truly hold is known whatever the map says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.tables import print_rows
from pharmrs.anatomy.records.places import PLACES

BOXES = 4
EDGES_MM = {
    "pgACC": (20, 15, 10), "hippocampus": (12, 25, 12), "thalamus": (15, 15, 15), "putamen": (12, 20, 15),
    "amygdala": (15, 15, 15), "caudate": (12, 15, 15), "insula": (12, 20, 20), "OFC": (15, 15, 15),
    "sgACC": (15, 15, 15),
}  # fmt: skip
_USUAL_MM = (20, 20, 15)
NAMED = ("pgACC", "PCC", "DLPFC", "occipital", "sensorimotor", "hippocampus", "thalamus", "putamen")  # by the issue
LOW, HIGH = 0.8, 1.25

# place -> truth, found and stated SDs of its boxes, (3, boxes, 3)
ByPlace = Mapping[str, Sequence[Sequence[Sequence[float]]]]


def boxes_at_places(to_head: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Affines of the boxes, (boxes, 4, 4), by place. `to_head`: 4x4 from MNI152."""
    rng = np.random.default_rng(seed)
    left, _, right = np.linalg.svd(to_head[:3, :3])
    found = {}
    for name, points in PLACES.items():
        boxes = []
        for number in range(BOXES):
            turn = left @ right @ Rotation.from_euler("xyz", rng.uniform(-15, 15, 3), degrees=True).as_matrix()
            place = np.array(points[number % len(points)]) + rng.uniform(-3, 3, 3)
            box = np.eye(4)
            box[:3, :3] = turn * np.array(EDGES_MM.get(name, _USUAL_MM))
            box[:3, 3] = (to_head @ np.append(place, 1.0))[:3]
            boxes.append(box)
        found[name] = np.array(boxes)
    return found


def print_by_place(heads: Sequence[tuple[str, ByPlace]]) -> None:
    """Mean absolute error, worst head, and root mean square of error over SD, place by place."""
    rows, ratios = [], {}
    for name in PLACES:
        truth, found, sds = (np.array([by[name][part] for _, by in heads]) for part in range(3))
        errors = found - truth
        worst = np.abs(errors).mean(axis=1).max(axis=1)
        ratios[name] = np.sqrt(((errors / sds) ** 2).mean(axis=(0, 1)))
        rows.append(
            [
                name,
                " / ".join(f"{value:.3f}" for value in np.abs(errors).mean(axis=(0, 1))),
                f"{worst.max():.3f} ({heads[int(np.argmax(worst))][0]})",
                " / ".join(f"{value:.2f}" for value in ratios[name]),
            ]
        )
    print_rows("By place: grey matter / white matter / CSF", ["place", "mean error", "worst head", "z"], rows)
    for title, names in (("all places", tuple(PLACES)), ("the eight of the issue", NAMED)):
        held = np.array([ratios[name] for name in names])
        inside = ((held >= LOW) & (held <= HIGH)).sum(axis=0)
        above = (held > HIGH).sum(axis=0)
        print(f"z within {LOW} to {HIGH}, {title}: {inside} of {len(names)}; above (SD too small): {above}")
