"""What a vendor's file says of itself: maker, model, software release; for refusals that name what was found."""

from __future__ import annotations

import struct
from pathlib import Path

from pharmrs.core.read.problems import shorten

_DICOM = ("dicom", "philips_dcm", "uih")
_WAYS_OUT = {
    "dicom": "export the scan as RDA from the scanner, or convert it to NIfTI-MRS or jMRUI text with a tool that "
    "knows this release",
    "philips_dcm": "export the scan as SDAT/SPAR from the scanner (format philips)",
    "uih": "convert it to NIfTI-MRS by hand (format nifti)",
    "ge": "convert it to NIfTI-MRS, jMRUI text or LCModel .RAW with a tool that knows this revision (format nifti, "
    "jmrui, lcmodel)",
}
_GE_REVISIONS = (5.0, 40.0)


def release_of(kind: str, file: Path) -> str:
    """Maker, model and software of `file` as its header tells them; empty where it is no such file."""
    if kind in _DICOM:
        return _dicom(file)
    return _ge(file) if kind == "ge" else ""


def way_out(kind: str) -> str:
    """What helps where a release of the vendor cannot be read."""
    return _WAYS_OUT.get(kind, "")


def _dicom(file: Path) -> str:
    import pydicom
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        header = pydicom.dcmread(file, stop_before_pixels=True)
    except (
        InvalidDicomError,
        BytesLengthException,
        OSError,
        ValueError,
        KeyError,
        AttributeError,
        NotImplementedError,
    ):
        return ""
    told = []
    for name in ("Manufacturer", "ManufacturerModelName", "SoftwareVersions"):
        value = header.get(name)
        if value:
            told.append(", ".join(map(str, value)) if not isinstance(value, str) else value)
    return shorten(" ".join(told), 100)


def _ge(file: Path) -> str:
    with file.open("rb") as stream:
        first = stream.read(4)
    if len(first) < 4:
        return ""
    low, high = _GE_REVISIONS
    found = [value for code in ("<f", ">f") if low <= (value := struct.unpack(code, first)[0]) <= high]
    return f"GE P-file of revision {found[0]:.4g}" if found else ""
