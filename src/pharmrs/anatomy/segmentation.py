"""From a T1w image to maps of its tissues: registration, brain, bias, two segmentations and their mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.anatomy.bias import without_bias
from pharmrs.anatomy.extraction import brain_mask, shell_of
from pharmrs.anatomy.grids import Block, block_around, cropped
from pharmrs.anatomy.mixture import segmented, start_classes
from pharmrs.anatomy.partial_volume import partial_volumes
from pharmrs.anatomy.registration import AffineToTemplate, register
from pharmrs.records.anatomy import ImageArray, Template, Volume

LEAST_SIMILARITY = 0.3
LEAST_WHITE_TO_GRAY = 1.03
_MARGIN = 2
_PURE_DEPTH_MM = 3.0


class NoHead(Exception):
    """The image is not a T1w image of a head; the message says what was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """Shares of grey matter, white matter and CSF on the grid of the image, by two methods that err differently.

    `smooth`: posteriors with a Markov random field; `partial`: expected partial volumes by brightness. Their mean is
    the result, their difference part of its error. `noise`: SD in white matter relative to its mean.
    """

    smooth: tuple[ImageArray, ImageArray, ImageArray]
    partial: tuple[ImageArray, ImageArray, ImageArray]
    affine: AffineToTemplate
    noise: float


def segment(head: Volume, template: Template) -> Segmentation:
    """Segment a T1w image, with skull or without. Raises `NoHead` where it is none."""
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
    flat = without_bias(part, shell.depth_mm > 0)
    sample = flat.data[shell.depth_mm > _PURE_DEPTH_MM]
    brain = brain_mask(flat, shell, start_classes(sample[::5].astype(np.float64)))
    try:
        found = segmented(flat.data, brain)
    except ValueError as error:
        raise NoHead(str(error)) from error
    mixed = partial_volumes(flat.data, brain, found.pure)
    shape = head.data.shape
    return Segmentation(
        smooth=_placed(found.maps, block, shape),
        partial=_placed(mixed, block, shape),
        affine=affine,
        noise=float(found.pure.sds[2] / found.pure.means[2]),
    )


def _placed(
    maps: tuple[ImageArray, ...], block: Block, shape: tuple[int, ...]
) -> tuple[ImageArray, ImageArray, ImageArray]:
    """Maps of CSF, grey and white matter in a block as grey matter, white matter, CSF in the whole."""
    csf, gray, white = maps
    placed = []
    for one in (gray, white, csf):
        full = np.zeros(shape, dtype=np.float32)
        full[block] = one
        placed.append(full)
    first, second, third = placed
    return first, second, third
