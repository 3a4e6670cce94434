"""Images of the head, maps of its tissues, the box of a spectrum in them, and what is found in the box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pharmrs.core.records.arrays import FloatArray, read_only
from pharmrs.core.records.tissue import TissueFractions

ImageArray = NDArray[np.float32]
TISSUES = ("gray_matter", "white_matter", "csf")


@dataclass(frozen=True, slots=True, kw_only=True)
class VoxelBox:
    """The cuboid a spectrum comes from.

    `affine`: 4x4, mm, as in NIfTI-MRS: columns are the edges, the last column the centre; right, anterior and superior
    are positive. The box is symmetric, so neither the order nor the signs of its axes matter.
    """

    affine: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "affine", read_only(self.affine, np.float64))
        if self.affine.shape != (4, 4):
            raise ValueError(f"VoxelBox.affine must be (4, 4), got shape {self.affine.shape}")

    @property
    def edges_mm(self) -> FloatArray:
        """Length of each edge, shape (3,)."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    @property
    def centre_mm(self) -> FloatArray:
        """Centre in the world of the scanner, shape (3,)."""
        return np.asarray(self.affine[:3, 3])

    @property
    def volume_ml(self) -> float:
        return float(abs(np.linalg.det(self.affine[:3, :3])) / 1e3)

    def points(self, shares: FloatArray) -> FloatArray:
        """World coordinates of points given in shares of the edges from the centre (-0.5 to 0.5), both (n, 3)."""
        return np.asarray(shares @ self.affine[:3, :3].T + self.centre_mm)

    def moved(self, by_mm: FloatArray) -> VoxelBox:
        """The same box elsewhere; `by_mm` in the world, shape (3,)."""
        affine = self.affine.copy()
        affine[:3, 3] += by_mm
        return VoxelBox(affine=affine)

    def carried(self, matrix: FloatArray) -> VoxelBox:
        """The box in another world, to which `matrix` (4x4) leads; an affine one makes it a parallelepiped."""
        return VoxelBox(affine=matrix @ self.affine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A three-dimensional image: `data` (i, j, k) and `affine` from index to world (mm, RAS+)."""

    data: ImageArray
    affine: FloatArray
    source: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", read_only(self.data, np.float32))
        object.__setattr__(self, "affine", read_only(self.affine, np.float64))
        if self.data.ndim != 3:
            raise ValueError(f"Volume.data must be three-dimensional, got shape {self.data.shape}")

    @property
    def spacing_mm(self) -> FloatArray:
        """Distance of neighbouring elements along each axis, shape (3,)."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    def carried(self, matrix: FloatArray) -> Volume:
        """The same image in another world, to which `matrix` (4x4) leads."""
        return Volume(data=self.data, affine=matrix @ self.affine, source=self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class TissueMaps:
    """Share of grey matter, white matter and CSF in every element of one grid; the sum is 1 in the brain, 0 outside.

    `source`: the files they come from, for people. `method`: how they were made, in a word (`probseg`, `segmented`).
    """

    gray_matter: ImageArray
    white_matter: ImageArray
    csf: ImageArray
    affine: FloatArray
    source: str
    method: str

    def __post_init__(self) -> None:
        for name in TISSUES:
            object.__setattr__(self, name, read_only(getattr(self, name), np.float32))
        object.__setattr__(self, "affine", read_only(self.affine, np.float64))
        if len({self.gray_matter.shape, self.white_matter.shape, self.csf.shape}) > 1:
            raise ValueError("the maps of the three tissues must have one shape")

    @property
    def maps(self) -> tuple[ImageArray, ImageArray, ImageArray]:
        """Grey matter, white matter, CSF."""
        return self.gray_matter, self.white_matter, self.csf

    @property
    def shape(self) -> tuple[int, int, int]:
        first, second, third = self.gray_matter.shape
        return first, second, third


@dataclass(frozen=True, slots=True, kw_only=True)
class VoxelTissue:
    """What the box of one scan holds, and where it is.

    `inside_image`, `inside_brain`: shares of the box (0-1). `centre_mm`: in the world of the scanner; `mni_centre_mm`:
    in MNI152 space, NaN where the image was not normalised. `moved_mm`: chemical-shift displacement of the box that
    was evaluated, from the nominal one. `source`, `method`: as in `TissueMaps`. `movement`: how the visit's space lies
    to that of the image, None where both are of one visit. `regions`: structures of the atlas and their shares of the
    nominal box, the largest first. `lesion`: share that looks like a lesion, None where the head was not warped to
    MNI152.
    """

    scan: str
    subject: str
    session: str
    fractions: TissueFractions
    inside_image: float
    inside_brain: float
    centre_mm: tuple[float, float, float]
    mni_centre_mm: tuple[float, float, float]
    moved_mm: float
    source: str
    method: str
    movement: Movement | None = None
    regions: tuple[tuple[str, float], ...] = ()
    lesion: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnatomyFiles:
    """The images that tell the tissues of some scans, paths as text; empty text: not there.

    Either `t1` alone, to be segmented, or maps of the three tissues, or an image of `labels` (FreeSurfer's numbers or a
    table beside it); with a `t1` in their space where there is one.
    `session`: that of the images, empty where they are of the participant as a whole.
    """

    subject: str
    session: str
    t1: str = ""
    gray_matter: str = ""
    white_matter: str = ""
    csf: str = ""
    labels: str = ""

    @property
    def maps(self) -> tuple[str, ...]:
        """Grey matter, white matter, CSF; empty where there are none."""
        return (self.gray_matter, self.white_matter, self.csf) if self.gray_matter else ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file that is there."""
        return tuple(path for path in (self.t1, *self.maps, self.labels) if path)

    @property
    def tissues(self) -> str:
        """The file that stands for where the tissues come from."""
        return self.gray_matter or self.labels or self.t1


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFiles:
    """What tells how the head lay in the visit of a scan, when the images that tell its tissues are of another one.

    `image`: any image of the head in the visit's scanner space; `transform`: fMRIPrep's ITK file that says how that
    image lies to the maps. Empty text: not there.
    """

    session: str
    image: str = ""
    transform: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(path for path in (self.image, self.transform) if path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """How a visit's scanner space lies to the head of the maps.

    `to_head`: 4x4, from the visit's world to that of the head (mm, RAS+), rigid. `error_mm`: SD along each axis, at the
    brain. `information`: mutual information (bits) of both images at that pose; `elsewhere`: the most of twelve other
    poses; `overlap`: share of the head's brain inside the image of the visit; NaN where no image was looked at.
    `how`: where the pose comes from, in words.
    """

    to_head: FloatArray
    error_mm: float
    information: float
    elsewhere: float
    overlap: float
    how: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "to_head", read_only(self.to_head, np.float64))

    def moved_mm(self, at_mm: FloatArray) -> float:
        """How far the movement takes a place of the visit's world."""
        return float(np.linalg.norm(self.to_head[:3, :3] @ at_mm + self.to_head[:3, 3] - at_mm))

    @property
    def turned_deg(self) -> float:
        """Angle of the rotation."""
        cosine = 0.5 * (np.trace(self.to_head[:3, :3]) - 1.0)
        return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneCut:
    """One plane of the world through the centre of a box, for a picture.

    `axis`: world axis across the plane (0 sagittal, 1 coronal, 2 axial). `image` (rows from inferior or posterior up,
    columns from left or posterior on) and `tissue` (3, rows, columns): one element per mm; `extent_mm`: world
    coordinates of the edges (left, right, bottom, top). `outline`: corners of the box in the plane, (n, 2).
    """

    axis: int
    image: ImageArray
    tissue: ImageArray
    extent_mm: tuple[float, float, float, float]
    outline: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "image", read_only(self.image, np.float32))
        object.__setattr__(self, "tissue", read_only(self.tissue, np.float32))
        object.__setattr__(self, "outline", read_only(self.outline, np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """MNI152: the T1w image without skull, where its brain is, and its mean grey and white matter, all on one grid."""

    t1: Volume
    brain: NDArray[np.bool_]
    gray_matter: ImageArray
    white_matter: ImageArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "brain", read_only(self.brain, np.bool_))
        object.__setattr__(self, "gray_matter", read_only(self.gray_matter, np.float32))
        object.__setattr__(self, "white_matter", read_only(self.white_matter, np.float32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """How the box of one scan lies among those of the study, in MNI152 space.

    `dice_group`: with the mean of all boxes; `dice_first`: with the participant's first box, NaN for
    the first itself; `distance_mm`: of its centre to the mean centre.
    """

    dice_group: float
    dice_first: float
    distance_mm: float
