"""Whether what a segmentation found can be a head: volumes, grey to white matter, fluid, brightness of the tissues.

Limits are wider than what people of all ages have (lifespan charts, Bethlehem 2022, 10.1038/s41586-022-04554-y: grey
matter 450 to 900 ml, white matter 300 to 700 ml in adults): they find images of another kind, not unusual people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, map_coordinates

from pharmrs.anatomy.records.images import ImageArray, Template, TissueMaps
from pharmrs.anatomy.science.grids import inverse
from pharmrs.core.records.arrays import FloatArray

_GRAY_ML, _WHITE_ML, _BRAIN_ML = (300.0, 1200.0), (200.0, 1000.0), (600.0, 1900.0)
_GRAY_TO_WHITE = (0.55, 3.0)
_FLUID = (0.03, 0.55)  # of what lies in the skull
_BRIGHT_GRAY = (0.45, 0.93)  # of white matter
_LEAST_WHOLE = 0.95  # of the template's brain in the image: else volumes say nothing
_FAR_SIMILARITY = 0.4
_DEEP_MM = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One thing that heads do not have: what must hold, what was found; `severe`: the tissues cannot be right."""

    rule: str
    found: str
    severe: bool


def volumes_ml(maps: TissueMaps) -> FloatArray:
    """Grey matter, white matter, CSF, (3,)."""
    element_ml = float(abs(np.linalg.det(maps.affine[:3, :3]))) / 1e3
    return np.array([float(one.sum(dtype=np.float64)) * element_ml for one in maps.maps])


def fluid_inside(maps: TissueMaps, template: Template, to_head: FloatArray) -> float:
    """Share of fluid more than 25 mm inside the brain: ventricles, which grow with age. `to_head`: 4x4 from MNI152."""
    spacing = np.linalg.norm(template.t1.affine[:3, :3], axis=0)
    deep = np.argwhere(distance_transform_edt(template.brain, sampling=spacing) > _DEEP_MM)[::23]
    chain = inverse(maps.affine) @ to_head @ template.t1.affine
    index = deep @ chain[:3, :3].T + chain[:3, 3]
    gray, white, csf = (float(np.mean(map_coordinates(one, index.T, order=1))) for one in maps.maps)
    return csf / max(gray + white + csf, 1e-9)


def brain_in_view(image: ImageArray, affine: FloatArray, template: Template, to_head: FloatArray) -> float:
    """Share of the registered template's brain that lies in the image."""
    index = np.argwhere(template.brain)[::17].T
    chain = inverse(affine) @ to_head @ template.t1.affine
    place = chain[:3, :3] @ index + chain[:3, 3:]
    size = np.array(image.shape)[:, None]
    return float(np.mean(((place > -0.5) & (place < size - 0.5)).all(axis=0)))


def doubts(volumes: FloatArray, in_view: float, means: Sequence[float] = (), similarity: float = 1.0) -> list[Doubt]:
    """What speaks against a segmentation. `means`: brightness of CSF, grey and white matter, where it is known."""
    gray, white, csf = (float(one) for one in volumes)
    found = [
        _outside("grey to white matter", gray / max(white, 1e-9), _GRAY_TO_WHITE, "", severe=True),
        _outside("share of fluid in the skull", csf / max(gray + white + csf, 1e-9), _FLUID, "", severe=False),
    ]
    if in_view >= _LEAST_WHOLE:
        found += [
            _outside("grey matter", gray, _GRAY_ML, " ml", severe=True),
            _outside("white matter", white, _WHITE_ML, " ml", severe=True),
            _outside("grey and white matter", gray + white, _BRAIN_ML, " ml", severe=True),
        ]
    if len(means) == 3:
        ratio = means[1] / max(means[2], 1e-9)
        found.append(_outside("brightness of grey over white matter", ratio, _BRIGHT_GRAY, "", severe=False))
    if similarity < _FAR_SIMILARITY:
        rule = f"correlation with the MNI152 template should be at least {_FAR_SIMILARITY:g}"
        found.append(Doubt(rule=rule, found=f"{similarity:.2f}", severe=False))
    return [one for one in found if one is not None]


def _outside(name: str, value: float, limits: tuple[float, float], unit: str, *, severe: bool) -> Doubt | None:
    low, high = limits
    if low <= value <= high:
        return None
    shown = f"{value:.0f}{unit}" if unit else f"{value:.2f}"
    return Doubt(rule=f"{name} must be {low:g} to {high:g}{unit} in a head", found=shown, severe=severe)
