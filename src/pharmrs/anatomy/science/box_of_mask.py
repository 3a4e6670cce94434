"""The cuboid that a mask of a voxel draws, as Osprey, Gannet, SPM and FSL leave it on the grid of an image.

Centre and edges follow from the first two moments. Which way it lies does so only where its edges differ; the fourth
moments tell it for a cube too: coordinates along the edges of a cuboid are independent and uniform, and any mixture of
them has a larger fourth moment (independent component analysis, Hyvärinen and Oja 2000,
doi:10.1016/S0893-6080(00)00026-5).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from pharmrs.anatomy.records.images import VoxelBox
from pharmrs.anatomy.science.overlap import box_overlap
from pharmrs.core.records.arrays import FloatArray

_STARTS = 8
_WHOLE = 0.5  # an element belongs to the box where at least half of it does


def box_of_mask(shares: FloatArray, affine: FloatArray) -> tuple[VoxelBox, float]:
    """The box, and the agreement of what it fills with the mask (Dice, 1: the same elements).

    `shares`: of each element that the mask covers, 0 to 1, not all zero; `affine`: their indices to mm.
    """
    index = np.argwhere(shares > 0.0)
    weight = shares[shares > 0.0]
    weight = weight / weight.sum()
    world = index @ affine[:3, :3].T + affine[:3, 3]
    centre = weight @ world
    away = world - centre
    element = affine[:3, :3] @ affine[:3, :3].T / 12.0  # each is a small box itself, not a point
    variance, axes = np.linalg.eigh((weight[:, None] * away).T @ away + element)
    turn = axes @ np.diag(variance**-0.5) @ axes.T
    directions = _independent(away @ turn, weight)
    edges = np.sqrt(12.0 * np.einsum("ia,ij,ja->a", directions, axes @ np.diag(variance) @ axes.T, directions))
    volume = float(shares.sum()) * abs(float(np.linalg.det(affine[:3, :3])))
    edges *= np.cbrt(volume / edges.prod())
    box = np.eye(4)
    box[:3, :3], box[:3, 3] = directions * edges, centre
    found = VoxelBox(affine=box)
    return found, _agreement(found, shares, affine)


def _independent(white: FloatArray, weight: FloatArray) -> FloatArray:
    """Directions (columns) along which whitened coordinates (n, 3) have the least fourth moments."""
    fourth = np.einsum("n,ni,nj,nk,nl->ijkl", weight, white, white, white, white, optimize=True)

    def mixed(vector: FloatArray) -> float:
        turned = Rotation.from_rotvec(vector).as_matrix()
        return float(np.einsum("ijkl,ia,ja,ka,la->", fourth, turned, turned, turned, turned, optimize=True))

    starts = Rotation.random(_STARTS, rng=np.random.default_rng(0)).as_rotvec()
    best = min((minimize(mixed, start, method="BFGS") for start in starts), key=lambda one: float(one.fun))
    return np.asarray(Rotation.from_rotvec(best.x).as_matrix())


def _agreement(box: VoxelBox, shares: FloatArray, affine: FloatArray) -> float:
    whole = shares.shape[0], shares.shape[1], shares.shape[2]
    overlap = box_overlap(box, whole, affine)
    filled = np.zeros(whole, dtype=bool)
    block = tuple(slice(a, a + size) for a, size in zip(overlap.first, overlap.shares.shape, strict=True))
    filled[block] = overlap.shares * 1e3 * box.volume_ml / abs(np.linalg.det(affine[:3, :3])) >= _WHOLE
    mask = shares >= _WHOLE
    return float(2.0 * np.count_nonzero(filled & mask) / (np.count_nonzero(filled) + np.count_nonzero(mask)))
