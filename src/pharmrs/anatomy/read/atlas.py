"""The atlas that comes with pharmrs: fifteen structures in MNI152, made by `scripts/make_atlas.py`.

Six label maps of real people (SynthSeg's training maps, Billot 2023, 10.1016/j.media.2023.102789; Apache-2.0) were
brought to MNI152 by the same registration and warp that brings the atlas to a head. The regions of the cortex beside it
are those of Desikan and Killiany (10.1016/j.neuroimage.2006.01.021), see `cortex_mni152.txt`.
"""

from __future__ import annotations

import io
from functools import cache
from importlib.resources import files

import numpy as np

from pharmrs.anatomy.records.atlas import Atlas, Cortex

ATLAS_FILE = "structures_mni152.npz"


@cache
def structures() -> Atlas:
    """Shares of the structures on the 2 mm grid of MNI152 that nilearn ships."""
    return parse_atlas((files("pharmrs.anatomy.read") / ATLAS_FILE).read_bytes())


@cache
def cortex() -> Cortex:
    """Regions of the cortex on the same grid, made by `scripts/make_cortex.py`."""
    content = (files("pharmrs.anatomy.read") / "cortex_mni152.npz").read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as held:
        return Cortex(names=tuple(str(name) for name in held["names"]), labels=held["labels"], affine=held["affine"])


def parse_atlas(content: bytes) -> Atlas:
    """`counts` (names, i, j, k) of `most`, `names`, `affine`."""
    with np.load(io.BytesIO(content), allow_pickle=False) as held:
        shares = held["counts"].astype(np.float32) / float(held["most"])
        names = tuple(str(name) for name in held["names"])
        return Atlas(names=names, shares=shares, affine=held["affine"])


def atlas_bytes(names: tuple[str, ...], counts: np.ndarray, most: int, affine: np.ndarray) -> bytes:
    """The same as a file."""
    stream = io.BytesIO()
    np.savez_compressed(
        stream, counts=counts.astype(np.uint8), names=np.array(names), most=np.array(most), affine=affine
    )
    return stream.getvalue()
