"""Tissue fractions in a box, with the error that its place and the segmentation leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.anatomy.records.images import TissueMaps, VoxelBox
from pharmrs.anatomy.science.overlap import box_overlap
from pharmrs.core.records.arrays import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxContent:
    """What a box holds: shares of grey matter, white matter and CSF of the brain in it (sum 1; NaN without brain).

    `covariance`: of `values`, (3, 3). `inside_image`, `inside_brain`: shares of the box.
    """

    values: FloatArray
    covariance: FloatArray
    inside_image: float
    inside_brain: float


def shares_in(maps: TissueMaps, box: VoxelBox) -> tuple[FloatArray, float]:
    """Mean of the three maps over the box, shape (3,), what is outside the image counting as zero; share in it."""
    overlap = box_overlap(box, maps.shape, maps.affine)
    return np.array([overlap.sum_of(one) for one in maps.maps]), overlap.inside


def box_content(maps: TissueMaps, box: VoxelBox, position_sd_mm: float, segmentation: FloatArray) -> BoxContent:
    """Fractions in `box` and their covariance.

    The place of the box is known to `position_sd_mm` along each axis of the world (motion between the scans): its
    share is what the fractions change by on the average when the box is moved by that much either way.
    `segmentation`: covariance that the maps add, (3, 3).
    """
    shares, inside_image = shares_in(maps, box)
    inside_brain = float(min(shares.sum(), 1.0))
    if inside_brain <= 0.0:
        nothing = np.full(3, np.nan)
        unknown = np.full((3, 3), np.nan)
        return BoxContent(values=nothing, covariance=unknown, inside_image=inside_image, inside_brain=0.0)
    covariance = segmentation.copy()
    here = _normalised(shares)
    for step in position_sd_mm * np.eye(3):
        for sign in (-1.0, 1.0):
            change = _normalised(shares_in(maps, box.moved(sign * step))[0]) - here
            covariance += 0.5 * np.outer(change, change)
    return BoxContent(
        values=_normalised(shares), covariance=covariance, inside_image=inside_image, inside_brain=inside_brain
    )


def boundary_covariance(white_sd: float, csf_sd: float) -> FloatArray:
    """Covariance of the fractions when the borders GM/WM and GM/CSF are wrong by independent amounts, shape (3, 3)."""
    errors = np.array([[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]]) * np.array([[white_sd], [csf_sd]])
    return np.asarray(errors.T @ errors)


def _normalised(shares: FloatArray) -> FloatArray:
    total = shares.sum()
    return np.asarray(shares / total) if total > 0 else np.zeros(3)


def disagreement(maps: TissueMaps, second: TissueMaps, box: VoxelBox) -> FloatArray:
    """Covariance, (3, 3), of an error as large as the difference of two segmentations in `box`."""
    first, other = (_normalised(shares_in(one, box)[0]) for one in (maps, second))
    return np.asarray(np.outer(first - other, first - other))
