"""DICOM spectra of releases that spec2nii 0.8 does not read: Siemens Numaris 4 VA, Philips enhanced DICOM 3.2.

Siemens VA: the CSA header (nibabel, `nicom.csareader`) has no NumberOfFrames and no Voi tags; the centre of the voxel
is that of its one pixel. ImagePositionPatient is the outer corner of that pixel: so also in VD, where VoiPosition tells
the centre beside it. Philips 3.2: one slab stands for the voxel, with three angles in place of its orientation; planes,
thicknesses and centre stand in the functional groups and in Philips' stack (2005,1085).
"""

from __future__ import annotations

import struct
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.records import Acquisition, Fids
from pharmrs.spectra.records.import_plan import ImportLine

if TYPE_CHECKING:
    import pydicom

_CSA_SPECTRUM = "1.3.12.2.1107.5.9.1"
_DATA, _STACK = (0x7FE1, 0x1010), (0x2005, 0x1085)
# what pydicom and nibabel raise for bytes that make no sense
_DAMAGED = (
    OSError, EOFError, ValueError, KeyError, IndexError, AttributeError, TypeError, AssertionError, NotImplementedError,
    OverflowError, struct.error,
)  # fmt: skip
# tags of the CSA header, and how many numbers each has
_WANTED = {
    "EchoTime": 1, "RepetitionTime": 1, "ImagingFrequency": 1, "RealDwellTime": 1, "Rows": 1, "Columns": 1,
    "PixelSpacing": 2, "SliceThickness": 1, "ImagePositionPatient": 3, "ImageOrientationPatient": 6,
}  # fmt: skip
_MAY_BE_ZERO = ("ImagePositionPatient", "ImageOrientationPatient")
_SAMPLES = (_DATA, (0x5600, 0x0020))
_AGAIN = "copy the file from the scanner again"
_UNDEFINED = 0xFFFFFFFF  # a length that DICOM leaves open
_SAMPLE_BYTES = 8  # two 32-bit floats


def is_cut(line: ImportLine, problems: Problems) -> bool:
    """Whether a DICOM file of `line` ends before its samples do, which no reader of DICOM says; told in `problems`."""
    before = len(problems.found)
    for file in line.files if line.format in ("dicom", "philips_dcm", "uih") else ():
        header = _header(file)
        for tag in _SAMPLES if header is not None else ():
            found, stated = _bytes(header, tag)
            if found < stated:
                shown = f"{found} of {stated} bytes in {Path(file).name}"
                problems.add(line.where, "the samples must be complete", shown, _AGAIN)
    return len(problems.found) > before


def _bytes(header: pydicom.Dataset | None, tag: tuple[int, int]) -> tuple[int, int]:
    """How many bytes the element has, and how many it tells that it has; 0 and 0 where that is not known."""
    try:
        stored = header.get_item(tag) if header is not None else None
        stated = getattr(stored, "length", None)  # of an element as it was read, before its value is made
        known = stored is not None and stated not in (None, _UNDEFINED)
        return (len(stored.value or b""), int(stated or 0)) if stored is not None and known else (0, 0)
    except _DAMAGED:
        return 0, 0


def siemens_va(line: ImportLine) -> dict[str, list[Any]] | None:
    """The tags of the CSA header where the file of `line` is a spectrum of Numaris 4 VA; else None."""
    header = _header(line.files[0]) if line.format == "dicom" else None
    try:
        if header is None or header.get("SOPClassUID") != _CSA_SPECTRUM or _DATA not in header:
            return None
    except _DAMAGED:
        return None
    tags = csa_tags(header)
    return tags if tags and "NumberOfFrames" not in tags else None


