"""`python -m benchmarks.anatomy_surfaces S1`: fractions of a real head against the cortical surfaces of FreeSurfer.

S1: folder of the example subject that the source package of pycortex brings (BSD 2-clause; none of it is copied into
this project):

    pip download --no-deps pycortex==1.4.0   # then unpack; S1 is in pycortex-1.4.0/filestore/db

Grey matter is what lies between the white and the pial surface, white matter what lies inside the white one, the rest
CSF; boxes of 20 x 15 x 10 mm, ten at each of seven places of the cortex, away from the deep nuclei that the surfaces
do not tell apart.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np

from benchmarks.anatomy_heads import fractions, mean_maps
from benchmarks.anatomy_robustness import boxes_around
from benchmarks.tables import print_rows
from pharmrs.anatomy.read.atlas import structures
from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.read.volumes import read_volume
from pharmrs.anatomy.records.images import TissueMaps
from pharmrs.anatomy.science.segmentation import segment
from pharmrs.core.workers.threads import limit_threads

PLACES_MNI_MM = {
    "pregenual cingulate": (0, 44, 6),
    "posterior cingulate": (0, -52, 26),
    "left dorsolateral prefrontal": (-38, 36, 26),
    "right dorsolateral prefrontal": (38, 36, 26),
    "occipital": (0, -82, 6),
    "left sensorimotor": (-38, -22, 54),
    "right temporal": (52, -30, 0),
}
_LINES = 4  # in an element, along both axes across the lines


def enclosed(surfaces: Sequence[Path], affine: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Share of every element inside the closed surfaces, by lines along the first axis: exact along them.

    A line enters and leaves a surface by triangles of opposite orientation: the signed parts behind all crossings add
    up to the part inside.
    """
    steps = np.zeros(int(np.prod(shape)) + 1)
    for path in surfaces:
        image = nib.load(path)
        to_index = np.linalg.inv(affine)
        corners = image.darrays[0].data.astype(float) @ to_index[:3, :3].T + to_index[:3, 3]
        places, line, sign = _crossings(corners[image.darrays[1].data])
        first = np.floor(places + 0.5).astype(int)
        behind = places + 0.5 - first  # part of the element before the crossing
        for offset, part in ((0, 1.0 - behind), (1, behind)):
            index = np.ravel_multi_index((first + offset, *(line // _LINES).T), shape)
            np.add.at(steps, index, sign * part / _LINES**2)
    inside = np.cumsum(steps[:-1].reshape(shape), axis=0)
    largest = inside.flat[np.argmax(np.abs(inside))]
    return np.asarray(np.clip(inside * np.sign(largest), 0.0, 1.0), dtype=np.float32)


def _crossings(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where lines along the first axis cross the triangles (n, 3, 3): place along the line, the line, orientation."""
    flat = (triangles[:, :, 1:] + 0.5) * _LINES - 0.5
    low, high = np.ceil(flat.min(axis=1)).astype(int), np.floor(flat.max(axis=1)).astype(int)
    count = np.maximum(high - low + 1, 0)
    total = count.prod(axis=1)
    which = np.repeat(np.arange(len(triangles)), total)
    number = np.arange(total.sum()) - np.repeat(np.cumsum(total) - total, total)
    line = low[which] + np.stack([number // count[which, 1], number % count[which, 1]], axis=1)
    corner = flat[which, 0]
    one, two = flat[which, 1] - corner, flat[which, 2] - corner
    to = line + 1e-7 - corner  # no line hits an edge
    area = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        u = (to[:, 0] * two[:, 1] - to[:, 1] * two[:, 0]) / area
        v = (one[:, 0] * to[:, 1] - one[:, 1] * to[:, 0]) / area
    hit = (u >= 0) & (v >= 0) & (u + v < 1) & (area != 0)
    a, b, c = (triangles[which[hit], corner, 0] for corner in range(3))
    return a + u[hit] * (b - a) + v[hit] * (c - a), line[hit], np.sign(area[hit])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.anatomy_surfaces", description=__doc__)
    parser.add_argument("subject", type=Path, help="the folder S1")
    folder = parser.parse_args().subject
    limit_threads()
    image = read_volume(folder / "anatomicals" / "raw.nii.gz")
    shape = (image.data.shape[0], image.data.shape[1], image.data.shape[2])
    pial, white = (
        enclosed([folder / "surfaces" / f"{kind}_{side}.gii" for side in ("lh", "rh")], image.affine, shape)
        for kind in ("pia", "wm")
    )
    pial = np.maximum(pial, white)
    surfaces = TissueMaps(
        gray_matter=pial - white, white_matter=white, csf=1.0 - pial, affine=image.affine, source="", method=""
    )
    found = segment(image, mni152(), structures())
    maps, _ = mean_maps(found, image)
    brain = np.sum(maps.maps, axis=0) > 0.5
    rows, errors = [], []
    for name, place in PLACES_MNI_MM.items():
        to_head = found.affine.to_head
        boxes = boxes_around(to_head[:3, :3] @ np.array(place) + to_head[:3, 3], count=10)
        theirs, own = fractions(surfaces, boxes)[0], fractions(maps, boxes)[0]
        errors.append(own - theirs)
        rows.append([name, *(f"{a:.3f} / {b:.3f}" for a, b in zip(own.mean(axis=0), theirs.mean(axis=0), strict=True))])
    mean = np.abs(np.concatenate(errors)).mean(axis=0)
    rows.append(["mean difference of a box", *(f"{value:.3f}" for value in mean)])
    print_rows("Fractions here / by the surfaces of FreeSurfer", ["place", "GM", "WM", "CSF"], rows)
    kept = float(pial[brain].sum() / pial.sum())
    print(f"similarity {found.affine.similarity:.2f}, white to grey {found.affine.white_to_gray:.2f}, ", end="")
    print(f"{100 * kept:.2f} % of what the pial surfaces enclose is in the brain mask")
    return 0


if __name__ == "__main__":
    sys.exit(main())
