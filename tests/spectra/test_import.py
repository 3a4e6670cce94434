"""`pharmrs import`: vendor files become recordings of a BIDS dataset, with the signal, the times and no name."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from pharmrs.spectra.read.import_table import read_import_table
from pharmrs.spectra.read.nifti_mrs import identifying_fields, read_fids
from tests.spectra.philips_files import vax_float, write_pair
from tests.study.e2e import contents, pharmrs

HEADER = "file\tformat\tsubject\tsession\tacquisition\tsuffix\tsecond_file\tmixing_time_s\trepetition_time_s\n"


def signal(seed: int, transients: int) -> np.ndarray:
    """A line at 2.01 ppm: (2.01 - 4.65) ppm is upfield, a positive frequency in NIfTI-MRS; and noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(512) / 2000.0
    line = np.exp((2j * np.pi * (4.65 - 2.01) * 127.76 - 20.0) * time)
    noise = rng.normal(size=(512, transients)) + 1j * rng.normal(size=(512, transients))
    return np.asarray(100.0 * line[:, None] + noise)


@pytest.fixture
def philips(tmp_path: Path) -> Path:
    """A mapping table with a spectrum and its water reference."""
    folder = tmp_path / "scanner"
    folder.mkdir()
    write_pair(folder, "act", signal(1, 4))
    write_pair(folder, "ref", 50 * signal(2, 1))
    table = folder / "map.tsv"
    table.write_text(
        HEADER
        + "act.SDAT\tphilips\t01\t1\tpress\tsvs\tact.SPAR\tn/a\tn/a\n"
        + "ref.SDAT\tphilips\t01\t1\tquant\tmrsref\tref.SPAR\t\t\n"
    )
    return table


def test_vax_floats_by_hand() -> None:
    """1.0 is 0.5 x 2^1: exponent 129, fraction 0, so 0x40800000, words swapped; -0.75 is 0.75 x 2^0."""
    assert vax_float(1.0) == bytes.fromhex("80400000")
    assert vax_float(-0.75) == bytes.fromhex("40c00000")


def test_philips_pair_becomes_a_bids_dataset(philips: Path, tmp_path: Path) -> None:
    root = tmp_path / "dataset"
    end = pharmrs("import", philips, "--out", root)
    assert end.code == 0, end.err
    assert "2 recordings imported, 0 failed" in end.err
    folder = root / "sub-01" / "ses-1" / "mrs"
    scan = folder / "sub-01_ses-1_acq-press_svs.nii.gz"
    assert {path.name for path in folder.iterdir()} == {scan.name, "sub-01_ses-1_acq-quant_mrsref.nii.gz"}
    assert (root / "participants.tsv").read_text() == "participant_id\nsub-01\n"
    assert json.loads((root / "dataset_description.json").read_text())["BIDSVersion"] == "1.10.0"
    fids = read_fids(scan)
    # single precision: 24 bits
    np.testing.assert_allclose(fids.data[:, 0, :], signal(1, 4), atol=2e-5)
    acquisition = fids.acquisition
    assert (acquisition.echo_time_s, acquisition.repetition_time_s) == (0.030, 2.0)
    assert acquisition.spectral_width_hz == pytest.approx(2000.0)
    assert sorted(np.linalg.norm(fids.affine[:3, :3], axis=0)) == pytest.approx([10.0, 15.0, 20.0])
    spectrum = np.abs(np.fft.fft(fids.data[:, 0, 0]))
    assert acquisition.ppm_axis(fids.points)[spectrum.argmax()] == pytest.approx(2.01, abs=0.02)
    assert identifying_fields(scan) == ()
    assert b"Doe" not in gzip.decompress(scan.read_bytes())


def test_times_of_the_table_fill_what_the_file_lacks_and_may_not_contradict(philips: Path, tmp_path: Path) -> None:
    text = philips.read_text().replace("act.SPAR\tn/a\tn/a", "act.SPAR\t0.032\t2").replace("\t\t\n", "\t\t5\n")
    philips.write_text(text)
    root = tmp_path / "dataset"
    end = pharmrs("import", philips, "--out", root)
    assert end.code == 3
    scan = root / "sub-01" / "ses-1" / "mrs" / "sub-01_ses-1_acq-press_svs.nii.gz"
    assert read_fids(scan).acquisition.mixing_time_s == 0.032
    assert "line 3: RepetitionTime: header extension and sidecar must agree" in end.err
    assert not list(root.rglob("*mrsref*")) and not list(root.glob(".import-*"))


def test_what_is_there_is_never_overwritten(philips: Path, tmp_path: Path) -> None:
    root = tmp_path / "dataset"
    assert pharmrs("import", philips, "--out", root).code == 0
    before = contents(root)
    end = pharmrs("import", philips, "--out", root)
    assert end.code == 2
    assert end.err.count("must not be there already") == 2
    assert contents(root) == before


