"""Recordings in the formats of GE (P-file), Siemens (RDA), Bruker and jMRUI (text), made without a scanner.

The P-file is laid out by the table of fields in spec2nii's own reader, the others by their text headers. They tell
whether a known signal and known times come through the converter, not whether every scanner writes such files.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_GE_REVISION, _GE_OFFSET = 27.0, 219828
_GE_SCALE = 1000.0  # the samples of a P-file are whole numbers


def write_ge(
    path: Path, metabolite: NDArray[np.complex128], water: NDArray[np.complex128], **changed: float | bytes
) -> None:
    """A P-file of PROBE-P: NIfTI-MRS signals (points, coils, transients), 16 / 2 = 8 transients of water first.

    TE 35 ms, TR 2 s, 127.7 MHz, 5 kHz, unless fields of the header are `changed`.
    """
    from spec2nii.GE.ge_hdr_fields import get_pfile_hdr_fields

    fields = get_pfile_hdr_fields(_GE_REVISION)
    header_type = type("Header", (ctypes.LittleEndianStructure,), {"_pack_": 1, "_fields_": fields})
    header = header_type()
    points, coils, transients = metabolite.shape
    assert water.shape == (points, coils, 8)
    frames = np.concatenate([np.zeros((points, coils, 1)), water, metabolite], axis=2)  # a dummy before each coil's
    values = {
        fields[0][0]: _GE_REVISION, "rhr_rdb_hdr_off_data": _GE_OFFSET, "rhr_rh_frame_size": points,
        "rhr_rh_point_size": 4, "rhr_rh_raw_pass_size": frames.size * 8, "rhr_rh_dab[0]_start_rcv": 0,
        "rhr_rh_dab[0]_stop_rcv": coils - 1, "rhr_rh_file_contents": 0, "rhr_spectral_width": 5000.0,
        "rhr_rh_ps_mps_freq": 1_277_000_000, "rhe_magstrength": 30000, "rhi_te": 35_000, "rhi_tr": 2_000_000,
        "rhi_nex": 2.0, "rhi_user4": 2.0 * transients, "rhi_numecho": 1, "rhi_mr_flip": 90, "rhe_patsex": 2,
        "rhi_psdname": b"PROBE-P", "rhs_se_desc": b"press", "rhe_patname": b"Doe Jane", "rhe_dateofbirth": b"19800101",
        "rhi_user8": 20.0, "rhi_user9": 15.0, "rhi_user10": 10.0, "rhi_user11": 3.0, "rhi_user12": -40.0,
        "rhi_user13": 12.0, "rhi_trhc_R": 1.0, "rhi_brhc_R": 1.0, "rhi_brhc_A": 1.0,
    }  # fmt: skip
    for name, value in (values | changed).items():
        assert hasattr(header, name), name
        setattr(header, name, value)
    stored = np.moveaxis(frames, (0, 1, 2), (2, 0, 1))  # coil, transient, point
    words = np.stack([stored.real, stored.imag], axis=-1) * _GE_SCALE
    path.write_bytes(bytes(header).ljust(_GE_OFFSET, b"\0")[:_GE_OFFSET] + np.rint(words).astype("<i4").tobytes())


def write_rda(path: Path, signal: NDArray[np.complex128], **changed: str) -> None:
    """A Siemens RDA file of one averaged NIfTI-MRS `signal`, whose phase sense spec2nii takes RDA to have.

    TE 30 ms, TR 2 s, 123.2 MHz, 2 kHz.
    """
    told = {
        "PatientName": "Doe Jane", "PatientID": "7", "PatientSex": "F", "PatientBirthDate": "19800101",
        "StudyDate": "20200101", "StudyTime": "100000", "PatientAge": "040Y", "PatientWeight": "70",
        "SeriesDescription": "press", "ProtocolName": "press", "PatientPosition": "HFS", "ModelName": "Prisma",
        "SoftwareVersion[0]": "syngo MR E11", "InstitutionName": "Somewhere", "InstitutionAddress": "Street",
        "DeviceSerialNumber": "1", "SequenceName": "*svs_se", "TR": "2000.000000", "TE": "30.000000",
        "TM": "0.000000", "TI": "0.000000", "DwellTime": "500", "MRFrequency": "123.2", "MagneticFieldStrength": "3",
        "Nucleus": "1H", "FlipAngle": "90.0", "TransmitCoil": "Body", "CSIMatrixSize[0]": "1", "VectorSize": "512",
        "CSIMatrixSize[1]": "1", "CSIMatrixSize[2]": "1", "VOIPositionSag": "3.0", "VOIPositionCor": "-40.0",
        "VOIPositionTra": "12.0", "VOINormalSag": "0.0", "VOINormalCor": "0.0", "VOINormalTra": "1.0",
        "VOIThickness": "10.0", "VOIPhaseFOV": "15.0", "VOIReadoutFOV": "20.0", "VOIRotationInPlane": "0.0",
        "RowVector[0]": "1.0", "RowVector[1]": "0.0", "RowVector[2]": "0.0", "ColumnVector[0]": "0.0",
        "ColumnVector[1]": "1.0", "ColumnVector[2]": "0.0", "PixelSpacingRow": "20.0", "PixelSpacingCol": "15.0",
        "SliceThickness": "10.0", "FoVHeight": "15.0", "FoVWidth": "20.0", "FoV3D": "10.0", "NumberOfAverages": "64",
        **changed,
    }  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    words = np.column_stack([signal.real, signal.imag]).astype("<f8")
    text = f">>> Begin of header <<<\r\n{lines}>>> End of header <<<\r\n"
    path.write_bytes(text.encode("latin-1") + words.tobytes())


def write_jmrui(path: Path, signal: NDArray[np.complex128]) -> None:
    """A jMRUI text file of one NIfTI-MRS `signal` at 127.7 MHz and 2 kHz; the format has no TE and no TR."""
    told = {
        "Filename": path.name, "PointsInDataset": len(signal), "DatasetsInFile": 1, "SamplingInterval": "5E-1",
        "ZeroOrderPhase": "0E0", "BeginTime": "0E0", "TransmitterFrequency": "1.277E8", "MagneticField": "3E0",
        "TypeOfNucleus": "0E0", "NameOfPatient": "Doe Jane", "DateOfExperiment": "", "Spectrometer": "",
    }  # fmt: skip
    lines = "".join(f"{name}: {value}\n" for name, value in told.items())
    stored = np.conj(signal)
    rows = "".join(f"{one.real:.9e}\t{one.imag:.9e}\t0\t0\n" for one in stored)
    head = f"jMRUI Data Textfile\n\n{lines}\n\nSignal and FFT\nsig(real)\tsig(imag)\tfft(real)\tfft(imag)\n"
    path.write_text(f"{head}Signal 1 out of 1 in file\n{rows}")


def write_bruker(folder: Path, signal: NDArray[np.complex128]) -> Path:
    """A ParaVision 6.0.1 STEAM scan, NIfTI-MRS `signal` (points, repetitions): TE 3 ms, TR 2.5 s, 400.3 MHz, 4 kHz.

    Samples are whole numbers and the conjugate of NIfTI-MRS. Returns the file `fid`.
    """
    points, repetitions = signal.shape
    acqp = {
        "ACQ_sw_version": "( 65 )\n<PV 6.0.1>", "GO_raw_data_format": "GO_32BIT_SGN_INT", "BYTORDA": "little",
        "ACQ_dim_desc": "( 1 )\nSpectroscopic", "ACQ_dim": "1", "ACQ_size": f"( 1 )\n{2 * points}",
        "GO_block_size": "continuous", "NR": str(repetitions), "NI": "1", "SW_h": "4000", "BF1": "400.3",
        "NUCLEUS": "( 8 )\n<1H>", "PULPROG": "( 64 )\n<STEAM.ppg>",
        "ACQ_time": "( 33 )\n<2020-01-01T10:00:00,000+0000>",
    }  # fmt: skip
    method = {
        "Method": "<Bruker:STEAM>", "PVM_EchoTime": "3", "PVM_RepetitionTime": "2500", "PVM_DigNp": str(points),
        "PVM_DigShift": "0", "PVM_FrqWorkOffsetPpm": "( 2 )\n0 0", "PVM_FrqRef": "( 2 )\n400.3 0",
        "PVM_SpecSWH": "( 1 )\n4000", "PVM_SpecMatrix": f"( 1 )\n{points}", "PVM_EncNReceivers": "1",
        "PVM_VoxArrGradOrient": "( 1, 3, 3 )\n1 0 0 0 1 0 0 0 1", "PVM_VoxArrPosition": "( 1, 3 )\n1 2 3",
        "PVM_VoxArrSize": "( 1, 3 )\n2 3 4",
    }  # fmt: skip
    folder.mkdir(parents=True)
    for name, values in (("acqp", acqp), ("method", method)):
        lines = "".join(f"##${key}={value}\n" for key, value in values.items())
        head = "##TITLE=Parameter List\n##JCAMPDX=4.24\n##DATATYPE=Parameter Values\n##OWNER=x\n"
        (folder / name).write_text(f"{head}{lines}##END=\n")
    stored = np.conj(signal).T
    words = np.stack([stored.real, stored.imag], axis=-1)
    (folder / "fid").write_bytes(np.rint(words).astype("<i4").tobytes())
    return folder / "fid"
