"""The slow variation of brightness that coils leave (N4, Tustison 2010, 10.1109/TMI.2010.2046908, by ANTs).

N4's splines begin at the edges of the grid that it gets. On the grid of the image the same head came out otherwise when
it was stored or turned otherwise (white matter of a box by 0.03). On the grid around the registered template's brain it
does not; there one span of splines holds the whole brain at the first level. (On the template's whole grid, with two
spans that meet in the middle, the fields of heads of known tissues were worse: fluid in the box by 0.02.)
"""

from __future__ import annotations

import numpy as np

from pharmrs.anatomy.records.images import ImageArray, Template, Volume
from pharmrs.anatomy.science.grids import averaged, block_around, cropped, padded, resampled
from pharmrs.anatomy.science.registration import AffineToTemplate, to_ants

_GRID_MM = 2.0  # that of the template
_SHRINK = 3
_SPLINE_MM = 200.0  # spacing of the first of four levels; the last has an eighth of it
_ITERATIONS = (40, 40, 40, 30)
_MARGIN = 4  # elements around the template's brain
_BEYOND = 20  # elements in which the field goes on as at its edge


def without_bias(image: Volume, template: Template, affine: AffineToTemplate) -> Volume:
    """`image` divided by its bias field, which is estimated inside the registered template's brain on its grid."""
    import ants

    brain = _around_the_brain(template)
    place = brain.affine
    data = resampled(averaged(image, _GRID_MM), brain.data.shape, place, affine.to_head)
    inside = Volume(data=brain.data * (data > 0), affine=place, source="")
    field = ants.n4_bias_field_correction(
        to_ants(Volume(data=data, affine=place, source="")),
        mask=to_ants(inside),
        shrink_factor=_SHRINK,
        spline_param=_SPLINE_MM,
        convergence={"iters": list(_ITERATIONS), "tol": 1e-7},
        return_bias_field=True,
    ).numpy()
    logarithm = np.log(np.maximum(field, 1e-3)).astype(np.float32)
    smooth = Volume(data=np.pad(logarithm, _BEYOND, mode="edge"), affine=padded(place, _BEYOND), source="")
    return Volume(
        data=_divided(image.data, resampled(smooth, image.data.shape, image.affine, affine.to_template)),
        affine=image.affine,
        source=image.source,
    )


def _around_the_brain(template: Template) -> Volume:
    """The template's brain (1 inside) on the part of its grid around it."""
    brain = np.pad(template.brain.astype(np.float32), _MARGIN)  # it touches the edge of the template's grid
    whole = Volume(data=brain, affine=padded(template.t1.affine, _MARGIN), source="")
    return cropped(whole, block_around(brain > 0, _MARGIN))


def _divided(data: ImageArray, logarithm: ImageArray) -> ImageArray:
    return np.asarray(data * np.exp(-logarithm), dtype=np.float32)
