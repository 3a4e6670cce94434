"""How the head lay in another visit: the rigid movement between an image of that visit and the head of the maps.

A search over places and tilts by mutual information on 8 mm, then ANTs on 2 mm, once in each direction. What the two
directions differ by at the brain is the error that is known of; what the images share at the found pose against moved
and turned ones says whether the pose is one, and how soon it is lost whether both are of one person.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from pharmrs.anatomy.records.images import Movement, Volume
from pharmrs.anatomy.science.grids import averaged, inverse, resampled
from pharmrs.anatomy.science.registration import by_ants
from pharmrs.core.records.arrays import FloatArray

_COARSE_MM, _FINE_MM = 8.0, 4.0
_BINS = 24
_STARTS = 4
_STEPS = np.array([8.0, 8.0, 8.0, 8.0, 8.0, 8.0])  # of the search: mm, degrees
_FARTHER = (10.0, 10.0)  # mm, degrees: poses that must share less
_LEAST_OVERLAP = 0.6  # of the brain in the image of the visit
_LEAST_LEAD = 0.05  # of the information at the found pose over that of the best other pose, relative
_NEAR = (3.0, 3.0)  # mm, degrees
_MOST_NEAR = (
    0.8  # of the information at the found pose, so near to it: two scans of a person 0.35 to 0.6, two people 0.9
)
_MOST_ERROR_MM = 2.0
_LEAST_ERROR_MM = 0.3  # where both directions agree by chance
_LEAST_ELEMENTS = 1000
_BRAIN_RADIUS_MM = 60.0


class NotFound(Exception):
    """The pose of the visit could not be found; the message says what was seen."""


class Pair:
    """The head, where its brain is, and the image of the visit, on coarse grids: how much two poses share."""

    def __init__(self, head: Volume, brain: Volume, visit: Volume) -> None:
        self.head, self.visit = averaged(head, 2.0), averaged(visit, 2.0)
        inside = resampled(brain, self.head.data.shape, self.head.affine) > 0.5
        self.brain = Volume(data=inside.astype(np.float32), affine=self.head.affine, source="")
        self._coarse, self._fine = (self._points(spacing) for spacing in (_COARSE_MM, _FINE_MM))
        self._smooth = [gaussian_filter(self.visit.data, 0.4 * mm / self.visit.spacing_mm) for mm in (8.0, 4.0)]

    @property
    def middle(self) -> FloatArray:
        """Centre of the brain in the head's world, (3,)."""
        return np.asarray(self._coarse[0].mean(axis=1))

    def information(self, to_head: FloatArray, fine: bool = True) -> float:
        """Mutual information (bits) of both images in the brain, what is outside the visit's image left out."""
        points, values = self._fine if fine else self._coarse
        chain = inverse(self.visit.affine) @ inverse(to_head)
        found = map_coordinates(
            self._smooth[int(fine)], chain[:3, :3] @ points + chain[:3, 3:], order=1, mode="constant", cval=np.nan
        )
        seen = np.isfinite(found)
        share = float(seen.mean())
        return share * _information(values[seen], found[seen]) if share > _LEAST_OVERLAP / 2 else 0.0

    def overlap(self, to_head: FloatArray) -> float:
        """Share of the brain inside the image of the visit."""
        chain = inverse(self.visit.affine) @ inverse(to_head)
        index = chain[:3, :3] @ self._coarse[0] + chain[:3, 3:]
        size = np.array(self.visit.data.shape)[:, None]
        return float(np.mean(((index > -0.5) & (index < size - 0.5)).all(axis=0)))

    def _points(self, spacing: float) -> tuple[FloatArray, FloatArray]:
        step = np.maximum(1, np.rint(spacing / self.head.spacing_mm)).astype(int)
        cut = tuple(slice(None, None, int(one)) for one in step)
        smooth = gaussian_filter(self.head.data, 0.4 * spacing / self.head.spacing_mm)[cut]
        index = np.argwhere(self.brain.data[cut] > 0.5)
        points = self.head.affine[:3, :3] @ (index * step).T + self.head.affine[:3, 3:]
        return np.asarray(points), np.asarray(smooth[tuple(index.T)])


def find_movement(pair: Pair, how: str) -> Movement:
    """Register the image of the visit (of any contrast) to the head. Raises `NotFound`."""
    there = by_ants(pair.head, pair.visit, pair.brain, inverse(_search(pair)), "Rigid")
    inside = resampled(pair.brain, pair.visit.data.shape, pair.visit.affine, inverse(there)) > 0.5
    if np.count_nonzero(inside) < _LEAST_ELEMENTS:
        raise NotFound("the brain lies outside the image of the visit")
    brain = Volume(data=inside.astype(np.float32), affine=pair.visit.affine, source="")
    back = by_ants(pair.visit, pair.head, brain, inverse(there), "Rigid")
    ways = sorted((inverse(there), back), key=pair.information)
    return _checked(pair, ways[1], apart_mm(pair, *ways) / np.sqrt(3.0), how)


