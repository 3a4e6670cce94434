"""Image grids: coarser ones by averaging, blocks of one, values at places of the world."""

from __future__ import annotations

import numpy as np

from pharmrs.anatomy.records.images import ImageArray, Volume
from pharmrs.core.records.arrays import FloatArray

Block = tuple[slice, slice, slice]


def inverse(matrix: FloatArray) -> FloatArray:
    """The way back."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def averaged(image: Volume, spacing_mm: float) -> Volume:
    """Means over blocks of elements, so that the spacing is about `spacing_mm` and never finer than the image's."""
    factor = np.maximum(1, np.rint(spacing_mm / image.spacing_mm)).astype(int)
    size = np.array(image.data.shape) // factor
    i, j, k = (int(n) for n in size * factor)
    (a, b, c), (p, q, r) = size, factor
    data = image.data[:i, :j, :k].reshape(a, p, b, q, c, r).mean(axis=(1, 3, 5))
    affine = image.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ (0.5 * (factor - 1))
    affine[:3, :3] *= factor
    return Volume(data=data, affine=affine, source=image.source)


def block_around(inside: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], margin: int) -> Block:
    """The smallest block that holds everything `inside`, widened by `margin` elements where the grid allows it."""
    slices = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        found = np.flatnonzero(inside.any(axis=others))
        slices.append(slice(max(0, int(found[0]) - margin), int(found[-1]) + 1 + margin))
    i, j, k = slices
    return i, j, k


def cropped(image: Volume, block: Block) -> Volume:
    """The part of the image in `block`, at its place in the world."""
    affine = image.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ np.array([part.start for part in block], dtype=np.float64)
    return Volume(data=image.data[block], affine=affine, source=image.source)


def padded(affine: FloatArray, margin: int) -> FloatArray:
    """`affine` of a grid that has `margin` more elements on every side."""
    wider = affine.copy()
    wider[:3, 3] -= affine[:3, :3] @ np.full(3, float(margin))
    return wider


def resampled(
    image: Volume, shape: tuple[int, ...], affine: FloatArray, to_image: FloatArray | None = None
) -> ImageArray:
    """`image` on another grid, linearly; outside it is 0. `to_image`: 4x4 from the grid's world to the image's."""
    chain = np.linalg.inv(image.affine) @ (affine if to_image is None else to_image @ affine)
    return np.asarray(affine_values(image.data, chain, shape), dtype=np.float32)


def affine_values(data: ImageArray, to_index: FloatArray, shape: tuple[int, ...]) -> ImageArray:
    """Values of `data` at `to_index` (4x4) of every index of a grid of `shape`, linearly; outside they are 0."""
    from scipy.ndimage import affine_transform

    return np.asarray(
        affine_transform(data, to_index[:3, :3], to_index[:3, 3], output_shape=shape, order=1, cval=0.0),
        dtype=np.float32,
    )
