"""`pharmrs import` of Siemens, GE and jMRUI files with known signals: phase sense, times, box, coils, transients."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pharmrs.spectra.preprocess.water_ratio import MOST_OF_SPECTRUM, water_ratio
from pharmrs.spectra.read.nifti_mrs import identifying_fields, read_fids
from tests.spectra.twix_files import Twix, write_twix
from tests.spectra.vendor_files import write_bruker, write_ge, write_jmrui, write_rda
from tests.study.e2e import Finished, contents, pharmrs

HEADER = "file\tformat\tsubject\tsuffix\tpart\techo_time_s\trepetition_time_s\tincomplete\n"
GE_SCALE = 1000.0


def line(points: int, width_hz: float, mhz: float, ppm: float = 2.01, water: float = 0.0) -> NDArray[np.complex128]:
    """One line, a positive frequency where it is upfield of 4.65 ppm (NIfTI-MRS), and a share of water at 0 Hz."""
    time = np.arange(points) / width_hz
    return np.asarray(100 * np.exp((2j * np.pi * (4.65 - ppm) * mhz - 20) * time) + 100 * water * np.exp(-20 * time))


def many(signal: NDArray[np.complex128], coils: int, transients: int, seed: int) -> NDArray[np.complex128]:
    """The signal in coils of different phases, and noise, so that no two of them are the same."""
    rng = np.random.default_rng(seed)
    shape = (len(signal), coils, transients)
    noise = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    return np.asarray(signal[:, None, None] * np.exp(1j * np.arange(coils))[None, :, None] + noise)


@dataclass(frozen=True, slots=True)
class Truth:
    signal: NDArray[np.complex128]
    echo_time_s: float
    repetition_time_s: float
    mhz: float
    width_hz: float
    sizes_mm: tuple[float, float, float]


@pytest.fixture(scope="module")
def truth() -> dict[str, Truth]:
    twix = many(line(512, 4000, 297.2), 3, 4, 1)
    press = many(line(512, 5000, 127.7), 2, 4, 2)
    water = many(line(512, 5000, 127.7, water=2000.0), 2, 8, 3)
    bruker = 100 * many(line(512, 4000, 400.3), 1, 3, 4)
    box = (10.0, 15.0, 20.0)
    return {
        "01_svs": Truth(twix, 0.011, 5.0, 297.2, 4000, box),
        "02_svs": Truth(twix, 0.011, 5.0, 297.2, 4000, box),
        "03_svs": Truth(press * GE_SCALE, 0.035, 2.0, 127.7, 5000, box),
        "03_mrsref": Truth(water * GE_SCALE, 0.035, 2.0, 127.7, 5000, box),
        "04_svs": Truth(line(512, 2000, 123.2)[:, None, None], 0.030, 2.0, 123.2, 2000, box),
        "05_svs": Truth(line(512, 2000, 127.7)[:, None, None], 0.144, 1.5, 127.7, 2000, (1e4, 1e4, 1e4)),
        "06_svs": Truth(bruker, 0.003, 2.5, 400.3, 4000, (2.0, 3.0, 4.0)),
    }


@pytest.fixture(scope="module")
def imported(truth: dict[str, Truth], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    """A dataset of one file of each kind, and how the import ended."""
    folder = tmp_path_factory.mktemp("vendors")
    write_twix(folder / "vb.dat", truth["01_svs"].signal, Twix(software="VB", version="syngo MR B17"))
    write_twix(folder / "vd.dat", truth["02_svs"].signal)
    write_ge(folder / "P1.7", truth["03_svs"].signal / GE_SCALE, truth["03_mrsref"].signal / GE_SCALE)
    write_rda(folder / "a.rda", truth["04_svs"].signal[:, 0, 0])
    write_jmrui(folder / "a.txt", truth["05_svs"].signal[:, 0, 0])
    write_bruker(folder / "rat" / "5", truth["06_svs"].signal[:, 0, :])
    lines = [
        "vb.dat\ttwix\t01\tsvs\t\t\t\t", "vd.dat\ttwix\t02\tsvs\timage\t\t\tno", "P1.7\tge\t03\tsvs\t(plain)\t\t\t",
        "P1.7\tge\t03\tmrsref\t_ref\t\t\t", "a.rda\trda\t04\tsvs\t\t\t\t", "a.txt\tjmrui\t05\tsvs\t\t0.144\t1.5\t",
        "rat/5/fid\tbruker\t06\tsvs\t\t\t\t",
    ]  # fmt: skip
    (folder / "map.tsv").write_text(HEADER + "\n".join(lines) + "\n")
    return folder / "dataset", pharmrs("import", folder / "map.tsv", "--out", folder / "dataset")


@pytest.mark.parametrize("name", ["01_svs", "02_svs", "03_svs", "03_mrsref", "04_svs", "05_svs", "06_svs"])
def test_a_known_signal_comes_through(name: str, truth: dict[str, Truth], imported: tuple[Path, Finished]) -> None:
    root, end = imported
    assert end.code == 0, end.err
    assert "7 recordings imported, 0 failed" in end.err
    (told,) = end.lines("warning")
    assert "line 8: should be read without doubts of the converter (found: The orientation of bruker fid data" in told
    wanted = truth[name]
    scan = root / f"sub-{name[:2]}" / "mrs" / f"sub-{name}.nii.gz"
    fids = read_fids(scan)
    # single precision (twix: 24 bits of 170), whole numbers (GE, Bruker), ten digits (jMRUI)
    np.testing.assert_allclose(fids.data, wanted.signal, atol=1.0 if name[:2] in ("03", "06") else 1e-4)
    acquisition = fids.acquisition
    assert acquisition.echo_time_s == pytest.approx(wanted.echo_time_s)
    assert acquisition.repetition_time_s == pytest.approx(wanted.repetition_time_s)
    assert acquisition.spectral_width_hz == pytest.approx(wanted.width_hz)
    assert acquisition.spectrometer_frequency_mhz == pytest.approx(wanted.mhz)
    assert sorted(np.linalg.norm(fids.affine[:3, :3], axis=0)) == pytest.approx(wanted.sizes_mm)
    height = np.abs(np.fft.fft(fids.data[:, 0, 0]))
    found = acquisition.ppm_axis(fids.points)[height.argmax()]
    assert found == pytest.approx(4.65 if name.endswith("mrsref") else 2.01, abs=0.05)
    assert water_ratio(fids) > MOST_OF_SPECTRUM if name.endswith("mrsref") else water_ratio(fids) < 1
    assert identifying_fields(scan) == ()
    assert b"Doe" not in gzip.decompress(scan.read_bytes())


def test_boxes_lie_where_the_header_says(imported: tuple[Path, Finished]) -> None:
    """Siemens (3, -40, 12) mm of sagittal, coronal, transverse is L, P, S: in NIfTI's R, A, S -3, 40, 12."""
    for name in ("01", "02", "04"):
        fids = read_fids(imported[0] / f"sub-{name}" / "mrs" / f"sub-{name}_svs.nii.gz")
        np.testing.assert_allclose(fids.affine[:3, 3], [-3.0, 40.0, 12.0], atol=1e-4)