def apart_mm(pair: Pair, first: FloatArray, second: FloatArray) -> float:
    """Root mean square of how far two ways to the head put the brain apart."""
    steps = _BRAIN_RADIUS_MM * np.hstack([np.eye(3), -np.eye(3)])
    ends = np.vstack([pair.middle[:, None] + steps, np.ones(6)])
    difference = (np.eye(4) - first @ inverse(second)) @ ends
    return float(np.sqrt(np.mean(np.sum(difference[:3] ** 2, axis=0))))


def _checked(pair: Pair, to_head: FloatArray, error_mm: float, how: str) -> Movement:
    """The movement with what speaks for it. Raises `NotFound` where the images do not."""
    others, near = (
        [pair.information(_turned(pair, to_head, step)) for step in _steps(size)] for size in (_FARTHER, _NEAR)
    )
    found = Movement(
        to_head=to_head,
        error_mm=max(error_mm, _LEAST_ERROR_MM),
        information=pair.information(to_head),
        elsewhere=max(others),
        overlap=pair.overlap(to_head),
        how=how,
    )
    if found.overlap < _LEAST_OVERLAP:
        raise NotFound(f"only {100 * found.overlap:.0f} % of the brain is inside the image of the visit")
    if found.information < (1.0 + _LEAST_LEAD) * found.elsewhere:
        raise NotFound(
            f"the images share {found.information:.2f} bits in the best pose and {found.elsewhere:.2f} in another one"
        )
    if (left := float(np.mean(near)) / found.information) > _MOST_NEAR:
        raise NotFound(
            f"moved by {_NEAR[0]:g} mm the images still share {100 * left:.0f} % of the information: those of one "
            "person lose far more, so that this is another person's head, or an image too coarse to tell"
        )
    if found.error_mm > _MOST_ERROR_MM:
        raise NotFound(f"the two directions of the registration differ by {found.error_mm:.1f} mm")
    return found


def _search(pair: Pair) -> FloatArray:
    """4x4 from the visit's world to the head's: the best of many places and tilts on a coarse grid, refined."""
    bright = np.argwhere(pair.visit.data > np.percentile(pair.visit.data, 60)).mean(axis=0)
    centre = pair.visit.affine[:3, :3] @ bright + pair.visit.affine[:3, 3]
    starts = [np.zeros(3), pair.middle - centre]
    places = itertools.product(starts, (-20, 0, 20), (-40, -20, 0, 20, 40), (-40, -20, 0, 20, 40), (-15, 0, 15))
    tried = [np.hstack([start + np.array([x, y, z]), tilt, 0, 0]) for start, x, y, z, tilt in places]

    def lacking(p: FloatArray) -> float:
        return -pair.information(_pose(pair, p), fine=False)

    order = np.argsort([lacking(p) for p in tried], kind="stable")[: 3 * _STARTS : 3]
    best = min((_refined(lacking, tried[index]) for index in order), key=lacking)
    return _pose(pair, best)


def _refined(lacking: Callable[[FloatArray], float], start: FloatArray) -> FloatArray:
    def scaled(p: FloatArray) -> float:
        return lacking(np.asarray(p * _STEPS))

    found = minimize(scaled, np.asarray(start / _STEPS), method="Powell", options={"maxiter": 3, "ftol": 1e-3})
    return np.asarray(found.x * _STEPS)


def _pose(pair: Pair, p: FloatArray) -> FloatArray:
    """Turned by p[3:] (degrees) about the middle of the brain, which came from p[:3] (mm) less."""
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_euler("xyz", p[3:], degrees=True).as_matrix()
    pose[:3, 3] = pair.middle + pose[:3, :3] @ (p[:3] - pair.middle)
    return pose


def _turned(pair: Pair, to_head: FloatArray, step: FloatArray) -> FloatArray:
    return np.asarray(_pose(pair, step) @ to_head)


def _steps(farther: tuple[float, float]) -> list[FloatArray]:
    """Six places and six turns away, by mm and degrees."""
    size = np.repeat(farther, 3)
    return [sign * size[axis] * np.eye(6)[axis] for axis in range(6) for sign in (-1.0, 1.0)]


def _information(first: FloatArray, second: FloatArray) -> float:
    joint = np.histogram2d(_binned(first), _binned(second), bins=_BINS, range=[[0, _BINS], [0, _BINS]])[0]
    joint /= joint.sum()
    alone = joint.sum(axis=1)[:, None] * joint.sum(axis=0)[None, :]
    held = joint > 0
    return float(np.sum(joint[held] * np.log2(joint[held] / alone[held])))


def _binned(values: FloatArray) -> FloatArray:
    low, high = np.percentile(values, (0.5, 99.5))
    return np.asarray(np.clip((values - low) / max(high - low, 1e-12) * _BINS, 0, _BINS - 1e-6))
