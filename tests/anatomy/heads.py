"""A head of known tissues on a coarse grid: hard labels from nilearn's MNI152 maps, a skull and a scalp around them.

The template's own maps have no pure elements and cannot serve as truth; its labels can. One image takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.records.images import TissueMaps, Volume, VoxelBox
from pharmrs.anatomy.science.grids import resampled

# place of the pregenual anterior cingulate in MNI152
TARGET_MM = np.array([0.0, 42.0, 6.0])


@dataclass(frozen=True, kw_only=True)
class MadeHead:
    """An image, its true maps, and the way from MNI152 to it (4x4)."""

    image: Volume
    truth: TissueMaps
    to_head: NDArray[np.float64]

    def box(
        self, angles: tuple[float, float, float] = (20.0, -10.0, 15.0), off_mm: NDArray[np.float64] | None = None
    ) -> VoxelBox:
        """20 x 15 x 10 mm at the target."""
        place = TARGET_MM + (np.zeros(3) if off_mm is None else off_mm)
        affine = np.eye(4)
        affine[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * [20.0, 15.0, 10.0]
        affine[:3, 3] = self.to_head[:3, :3] @ place + self.to_head[:3, 3]
        return VoxelBox(affine=affine)


def make_head(
    *,
    seed: int = 1,
    means: tuple[float, float, float] = (260.0, 660.0, 1000.0),
    noise: float = 15.0,
    bias: float = 0.3,
    skull: bool = True,
) -> MadeHead:
    """`means`: CSF, grey matter, white matter; `bias`: peak to peak, in logarithm."""
    rng = np.random.default_rng(seed)
    template = mni152()
    brain = template.brain
    white = brain & (template.white_matter > np.maximum(template.gray_matter, 0.4))
    gray = brain & ~white & (template.gray_matter > 0.4)
    labels = [gray, white, brain & ~gray & ~white]
    depth = ndimage.distance_transform_edt(~brain, sampling=2.0)
    scalp = (depth > 6) & (depth < 12)
    maps = [ndimage.gaussian_filter(one.astype(np.float32), 0.45) for one in labels]
    picture = means[1] * maps[0] + means[2] * maps[1] + means[0] * maps[2]
    if skull:
        picture += 750.0 * ndimage.gaussian_filter(scalp.astype(np.float32), 0.45)
    turn = Rotation.from_euler("xyz", rng.uniform(-8, 8, 3), degrees=True).as_matrix() * rng.uniform(0.95, 1.05, 3)
    to_head = np.eye(4)
    to_head[:3, :3], to_head[:3, 3] = turn, rng.uniform(-10, 10, 3)
    shape = (96, 112, 96)
    grid = np.eye(4)
    grid[:3, :3] = 2.0 * Rotation.from_euler("xyz", rng.uniform(-10, 10, 3), degrees=True).as_matrix()
    middle = to_head[:3, :3] @ np.array([0.0, -18.0, 10.0]) + to_head[:3, 3]
    grid[:3, 3] = middle - grid[:3, :3] @ (np.array(shape) - 1) / 2
    back = np.linalg.inv(to_head)

    def here(data: NDArray[np.float32]) -> NDArray[np.float32]:
        return resampled(Volume(data=data, affine=template.t1.affine, source=""), shape, grid, back)

    field = ndimage.zoom(rng.standard_normal((4, 4, 4)), np.array(shape) / 4, order=3)
    field = np.exp(0.5 * bias * field / np.abs(field).max())
    image = np.hypot(here(picture) * field + noise * rng.standard_normal(shape), noise * rng.standard_normal(shape))
    first, second, third = (here(one) for one in maps)
    return MadeHead(
        image=Volume(data=image.astype(np.float32), affine=grid, source="made"),
        truth=TissueMaps(gray_matter=first, white_matter=second, csf=third, affine=grid, source="made", method="truth"),
        to_head=to_head,
    )
