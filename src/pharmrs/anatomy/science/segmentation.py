"""From a T1w image to maps of its tissues: registration, brain, bias, and two segmentations put together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from pharmrs.anatomy.records.atlas import Atlas
from pharmrs.anatomy.records.images import ImageArray, Template, Volume
from pharmrs.anatomy.science.bias import without_bias
from pharmrs.anatomy.science.border_width import open_borders, with_deep_layers
from pharmrs.anatomy.science.deep_gray import away_from_deep_gray, deep_gray, in_doubt, with_deep_gray
from pharmrs.anatomy.science.extraction import NOISY, SMOOTH_MM, brain_mask, noise_share, shell_of
from pharmrs.anatomy.science.fluid_border import steepness, without_false_gray
from pharmrs.anatomy.science.grids import Block, block_around, cropped
from pharmrs.anatomy.science.mixture import segmented, start_classes
from pharmrs.anatomy.science.partial_volume import partial_volumes
from pharmrs.anatomy.science.registration import AffineToTemplate, register
from pharmrs.anatomy.science.warp import Field, backwards, field_to_head
from pharmrs.anatomy.science.white_level import with_even_white

LEAST_SIMILARITY = 0.3
LEAST_WHITE_TO_GRAY = 1.03
_NEGATIVE_SHARE = 0.01  # less is what resampling leaves, and becomes 0
_MARGIN = 2
_PURE_DEPTH_MM, _INSIDE_MM = 3.0, 2.0
# weight of the partial volumes by brightness: half, but none where noise makes the brightness of an element say little
_WEIGHT, _WEIGHT_ENDS = 0.5, (0.065, 0.09)


class NoHead(Exception):
    """The image is not a T1w image of a head; the message says what was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """Shares of grey matter, white matter and CSF on the grid of the image, by two methods that err differently.

    `maps`: posteriors with a Markov random field and expected partial volumes by brightness, weighted by the noise.
    `second`: the same with half of the weight shifted towards the partial volumes: the difference of both is half of
    that of the two methods, and part of the error. `errors`: what the shares may be wrong by at every element, see
    `segmentation_error`. `noise`: SD in white matter relative to its mean. `back`: the warp from places of the affine
    head to those of the template. `brightness`: of CSF, grey and white matter. `widths_mm`: SD of the blur of the
    borders GM/WM and GM/CSF.
    """

    maps: tuple[ImageArray, ImageArray, ImageArray]
    second: tuple[ImageArray, ImageArray, ImageArray]
    errors: tuple[ImageArray, ImageArray, ImageArray]
    affine: AffineToTemplate
    back: Field
    brightness: tuple[float, float, float]
    noise: float
    widths_mm: tuple[float, float]


def segment(head: Volume, template: Template, atlas: Atlas) -> Segmentation:
    """Segment a T1w image, with skull or without. Raises `NoHead` where it is none."""
    head = _above_zero(head)
    affine = register(head, template)
    if affine.similarity < LEAST_SIMILARITY:
        raise NoHead(f"correlation with the MNI152 template {affine.similarity:.2f}")
    if affine.white_to_gray < LEAST_WHITE_TO_GRAY:
        raise NoHead(f"white matter {affine.white_to_gray:.2f} times as bright as grey matter")
    whole = shell_of(head, template, affine)
    if not whole.core.any():
        raise NoHead("no brain where the template's would be")
    block = block_around(whole.reach, _MARGIN)
    part = cropped(head, block)
    shell = shell_of(part, template, affine)
    away = away_from_deep_gray(part, atlas, affine)
    flat = with_even_white(without_bias(part, template, affine), shell, away)
    sample = flat.data[shell.depth_mm > _PURE_DEPTH_MM]
    noise = noise_share(flat.data, shell.core)
    brain = brain_mask(flat, shell, start_classes(sample[::5].astype(np.float64)), noise)
    smoothed = gaussian_filter(flat.data, SMOOTH_MM / flat.spacing_mm) if noise > NOISY else None
    try:
        found = segmented(flat.data, brain, smoothed)
    except ValueError as error:
        raise NoHead(str(error)) from error
    mixed = partial_volumes(flat.data, brain, found.pure)
    steep = steepness(flat.data, flat.spacing_mm)
    smooth, partial = without_false_gray(steep, flat.data, brain, found.pure, flat.spacing_mm, (found.maps, mixed))
    weight = _WEIGHT * float(np.interp(noise, _WEIGHT_ENDS, (1.0, 0.0)))
    shape = head.data.shape
    back = backwards(field_to_head(flat, brain, found.pure, template, affine))
    deep = deep_gray(flat, brain, found.pure, atlas, affine, back)
    usable = away & (shell.depth_mm > _INSIDE_MM)
    borders, widths = open_borders(steep, brain, usable, found.pure, flat.spacing_mm)
    smooth, partial = (with_deep_layers(one, borders[0], flat.affine, affine.to_template) for one in (smooth, partial))
    first = with_deep_gray(_between(smooth, partial, weight), deep)
    second = with_deep_gray(_between(smooth, partial, weight + _WEIGHT), deep)
    errors = (in_doubt(deep), *borders)
    return Segmentation(
        maps=_placed(first, block, shape),
        second=_placed(second, block, shape),
        errors=(_whole(errors[0], block, shape), _whole(errors[1], block, shape), _whole(errors[2], block, shape)),
        affine=affine,
        back=back,
        brightness=(float(found.pure.means[0]), float(found.pure.means[1]), float(found.pure.means[2])),
        noise=float(found.pure.sds[2] / found.pure.means[2]),
        widths_mm=widths,
    )


def _above_zero(head: Volume) -> Volume:
    """Brightness from 0: the uniform images of MP2RAGE may be stored from -0.5 to 0.5."""
    low = float(head.data.min()) if np.mean(head.data < 0) > _NEGATIVE_SHARE else 0.0
    return Volume(data=np.maximum(head.data - np.float32(low), 0.0), affine=head.affine, source=head.source)


def _between(smooth: tuple[ImageArray, ...], partial: tuple[ImageArray, ...], weight: float) -> tuple[ImageArray, ...]:
    return tuple(a + np.float32(weight) * (b - a) for a, b in zip(smooth, partial, strict=True))


def _placed(
    maps: tuple[ImageArray, ...], block: Block, shape: tuple[int, ...]
) -> tuple[ImageArray, ImageArray, ImageArray]:
    """Maps of CSF, grey and white matter in a block as grey matter, white matter, CSF in the whole."""
    csf, gray, white = maps
    first, second, third = (_whole(one, block, shape) for one in (gray, white, csf))
    return first, second, third


def _whole(data: ImageArray, block: Block, shape: tuple[int, ...]) -> ImageArray:
    full = np.zeros(shape, dtype=np.float32)
    full[block] = data
    return full
