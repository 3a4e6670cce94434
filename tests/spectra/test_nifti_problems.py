"""Every mistake in a recording is named with field, rule, value and remedy, and all are reported together."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.read.sidecar import sidecars_of
from pharmrs.spectra.read.nifti_mrs import read_fids
from tests.spectra.nifti_files import signal

Make = Callable[..., Path]


def problems_of(path: Path) -> tuple[InputProblem, ...]:
    with pytest.raises(InputError) as caught:
        read_fids(path)
    for problem in caught.value.problems:
        assert problem.file == str(path)
        assert problem.field and problem.rule and problem.remedy
    return caught.value.problems


with_nan = signal()
with_nan[0, 0, 0, 5] = np.nan
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "not NIfTI-MRS by name": ({"intent": "none"}, "intent_name", "mrs_v"),
    "no extension": ({"with_extension": False}, "header extension", "JSON extension"),
    "broken JSON": ({"extension": "{not json"}, "header extension", "valid JSON"),
    "JSON list": ({"extension": "[1, 2]"}, "header extension", "JSON object"),
    "wrong nucleus": ({"changes": {"ResonantNucleus": ["31P"]}}, "ResonantNucleus", "1H"),
    "no nucleus": ({"drop": ("ResonantNucleus",)}, "ResonantNucleus", "given"),
    "no frequency": ({"drop": ("SpectrometerFrequency",)}, "SpectrometerFrequency", "given"),
    "frequency in Hz": ({"changes": {"SpectrometerFrequency": [2.972e8]}}, "SpectrometerFrequency", "MHz"),
    "no TE": ({"drop": ("EchoTime",)}, "EchoTime", "given"),
    "no TR": ({"drop": ("RepetitionTime",)}, "RepetitionTime", "given"),
    "TE in ms": ({"changes": {"EchoTime": 11.0}}, "EchoTime", "0.5 s"),
    "TR in ms": ({"changes": {"RepetitionTime": 5000.0}}, "RepetitionTime", "20 s"),
    "TM in ms": ({"changes": {"MixingTime": 10.0}}, "MixingTime", "2 s"),
    "TE zero": ({"changes": {"EchoTime": 0.0}}, "EchoTime", "above 0"),
    "TE negative": ({"changes": {"EchoTime": -3.0}}, "EchoTime", "above 0"),
    "TE text": ({"changes": {"EchoTime": "11 ms"}}, "EchoTime", "finite number"),
    "TE true": ({"changes": {"EchoTime": True}}, "EchoTime", "finite number"),
    "TE two values": ({"changes": {"EchoTime": [0.011, 0.02]}}, "EchoTime", "one finite number"),
    "TE NaN": ({"changes": {"EchoTime": float("nan")}}, "EchoTime", "finite number"),
    "dwell zero": ({"dwell": 0.0}, "pixdim[4]", "dwell time"),
    "dwell negative": ({"dwell": -1e-4}, "pixdim[4]", "dwell time"),
    "dwell in ms": ({"dwell": 0.1}, "pixdim[4]", "dwell time"),
    "dwell in hertz": ({"dwell": 1e4, "time_unit": 32}, "xyzt_units", "unit of time"),
    "width contradicts": ({"changes": {"SpectralWidth": 5000.0}}, "SpectralWidth", "agree"),
    "sidecar width contradicts": ({"sidecar": {"SpectralWidth": 5000.0}}, "SpectralWidth", "agree"),
    "sidecar dwell contradicts": ({"sidecar": {"DwellTime": 2e-4}}, "DwellTime", "agree"),
    "sidecar TE contradicts": ({"sidecar": {"EchoTime": 0.03}}, "EchoTime", "agree"),
    "sidecar nucleus contradicts": ({"sidecar": {"ResonantNucleus": ["31P"]}}, "ResonantNucleus", "1H"),
    "sidecar broken": ({"sidecar": "{"}, "sidecar sub-01_svs.json", "valid JSON"),
    "sidecar list": ({"sidecar": "[]"}, "sidecar sub-01_svs.json", "JSON object"),
    "NaN": ({"data": with_nan}, "data", "finite"),
    "zeros": ({"data": np.zeros((1, 1, 1, 128), np.complex64)}, "data", "signal"),
    "real": ({"data": np.ones((1, 1, 1, 128), np.float32)}, "data type", "complex"),
    "several voxels": ({"data": signal((2, 1, 1, 128))}, "dim", "single voxel"),
    "three dimensions": ({"data": signal((1, 1, 128))}, "dim", "fourth dimension"),
    "few points": ({"data": signal((1, 1, 1, 8))}, "dim", "points"),
    "two-dimensional": (
        {"data": signal((1, 1, 1, 128, 2)), "changes": {"dim_5": "DIM_INDIRECT_0"}},
        "dim_5",
        "DIM_COIL",
    ),
    "untagged": ({"data": signal((1, 1, 1, 128, 2))}, "dim_5", "DIM_COIL"),
    "coils twice": (
        {"data": signal((1, 1, 1, 128, 2, 2)), "changes": {"dim_5": "DIM_COIL", "dim_6": "DIM_COIL"}},
        "dim_6",
        "each once",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_named(case: str, make_nifti: Make) -> None:
    arguments, field, rule = CASES[case]
    found = problems_of(make_nifti(**arguments))
    assert [p for p in found if p.field == field and rule in p.rule], [str(p) for p in found]


def test_milliseconds_are_said_and_not_converted(make_nifti: Make) -> None:
    (problem,) = problems_of(make_nifti(changes={"EchoTime": 11.0}))
    assert "milliseconds" in problem.remedy and "seconds" in problem.remedy


def test_all_at_once(make_nifti: Make) -> None:
    path = make_nifti(
        data=np.zeros((1, 1, 1, 128), np.complex64),
        changes={"EchoTime": 11.0, "RepetitionTime": 5000.0, "ResonantNucleus": ["31P"]},
        dwell=0.1,
        intent="none",
    )
    fields = {problem.field for problem in problems_of(path)}
    assert fields == {"EchoTime", "RepetitionTime", "ResonantNucleus", "pixdim[4]", "intent_name", "data"}


def test_missing_file(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path / "absent.nii.gz")
    assert problem.field == "file" and "exist" in problem.rule


@pytest.mark.parametrize("keep", [0.0, 0.02, 0.5, 0.9])
def test_truncated_gzip(make_nifti: Make, keep: float) -> None:
    path = make_nifti()
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    (problem,) = problems_of(path)
    assert problem.field == "file"


@pytest.mark.parametrize("keep", [0.05, 0.3, 0.55, 0.95])
def test_truncated_inside(make_nifti: Make, keep: float) -> None:
    path = make_nifti()
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content[: int(keep * len(content))]))
    assert problems_of(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x1f\x8b", b"\x00" * 600, b"\x5c\x01\x00\x00" + b"\xff" * 400])
def test_not_an_image(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.nii"
    path.write_bytes(content)
    assert problems_of(path)


def test_announced_size_is_not_allocated(make_nifti: Make) -> None:
    path = make_nifti("plain.nii")
    content = bytearray(path.read_bytes())
    content[16 + 8 * 4 : 16 + 8 * 5] = (2**40).to_bytes(8, "little")  # dim[4] of a NIfTI-2 header
    path.write_bytes(bytes(content))
    assert any(problem.field == "data" for problem in problems_of(path))


@pytest.mark.filterwarnings("ignore:Extension size is not a multiple of 16:UserWarning")  # nibabel
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.integers(0, 800), st.integers(0, 255), min_size=1, max_size=6))
def test_damaged_headers_are_input_errors(make_nifti: Make, changes: dict[int, int]) -> None:
    """Whatever bytes of the header are damaged: a recording or an `InputError`, never another exception."""
    path = make_nifti("damaged.nii")
    content = bytearray(path.read_bytes())
    for place, value in changes.items():
        content[place] = value
    path.write_bytes(bytes(content))
    try:
        read_fids(path)
    except InputError as error:
        assert all(problem.remedy for problem in error.problems)


def test_a_sidecar_that_comes_later_is_seen(tmp_path: Path) -> None:
    """Listings of folders are remembered, but not beyond a change of the folder."""
    (tmp_path / "dataset_description.json").write_text("{}")
    folder = tmp_path / "sub-01" / "mrs"
    folder.mkdir(parents=True)
    for place in (tmp_path, folder.parent, folder):
        os.utime(place, (1e9, 1e9))  # as if nothing had been added for years
    recording = folder / "sub-01_svs.nii.gz"
    assert sidecars_of(recording) == sidecars_of(recording) == []
    (tmp_path / "task-rest_svs.json").write_text("{}")
    (tmp_path / "svs.json").write_text("{}")
    assert sidecars_of(recording) == [tmp_path / "svs.json"]
    (tmp_path / "svs.json").unlink()
    assert sidecars_of(recording) == []


def test_each_folder_is_listed_once_for_all_recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,500 participants: a listing is not forgotten before the second recording of its folder, nor the second pass."""
    (tmp_path / "dataset_description.json").write_text("{}")
    recordings = []
    for number in range(1500):
        folder = tmp_path / f"sub-{number}" / "mrs"
        folder.mkdir(parents=True)
        recordings += [folder / f"sub-{number}_run-{run}_svs.nii.gz" for run in (1, 2)]
    for place in (tmp_path, *tmp_path.rglob("*")):
        os.utime(place, (1e9, 1e9))
    listed: list[str] = []
    original = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: [listed.append(folder), original(folder)][1])
    for recording in (*recordings, *reversed(recordings)):
        assert sidecars_of(recording) == []
    assert len(listed) == len(set(listed)) == 1 + 2 * 1500
