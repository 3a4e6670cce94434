"""The slow variation of brightness that coils leave (N4, Tustison 2010, 10.1109/TMI.2010.2046908, by ANTs)."""

from __future__ import annotations

import numpy as np

from pharmrs.anatomy.grids import averaged, padded, resampled
from pharmrs.anatomy.registration import to_ants
from pharmrs.records.anatomy import ImageArray, Volume

_GRID_MM = 2.0
_SHRINK = 3
_SPLINE_MM = 200.0  # spacing of the first of four levels; the last has an eighth of it
_ITERATIONS = (40, 40, 40, 30)


def without_bias(image: Volume, inside: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Volume:
    """`image` divided by its bias field, which is estimated `inside` (same grid) on averages over 2 mm."""
    import ants

    coarse = averaged(image, _GRID_MM)
    mask = averaged(Volume(data=inside.astype(np.float32), affine=image.affine, source=""), _GRID_MM)
    field = ants.n4_bias_field_correction(
        to_ants(coarse),
        mask=to_ants(Volume(data=(mask.data > 0.5).astype(np.float32), affine=mask.affine, source="")),
        shrink_factor=_SHRINK,
        spline_param=_SPLINE_MM,
        convergence={"iters": list(_ITERATIONS), "tol": 1e-7},
        return_bias_field=True,
    ).numpy()
    logarithm = np.log(np.maximum(field, 1e-3)).astype(np.float32)
    smooth = Volume(data=np.pad(logarithm, 2, mode="edge"), affine=padded(coarse.affine, 2), source="")
    return Volume(
        data=_divided(image.data, resampled(smooth, image.data.shape, image.affine)),
        affine=image.affine,
        source=image.source,
    )


def _divided(data: ImageArray, logarithm: ImageArray) -> ImageArray:
    return np.asarray(data * np.exp(-logarithm), dtype=np.float32)
