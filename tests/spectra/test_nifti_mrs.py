"""NIfTI-MRS: what is read, what is written, and that nothing identifying travels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pharmrs.spectra.read.nifti_mrs import identifying_fields, read_fids, write_fids, write_spectrum
from pharmrs.spectra.records import Acquisition, Fids, Spectrum
from tests.spectra.nifti_files import signal

Make = Callable[..., Path]
ACQUISITION = Acquisition(
    spectrometer_frequency_mhz=297.219948,
    dwell_time_s=8.33e-5,
    echo_time_s=0.011,
    repetition_time_s=5.0,
    mixing_time_s=0.01,
    receiver_ppm=4.7,
    acquisition_start_time_s=-2e-4,
    sequence="svs_st",
    manufacturer="SIEMENS",
)
AFFINE = np.array([[17.0, -3, 0, 5], [3, 17, 1, -8], [0, -1, 12, 30], [0, 0, 0, 1.0]])


def test_dimensions_are_arranged_by_their_tags(make_nifti: Make) -> None:
    stored = signal((1, 1, 1, 128, 3, 1, 2))
    path = make_nifti(data=stored, changes={"dim_5": "DIM_DYN", "dim_6": "DIM_EDIT", "dim_7": "DIM_COIL"})
    fids = read_fids(path)
    assert fids.data.shape == (128, 2, 3)
    np.testing.assert_array_equal(fids.data[:, 1, 2], stored[0, 0, 0, :, 2, 0, 1])


def test_sidecar_fills_in(make_nifti: Make) -> None:
    path = make_nifti(drop=("EchoTime", "RepetitionTime"), sidecar={"EchoTime": 0.02, "RepetitionTime": 3})
    acquisition = read_fids(path).acquisition
    assert (acquisition.echo_time_s, acquisition.repetition_time_s) == (0.02, 3.0)


def test_sidecars_are_inherited_nearest_first(make_nifti: Make, tmp_path: Path) -> None:
    (tmp_path / "dataset_description.json").write_text("{}")
    (tmp_path / "svs.json").write_text(json.dumps({"EchoTime": 0.03, "RepetitionTime": 2.0}))
    (tmp_path / "acq-other_svs.json").write_text(json.dumps({"RepetitionTime": 9.0}))
    (tmp_path / "sub-01" / "mrs").mkdir(parents=True)
    (tmp_path / "sub-01" / "sub-01_svs.json").write_text(json.dumps({"EchoTime": 0.04}))
    path = make_nifti("sub-01/mrs/sub-01_acq-x_svs.nii.gz", drop=("EchoTime", "RepetitionTime"))
    acquisition = read_fids(path).acquisition
    assert (acquisition.echo_time_s, acquisition.repetition_time_s) == (0.04, 2.0)


@pytest.mark.parametrize(("unit", "stored"), [(8, 1e-4), (0, 1e-4), (16, 0.1), (24, 100.0)])
def test_declared_time_unit(make_nifti: Make, unit: int, stored: float) -> None:
    assert read_fids(make_nifti(dwell=stored, time_unit=unit)).acquisition.dwell_time_s == pytest.approx(1e-4)


@pytest.mark.parametrize(
    ("keys", "ppm"),
    [
        ({}, 4.65),
        ({"TxOffset": -2.0}, 4.65),
        ({"SpecFreqChemShift": 4.7}, 4.7),
        ({"SpecFreqChemShift": 4.7, "RxOffset": -1.7}, 3.0),
    ],
)
def test_receiver_shift(make_nifti: Make, keys: dict[str, float], ppm: float) -> None:
    assert read_fids(make_nifti(changes=keys)).acquisition.receiver_ppm == pytest.approx(ppm)


shapes = st.tuples(st.just(2), st.integers(64, 80), st.integers(1, 3), st.integers(1, 3))
finite = st.floats(min_value=-1e30, max_value=1e30, allow_nan=False)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=hnp.arrays(
        np.float64, st.tuples(st.just(2), st.integers(64, 80), st.integers(1, 3), st.integers(1, 3)), elements=finite
    ),
    dwell=st.floats(1e-5, 4e-3),
    echo=st.floats(1e-3, 0.5),
    mixing=st.none() | st.floats(0, 1),
    ppm=st.floats(-5, 10),
)
def test_round_trip(
    tmp_path: Path,
    parts: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    dwell: float,
    echo: float,
    mixing: float | None,
    ppm: float,
) -> None:
    data = parts[0] + 1j * parts[1]
    data[0] += 1.0
    if not data.any():
        return
    acquisition = Acquisition(
        spectrometer_frequency_mhz=123.25,
        dwell_time_s=dwell,
        echo_time_s=echo,
        repetition_time_s=2.0,
        mixing_time_s=mixing,
        receiver_ppm=ppm,
    )
    fids = Fids(data=data, acquisition=acquisition, affine=AFFINE, source="x")
    write_fids(tmp_path / "x.nii.gz", fids)
    back = read_fids(tmp_path / "x.nii.gz")
    np.testing.assert_array_equal(back.data, fids.data)
    assert back.acquisition == acquisition
    np.testing.assert_allclose(back.affine, AFFINE, atol=1e-5)


def test_spectrum_is_written_with_its_acquisition(tmp_path: Path) -> None:
    spectrum = Spectrum(fid=signal()[0, 0, 0], acquisition=ACQUISITION, affine=AFFINE, source="x", averages=16)
    path = tmp_path / "new" / "x.nii.gz"
    write_spectrum(path, spectrum)
    back = read_fids(path)
    np.testing.assert_array_equal(back.data[:, 0, 0], spectrum.fid)
    assert back.acquisition == ACQUISITION
    assert [file.name for file in path.parent.iterdir()] == ["x.nii.gz"]  # no temporary file is left
    image = nib.load(path)
    assert image.shape == (1, 1, 1, 128)
    assert b"NumberOfTransients" in image.header.extensions[0].get_content()


IDENTIFYING = {
    "PatientName": "Doe^Jane",
    "PatientID": "4711",
    "PatientDoB": "19800101",
    "PatientBirthDate": "19800101",
    "DeviceSerialNumber": "18928",
    "OriginalFile": ["Jane.dat"],
}


def test_identity_is_reported_and_never_written(make_nifti: Make, tmp_path: Path) -> None:
    path = make_nifti(changes=IDENTIFYING, sidecar={"PatientName": "Doe", "PatientSex": "F"})
    fields = identifying_fields(path)
    assert set(IDENTIFYING) <= set(fields)
    assert "PatientName (sidecar)" in fields
    assert not any("Sex" in field for field in fields)
    fids = read_fids(path)
    write_fids(tmp_path / "out.nii", fids)
    written = (tmp_path / "out.nii").read_bytes()
    for text in (b"Doe", b"Jane", b"4711", b"19800101", b"18928"):
        assert text not in written
    assert identifying_fields(tmp_path / "out.nii") == ()


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nifti_mrs.nifti_mrs import NIFTI_MRS

    path = tmp_path / "x.nii.gz"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(NIFTI_MRS, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        write_spectrum(path, Spectrum(fid=signal()[0, 0, 0], acquisition=ACQUISITION, affine=AFFINE, source="x"))
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["x.nii.gz"]


def test_real_recording(shared: Path) -> None:
    fids = read_fids(shared / "steam-7t" / "metab_raw.nii.gz")
    assert fids.data.shape == (4096, 4, 16)
    assert fids.acquisition.receiver_ppm == 4.65  # although TxOffset is -2 ppm ...
    water = read_fids(shared / "steam-7t" / "wref_raw.nii.gz")
    spectrum = np.abs(np.fft.fft(water.data, axis=0)).mean(axis=(1, 2))
    assert water.acquisition.ppm_axis(water.points)[spectrum.argmax()] == pytest.approx(
        4.65, abs=0.03
    )  # ... water is here
