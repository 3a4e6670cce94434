"""`python scripts/make_atlas.py LABELS... --out FILE`: the atlas of structures from label maps in FreeSurfer's numbers.

Every head is drawn as a T1w image would show it, registered and warped to MNI152 as `pharmrs` does it with any head,
and its labels are counted at eight points of every element of the 2 mm grid. Leave a head out to measure on it.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy.ndimage import gaussian_filter

from pharmrs.anatomy.read.atlas import atlas_bytes
from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.records.images import Volume
from pharmrs.anatomy.science.grids import block_around, cropped
from pharmrs.anatomy.science.mixture import Classes
from pharmrs.anatomy.science.registration import register
from pharmrs.anatomy.science.warp import field_to_head
from pharmrs.core.workers.threads import limit_threads

GROUPS: dict[str, tuple[int, ...]] = {
    "cerebral cortex": (3, 42),
    "cerebral white matter": (2, 41, 25, 57, 85, 77, 78, 79, 251, 252, 253, 254, 255),
    "CSF": (24, 257),
    "ventricles": (4, 43, 5, 44, 14, 15, 72, 30, 62, 31, 63, 136, 137, 163, 164),
    "thalamus": (10, 49),
    "caudate": (11, 50),
    "putamen": (12, 51),
    "pallidum": (13, 52),
    "hippocampus": (17, 53),
    "amygdala": (18, 54),
    "accumbens": (26, 58),
    "ventral diencephalon": (28, 60),
    "brain stem": (16,),
    "cerebellar cortex": (8, 47),
    "cerebellar white matter": (7, 46),
}
_FLUID, _GRAY, _WHITE = 0.26, 0.66, 1.0  # brightness of the drawn head
_BRIGHT = {"thalamus": 0.53, "putamen": 0.44, "pallidum": 0.88, "caudate": 0.05}  # from grey to white matter
_POINTS = (-0.25, 0.25)


def counts(path: Path) -> np.ndarray:
    """How many of eight points of every element of the template are of each group, (groups, i, j, k)."""
    image = nib.as_closest_canonical(nib.load(path))
    table = np.full(60_000, 255, dtype=np.uint8)
    for number, labels in enumerate(GROUPS.values()):
        table[list(labels)] = number
    whole = table[np.asarray(image.dataobj).astype(np.int64)]
    drawn = np.zeros(whole.shape, dtype=np.float32)
    for number, name in enumerate(GROUPS):
        base = _FLUID if name in ("CSF", "ventricles") else _GRAY
        white = "white" in name or name in ("ventral diencephalon", "brain stem")
        drawn[whole == number] = _WHITE if white else base + _BRIGHT.get(name, 0.0) * (_WHITE - _GRAY)
    block = block_around(whole < 255, 12)
    volume = Volume(data=gaussian_filter(drawn, 0.6), affine=image.affine, source="")
    head, labels = cropped(volume, block), whole[block]
    template = mni152()
    affine = register(head, template)
    tissues = Classes(means=np.array([_FLUID, _GRAY, _WHITE]), sds=np.full(3, 0.02))
    field = field_to_head(head, labels < 255, tissues, template, affine)
    shape = template.t1.data.shape
    chain = np.linalg.inv(head.affine) @ affine.to_head @ template.t1.affine
    index = np.stack(np.meshgrid(*[np.arange(size, dtype=np.float32) for size in shape], indexing="ij")) + field
    found = np.zeros((len(GROUPS), *shape), dtype=np.uint8)
    for point in itertools.product(_POINTS, repeat=3):
        place = (
            np.tensordot(chain[:3, :3], index + np.array(point)[:, None, None, None], 1)
            + chain[:3, 3, None, None, None]
        )
        nearest = [
            np.clip(np.rint(one).astype(int), 0, size - 1) for one, size in zip(place, labels.shape, strict=True)
        ]
        here = labels[tuple(nearest)]
        for number in range(len(GROUPS)):
            found[number] += here == number
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labels", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    limit_threads()
    heads = [counts(path) for path in arguments.labels]
    total = np.sum(heads, axis=0, dtype=np.uint16)
    arguments.out.write_bytes(atlas_bytes(tuple(GROUPS), total, 8 * len(heads), mni152().t1.affine))


if __name__ == "__main__":
    main()
