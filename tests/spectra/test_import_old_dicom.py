"""DICOM spectra of Siemens VA and Philips 3.2, which spec2nii refuses. The same readers against real files: docs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.read.problems import Problems
from pharmrs.spectra.read.nifti_mrs import identifying_fields, read_fids
from pharmrs.spectra.read.vendor.old_dicom import is_cut, philips_with_three_slabs, read_siemens_csa, siemens_va
from pharmrs.spectra.records.import_plan import ImportLine
from tests.spectra.old_dicom_files import SIEMENS_TAGS, write_philips, write_siemens
from tests.spectra.test_import import signal
from tests.spectra.test_import_old_files import imported, scan

SIEMENS = {"file": "a.ima", "format": "dicom", "subject": "01", "suffix": "svs"}
PHILIPS = {"file": "a.dcm", "format": "philips_dcm", "subject": "01"}


def test_a_siemens_va_spectrum(tmp_path: Path) -> None:
    wanted = signal(1, 1)[:, 0]
    write_siemens(tmp_path / "a.ima", wanted, SIEMENS_TAGS)
    end = imported(tmp_path, SIEMENS)
    assert end.code == 0, end.err
    fids = read_fids(scan(tmp_path))
    np.testing.assert_allclose(fids.data[:, 0, 0], wanted, rtol=1e-6, atol=1e-4)
    told = fids.acquisition
    assert (told.echo_time_s, told.repetition_time_s, told.dwell_time_s) == (0.03, 1.5, 0.0005)
    assert (told.spectrometer_frequency_mhz, told.sequence, told.manufacturer) == (63.683831, "svs_se", "SIEMENS")
    # from the corner (10, -20, 5) half of 20 mm and half of 40 mm: the centre is (0, 0, 5); DICOM's x and y are negated
    expected = [[20, 0, 0, 0], [0, -40, 0, 0], [0, 0, -10, 5], [0, 0, 0, 1]]
    np.testing.assert_allclose(fids.affine, expected, atol=1e-6)
    assert identifying_fields(scan(tmp_path)) == ()


def test_times_that_a_siemens_va_file_lacks_come_from_the_table(tmp_path: Path) -> None:
    tags = {**SIEMENS_TAGS, "EchoTime": ()}
    write_siemens(tmp_path / "a.ima", signal(1, 1)[:, 0], tags)
    end = imported(tmp_path, SIEMENS)
    assert end.code == 2 and "found: no EchoTime" in end.err and "ImagePositionPatient" in end.err
    end = imported(tmp_path, SIEMENS | {"echo_time_s": "0.03"})
    assert end.code == 0 and read_fids(scan(tmp_path)).acquisition.echo_time_s == 0.03


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"Rows": ("16",), "Columns": ("16",)}, "a grid of 256"),
        ({"PixelSpacing": (), "SliceThickness": ()}, "no PixelSpacing, SliceThickness"),
        ({"PixelSpacing": ("20",)}, "no PixelSpacing"),
        ({"ImagingFrequency": ()}, "no ImagingFrequency"),
        ({"RealDwellTime": ("0",)}, "no RealDwellTime"),
    ],
)
def test_a_siemens_va_header_that_does_not_tell(changed: dict[str, tuple[str, ...]], told: str, tmp_path: Path) -> None:
    write_siemens(tmp_path / "a.ima", signal(1, 1)[:, 0], {**SIEMENS_TAGS, **changed})
    end = imported(tmp_path, SIEMENS)
    assert end.code == 2 and told in end.err and "Error" not in end.err, end.err


@pytest.mark.parametrize("line", [SIEMENS, PHILIPS | {"part": "_ref", "suffix": "mrsref"}])
def test_a_dicom_file_that_is_cut(line: dict[str, str], tmp_path: Path) -> None:
    """pydicom reads it without a word, with fewer samples."""
    write_siemens(tmp_path / "a.ima", signal(1, 1)[:, 0], SIEMENS_TAGS)
    write_philips(tmp_path / "a.dcm", signal(1, 1)[:, 0], signal(2, 1)[:, 0])
    content = (tmp_path / line["file"]).read_bytes()
    (tmp_path / line["file"]).write_bytes(content[:-1000])
    end = imported(tmp_path, line)
    assert end.code == 2 and "the samples must be complete" in end.err and "from the scanner again" in end.err


@pytest.mark.parametrize(("part", "suffix"), [("(plain)", "svs"), ("_ref", "mrsref")])
def test_a_philips_spectrum_of_release_3_2_and_its_water(part: str, suffix: str, tmp_path: Path) -> None:
    spectrum, water = signal(1, 1)[:, 0], 100 * signal(2, 1)[:, 0]
    write_philips(tmp_path / "a.dcm", spectrum, water)
    end = imported(tmp_path, PHILIPS | {"part": part, "suffix": suffix})
    assert end.code == 0 and "experimental" not in end.err, end.err
    fids = read_fids(scan(tmp_path, suffix=suffix))
    np.testing.assert_allclose(fids.data[:, 0, 0], water if suffix == "mrsref" else spectrum, rtol=1e-6, atol=1e-3)
    assert (fids.acquisition.echo_time_s, fids.acquisition.repetition_time_s) == (0.032, 2.0)
    # across, along, through: 25, 15, 10 mm; 30 degrees from patient left to back, so from our right to back
    sizes = np.linalg.norm(fids.affine[:3, :3], axis=0)
    np.testing.assert_allclose(sizes, [25, 15, 10], atol=1e-5)
    np.testing.assert_allclose(np.abs(fids.affine[:3, 0]), [25 * np.cos(np.pi / 6), 12.5, 0], atol=1e-5)
    assert fids.affine[0, 0] * fids.affine[1, 0] > 0  # right and forward, as left and back are the same line
    np.testing.assert_allclose(fids.affine[:3, 3], [-6, -15, 4], atol=1e-5)


def test_two_slabs_are_no_known_layout(tmp_path: Path) -> None:
    write_philips(tmp_path / "a.dcm", signal(1, 1)[:, 0], signal(2, 1)[:, 0], slabs=2)
    end = imported(tmp_path, PHILIPS | {"part": "(plain)", "suffix": "svs"})
    assert end.code == 2 and "Philips Medical Systems Achieva 3.2.1, which it does not know" in end.err


@pytest.mark.filterwarnings("ignore")  # what pydicom says of such bytes
@pytest.mark.parametrize("seed", range(3))
def test_damaged_headers_are_told_and_nothing_crashes(seed: int, tmp_path: Path) -> None:
    """Bytes turned at random: in each reader an outcome, never an exception of pydicom or nibabel."""
    rng = np.random.default_rng(seed)
    write_siemens(tmp_path / "a.ima", signal(1, 1)[:, 0], SIEMENS_TAGS)
    write_philips(tmp_path / "a.dcm", signal(1, 1)[:, 0], signal(2, 1)[:, 0])
    for name, form in (("a.ima", "dicom"), ("a.dcm", "philips_dcm")):
        whole = (tmp_path / name).read_bytes()
        for _ in range(40):
            damaged = bytearray(whole)
            for place in rng.integers(0, len(whole) - 4096, 20):
                damaged[place] = rng.integers(256)
            (tmp_path / name).write_bytes(damaged)
            line = ImportLine(where="", format=form, files=(str(tmp_path / name),), part="", target="", sidecar={})
            problems = Problems("test")
            if not is_cut(line, problems):
                tags = siemens_va(line)
                fids = read_siemens_csa(line, tags, problems) if tags is not None else None
                assert fids is not None or problems.found or tags is None
                assert philips_with_three_slabs(line, tmp_path).format == form
