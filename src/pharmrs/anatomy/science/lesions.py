"""What looks like a lesion in a T1w image: grey matter or fluid in the middle of white matter.

White-matter hyperintensities of T2w images are as dark as grey matter in T1w ones, infarcts and resections as fluid.
The atlas, warped to the head, knows where nothing but white matter lies, and, for what is grey, where nothing but white
matter and the ventricles that it surrounds; the ventricles are what people of different ages differ in most. Only what
hangs together counts: healthy heads have specks there. Lesions of the cortex, and small ones near grey matter, stay
unseen, and so does what was cut out at the surface, where the brain simply ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, label

from pharmrs.anatomy.records.atlas import Atlas
from pharmrs.anatomy.records.images import ImageArray, TissueMaps
from pharmrs.anatomy.science.grids import affine_values, inverse
from pharmrs.anatomy.science.mixture import Mask
from pharmrs.anatomy.science.warp import Field, carried
from pharmrs.core.records.arrays import FloatArray

_WHITE = ("cerebral white matter",)
_BESIDE = ("ventricles",)
_BLUR_MM = 1.5  # of the atlas: people differ by that after the warp
_SURE, _MOSTLY = 0.96, 0.5
_LEAST_ML = 0.1  # of what hangs together


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesions:
    """1 where an element looks like a lesion, as bright as grey matter or as dark as fluid; on the grid of the maps.

    `share`: of all places where it would be seen; most of them in an image of another contrast, or in swapped maps.
    """

    gray: ImageArray
    fluid: ImageArray
    volume_ml: float
    share: float


def suspected(maps: TissueMaps, atlas: Atlas, to_template: FloatArray, back: Field) -> Lesions:
    """What looks like a lesion. `to_template`: 4x4 to MNI152; `back`: the warp that follows it."""
    shares = [np.sum([atlas.share(name) for name in names], axis=0) for names in (_WHITE, _WHITE + _BESIDE)]
    wide = np.stack([gaussian_filter(one, _BLUR_MM / atlas.spacing_mm) for one in shares]).astype(np.float32)
    chain = inverse(atlas.affine) @ to_template @ maps.affine
    white, inner = (affine_values(one, chain, maps.shape) for one in carried(wide, back))
    zone = (inner > _SURE) & (white > _MOSTLY)
    gray = zone & (maps.gray_matter > 0.5)
    fluid = (white > _SURE) & (maps.csf > 0.5)
    element_ml = float(abs(np.linalg.det(maps.affine[:3, :3]))) / 1e3
    kept = _together(gray | fluid, element_ml)
    return Lesions(
        gray=np.asarray(gray & kept, dtype=np.float32),
        fluid=np.asarray(fluid & kept, dtype=np.float32),
        volume_ml=float(np.count_nonzero(kept)) * element_ml,
        share=float(np.count_nonzero(kept)) / max(int(np.count_nonzero(zone)), 1),
    )


def _together(found: Mask, element_ml: float) -> Mask:
    numbers, _ = label(found)
    sizes = np.bincount(numbers.ravel()) * element_ml
    sizes[0] = 0.0
    return np.asarray(sizes[numbers] >= _LEAST_ML)
