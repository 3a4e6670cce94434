"""Exact volumes of a box cut by the elements of a grid: clipping of convex polyhedra, for comparison."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

Faces = list[NDArray[np.float64]]
_SIDES = ([0, 1, 3, 2], [4, 5, 7, 6], [0, 1, 5, 4], [2, 3, 7, 6], [0, 2, 6, 4], [1, 3, 7, 5])


def cuboid(affine: NDArray[np.float64]) -> Faces:
    """The faces of the box that `affine` makes of the unit cube around the origin."""
    corners = np.array(list(itertools.product((-0.5, 0.5), repeat=3))) @ affine[:3, :3].T + affine[:3, 3]
    return [corners[side] for side in _SIDES]


def below(faces: Faces, axis: int, limit: float, sign: float = 1.0) -> Faces:
    """The part with sign * coordinate <= sign * limit, closed by a new face (Sutherland and Hodgman, face by face)."""
    kept, cut = [], []
    for face in faces:
        height = sign * (face[:, axis] - limit)
        corners = []
        for here, after in zip(range(len(face)), np.roll(range(len(face)), -1), strict=True):
            if height[here] <= 0:
                corners.append(face[here])
            if height[here] * height[after] < 0:
                share = height[here] / (height[here] - height[after])
                corners.append(face[here] + share * (face[after] - face[here]))
                cut.append(corners[-1])
            elif height[here] == 0:
                cut.append(face[here])
        if len(corners) > 2:
            kept.append(np.array(corners))
    if len(cut) > 2:
        points = np.array(cut)
        around = np.delete(points - points.mean(axis=0), axis, axis=1)
        kept.append(points[np.argsort(np.arctan2(around[:, 1], around[:, 0]))])
    return kept


def volume(faces: Faces) -> float:
    """Sum of the tetrahedra from an inner point to the triangles of the faces."""
    if not faces:
        return 0.0
    inner = np.mean([face.mean(axis=0) for face in faces], axis=0)
    triangles = ((face[0], face[n], face[n + 1]) for face in faces for n in range(1, len(face) - 1))
    return sum(abs(np.dot(a - inner, np.cross(b - inner, c - inner))) for a, b, c in triangles) / 6.0


def exact_shares(to_index: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.float64]:
    """Share of the box in every element of the grid; `to_index`: from the unit cube to indices of the grid."""
    shares = np.zeros(shape)
    inner = _all_inside(to_index, shape)
    whole = cuboid(to_index)
    for i in range(shape[0]):
        slab = below(below(whole, 0, i + 0.5), 0, i - 0.5, -1.0)
        for j in range(shape[1] if slab else 0):
            bar = below(below(slab, 1, j + 0.5), 1, j - 0.5, -1.0)
            for k in range(shape[2] if bar else 0):
                if inner[i, j, k]:
                    shares[i, j, k] = 1.0
                    continue
                shares[i, j, k] = volume(below(below(bar, 2, k + 0.5), 2, k - 0.5, -1.0))
    return shares / abs(np.linalg.det(to_index[:3, :3]))


def _all_inside(to_index: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Elements whose eight corners are in the box, which is convex."""
    back = np.linalg.inv(to_index)
    inside = np.ones(shape, dtype=bool)
    for corner in itertools.product((-0.5, 0.5), repeat=3):
        index = np.indices(shape) + np.reshape(corner, (3, 1, 1, 1))
        place = np.tensordot(back[:3, :3], index, 1) + back[:3, 3].reshape(3, 1, 1, 1)
        inside &= (np.abs(place) <= 0.5).all(axis=0)
    return inside