def test_nifti_files_are_taken_as_they_are(demo: Path, tmp_path: Path) -> None:
    source = next(demo.glob("sub-01/ses-1/mrs/*_svs.nii.gz"))
    table = tmp_path / "map.tsv"
    table.write_text(f"file\tformat\tsubject\tsuffix\n{source}\tnifti\tsub-x1\tsvs\n")
    assert pharmrs("import", table, "--out", tmp_path / "dataset").code == 0
    copied = tmp_path / "dataset" / "sub-x1" / "mrs" / "sub-x1_svs.nii.gz"
    assert copied.read_bytes() == source.read_bytes()


def test_every_mistake_of_the_table_at_once(tmp_path: Path) -> None:
    table = tmp_path / "map.tsv"
    (tmp_path / "a.dat").write_bytes(b"x")
    table.write_text(
        HEADER
        + "a.dat\tsiemens\t01\t1\tx\tsvs\t\t\t\n"
        + "a.dat\tphilips\t01\t1\tx\tsvs\t\t\t\n"
        + "gone.dat\ttwix\t../02\t1\tx\tspectrum\t\tsoon\t\n"
        + "a.dat\ttwix\t\t1\tx\tsvs\tb.dat\t\t\n"
    )
    end = pharmrs("import", table, "--out", tmp_path / "dataset")
    assert end.code == 2
    for text in (
        "line 2: format: must be one of",
        "line 3: second_file: must be given for philips",
        "line 3: each line must make a recording of its own",
        "line 4: file: must exist",
        "line 4: subject: must be a BIDS label (found: ../02)",
        "line 4: suffix: must be svs or mrsref (found: spectrum)",
        "line 4: mixing_time_s: must be a number (found: soon)",
        "line 5: subject: must be given",
        "line 5: second_file: must be empty for twix",
    ):
        assert text in end.err, text
    assert not (tmp_path / "dataset").exists()


def test_a_file_of_another_format_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_bytes(b"no recording" * 100)
    table = tmp_path / "map.tsv"
    table.write_text("file\tformat\tsubject\tsuffix\na.dat\ttwix\t01\tsvs\na.dat\tge\t02\tsvs\na.dat\tnifti\t03\tsvs\n")
    end = pharmrs("import", table, "--out", tmp_path / "dataset")
    assert end.code == 2
    assert "line 2: spec2nii must be able to read it as twix" in end.err
    assert "line 3: spec2nii must be able to read it as ge" in end.err
    assert "line 4:" in end.err and "Traceback (most recent" not in end.err
    assert not list((tmp_path / "dataset").rglob("*.nii*"))


def test_paths_are_those_of_the_table(philips: Path) -> None:
    lines = read_import_table(philips)
    assert [line.target for line in lines] == [
        "sub-01/ses-1/mrs/sub-01_ses-1_acq-press_svs",
        "sub-01/ses-1/mrs/sub-01_ses-1_acq-quant_mrsref",
    ]
    assert lines[0].files == tuple(str(philips.parent / name) for name in ("act.SDAT", "act.SPAR"))


def test_one_of_several_recordings_is_chosen_by_its_ending(
    philips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A converter that writes two files, as spec2nii does for GE: the metabolites plain, the water as `_ref`.

    With nothing in `part` the suffix chooses between these two.
    """
    from pharmrs.spectra.read.vendor import conversion

    assert pharmrs("import", philips, "--out", tmp_path / "first").code == 0
    source = next((tmp_path / "first").rglob("*_svs.nii.gz"))
    code = (
        "import shutil, sys; place = sys.argv[sys.argv.index('-o') + 1]\n"
        f"for name in ('out', 'out_ref'): shutil.copy({str(source)!r}, place + '/' + name + '.nii.gz')"
    )
    monkeypatch.setattr(conversion, "_RUN", code)
    (tmp_path / "P1.7").write_bytes(b"x")
    table = tmp_path / "ge.tsv"
    lines = ["P1.7\tge\t01\tsvs\t(plain)", "P1.7\tge\t01\tmrsref\t_ref", "P1.7\tge\t02\tsvs\t", "P1.7\tge\t03\tsvs\t_x"]
    table.write_text("\n".join(["file\tformat\tsubject\tsuffix\tpart", *lines]) + "\n")
    end = pharmrs("import", table, "--out", tmp_path / "second")
    assert end.code == 3
    assert {path.name for path in (tmp_path / "second").rglob("*.nii.gz")} == {
        "sub-01_svs.nii.gz",
        "sub-01_mrsref.nii.gz",
        "sub-02_svs.nii.gz",
    }
    assert end.err.count("part: must choose one recording of the file (found: (plain), _ref)") == 1
