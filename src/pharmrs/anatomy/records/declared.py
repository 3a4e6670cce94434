"""`anatomy:` in `study.yaml`: how the tissues of each voxel are found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pharmrs.core.records.declaration import Declaration, Positive

Direction = Literal[-1, 1]


class Displacement(Declaration):
    """Chemical-shift displacement: the box of a signal off the carrier is moved along each selective gradient."""

    bandwidth_hz: tuple[Positive, Positive, Positive] = Field(
        description="bandwidth of the slice-selective pulse along each edge of the voxel, in the order of its affine"
    )
    signal_ppm: float = Field(description="chemical shift of the signal whose box is wanted, e.g. 2.35 for Glu")
    carrier_ppm: float = Field(description="chemical shift the pulses were centred on, e.g. 2.7")
    direction: tuple[Direction, Direction, Direction] = Field(
        (1, 1, 1), description="sign of each gradient: 1 moves signals above the carrier towards + of that edge"
    )


class Anatomy(Declaration):
    """Where tissue fractions come from, and what is known of their error."""

    source: Literal["auto", "probseg", "t1"] = Field(
        "auto", description="probseg: maps of a derivative; t1: segment the T1w image; auto: maps where there are some"
    )
    derivative: str | None = Field(None, description="folder below derivatives/ whose maps are used, e.g. fmriprep")
    t1: str | None = Field(None, description="entity in the name of the T1w image to use, e.g. acq-mprage or ses-1")
    normalise: bool = Field(True, description="register the T1w image to MNI152: centre and overlap of the voxels")
    position_sd_mm: float = Field(
        1.0, ge=0, le=20, description="SD of the voxel's place in the image along each axis: motion between the scans"
    )
    segmentation_sd: float = Field(
        0.015, ge=0, le=0.5, description="SD of WM and of CSF by the segmentation, for maps of a derivative"
    )
    displacement: Displacement | None = Field(None, description="evaluate the displaced box of one signal")