def csa_tags(header: pydicom.Dataset) -> dict[str, list[Any]]:
    """Values of each tag of the CSA header of the image; none where there is no such header."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nibabel says of itself that it is experimental
        from nibabel.nicom.csareader import CSAReadError, get_csa_header
    try:
        found = get_csa_header(header)  # type: ignore[no-untyped-call]
    except (CSAReadError, *_DAMAGED):
        return {}
    return {name: list(tag["items"]) for name, tag in found["tags"].items()} if found else {}


def read_siemens_csa(line: ImportLine, tags: dict[str, list[Any]], problems: Problems) -> Fids | None:
    """The one spectrum of a file with a CSA header; None with the reasons in `problems`."""
    file = Path(line.files[0])
    missing = [name for name in _WANTED if not _says(tags, name) and name not in line.sidecar]
    if missing:
        rule, remedy = f"these were looked for in its CSA header: {', '.join(_WANTED)}", "export the scan as RDA"
        problems.add(line.where, rule, f"no {', '.join(missing)}", remedy)
        return None
    grid = int(tags["Rows"][0]) * int(tags["Columns"][0])
    if grid != 1:
        rule = "must be the spectrum of one voxel, not a grid (MRSI)"
        problems.add(line.where, rule, f"a grid of {grid}", "leave spectroscopic images out")
        return None
    header = _header(str(file))
    content = bytes(header[_DATA].value or b"") if header is not None else b""
    if not content or len(content) % _SAMPLE_BYTES:
        problems.add(line.where, "must hold whole complex samples in (7fe1,1010)", f"{len(content)} bytes", _AGAIN)
        return None
    # stored in the sense of NIfTI-MRS, as in later releases (the same file of VD13 through spec2nii is equal)
    signal = np.frombuffer(content, dtype="<c8").astype(np.complex128)
    acquisition = Acquisition(
        spectrometer_frequency_mhz=float(tags["ImagingFrequency"][0]),
        dwell_time_s=float(tags["RealDwellTime"][0]) * 1e-9,
        echo_time_s=line.sidecar.get("EchoTime") or float(tags["EchoTime"][0]) * 1e-3,
        repetition_time_s=line.sidecar.get("RepetitionTime") or float(tags["RepetitionTime"][0]) * 1e-3,
        mixing_time_s=line.sidecar.get("MixingTime"),
        sequence=str((tags.get("SequenceName") or [""])[0]),
        manufacturer="SIEMENS",
    )
    return Fids(data=signal.reshape(-1, 1, 1), acquisition=acquisition, affine=_affine(tags), source=str(file))


def _says(tags: dict[str, list[Any]], name: str) -> bool:
    try:
        numbers = np.array(tags.get(name, [])[: _WANTED[name]], dtype=np.float64)
    except (ValueError, TypeError):
        return False
    whole = numbers.size == _WANTED[name] and bool(np.isfinite(numbers).all())
    return whole and (name in _MAY_BE_ZERO or bool((numbers > 0).all()))


def _affine(tags: dict[str, list[Any]]) -> FloatArray:
    """Of the voxel, in the axes of NIfTI (right, anterior, superior); DICOM's point left and posterior."""
    along, down = np.array(tags["ImageOrientationPatient"][:6], dtype=np.float64).reshape(2, 3)
    height, width = (float(value) for value in tags["PixelSpacing"][:2])
    thickness = float(tags["SliceThickness"][0])
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([width * along, height * down, thickness * np.cross(along, down)])
    affine[:3, 3] = np.array(tags["ImagePositionPatient"][:3], dtype=float) + 0.5 * (width * along + height * down)
    return np.asarray(np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)


def philips_with_three_slabs(line: ImportLine, folder: Path) -> ImportLine:
    """`line` with a copy whose one slab is the three that a converter looks for; `line` itself where they are there."""
    header = _header(line.files[0])
    if header is None:
        return line
    try:
        slabs = header.VolumeLocalizationSequence
        stack = header[_STACK].value[0]
        across, along, through = (float(stack[0x2005, tag].value) for tag in (0x1059, 0x1057, 0x1058))
        planes = header.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient
        row, column = np.array(planes, dtype=np.float64).reshape(2, 3)
        (centre,) = ([float(value) for value in slab.MidSlabPosition] for slab in slabs)  # ValueError where not one
    except _DAMAGED:
        return line
    header.VolumeLocalizationSequence = [
        _slab(axis, thickness, centre)
        for axis, thickness in (
            (row, across),
            (column, along),
            (np.asarray(np.cross(row, column), dtype=np.float64), through),
        )
    ]
    copy = folder / "three_slabs.dcm"
    try:
        header.save_as(copy)
    except _DAMAGED:
        return line
    return replace(line, files=(str(copy),))


def _slab(axis: FloatArray, thickness: float, centre: list[float]) -> pydicom.Dataset:
    from pydicom.dataset import Dataset

    slab = Dataset()
    slab.SlabThickness, slab.SlabOrientation, slab.MidSlabPosition = thickness, axis.tolist(), centre
    return slab


def _header(file: str) -> pydicom.Dataset | None:
    import pydicom
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        return pydicom.dcmread(file)
    except (InvalidDicomError, BytesLengthException, *_DAMAGED):
        return None
