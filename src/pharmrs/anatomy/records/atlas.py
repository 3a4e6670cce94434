"""Where the structures of the brain, and the regions of its cortex, lie in MNI152."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pharmrs.core.records.arrays import FloatArray, read_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """Share of each structure in every element of a grid in MNI152: `shares` (names, i, j, k), 0 to 1.

    `affine`: 4x4, from index to MNI152 (mm). Left and right are told by the side of the place.
    """

    names: tuple[str, ...]
    shares: NDArray[np.float32]
    affine: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "shares", read_only(self.shares, np.float32))
        object.__setattr__(self, "affine", read_only(self.affine, np.float64))
        if len(self.names) != len(self.shares):
            raise ValueError(f"Atlas has {len(self.names)} names for {len(self.shares)} maps")

    @property
    def spacing_mm(self) -> FloatArray:
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    def share(self, name: str) -> NDArray[np.float32]:
        """The map of one structure."""
        return np.asarray(self.shares[self.names.index(name)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cortex:
    """The region of the cortex that is nearest: `labels` (i, j, k), 1 for the first of `names`, 0 far from all.

    `affine`: 4x4, from index to MNI152 (mm). Left and right are told by the side of the place.
    """

    names: tuple[str, ...]
    labels: NDArray[np.uint8]
    affine: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", read_only(self.labels, np.uint8))
        object.__setattr__(self, "affine", read_only(self.affine, np.float64))
