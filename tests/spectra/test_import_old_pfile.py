"""GE P-files of revision 9, made after the layout of real ones (the SAGE headers beside them tell the same figures)."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from pharmrs.spectra.read.nifti_mrs import read_fids
from tests.study.e2e import pharmrs

POINTS, FRAMES, WATER = 512, 6, 2


def signal(ppm: float, size: float) -> np.ndarray:
    """A line at 63.9 MHz and 2.5 kHz in the sense of NIfTI-MRS, as revision 9 stores it."""
    time = np.arange(POINTS) / 2500.0
    return np.asarray(size * np.exp((-2j * np.pi * (ppm - 4.65) * 63.872622 - 8.0) * time))


def pfile(path: Path, *, water: int = WATER, cut: int = 0, point_bytes: int = 4) -> Path:
    header = bytearray(61_464)
    for place, form, value in (
        (0, "<f", 9.0), (74, "<h", FRAMES), (82, "<h", point_bytes), (216, "<f", 2500.0), (220, "<f", POINTS),
        (292, "<f", water), (424, "<i", 638_726_220), (60128, "<i", 2_000_000), (60136, "<i", 30_000),
    ):  # fmt: skip
        struct.pack_into(form, header, place, value)
    header[60248:60255] = b"probe-p"
    frames = [np.zeros(POINTS)] + [signal(4.65, 20000.0) if k < water else signal(2.01, 3000.0) for k in range(FRAMES)]
    values = np.array(frames).ravel()
    numbers = np.column_stack([values.real, values.imag]).round().astype("<i2" if point_bytes == 2 else "<i4")
    content = bytes(header) + numbers.tobytes()
    path.write_bytes(content[: len(content) - cut])
    return path


@pytest.mark.parametrize("point_bytes", [4, 2])
def test_spectra_and_water_come_apart(point_bytes: int, tmp_path: Path) -> None:
    pfile(tmp_path / "P1.7", point_bytes=point_bytes)
    assert pharmrs("import", tmp_path, "--out", tmp_path / "map.tsv").code == 0
    end = pharmrs("import", tmp_path / "map.tsv", "--out", tmp_path / "ds")  # as it was proposed
    assert end.code == 0, end.err
    folder = tmp_path / "ds" / "sub-1" / "mrs"
    metabolite, water = (read_fids(folder / f"sub-1_{suffix}.nii.gz") for suffix in ("svs", "mrsref"))
    assert (metabolite.transients, water.transients, metabolite.points) == (4, 2, POINTS)
    told = metabolite.acquisition
    assert (told.echo_time_s, told.repetition_time_s, told.sequence) == (0.03, 2.0, "probe-p")
    assert told.spectrometer_frequency_mhz == pytest.approx(63.872622) and told.dwell_time_s == pytest.approx(0.0004)
    for fids, ppm in ((metabolite, 2.01), (water, 4.65)):
        spectrum = np.abs(np.fft.fft(fids.data[:, 0, 0]))
        assert told.ppm_axis(POINTS)[np.argmax(spectrum)] == pytest.approx(ppm, abs=0.05)


@pytest.mark.parametrize(
    ("made", "row", "said"),
    [
        ({"cut": 8}, "svs\t", "must have 90136 bytes: 6 frames of 512 points (found: 90128 bytes)"),
        ({"cut": 30_000}, "svs\t", "must have the header of revision 9"),
        ({"water": 0}, "mrsref\t", "needs frames of water in the file"),
        ({}, "svs\tother", "part: must be one of the file (found: other)"),
    ],
)
def test_what_cannot_be_read_is_told(made: dict[str, int], row: str, said: str, tmp_path: Path) -> None:
    path = pfile(tmp_path / "P1.7", **made)
    if made.get("cut") == 30_000:
        path.write_bytes(path.read_bytes()[:30_000])
    (tmp_path / "map.tsv").write_text(f"file\tformat\tsubject\tsuffix\tpart\nP1.7\tge\t01\t{row}\n")
    end = pharmrs("import", tmp_path / "map.tsv", "--out", tmp_path / "ds")
    assert end.code == 2 and said in end.err, end.err
