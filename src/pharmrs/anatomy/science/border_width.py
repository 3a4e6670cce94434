"""How wide the borders between tissues are in an image, and what that leaves open.

Where tissues meet like the sides of a step the border is as wide as the image's own blur, and a method that knows the
brightness of both puts it right to a tenth of a millimetre. Borders of real cortex are wider: its lower layers hold
more and more myelin, its surface vessels and meninges. People and programs then draw the border at different
brightnesses, apart by a part of what the width is more than that of a step.

For a border blurred by a Gaussian of SD s the brightness is within a fifth of the step from its middle over
2 * 0.524 s; the share of a box where it is so, divided by that, is the area of border in it per volume, and that is
what the fractions change by when the border is moved by a millimetre.
"""

from __future__ import annotations

import numpy as np

from pharmrs.anatomy.records.images import ImageArray
from pharmrs.anatomy.records.places import PLACES
from pharmrs.anatomy.science.fluid_border import BLUR, SCALE_MM
from pharmrs.anatomy.science.mixture import Classes, Mask
from pharmrs.core.records.arrays import FloatArray

_NEAR, _ZONE_SDS = 0.2, 1.0488  # part of the step; ndtri(0.7) - ndtri(0.3)
_MIDDLE = 0.12  # part of the step: where the gradient is that of the middle
_STEPS = (1.06, 1.22)  # GM/WM, GM/CSF: the most that heads of sharp tissues have, relative to a step
_LEAST = 500  # elements


# Here the deep layers are as bright as white matter (myelin: Glasser and Van Essen 2011,
# 10.1523/JNEUROSCI.2180-11.2011): part of the width beyond a step that the border lies deeper than its middle, by
# hand-labelled images; the surfaces of FreeSurfer bear it out.
_MYELINATED = {"sensorimotor": 0.74, "occipital": 0.39, "SMA": 0.4}
_REACH_MM = 20.0  # SD of their weight


def with_deep_layers(
    maps: tuple[ImageArray, ...], open_white: ImageArray, affine: FloatArray, to_template: FloatArray
) -> tuple[ImageArray, ...]:
    """Maps (CSF, grey, white matter) whose cortex has its myelinated layers, where the image shows a wide border.

    `open_white`: of the border GM/WM, see `open_borders`; `affine` of its grid, `to_template` from there to MNI152.
    """
    csf, gray, white = maps
    at = np.nonzero(open_white)
    if not at[0].size:
        return maps
    chain = to_template @ affine
    places = (chain[:3, :3] @ np.array(at) + chain[:3, 3:]).T
    places[:, 0] = np.abs(places[:, 0])
    part = np.zeros(len(places))
    for name, most in _MYELINATED.items():
        far = np.sum((places - np.array(PLACES[name][-1])) ** 2, axis=1)
        part = np.maximum(part, most * np.exp(-0.5 * far / _REACH_MM**2))
    taken = np.minimum(np.asarray(part, dtype=np.float32) * open_white[at], white[at])
    gray, white = gray.copy(), white.copy()
    gray[at] += taken
    white[at] -= taken
    return csf, gray, white


def open_borders(
    steep: tuple[ImageArray, ImageArray], brain: Mask, usable: Mask, pure: Classes, spacing_mm: FloatArray
) -> tuple[tuple[ImageArray, ImageArray], tuple[float, float]]:
    """For GM/WM and GM/CSF: area of border per volume (1/mm) times the width beyond a step (mm); widths (SD, mm).

    `steep`: smoothed image and gradient; `usable`: elements of the brain whose borders tell the width.
    """
    smooth, gradient = steep
    dark, gray, white = pure.means
    step_mm = float(np.hypot(BLUR * spacing_mm.mean(), SCALE_MM))
    maps, widths = [], []
    for low, high, sharp in ((gray, white, _STEPS[0]), (dark, gray, _STEPS[1])):
        place = (smooth - np.float32(0.5 * (low + high))) / np.float32(high - low)
        middle = gradient[usable & brain & (np.abs(place) < _MIDDLE)]
        width = float((high - low) / (np.median(middle) * np.sqrt(2.0 * np.pi))) if middle.size > _LEAST else step_mm
        beyond = np.sqrt(max(width**2 - (sharp * step_mm) ** 2, 0.0))
        maps.append(
            np.asarray((np.abs(place) < _NEAR) & brain, dtype=np.float32) * np.float32(beyond / _ZONE_SDS / width)
        )
        widths.append(width)
    return (maps[0], maps[1]), (widths[0], widths[1])
