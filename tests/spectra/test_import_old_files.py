"""Files that a converter refuses and people have: mended where they are whole, refused by name where they are not."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.stage.import_recordings import import_recordings
from tests.spectra.philips_files import SPAR, write_pair
from tests.spectra.test_import import signal
from tests.spectra.vendor_files import write_rda

COLUMNS = ("file", "format", "subject", "suffix", "second_file", "echo_time_s", "repetition_time_s", "dwell_time_s",
           "frequency_mhz", "part")  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """`code`: 0 where every line became a recording, else 2; `err`: every problem as it is printed."""

    code: int
    err: str


def imported(folder: Path, *lines: dict[str, str]) -> Ended:
    table = folder / "map.tsv"
    rows = [[line.get(column, "") for column in COLUMNS] for line in lines]
    table.write_text("\n".join("\t".join(row) for row in [list(COLUMNS), *rows]) + "\n")
    (folder / "dataset").mkdir(exist_ok=True)
    try:
        done = import_recordings(table, folder / "dataset")
    except InputError as error:
        return Ended(2, str(error))
    told = "\n".join(str(problem) for one in done for problem in one.problems)
    return Ended(0 if all(one.files for one in done) else 2, told)


def scan(folder: Path, subject: str = "01", suffix: str = "svs") -> Path:
    return folder / "dataset" / f"sub-{subject}" / "mrs" / f"sub-{subject}_{suffix}.nii.gz"


def spar_of(folder: Path, change: dict[str, str], *, ending: str = "\n") -> None:
    """A pair whose SPAR has other lines: text -> its replacement."""
    write_pair(folder, "a", signal(1, 1))
    text = (folder / "a.SPAR").read_text()
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "a.SPAR").write_bytes(text.replace("\n", ending).encode())


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_spar_of_a_release_without_inversion_times(ending: str, tmp_path: Path) -> None:
    spar_of(tmp_path, {"spectrum_inversion_time : 0\n": ""}, ending=ending)
    end = imported(tmp_path, {"file": "a.SDAT", "format": "philips", "subject": "01", "suffix": "svs"})
    assert end.code == 0, end.err
    assert "no such line in a.SPAR" in end.err
    np.testing.assert_allclose(read_fids(scan(tmp_path)).data[:, 0], signal(1, 1), atol=2e-5)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_spar_with_decimal_commas(ending: str, tmp_path: Path) -> None:
    spar_of(tmp_path, {"echo_time : 30": "echo_time : 30,5", "ap_size : 15": "ap_size : 15,25"}, ending=ending)
    end = imported(tmp_path, {"file": "a.SDAT", "format": "philips", "subject": "01", "suffix": "svs"})
    assert end.code == 0, end.err
    assert "echo_time, ap_size of a.SPAR with a decimal comma" in end.err
    fids = read_fids(scan(tmp_path))
    assert fids.acquisition.echo_time_s == pytest.approx(0.0305)
    assert sorted(np.linalg.norm(fids.affine[:3, :3], axis=0)) == pytest.approx([10.0, 15.25, 20.0])


def test_a_spar_without_a_time_is_filled_from_the_table_or_asks_for_it(tmp_path: Path) -> None:
    spar_of(tmp_path, {"echo_time : 30\n": ""})
    line = {"file": "a.SDAT", "format": "philips", "subject": "01", "suffix": "svs"}
    end = imported(tmp_path, line)
    assert end.code == 2
    assert "no line echo_time in a.SPAR" in end.err and "give echo_time_s in this table" in end.err
    assert imported(tmp_path, line | {"echo_time_s": "0.144"}).code == 0
    assert read_fids(scan(tmp_path)).acquisition.echo_time_s == pytest.approx(0.144)


def test_a_spar_that_is_none_says_what_was_looked_for(tmp_path: Path) -> None:
    spar_of(tmp_path, {SPAR.splitlines()[1]: "hello"})
    (tmp_path / "a.SPAR").write_text("hello : world\n")
    end = imported(tmp_path, {"file": "a.SDAT", "format": "philips", "subject": "01", "suffix": "svs"})
    assert end.code == 2
    assert "these lines of a SPAR were looked for: samples, rows" in end.err
    assert "complete header" not in end.err


@pytest.mark.parametrize(("line", "column", "value"), [("TE", "echo_time_s", 0.03), ("TR", "repetition_time_s", 1.5)])
def test_an_rda_without_a_time(line: str, column: str, value: float, tmp_path: Path) -> None:
    write_rda(tmp_path / "a.rda", signal(1, 1)[:, 0])
    whole = (tmp_path / "a.rda").read_bytes()
    begin = whole.index(f"{line}: ".encode())
    (tmp_path / "a.rda").write_bytes(whole[:begin] + whole[whole.index(b"\n", begin) + 1 :])
    given = {"file": "a.rda", "format": "rda", "subject": "01", "suffix": "svs"}
    end = imported(tmp_path, given)
    assert end.code == 2
    assert f"no line {line}" in end.err and f"give {column} in this table" in end.err
    assert "export it again" not in end.err
    end = imported(tmp_path, given | {column: f"{value:g}"})
    assert end.code == 0, end.err
    acquisition = read_fids(scan(tmp_path)).acquisition
    found = {"TE": acquisition.echo_time_s, "TR": acquisition.repetition_time_s}[line]
    assert found == pytest.approx(value)


def test_transients_in_separate_files_are_one_recording(tmp_path: Path) -> None:
    """In the order of their numbers, not of the alphabet: 2 before 10."""
    many = signal(3, 3)
    (tmp_path / "scan").mkdir()
    for index, number in enumerate((1, 2, 10)):
        write_rda(tmp_path / "scan" / f"t{number}.rda", many[:, index])
    end = imported(tmp_path, {"file": "scan/t*.rda", "format": "rda", "subject": "01", "suffix": "svs"})
    assert end.code == 0, end.err
    np.testing.assert_allclose(read_fids(scan(tmp_path)).data[:, 0, :], many, atol=1e-10)


def test_separate_files_of_two_measurements_are_refused(tmp_path: Path) -> None:
    for number, te in enumerate(("30.0", "30.0", "68.0")):
        write_rda(tmp_path / f"t{number}.rda", signal(number, 1)[:, 0], TE=te)
    end = imported(tmp_path, {"file": "t*.rda", "format": "rda", "subject": "01", "suffix": "svs"})
    assert end.code == 2
    assert "have the same echo time (found: that of t0.rda differs from t2.rda)" in end.err
    end = imported(tmp_path, {"file": "u*.rda", "format": "rda", "subject": "01", "suffix": "svs"})
    assert end.code == 2
    assert "a pattern must match the files of the transients (found: u*.rda: 0 files)" in end.err


RAW = """ $SEQPAR
 ECHOT=35.
 SEQ='PRESS'
 HZPPPM=127.76
 $END
 $NMID
 ID='x', FMTDAT='(2E15.6)'
 VOLUME=2.
 TRAMP=8.
 $END
