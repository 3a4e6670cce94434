"""`anatomy:` in `study.yaml`: how the tissues of each voxel are found."""

from __future__ import annotations

from typing import Literal

from pharmrs.anatomy.records.places import Place, place_named
from pharmrs.core.records.declaration import Positive, declaration, key

Direction = Literal[-1, 1]


@declaration
class Displacement:
    """Chemical-shift displacement: the box of a signal off the carrier is moved along each selective gradient."""

    bandwidth_hz: tuple[Positive, Positive, Positive] = key(
        "bandwidth of the slice-selective pulse along each edge of the voxel, in the order of its affine"
    )
    signal_ppm: float = key("chemical shift of the signal whose box is wanted, e.g. 2.35 for Glu")
    carrier_ppm: float = key("chemical shift the pulses were centred on, e.g. 2.7")
    direction: tuple[Direction, Direction, Direction] = key(
        "sign of each gradient: 1 moves signals above the carrier towards + of that edge", default=(1, 1, 1)
    )


@declaration
class Anatomy:
    """Where tissue fractions come from, and what is known of their error."""

    source: Literal["auto", "probseg", "t1"] = key(
        "probseg: maps of a derivative; t1: segment the T1w image; auto: maps where there are some", default="auto"
    )
    derivative: str | None = key("folder below derivatives/ whose maps are used, e.g. fmriprep", default=None)
    t1: str | None = key("entity in the name of the T1w image to use, e.g. acq-mprage or ses-1", default=None)
    normalise: bool = key("register the T1w image to MNI152: centre and overlap of the voxels", default=True)
    position_sd_mm: float = key(
        "SD of the voxel's place in the image along each axis: motion between the scans", default=1.0, ge=0, le=20
    )
    other_visit_sd_mm: float | None = key(
        "SD along each axis of where the head lay, for scans of a visit without any image of the head, whose tissues "
        "come from another visit; 0: all visits were brought into one space before; without it such scans get no "
        "fractions",
        default=None,
        ge=0,
        le=60,
    )
    segmentation_sd: float = key(
        "SD of WM and of CSF by the segmentation, for maps of a derivative", default=0.015, ge=0, le=0.5
    )
    expected: str | tuple[float, float, float] | None = key(
        "where the voxels should lie: a place by name (pgACC, left DLPFC, PCC, ...) or a point in MNI152 (mm); "
        "a voxel elsewhere is reported",
        default=None,
    )
    expected_within_mm: float = key(
        "how far from there the centre of a voxel may lie in MNI152", default=20.0, gt=0, le=100
    )
    displacement: Displacement | None = key("evaluate the displaced box of one signal", default=None)

    def __post_init__(self) -> None:
        _ = self.place  # raises ValueError for an unknown name

    @property
    def place(self) -> Place | None:
        """Where the voxels should lie."""
        if self.expected is None:
            return None
        if isinstance(self.expected, str):
            return place_named(self.expected, self.expected_within_mm)
        x, y, z = self.expected
        shown = f"{x:g}, {y:g}, {z:g} mm"
        return Place(name=shown, points_mm=((x, y, z),), tolerance_mm=self.expected_within_mm)
