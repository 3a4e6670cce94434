"""What the MRSinMRS checklist asks for and no header or computation can tell, as `study.yaml` declares it."""

from __future__ import annotations

from pydantic import Field

from pharmrs.core.records.declaration import Declaration


class Reporting(Declaration):
    """Texts for the checklist of minimum reporting standards; a text given here stands before that of the headers."""

    region: str | None = Field(None, min_length=1, description="where the voxel lies, and how it was placed")
    model: str | None = Field(None, min_length=1, description="model of the scanner")
    software: str | None = Field(None, min_length=1, description="software version of the scanner")
    transmit_coil: str | None = Field(None, min_length=1, description="transmit coil: nucleus, channels, body part")
    receive_coil: str | None = Field(None, min_length=1, description="receive coil: nucleus, channels, body part")
    additional_hardware: str | None = Field(None, min_length=1, description="e.g. dielectric pads; 'none' if none")
    water_suppression: str | None = Field(None, min_length=1, description="method of water suppression")
    shimming: str | None = Field(None, min_length=1, description="shim method, and what counted as acceptable")
    motion_correction: str | None = Field(None, min_length=1, description="triggering or motion correction; 'none'")
