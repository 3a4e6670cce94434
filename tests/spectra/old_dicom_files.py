"""DICOM spectra of old releases, made after the layout of the files that TARQUIN and suspect ship (none is copied)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

SIEMENS_TAGS = {
    "EchoTime": ("30",), "RepetitionTime": ("1500",), "ImagingFrequency": ("63.683831",), "RealDwellTime": ("500000",),
    "Rows": ("1",), "Columns": ("1",), "PixelSpacing": ("40", "20"), "SliceThickness": ("10",),
    "ImagePositionPatient": ("10", "-20", "5"), "ImageOrientationPatient": ("-1", "0", "0", "0", "1", "0"),
    "SequenceName": ("svs_se",),
}  # fmt: skip


def csa(tags: Mapping[str, tuple[str, ...]]) -> bytes:
    """A CSA2 header: each tag has its name, how many values it should have, and texts, each to a multiple of four."""
    content = b"SV10\4\3\2\1" + struct.pack("<II", len(tags), 77)
    for name, values in tags.items():
        items = len(values)
        kind = b"SH" if name == "SequenceName" else b"DS"
        content += struct.pack("<64si4siii", name.encode(), items, kind, 3, items, 77)
        for value in values:
            text = value.encode() + b"\0"
            content += struct.pack("<4i", len(text), len(text), 77, len(text)) + text.ljust(
                -(-len(text) // 4) * 4, b"\0"
            )
    return content


def _dataset(kind: str) -> Dataset:
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID = UID(kind)
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    header.PatientName, header.PatientBirthDate, header.PatientSex = "Doe^Jane", "19800101", "F"
    header.PatientPosition = "HFS"
    return header


def write_siemens(path: Path, signal: NDArray[np.complex128], tags: Mapping[str, tuple[str, ...]]) -> None:
    header = _dataset("1.3.12.2.1107.5.9.1")
    header.Manufacturer, header.SoftwareVersions = "SIEMENS", "syngo MR 2004A 4VA25A"
    header.private_block(0x0029, "SIEMENS CSA NON-IMAGE", create=True)
    header.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", csa(tags))
    data = header.private_block(0x7FE1, "SIEMENS CSA NON-IMAGE", create=True)
    data.add_new(0x10, "OB", signal.astype("<c8").tobytes())
    pydicom.dcmwrite(path, header, enforce_file_format=True)


def write_philips(path: Path, signal: NDArray[np.complex128], water: NDArray[np.complex128], *, slabs: int = 1) -> None:
    """Release 3.2: one slab with angles for an orientation; the voxel is 25 mm across, 15 along, 10 through.

    Turned by 30 degrees about the axis of the head. 64 MHz, 1 kHz, TE 32 ms, TR 2 s; stored against NIfTI-MRS's sense.
    """
    header = _dataset("1.2.840.10008.5.1.4.1.1.4.2")
    header.Manufacturer, header.ManufacturerModelName = "Philips Medical Systems", "Achieva"
    header.SoftwareVersions, header.ProtocolName, header.PulseSequenceName = "3.2.1", "SV_PRESS", "SPECTROSCOPY"
    header.AcquisitionContrast = "SPECTROSCOPY"
    header.SpectralWidth, header.TransmitterFrequency, header.ResonantNucleus = 1000.0, 64.0, "1H"
    header.WaterReferencedPhaseCorrection, header.NumberOfFrames, header.Rows, header.Columns = "YES", 2, 1, 1
    header.SpectroscopyAcquisitionDataColumns = signal.size
    slab = Dataset()
    slab.SlabThickness, slab.SlabOrientation, slab.MidSlabPosition = 10.0, [0.0, 0.0, 30.0], [6.0, 15.0, 4.0]
    header.VolumeLocalizationSequence = [slab] * slabs
    stack = Dataset()
    block = stack.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    for element, value in ((0x57, 15.0), (0x58, 10.0), (0x59, 25.0)):
        block.add_new(element, "FL", value)
    header.private_block(0x2005, "Philips MR Imaging DD 001", create=True).add_new(0x85, "SQ", [stack])
    plane, shared, frame = Dataset(), Dataset(), Dataset()
    cosine, sine = float(np.cos(np.pi / 6)), float(np.sin(np.pi / 6))
    plane.ImageOrientationPatient = [f"{value:.10f}" for value in (cosine, sine, 0, -sine, cosine, 0)]
    shared.PlaneOrientationSequence = [plane]
    timing, echo = Dataset(), Dataset()
    timing.RepetitionTime, timing.FlipAngle, echo.EffectiveEchoTime = "2000", "90", 32.0
    frame.MRTimingAndRelatedParametersSequence, frame.MREchoSequence = [timing], [echo]
    header.SharedFunctionalGroupsSequence, header.PerFrameFunctionalGroupsSequence = [shared], [frame, frame]
    stored = np.concatenate([signal, water]).conj().astype("<c8").tobytes()
    header.add_new((0x5600, 0x0020), "OF", stored)
    pydicom.dcmwrite(path, header, enforce_file_format=True)
