"""Siemens twix files of single voxel spectroscopy as a scanner of software VB or VD/VE writes them, without a scanner.

Layout: the measurement data header (MDH) of 128 bytes for each coil (VB), or a scan header of 192 and a channel header
of 32 bytes (VD), behind a text header in named buffers, as the readers mapVBVD and twixtools describe them. No real
spectroscopy file can be shipped, so these tell whether a signal with known frequencies, times and box comes through
the converter, not whether every scanner writes this.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_ACQUISITION_END = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Twix:
    """What the header says; `software`: VB or VD."""

    software: str = "VD"
    sequence: str = "svs_st"
    dwell_ns: int = 250_000
    echo_time_us: int = 11_000
    repetition_time_us: int = 5_000_000
    frequency_hz: float = 297.2e6
    version: str = "syngo MR E11"
    box_mm: tuple[float, float, float] = (20.0, 15.0, 10.0)  # readout, phase, thickness


def write_twix(path: Path, signal: NDArray[np.complex128], told: Twix | None = None) -> None:
    """`path` for the NIfTI-MRS `signal`, shape (points, coils, transients); stored is its conjugate."""
    told = told or Twix()
    header = _header(told)
    scans = b"".join(_scan(signal[:, :, number], number, told.software) for number in range(signal.shape[2]))
    scans += _last(told.software)
    if told.software == "VB":
        path.write_bytes(header + scans)
        return
    first = 10240
    content = header + scans
    raid = struct.pack("<IIIIQQ", 0, 1, 1, 1, first, len(content)).ljust(first, b"\0")
    path.write_bytes(raid + content)


def _header(told: Twix) -> bytes:
    buffers = {"Config": _config(told), "Dicom": _dicom(told), "Meas": _meas(told), "MeasYaps": _protocol(told)}
    buffers["Phoenix"] = buffers["MeasYaps"]
    body = struct.pack("<I", len(buffers))
    for name, text in buffers.items():
        content = text.encode("latin-1").ljust(3000)  # VB is told from VD by a first number above 10000
        body += name.encode() + b"\0" + struct.pack("<I", len(content)) + content
    length = -(-(4 + len(body)) // 32) * 32
    return struct.pack("<I", length) + body.ljust(length - 4, b"\0")


def _strings(**values: str) -> str:
    return "".join(f'<ParamString."{name}">  {{ "{value}"  }}\n' for name, value in values.items())


def _longs(**values: int) -> str:
    return "".join(f'<ParamLong."{name}">  {{ {value}  }}\n' for name, value in values.items())


def _config(told: Twix) -> str:
    return _strings(SequenceFileName=f"%SiemensSeq%\\{told.sequence}")


def _dicom(told: Twix) -> str:
    return _strings(
        SoftwareVersions=told.version, Manufacturer="SIEMENS", ManufacturersModelName="Investigational_Device_7T",
        DeviceSerialNumber="12345", InstitutionName="Somewhere", InstitutionAddress="Street 1", tProtocolName="steam",
    )  # fmt: skip


def _meas(told: Twix) -> str:
    return _strings(
        tSequenceString=told.sequence, tSequenceFileName=f"%SiemensSeq%\\{told.sequence}", ResonantNucleus="1H",
        PatientPosition="HFS", PatientName="Doe Jane", PatientBirthDay="19800101", tICEProgramName="IceSpectro",
    ) + _longs(
        Frequency=round(told.frequency_hz), TR=told.repetition_time_us, FlipAngle=90, PatientSex=1,
        flUsedPatientWeight=70, lFinalMatrixSizePhase=1, lFinalMatrixSizeRead=1, lFinalMatrixSizeSlice=1,
    )  # fmt: skip


def _protocol(told: Twix) -> str:
    readout, phase, thickness = told.box_mm
    values = {
        "sRXSPEC.alDwellTime[0]": told.dwell_ns, "alTE[0]": told.echo_time_us, "alTR[0]": told.repetition_time_us,
        "sSpecPara.sVoI.sNormal.dTra": 1.0, "sSpecPara.sVoI.sPosition.dSag": 3.0,
        "sSpecPara.sVoI.sPosition.dCor": -40.0, "sSpecPara.sVoI.sPosition.dTra": 12.0,
        "sSpecPara.sVoI.dReadoutFOV": readout,
        "sSpecPara.sVoI.dPhaseFOV": phase, "sSpecPara.sVoI.dThickness": thickness,
    }  # fmt: skip
    lines = "".join(f"{name}\t = \t{value}\n" for name, value in values.items())
    return f"### ASCCONV BEGIN ###\n{lines}\n### ASCCONV END ###\n"


def _counters(transient: int) -> bytes:
    """Line, average, ... : the averages of VD and the repetitions of VB count the transients."""
    counters = [0] * 14
    counters[1] = transient
    return struct.pack("<14H", *counters)


def _scan(signal: NDArray[np.complex128], transient: int, software: str) -> bytes:
    points, coils = signal.shape
    stored = np.conj(signal).astype("<c8")
    if software == "VB":
        return b"".join(_mdh_vb(points, coils, transient) + stored[:, coil].tobytes() for coil in range(coils))
    content = _mdh_vd(points, coils, transient)
    for coil in range(coils):
        content += struct.pack("<I", 32 + 8 * points).ljust(32, b"\0") + stored[:, coil].tobytes()
    return content


def _mdh_vb(points: int, coils: int, transient: int, flags: int = 0) -> bytes:
    begin = struct.pack("<IiIIIII", 128 + 8 * points, 1, transient + 1, 0, 0, flags, 0)
    counted = struct.pack("<HH", points, coils) + (_counters_vb(transient))
    return (begin + counted).ljust(128, b"\0")


def _counters_vb(transient: int) -> bytes:
    counters = [0] * 14
    counters[7] = transient  # Set: the transients of VB
    return struct.pack("<14H", *counters)


def _mdh_vd(points: int, coils: int, transient: int, flags: int = 0) -> bytes:
    length = 192 + coils * (32 + 8 * points)
    begin = struct.pack("<IiIII", length, 1, transient + 1, 0, 0).ljust(40, b"\0")
    counted = struct.pack("<IIHH", flags, 0, points, coils) + _counters(transient)
    return (begin + counted).ljust(192, b"\0")


def _last(software: str) -> bytes:
    if software == "VB":
        return _mdh_vb(16, 1, 0, _ACQUISITION_END) + bytes(128)
    return _mdh_vd(16, 1, 0, _ACQUISITION_END) + bytes(160)