@pytest.fixture(scope="module")
def damaged(truth: dict[str, Truth], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    folder = tmp_path_factory.mktemp("damaged")
    write_twix(folder / "vd.dat", truth["02_svs"].signal)
    write_ge(folder / "P1.7", truth["03_svs"].signal / GE_SCALE, truth["03_mrsref"].signal / GE_SCALE)
    write_rda(folder / "a.rda", line(512, 2000, 123.2))
    for name, cut in (("vd.dat", 9000), ("P1.7", 5000), ("a.rda", 160)):
        whole = (folder / name).read_bytes()
        (folder / f"cut-{name}").write_bytes(whole[:-cut])
    scan = write_bruker(folder / "rat" / "5", 100 * many(line(512, 4000, 400.3), 1, 3, 4)[:, 0, :])
    scan.write_bytes(scan.read_bytes()[:-1000])
    (folder / "begun.dat").write_bytes((folder / "vd.dat").read_bytes()[:26000])
    (folder / "no-te.rda").write_bytes((folder / "a.rda").read_bytes().replace(b"DwellTime:", b"Dwell:"))
    write_rda(folder / "water.rda", line(512, 2000, 123.2, water=2000.0))
    lines = [
        "cut-vd.dat\ttwix\t01\tsvs\t\t\t\t", "cut-vd.dat\ttwix\t02\tsvs\t\t\t\tyes", "begun.dat\ttwix\t03\tsvs\t\t\t\t",
        "cut-P1.7\tge\t04\tsvs\t(plain)\t\t\t", "cut-a.rda\trda\t05\tsvs\t\t\t\t", "no-te.rda\trda\t06\tsvs\t\t\t\t",
        "water.rda\trda\t07\tsvs\t\t\t\t", "a.rda\trda\t08\tmrsref\t\t\t\t",
        "rat/5/fid\tbruker\t09\tsvs\t\t\t\t",
    ]  # fmt: skip
    (folder / "map.tsv").write_text(HEADER + "\n".join(lines) + "\n")
    return folder / "dataset", pharmrs("import", folder / "map.tsv", "--out", folder / "dataset")


@pytest.mark.parametrize(
    ("kind", "where", "rule", "remedy"),
    [
        ("error", "line 2", "the file must be complete (found: An unexpected read error occurred", "write yes under"),
        ("warning", "line 3", "the file must be complete", "what is whole is then taken"),
        ("error", "line 4", "the file ends before its first transient", "copy the file from the scanner again"),
        ("error", "line 5", "fewer samples than its header says", "copy the file from the scanner again"),
        ("error", "line 6", "must hold the 512 points its header gives (found: 502)", "copy the file"),
        ("error", "line 7", "its header lacks DwellTime", "export it in another format"),
        ("error", "line 10", "fewer samples than its header says", "copy the file from the scanner again"),
        ("warning", "line 8: suffix", "a spectrum should be water-suppressed", "mrsref, if it is a reference"),
        ("warning", "line 9: suffix", "a water reference must show water", "svs, if it is a spectrum"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_plainly(
    kind: str, where: str, rule: str, remedy: str, damaged: tuple[Path, Finished]
) -> None:
    end = damaged[1]
    assert end.code == 3 and "3 recordings imported, 6 failed" in end.err
    (told,) = [text for text in end.lines(kind) if f"{where}: " in text]
    assert rule in told and remedy in told.split("Remedy: ")[1]
    assert "Traceback" not in end.err


def test_of_what_is_damaged_nothing_is_left(damaged: tuple[Path, Finished]) -> None:
    recordings = {path for path in contents(damaged[0]) if "/" in path}
    assert recordings == {f"sub-0{n}/mrs/sub-0{n}_{kind}.nii.gz" for n, kind in ((2, "svs"), (7, "svs"), (8, "mrsref"))}
    assert read_fids(damaged[0] / "sub-02" / "mrs" / "sub-02_svs.nii.gz").transients == 3  # of 4


def test_a_converter_that_asks_a_question_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As spec2nii does for Bruker files with two dwell times."""
    from pharmrs.spectra.read.vendor import conversion

    monkeypatch.setattr(conversion, "_RUN", "input('which one?')")
    (tmp_path / "fid").write_bytes(b"x")
    (tmp_path / "map.tsv").write_text(HEADER + "fid\tbruker\t01\tsvs\t\t\t\t\nfid\tbruker\t02\tsvs\t\t\t\tperhaps\n")
    end = pharmrs("import", tmp_path / "map.tsv", "--out", tmp_path / "dataset")
    assert end.code == 2 and "line 3: incomplete: must be yes, no or empty (found: perhaps)" in end.err
    (tmp_path / "map.tsv").write_text(HEADER + "fid\tbruker\t01\tsvs\t\t\t\t\n")
    end = pharmrs("import", tmp_path / "map.tsv", "--out", tmp_path / "dataset")
    assert end.code == 2 and "the reader asks which of two dwell times holds" in end.err


def test_a_converter_that_fails_after_it_wrote_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pharmrs.spectra.read.vendor import conversion

    code = "import sys; open(sys.argv[sys.argv.index('-o') + 1] + '/out.nii.gz', 'w').close(); sys.exit('half way')"
    monkeypatch.setattr(conversion, "_RUN", code)
    (tmp_path / "fid").write_bytes(b"x")
    (tmp_path / "map.tsv").write_text(HEADER + "fid\tbruker\t01\tsvs\t\t\t\t\n")
    end = pharmrs("import", tmp_path / "map.tsv", "--out", tmp_path / "dataset")
    assert end.code == 2 and "spec2nii must be able to read it as bruker (found: half way)" in end.err
    assert list((tmp_path / "dataset").rglob("*.nii*")) == []
