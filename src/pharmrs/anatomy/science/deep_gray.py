"""Grey matter that is nearly as bright as white matter: thalamus, pallidum, putamen and their neighbours.

Brightness alone calls the thalamus white. Where it lies is known: the shares of its structures in the atlas, brought to
the head by the warp, are the prior of a mixture with one class for each structure, whose mean and SD are those of the
elements where the prior is sure of it. What the posterior leaves open is the error.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter

from pharmrs.anatomy.records.atlas import Atlas
from pharmrs.anatomy.records.images import ImageArray, Volume
from pharmrs.anatomy.science.grids import block_around, cropped, inverse
from pharmrs.anatomy.science.mixture import Classes, Mask
from pharmrs.anatomy.science.registration import AffineToTemplate
from pharmrs.anatomy.science.warp import Field, carried
from pharmrs.core.records.arrays import FloatArray

STRUCTURES = ("thalamus", "caudate", "putamen", "pallidum", "accumbens")
_GRAY = ("cerebral cortex", "hippocampus", "amygdala", "cerebellar cortex")
_WHITE = ("cerebral white matter", "ventral diencephalon", "brain stem", "cerebellar white matter")
_FLUID = ("CSF", "ventricles")
_BLUR_MM = 1.5  # of the atlas: people differ by that after the warp
_NEAR, _SURE, _SURE_OF_FEW = 0.01, 0.75, 0.5
_LEAST_SURE = 100  # elements
_FLOOR = 0.002  # of every prior
_MARGIN = 6
_EXPECTED = (0.55, 0.05, 0.48, 0.9, 0.05)  # brightness of the structures from grey (0) to white matter (1), T1w


def deep_gray(
    flat: Volume, brain: Mask, pure: Classes, atlas: Atlas, affine: AffineToTemplate, back: Field
) -> ImageArray:
    """Probability of deep grey matter on the grid of `flat` (brightness without bias), 0 far from it."""
    whole = np.zeros(flat.data.shape, dtype=np.float32)
    priors, block = _priors(flat, atlas, affine, back)
    near = (priors[: len(STRUCTURES)].sum(axis=0) > _NEAR) & brain[block]
    if not near.any():
        return whole
    values = flat.data[block][near].astype(np.float64)
    prior = priors[:, near] + _FLOOR
    prior = prior / prior.sum(axis=0)
    means, sds = _classes(values, prior, pure)
    logs = np.log(prior) - 0.5 * ((values - means[:, None]) / sds[:, None]) ** 2 - np.log(sds)[:, None]
    chance = np.exp(logs - logs.max(axis=0))
    part = np.zeros(near.shape, dtype=np.float32)
    part[near] = chance[: len(STRUCTURES)].sum(axis=0) / chance.sum(axis=0)
    whole[block] = part
    return whole


def with_deep_gray(maps: tuple[ImageArray, ...], deep: ImageArray) -> tuple[ImageArray, ...]:
    """Maps of CSF, grey and white matter in which what is deep grey matter is grey."""
    csf, gray, white = maps
    rest = 1.0 - deep
    inside = csf + gray + white
    return rest * csf, rest * gray + deep * inside, rest * white


def in_doubt(deep: ImageArray) -> ImageArray:
    """What an element may be wrong by: the SD of a choice between both that is right with the chance found."""
    return np.asarray(np.sqrt(np.maximum(deep * (1.0 - deep), 0.0)), dtype=np.float32)


def away_from_deep_gray(grid: Volume, atlas: Atlas, affine: AffineToTemplate) -> Mask:
    """Elements of `grid` that surely are none of the structures, by the affine map alone."""
    some = sum(atlas.share(name) for name in STRUCTURES)
    wide = gaussian_filter(np.asarray(some, dtype=np.float32), 2.0 * _BLUR_MM / atlas.spacing_mm)
    chain = inverse(atlas.affine) @ affine.to_template @ grid.affine
    found = affine_transform(wide, chain[:3, :3], chain[:3, 3], output_shape=grid.data.shape, order=1)
    return np.asarray(found < 0.05)


def _priors(
    flat: Volume, atlas: Atlas, affine: AffineToTemplate, back: Field
) -> tuple[ImageArray, tuple[slice, slice, slice]]:
    """Priors of the structures and of grey matter, white matter and fluid around them, on a block of the grid."""
    groups = [(name,) for name in STRUCTURES] + [_GRAY, _WHITE, _FLUID]
    shares = np.stack([np.sum([atlas.share(name) for name in group], axis=0) for group in groups])
    inner = block_around(shares[: len(STRUCTURES)].sum(axis=0) > 0.0, _MARGIN)
    smooth = np.stack([gaussian_filter(one[inner], _BLUR_MM / atlas.spacing_mm) for one in shares])
    moved = np.asarray(back[(slice(None), *inner)])
    here = carried(smooth.astype(np.float32), moved)
    grid = cropped(Volume(data=atlas.shares[0], affine=atlas.affine, source=""), inner)
    chain = inverse(grid.affine) @ affine.to_template @ flat.affine
    size = np.array(here.shape[1:])
    ends = np.array([[*corner, 1.0] for corner in np.ndindex(2, 2, 2)]) * np.append(size, 1.0)
    corners = (inverse(chain) @ ends.T)[:3]
    low = np.clip(np.floor(corners.min(axis=1)), 0, np.array(flat.data.shape) - 1).astype(int)
    high = np.clip(np.ceil(corners.max(axis=1)) + 1, low + 1, flat.data.shape).astype(int)
    i, j, k = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    offset = chain[:3, :3] @ low + chain[:3, 3]
    shape = tuple(high - low)
    priors = [affine_transform(one, chain[:3, :3], offset, output_shape=shape, order=1) for one in here]
    return np.stack(priors).astype(np.float32), (i, j, k)


def _classes(values: FloatArray, prior: FloatArray, pure: Classes) -> tuple[FloatArray, FloatArray]:
    """Mean and SD of every class, from the elements that surely are of it; expected ones where there are too few."""
    dark, gray, white = pure.means
    step, noise = white - gray, max(float(pure.sds[2]), 0.02 * white)
    means = np.array([*(gray + np.array(_EXPECTED) * step), gray, white, dark])
    sds = noise * np.array([*np.full(len(STRUCTURES), 1.5), 1.5, 1.2, 2.0])
    for one in range(len(STRUCTURES)):
        sure = next(
            (at for limit in (_SURE, _SURE_OF_FEW) if np.count_nonzero(at := prior[one] > limit) > _LEAST_SURE), None
        )
        if sure is not None:
            low, middle, high = np.percentile(values[sure], (16, 50, 84))
            means[one] = np.clip(middle, gray - 0.3 * step, white)
            sds[one] = np.clip(0.5 * (high - low), noise, 3.0 * noise)
    return means, sds
