"""Where white matter meets fluid: elements in between are as bright as grey matter, and are none.

At the walls of the ventricles and along the corpus callosum partial volumes of white matter and CSF take every
brightness in between; methods that look at brightness alone call them grey matter (0.02 of a box near the callosum).
What tells them apart is how steep the image is: across such a border the brightness changes by the whole step from CSF
to white matter within an element or two, while at the brightness of grey matter the cortex is flat. For a border
between brightness a and b blurred by a Gaussian of SD s, the gradient where the image has the brightness v is

    |b - a| / (s sqrt(2 pi)) exp(-z^2 / 2),   v = a + (b - a) Phi(z)

(Kindlmann and Durkin 1998, 10.1109/SVV.1998.729588). The measured gradient between that of the borders of grey matter
(0) and that of a border of white matter and CSF (1) is the evidence.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.special import ndtri

from pharmrs.anatomy.records.images import ImageArray
from pharmrs.anatomy.science.mixture import Classes, Mask
from pharmrs.core.records.arrays import FloatArray

SCALE_MM = 0.8  # of the Gaussian that the gradient is taken with
BLUR = 0.6  # SD of an image's own blur in elements: what heads of known tissues have; more blur finds fewer
_EVIDENCE = (0.65, 0.95)  # below: grey matter may be there, as a thin cortex; above: none
_LEAST_LEVER = 0.15  # of the steepest gradient: where both kinds of border are as steep, nothing can be told

Maps = tuple[ImageArray, ...]


def without_false_gray(
    steep: tuple[ImageArray, ImageArray],
    data: ImageArray,
    inside: Mask,
    pure: Classes,
    spacing_mm: FloatArray,
    segmentations: tuple[Maps, ...],
) -> tuple[Maps, ...]:
    """Maps (CSF, grey, white matter) of each segmentation, with the grey matter between white matter and CSF divided.

    `data`: brightness without bias, and `steep`, its `steepness`; what is neither CSF nor white matter there becomes
    the mixture of both that has the brightness of the element.
    """
    dark, _, bright = pure.means
    evidence = _evidence(steep, pure, spacing_mm)
    evidence[~inside] = 0.0
    white = np.clip((data - dark) / (bright - dark), 0.0, 1.0).astype(np.float32)
    rest = 1.0 - evidence
    return tuple(
        (rest * csf + evidence * (1.0 - white), rest * gray, rest * wm + evidence * white)
        for csf, gray, wm in segmentations
    )


def steepness(data: ImageArray, spacing_mm: FloatArray) -> tuple[ImageArray, ImageArray]:
    """The image smoothed by a Gaussian of `SCALE_MM`, and its gradient (per mm)."""
    scale = SCALE_MM / spacing_mm
    found = np.zeros(data.shape, dtype=np.float32)
    for axis in range(3):
        order = [int(axis == other) for other in range(3)]
        found += (gaussian_filter(data, scale, order=order) / np.float32(spacing_mm[axis])) ** 2
    return gaussian_filter(data, scale), np.sqrt(found)


def _evidence(steep: tuple[ImageArray, ImageArray], pure: Classes, spacing_mm: FloatArray) -> ImageArray:
    dark, middle, bright = pure.means
    blur_mm = float(np.hypot(BLUR * spacing_mm.mean(), SCALE_MM))
    smooth, found = steep
    fluid = _gradient(smooth, dark, bright, blur_mm)
    cortex = np.where(
        smooth < middle, _gradient(smooth, dark, middle, blur_mm), _gradient(smooth, middle, bright, blur_mm)
    )
    lever = fluid - cortex
    share = np.divide(found - cortex, lever, out=np.zeros_like(found), where=lever > _LEAST_LEVER * fluid.max())
    low, high = _EVIDENCE
    return np.asarray(np.clip((share - low) / (high - low), 0.0, 1.0), dtype=np.float32)


def _gradient(values: ImageArray, low: float, high: float, blur_mm: float) -> ImageArray:
    """Gradient (per mm) where a blurred border between the brightnesses `low` and `high` has these `values`."""
    z = ndtri(np.clip((values - low) / (high - low), 1e-4, 1.0 - 1e-4))
    return np.asarray((high - low) / (blur_mm * np.sqrt(2.0 * np.pi)) * np.exp(-0.5 * z * z), dtype=np.float32)
