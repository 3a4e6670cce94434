"""What the MRSinMRS checklist asks for and no header or computation can tell, as `study.yaml` declares it."""

from __future__ import annotations

from pharmrs.core.records.declaration import declaration, key


@declaration
class Reporting:
    """Texts for the checklist of minimum reporting standards; a text given here stands before that of the headers."""

    region: str | None = key("where the voxel lies, and how it was placed", default=None, min_length=1)
    model: str | None = key("model of the scanner", default=None, min_length=1)
    software: str | None = key("software version of the scanner", default=None, min_length=1)
    transmit_coil: str | None = key("transmit coil: nucleus, channels, body part", default=None, min_length=1)
    receive_coil: str | None = key("receive coil: nucleus, channels, body part", default=None, min_length=1)
    additional_hardware: str | None = key("e.g. dielectric pads; 'none' if none", default=None, min_length=1)
    water_suppression: str | None = key("method of water suppression", default=None, min_length=1)
    shimming: str | None = key("shim method, and what counted as acceptable", default=None, min_length=1)
    motion_correction: str | None = key("triggering or motion correction; 'none'", default=None, min_length=1)
