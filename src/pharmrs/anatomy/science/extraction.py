"""Where the brain is: the template's brain shows about where, brightness and connection show which elements.

In a shell around the border of the registered template everything of the brightness of brain tissue is kept that
hangs together with the inner brain through more than a thin bridge (opening); sulci and cavities are closed, because
the fluid in them is part of the brain's volume. Needs no trained network and no download.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_fill_holes, distance_transform_edt, gaussian_filter, label, uniform_filter

from pharmrs.anatomy.records.images import ImageArray, Template, Volume
from pharmrs.anatomy.science.grids import padded, resampled
from pharmrs.anatomy.science.mixture import Classes, Mask
from pharmrs.anatomy.science.registration import AffineToTemplate

_CORE_MM = 5.0
_REACH_MM = 8.0
_OPENING_MM = 1.8
_OPENING_OF_NOISY_MM = 1.2  # smoothing has taken the thin bridges, and noise thins the tissue
_REGROWTH_MM = 2.0  # of what opening has taken from thin tissue: beyond its own width, not through a bridge
_CLOSING_MM = 7.0
_RIM_MM = 1.5
_BEYOND_MM = 12.0
NOISY = 0.07  # of white matter: above, noise tears holes into the tissue
SMOOTH_MM = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Distance (mm) from the border of the registered template's brain on the grid of the head, inside positive."""

    depth_mm: ImageArray

    @property
    def core(self) -> Mask:
        """Brain without doubt."""
        return np.asarray(self.depth_mm > _CORE_MM)

    @property
    def reach(self) -> Mask:
        """No brain beyond."""
        return np.asarray(self.depth_mm > -_REACH_MM)


def shell_of(head: Volume, template: Template, affine: AffineToTemplate) -> Shell:
    """The template's brain on the grid of `head`."""
    spacing = template.t1.spacing_mm
    # the template's grid ends in the brain stem; that of a head may go further
    margin = int(np.ceil(_BEYOND_MM / spacing.min()))
    brain = np.pad(template.brain, margin)
    inner = distance_transform_edt(brain, sampling=spacing)
    outer = distance_transform_edt(~brain, sampling=spacing)
    # beyond the template's own grid everything is far outside: the offset makes 0 the farthest
    far = 100.0
    depth = Volume(
        data=(np.maximum(inner - outer, -far) + far).astype(np.float32),
        affine=padded(template.t1.affine, margin),
        source="",
    )
    return Shell(depth_mm=resampled(depth, head.data.shape, head.affine, affine.to_template) - np.float32(far))


def brain_mask(head: Volume, shell: Shell, classes: Classes, noise: float) -> Mask:
    """The brain with the fluid in its sulci, in a head without bias whose tissues have the given `classes`.

    `noise`: SD relative to white matter, see `noise_share`.
    """
    dark, gray, white = classes.means
    low, high = 0.5 * (dark + gray), white + 0.8 * (white - gray)
    spacing = head.spacing_mm
    noisy = noise > NOISY
    data = gaussian_filter(head.data, SMOOTH_MM / spacing) if noisy else head.data
    opening = _OPENING_OF_NOISY_MM if noisy else _OPENING_MM
    tissue = (data > low) & (data < high) & shell.reach
    inner = distance_transform_edt(tissue, sampling=spacing) > opening
    marked, _ = label(inner)
    counts = np.bincount(marked[shell.core & inner].ravel())
    kept = np.flatnonzero(counts > 0.02 * counts.sum()) if counts.size else np.empty(0, dtype=int)
    attached = np.isin(marked, kept[kept > 0])
    opened = (distance_transform_edt(~attached, sampling=spacing) <= opening + _REGROWTH_MM) & tissue
    opened |= shell.core
    closed = distance_transform_edt(~opened, sampling=spacing) <= _CLOSING_MM
    closed = distance_transform_edt(closed, sampling=spacing) > _CLOSING_MM
    whole = binary_fill_holes(closed | opened)
    rim = distance_transform_edt(~whole, sampling=spacing) <= max(_RIM_MM, float(spacing.max()))
    return np.asarray(rim & shell.reach)


def noise_share(data: ImageArray, core: Mask) -> float:
    """SD of the noise relative to the brightness of white matter: what differs from the mean of 3 x 3 x 3 elements."""
    white = core & (data > np.percentile(data[core], 70))
    rest = (data - uniform_filter(data, 3))[white]
    return float(1.4826 * np.median(np.abs(rest)) / np.sqrt(26 / 27) / np.median(data[white]))