"""
CONTROL = " $LCMODL\n deltat= 5.0E-04\n nunfil= 512\n hzpppm= 127.76\n echot= 35.0\n $END\n"


def write_raw(path: Path, values: np.ndarray) -> None:
    """LCModel's sense is the opposite of NIfTI-MRS; its amplitude is TRAMP / VOLUME = 4 times what stands there."""
    stored = values.conj() / 4.0
    path.write_text(RAW + "".join(f"{value.real:15.6E}{value.imag:15.6E}\n" for value in stored))


@pytest.mark.parametrize("with_control", [True, False])
def test_recordings_of_lcmodel(with_control: bool, tmp_path: Path) -> None:
    write_raw(tmp_path / "a.RAW", signal(5, 1)[:, 0])
    write_raw(tmp_path / "a.h2o", 100 * signal(6, 1)[:, 0])
    (tmp_path / "a.control").write_text(CONTROL)
    clock = {"second_file": "a.control"} if with_control else {"dwell_time_s": "0.0005"}
    line = {"format": "lcmodel", "subject": "01", "repetition_time_s": "2"} | clock
    end = imported(tmp_path, line | {"file": "a.RAW", "suffix": "svs"}, line | {"file": "a.h2o", "suffix": "mrsref"})
    assert end.code == 0, end.err
    fids = read_fids(scan(tmp_path))
    np.testing.assert_allclose(fids.data[:, 0, 0], signal(5, 1)[:, 0], rtol=2e-6, atol=1e-4)
    acquisition = fids.acquisition
    assert (acquisition.echo_time_s, acquisition.repetition_time_s, acquisition.dwell_time_s) == (0.035, 2.0, 0.0005)
    assert acquisition.sequence == "PRESS"


def test_what_no_file_of_lcmodel_tells_is_asked_for_all_at_once(tmp_path: Path) -> None:
    write_raw(tmp_path / "a.RAW", signal(5, 1)[:, 0])
    end = imported(tmp_path, {"file": "a.RAW", "format": "lcmodel", "subject": "01", "suffix": "svs"})
    assert end.code == 2
    for column in ("dwell_time_s", "repetition_time_s"):
        assert f"{column} must be known" in end.err
    assert "or the .control as second_file" in end.err


def test_a_p_file_of_an_old_revision_is_named_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "P1.7").write_bytes(struct.pack("<f", 8.0) + bytes(40000))
    end = imported(tmp_path, {"file": "P1.7", "format": "ge", "subject": "01", "suffix": "svs"})
    assert end.code == 2
    assert "GE P-file of revision 8, which it does not know" in end.err and "TypeError" not in end.err
    assert "LCModel .RAW with a tool that knows" in end.err
    assert "complete" not in end.err.split("Remedy:")[1]


def test_a_dicom_of_an_old_release_is_named_with_a_way_out(tmp_path: Path) -> None:
    import pydicom
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    header = pydicom.Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID = "1.3.12.2.1107.5.9.1"
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    header.Manufacturer, header.ManufacturerModelName = "SIEMENS", "Symphony"
    header.SoftwareVersions = "syngo MR 2004A 4VA25A"
    pydicom.dcmwrite(tmp_path / "a.ima", header, enforce_file_format=True)
    end = imported(tmp_path, {"file": "a.ima", "format": "dicom", "subject": "01", "suffix": "svs"})
    assert end.code == 2
    assert "SIEMENS Symphony syngo MR 2004A 4VA25A, which it does not know: " in end.err and "KeyError" not in end.err
    assert "export the scan as RDA" in end.err


def test_grids_of_spectra_are_refused_by_name(tmp_path: Path) -> None:
    """Four elements would be taken for four transients and averaged."""
    signals = signal(1, 4)
    write_pair(tmp_path, "grid", signals)
    spar = tmp_path / "grid.SPAR"
    spar.write_text(spar.read_text() + "dim2_pnts : 2\ndim3_pnts : 2\n")
    write_rda(tmp_path / "grid.rda", signals.T.ravel(), **{"CSIMatrixSize[0]": "2", "CSIMatrixSize[1]": "2"})
    for file, kind in (("grid.SDAT", "philips"), ("grid.rda", "rda")):
        end = imported(tmp_path, {"file": file, "format": kind, "subject": "01", "suffix": "svs"})
        assert end.code == 2
        assert "must be the spectrum of one voxel, not a grid (MRSI) (found: a grid of 2 x 2)" in end.err
