"""What the fractions of a box are wrong by, by the place of the box and by what its image shows.

Four parts: (1) what made heads, whose borders are as sharp as the image allows, were wrong by at the place; (2) the
difference of the two segmentations; (3) at deep grey matter a part of what the warped atlas and the brightness leave
open; (4) where the borders of the image are wider than those of such heads, a part of what is more, by which people and
programs put them apart. (1) and (3) are from made heads with the atlas of other heads, (4) from hand-labelled real
images and the surfaces of FreeSurfer: see docs/anatomy.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.anatomy.records.images import ImageArray, TissueMaps, VoxelBox
from pharmrs.anatomy.records.places import PLACES
from pharmrs.anatomy.science.fractions import boundary_covariance, disagreement
from pharmrs.anatomy.science.overlap import box_overlap
from pharmrs.core.records.arrays import FloatArray

_REACH_MM = 10.0  # SD of the weight of a place
_FEW_HEADS = 1.12  # of SDs: ten heads of six people foretell those of another by that much too small
_LEAST_WEIGHT = 0.02  # of the usual values, which count alone where no place is near


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """At a place: covariance (3, 3) by (1); `deep`, the part of (3); `white_apart`, that of (4) at GM/WM; `widened`:
    how much wider (4) is in this head than in those it was set on.
    """

    sharp: FloatArray
    deep: float
    white_apart: float
    widened: float = 1.0


# Part of (4) at GM/CSF, at every place. The one head with surfaces of FreeSurfer asks for four times as much, nearly
# all of it common to all heads (less fluid in thin sulci here than there): as an error of every scan by itself, which
# statistics take it for, that would drown what scans differ by. It is told beside the SD: `common_csf_sd`.
_CSF_APART = 0.4
_CSF_APART_IN_ALL = 1.8
# Fluid deep in the brain: .04 to .05 in real heads of 20 to 34 years, on which (4) was set; .16 in one of 75, which
# asks for 2.5 times as much (root mean square of z of grey matter over 22 places: 1.0)
OLD_HEADS = (0.08, 0.14)
_WIDEST = 2.5
# (1): SDs of grey matter, white matter and CSF; deep; white_apart
_USUAL = (0.015, 0.015, 0.012, 0.3, 0.4)
_KNOWN: dict[str, tuple[float, float, float, float, float]] = {
    "pgACC": (0.009, 0.0073, 0.0041, 0.3, 0.3),
    "sgACC": (0.0093, 0.0116, 0.0084, 0.3, 0.38),
    "dACC": (0.0061, 0.0041, 0.0045, 0.3, 0.17),
    "SMA": (0.005, 0.0064, 0.004, 0.3, 0.3),
    "mPFC": (0.0068, 0.0078, 0.0082, 0.3, 0.24),
    "PCC": (0.0079, 0.0069, 0.0066, 0.3, 0.18),
    "precuneus": (0.0029, 0.0123, 0.0107, 0.3, 0.2),
    "occipital": (0.0124, 0.0096, 0.0112, 0.3, 0.2),
    "DLPFC": (0.0151, 0.0211, 0.0233, 0.3, 0.15),
    "frontal white matter": (0.0586, 0.0536, 0.0056, 0.3, 0.15),
    "OFC": (0.0347, 0.022, 0.0466, 0.3, 0.21),
    "sensorimotor": (0.0115, 0.0133, 0.0129, 0.3, 0.33),
    "insula": (0.01, 0.0078, 0.005, 0.13, 1.31),
    "hippocampus": (0.0232, 0.0108, 0.0155, 0.41, 0.64),
    "amygdala": (0.019, 0.0041, 0.0158, 0.18, 1.71),
    "thalamus": (0.0295, 0.0326, 0.0241, 0.29, 0.56),
    "caudate": (0.0167, 0.0039, 0.0137, 0.07, 0.61),
    "putamen": (0.0113, 0.0123, 0.0029, 0.1, 0.49),
    "auditory": (0.0062, 0.0057, 0.0045, 0.3, 0.24),
    "temporal": (0.0073, 0.0064, 0.0042, 0.3, 0.37),
    "parietal": (0.0109, 0.0222, 0.0178, 0.3, 0.23),
    "cerebellum": (0.0132, 0.0151, 0.0031, 0.3, 0.3),
}

# What slices of 4 mm add to (1): SDs of grey matter, white matter and CSF, by 16 made heads of six people cut into
# axial slices. In proportion to what an element is longer than those of (1): so it was at 2, 4 and 5 mm.
_THIN_MM, _MEASURED_MM = 1.2, 4.0
_USUAL_THICK = (0.0375, 0.0177, 0.0206)
_THICK: dict[str, tuple[float, float, float]] = {
    "pgACC": (0.0313, 0.0162, 0.0086),
    "sgACC": (0.0435, 0.0202, 0.0235),
    "dACC": (0.0398, 0.0184, 0.0228),
    "SMA": (0.0186, 0.0104, 0.008),
    "mPFC": (0.0146, 0.0069, 0.008),
    "PCC": (0.0167, 0.0091, 0.0082),
    "precuneus": (0.0333, 0.018, 0.0236),
    "occipital": (0.0325, 0.0207, 0.0158),
    "DLPFC": (0.0289, 0.0069, 0.008),
    "frontal white matter": (0.0146, 0.0069, 0.008),
    "OFC": (0.0146, 0.0069, 0.008),
    "sensorimotor": (0.0759, 0.0451, 0.0303),
    "insula": (0.0146, 0.0069, 0.0082),
    "hippocampus": (0.0881, 0.026, 0.0594),
    "amygdala": (0.0555, 0.0216, 0.0312),
    "thalamus": (0.0146, 0.0069, 0.0201),
    "caudate": (0.0389, 0.0174, 0.0186),
    "putamen": (0.0146, 0.0069, 0.008),
    "auditory": (0.0158, 0.0083, 0.0088),
    "temporal": (0.0414, 0.0206, 0.0195),
    "parietal": (0.0357, 0.0231, 0.0086),
    "cerebellum": (0.0146, 0.0095, 0.0135),
}


def known_at(place_mm: FloatArray, fluid_inside: float = 0.0, thickness_mm: float = 1.0) -> Known:
    """What is known at a place in MNI152 (mm): mean over the places near it, on both sides, by their distance.

    `fluid_inside`: of the head, see `plausible.fluid_inside`. `thickness_mm`: of the slices, the longest edge of an
    element.
    """
    thick = max(thickness_mm - _THIN_MM, 0.0) / (_MEASURED_MM - _THIN_MM)
    rows, more, weights = [_USUAL], [_USUAL_THICK], [_LEAST_WEIGHT]
    here = np.abs(place_mm * [1, 0, 0]) + place_mm * [0, 1, 1]
    for name, row in _KNOWN.items():
        right = np.array(PLACES[name][-1], dtype=np.float64)
        rows.append(row)
        more.append(_THICK[name])
        weights.append(float(np.exp(-0.5 * np.sum((here - right) ** 2) / _REACH_MM**2)))
    covariances = [
        _FEW_HEADS**2 * (_of_sds(*row[:3]) + thick**2 * _of_sds(*one)) for row, one in zip(rows, more, strict=True)
    ]
    share = np.array(weights) / np.sum(weights)
    deep, white = (float(one) for one in share @ np.array(rows)[:, 3:])
    return Known(sharp=np.tensordot(share, covariances, 1), deep=deep, white_apart=white, widened=widened(fluid_inside))


def widened(fluid_inside: float) -> float:
    """1 for heads with as little fluid deep in the brain as those the SDs were set on, up to 2.5 for an old one."""
    low, high = OLD_HEADS
    return 1.0 + (_WIDEST - 1.0) * float(np.clip((fluid_inside - low) / (high - low), 0.0, 1.0))


def segmentation_error(
    maps: TissueMaps,
    second: TissueMaps,
    errors: tuple[ImageArray, ImageArray, ImageArray],
    box: VoxelBox,
    known: Known,
) -> FloatArray:
    """Covariance, (3, 3), that the segmentation of an image adds to the fractions in `box`.

    `errors`: doubt at deep grey matter; border GM/WM and GM/CSF per volume times its width beyond a step.
    """
    overlap = box_overlap(box, maps.shape, maps.affine)
    brain = max(sum(overlap.sum_of(one) for one in maps.maps), 1e-6)
    deep, white, csf = (overlap.sum_of(one) / brain for one in errors)
    gray_white = float(np.hypot(known.deep * deep, known.widened * known.white_apart * white))
    borders = boundary_covariance(gray_white, known.widened * _CSF_APART * csf)
    return known.sharp + borders + disagreement(maps, second, box)


def common_csf_sd(maps: TissueMaps, csf_border: ImageArray, box: VoxelBox, known: Known) -> float:
    """SD of the CSF fraction in `box` that all scans of a study share, beyond that of `segmentation_error`.

    `csf_border`: border GM/CSF per volume times its width beyond a step.
    """
    overlap = box_overlap(box, maps.shape, maps.affine)
    brain = max(sum(overlap.sum_of(one) for one in maps.maps), 1e-6)
    part = float(np.sqrt(_CSF_APART_IN_ALL**2 - _CSF_APART**2))
    return known.widened * part * overlap.sum_of(csf_border) / brain


def _of_sds(gray: float, white: float, csf: float) -> FloatArray:
    """Covariance of three fractions whose sum has no error, by their SDs."""
    squares = np.array([gray, white, csf]) ** 2
    # of two of them: half of the square of the third less their own
    covariance = 0.5 * (squares.sum() - 2.0 * (squares[:, None] + squares[None, :]))
    np.fill_diagonal(covariance, squares)
    return np.asarray(covariance)
