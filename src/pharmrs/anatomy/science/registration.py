"""Affine registration of a head to the MNI152 template: a search for the start, then mutual information by ANTs.

The template has no skull, so everything is compared inside its brain only. ANTs from the centres of mass alone ends in
a wrong place when the brain is not in the middle of the image; the search over places and tilts prevents that.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import binary_dilation, gaussian_filter, map_coordinates
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from pharmrs.anatomy.records.images import Template, Volume
from pharmrs.anatomy.science.grids import averaged, resampled
from pharmrs.core.records.arrays import FloatArray

_SCALES = np.array([10.0, 10.0, 10.0, 8.0, 8.0, 8.0, 0.1, 0.1, 0.1])  # steps of the search: mm, degrees, share
_STARTS = 5
_SEED = "1"
_MOSTLY = 0.7  # share of a tissue in the template
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])  # ANTs has left and posterior positive


@dataclass(frozen=True, slots=True, kw_only=True)
class AffineToTemplate:
    """Where the head is in MNI152 space, and whether it looks like a T1w image there.

    `to_head`: 4x4 from MNI152 space to the head's world (mm, RAS+). `similarity`: correlation inside the brain.
    `white_to_gray`: brightness where the template has white matter over that where it has grey matter.
    """

    to_head: FloatArray
    similarity: float
    white_to_gray: float

    @property
    def to_template(self) -> FloatArray:
        """4x4 from the head's world to MNI152 space."""
        return np.asarray(np.linalg.inv(self.to_head))


def register(head: Volume, template: Template) -> AffineToTemplate:
    """Register `head` to `template`; the same images give the same result."""
    start = _search(averaged(head, 4.0), template)
    around = Volume(
        data=binary_dilation(template.brain, iterations=3).astype(np.float32), affine=template.t1.affine, source=""
    )
    to_head = by_ants(template.t1, averaged(head, 2.0), around, start, "Affine")
    moved = resampled(averaged(head, 2.0), template.t1.data.shape, template.t1.affine, to_head)
    inside = template.brain
    similarity = float(np.corrcoef(moved[inside], template.t1.data[inside])[0, 1])
    white, gray = (float(moved[share > _MOSTLY].mean()) for share in (template.white_matter, template.gray_matter))
    return AffineToTemplate(
        to_head=to_head,
        similarity=similarity if np.isfinite(similarity) else 0.0,
        white_to_gray=white / gray if gray > 0 else 0.0,
    )


def _search(head: Volume, template: Template) -> FloatArray:
    """The best of many places and tilts by correlation on a coarse grid, the most promising ones refined."""
    points, wanted = _coarse(template)
    middle = points.mean(axis=0)
    wanted = (wanted - wanted.mean()) / wanted.std()
    smooth = gaussian_filter(head.data, 1.0)
    to_index = np.linalg.inv(head.affine)

    def matrix(p: FloatArray) -> FloatArray:
        affine = np.eye(4)
        affine[:3, :3] = Rotation.from_euler("xyz", p[3:6], degrees=True).as_matrix() * p[6:9]
        affine[:3, 3] = middle + p[:3] - affine[:3, :3] @ middle
        return affine

    def difference(p: FloatArray) -> float:
        chain = to_index @ matrix(p)
        found = map_coordinates(smooth, chain[:3, :3] @ points.T + chain[:3, 3:], order=1, cval=0.0)
        spread = found.std()
        return float(-np.mean((found - found.mean()) * wanted) / spread) if spread > 0 else 0.0

    bright = np.argwhere(smooth > np.percentile(smooth, 60))
    centre = head.affine[:3, :3] @ bright.mean(axis=0) + head.affine[:3, 3] - middle
    places = itertools.product((-12, 0, 12), range(-48, 49, 12), range(-36, 73, 12), (-20, 0, 20))
    tried = [np.hstack([centre + np.array([x, y, z]), tilt, 0, 0, 1, 1, 1]) for x, y, z, tilt in places]
    order = np.argsort([difference(p) for p in tried], kind="stable")[: 12 * _STARTS : 12]
    refined = [_refined(difference, tried[index]) for index in order]
    return matrix(min(refined, key=difference))


def _refined(difference: Callable[[FloatArray], float], start: FloatArray) -> FloatArray:
    def scaled(p: FloatArray) -> float:
        return difference(np.asarray(p * _SCALES))

    found = minimize(scaled, np.asarray(start / _SCALES), method="Powell", options={"maxiter": 4, "ftol": 1e-4})
    return np.asarray(found.x * _SCALES)


def _coarse(template: Template) -> tuple[FloatArray, FloatArray]:
    """Places in the brain of the template, 8 mm apart, (n, 3), and its values there."""
    smooth = Volume(data=gaussian_filter(template.t1.data, 1.5), affine=template.t1.affine, source="")
    coarse = averaged(smooth, 8.0)
    inside = averaged(Volume(data=template.brain.astype(np.float32), affine=template.t1.affine, source=""), 8.0)
    index = np.argwhere(inside.data > 0.3)
    places = index @ coarse.affine[:3, :3].T + coarse.affine[:3, 3]
    return np.asarray(places), np.asarray(coarse.data[tuple(index.T)], dtype=np.float64)


def by_ants(fixed: Volume, moving: Volume, mask: Volume, start: FloatArray, kind: str) -> FloatArray:
    """4x4 from the world of `fixed` to that of `moving`: mutual information where `mask` is 1, from `start` on.

    `kind`: `Affine` or `Rigid`.
    """
    import ants

    os.environ["ANTS_RANDOM_SEED"] = _SEED  # the argument random_seed alone leaves differences of 0.02 mm
    with tempfile.TemporaryDirectory() as folder:
        begin = str(Path(folder) / "start.mat")
        lps = LPS @ start @ LPS
        ants.write_transform(
            ants.create_ants_transform(
                transform_type="AffineTransform", dimension=3, matrix=lps[:3, :3], translation=lps[:3, 3]
            ),
            begin,
        )
        done = ants.registration(
            fixed=to_ants(fixed),
            moving=to_ants(moving),
            mask=to_ants(mask),
            type_of_transform=kind,
            initial_transform=begin,
            aff_iterations=(100, 60, 10),
            aff_shrink_factors=(4, 2, 1),
            aff_smoothing_sigmas=(3, 2, 1),
            outprefix=str(Path(folder) / "out"),
        )
        chain = np.eye(4)
        for path in done["fwdtransforms"]:
            transform = ants.read_transform(path)
            chain = chain @ itk_matrix(np.array(transform.parameters), np.array(transform.fixed_parameters))
    return np.asarray(LPS @ chain @ LPS)


def itk_matrix(parameters: FloatArray, centre: FloatArray) -> FloatArray:
    """4x4 of an ITK affine transform: x -> M (x - c) + c + t; parameters: M by rows, t."""
    matrix = np.eye(4)
    matrix[:3, :3] = parameters[:9].reshape(3, 3)
    matrix[:3, 3] = parameters[9:] + centre - matrix[:3, :3] @ centre
    return matrix


def to_ants(image: Volume) -> Any:
    """The image as ANTs holds it. ANTs needs axes at right angles, which `io.volumes` makes sure of."""
    import ants

    lps = LPS @ image.affine
    spacing = image.spacing_mm
    return ants.from_numpy(
        np.ascontiguousarray(image.data),
        origin=tuple(lps[:3, 3]),
        spacing=tuple(spacing),
        direction=lps[:3, :3] / spacing,
    )
