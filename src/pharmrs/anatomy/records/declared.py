"""`anatomy:` in `study.yaml`: how the tissues of each voxel are found."""

from __future__ import annotations

from typing import Literal

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
    displacement: Displacement | None = key("evaluate the displaced box of one signal", default=None)
