"""The MNI152 template that nilearn ships (ICBM 2009a, Fonov 2011, 10.1016/j.neuroimage.2010.07.033): no download."""

from __future__ import annotations

from functools import cache

import numpy as np

from pharmrs.anatomy.records.images import Template, Volume

TEMPLATE_NAME = "MNI152NLin2009aSym"  # as BIDS names it


@cache
def mni152() -> Template:
    """T1w image, brain, grey and white matter of MNI152 at 2 mm."""
    from nilearn.datasets import (
        load_mni152_brain_mask,
        load_mni152_gm_template,
        load_mni152_template,
        load_mni152_wm_template,
    )

    image = load_mni152_template(resolution=2)
    data = np.asarray(image.dataobj, dtype=np.float32)
    others = [
        np.asarray(load(resolution=2).dataobj, dtype=np.float32)
        for load in (load_mni152_brain_mask, load_mni152_gm_template, load_mni152_wm_template)
    ]
    brain, gray, white = others
    return Template(
        t1=Volume(data=data, affine=np.asarray(image.affine, dtype=np.float64), source="MNI152"),
        brain=brain > 0,
        gray_matter=gray,
        white_matter=white,
    )
