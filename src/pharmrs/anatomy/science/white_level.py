"""What N4 leaves of the coils' variation: white matter, where it is surely pure, is made equally bright everywhere.

N4 looks for the field that makes the histogram sharpest, whatever the tissues are; on heads of known tissues its
field was wrong by 2 % (SD over white matter, 7T), which moves the border of grey and white matter in a voxel by 0.02.
After N4 white matter is known well enough to be followed: the logarithm of its brightness, averaged over a Gaussian of
10 mm, is what is left of the field (as white matter is levelled by Dale 1999, 10.1006/nimg.1998.0395).
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_erosion, gaussian_filter

from pharmrs.anatomy.records.images import ImageArray, Volume
from pharmrs.anatomy.science.extraction import NOISY, SMOOTH_MM, Shell, noise_share
from pharmrs.anatomy.science.grids import averaged, padded, resampled
from pharmrs.anatomy.science.mixture import Mask, start_classes

_ROUNDS = 3  # the better the field, the better is white matter known
_WIDTH_MM = 10.0
_GRID_MM = 2.0
_SURE_MM = 3.0  # inside the template's border
_FARTHEST = 0.12  # from the median, in logarithm: the pallidum and vessels are no white matter
_NOISES = 2.0  # added to it, in SDs of the noise
_LEAST_SHARE = 1e-3  # of white matter around: where there is less, the correction goes to none


def with_even_white(flat: Volume, shell: Shell, usable: Mask) -> Volume:
    """`flat`, the head without the bias that N4 found, divided by what is left of it.

    `usable`: where bright elements are white matter; the thalamus and its neighbours are nearly as bright.
    """
    noise = noise_share(flat.data, shell.core)
    for _ in range(_ROUNDS):
        field = _left(flat, shell, usable, noise)
        flat = Volume(data=np.asarray(flat.data * np.exp(-field)), affine=flat.affine, source=flat.source)
    return flat


def _left(flat: Volume, shell: Shell, usable: Mask, noise: float) -> ImageArray:
    """Logarithm of the field that white matter shows, on the grid of `flat`."""
    white = _pure_white(flat, shell, noise) & usable
    if not white.any():
        return np.zeros(flat.data.shape, dtype=np.float32)
    middle = float(np.median(flat.data[white]))
    above = np.zeros(flat.data.shape, dtype=np.float32)
    above[white] = np.log(np.maximum(flat.data[white] / np.float32(middle), 1e-3))
    used = white & (np.abs(above) < _FARTHEST + _NOISES * noise)
    above[~used] = 0.0
    total, share = (
        averaged(Volume(data=one, affine=flat.affine, source=""), _GRID_MM) for one in (above, used.astype(np.float32))
    )
    width = _WIDTH_MM / total.spacing_mm
    coarse = gaussian_filter(total.data, width) / (gaussian_filter(share.data, width) + _LEAST_SHARE)
    wide = Volume(data=np.pad(coarse, 2, mode="edge"), affine=padded(total.affine, 2), source="")
    return resampled(wide, flat.data.shape, flat.affine)


def _pure_white(flat: Volume, shell: Shell, noise: float) -> Mask:
    """Elements brighter than the middle of grey and white matter whose neighbours are so too."""
    data = gaussian_filter(flat.data, SMOOTH_MM / flat.spacing_mm) if noise > NOISY else flat.data
    _, gray, bright = start_classes(data[shell.depth_mm > _SURE_MM][::5].astype(np.float64)).means
    white = (data > 0.5 * (gray + bright)) & (data < bright + 0.8 * (bright - gray)) & (shell.depth_mm > 0)
    return np.asarray(binary_erosion(white, np.ones((3, 3, 3), dtype=bool)))
