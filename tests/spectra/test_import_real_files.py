"""Files of real scanners and programs that public packages ship, in PHARMRS_VENDOR_FILES; docs/own-study.md says how.

None of them is copied here: they belong to the authors of the packages.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

from pharmrs.spectra.preprocess.water_ratio import water_ratio
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.read.results.registry import read_results
from tests.study.e2e import pharmrs

FOLDER = Path(os.environ.get("PHARMRS_VENDOR_FILES", "none"))


def place(pattern: str, package: str) -> Path:
    found = sorted(FOLDER.glob(pattern))
    if not found:
        pytest.skip(f"{package} is not unpacked in the folder PHARMRS_VENDOR_FILES (docs/own-study.md)")
    return found[0]


def imported(table: Path, line: str) -> tuple[int, str, Path]:
    table.write_text(f"file\tformat\tsubject\tsuffix\tmixing_time_s\n{line}\n")
    end = pharmrs("import", table, "--out", table.with_name("dataset"))
    return end.code, end.err, table.with_name("dataset")


def test_spectrum_of_a_7_t_scanner(tmp_path: Path) -> None:
    """Siemens 7 T (VB17) STEAM, TE 11 ms, TR 5 s, through spec2nii of its author, averaged."""
    file = place("fsleyes_plugin_mrs-*/tests/testdata/svs/metab.nii.gz", "fsleyes-plugin-mrs")
    code, said, root = imported(tmp_path / "map.tsv", f"{file}\tnifti\t01\tsvs\t0.032")
    assert code == 0 and "PatientName: may identify a person" in said
    fids = read_fids(next(root.rglob("*_svs.nii.gz")))
    acquisition = fids.acquisition
    times = (acquisition.echo_time_s, acquisition.repetition_time_s, acquisition.mixing_time_s)
    assert times == (0.011, 5.0, 0.032)
    assert (acquisition.spectrometer_frequency_mhz, fids.points) == (297.219948, 4097)
    assert water_ratio(fids) < 10
    assert "water-suppressed" not in said


@pytest.mark.parametrize("name", ["gre", "epi"])
def test_images_of_a_scanner_are_refused(name: str, tmp_path: Path) -> None:
    """twix files of a gradient echo and of an EPI: real headers and measurement data, but no spectroscopy."""
    file = place(f"twixtools-*/example_data/{name}.dat", "twixtools")
    code, said, root = imported(tmp_path / "map.tsv", f"{file}\ttwix\t01\tsvs\t")
    assert code == 2 and "Traceback" not in said
    assert "line 2: spec2nii must be able to read it as twix (found: its dimensions are not those of spectr" in said
    assert list(root.rglob("*.nii*")) == []


def test_one_recording_as_rda_and_as_dicom(tmp_path: Path) -> None:
    """Siemens VD13, both exports of the scanner: samples up to a scale, box, times."""
    rda, ima = (place(f"**/test_data/siemens/SVS_30.{ending}", "suspect") for ending in ("rda", "IMA"))
    code, said, root = imported(tmp_path / "map.tsv", f"{rda}\trda\t01\tsvs\t\n{ima}\tdicom\t02\tsvs\t")
    assert code == 0, said
    one, other = (read_fids(root / f"sub-0{k}" / "mrs" / f"sub-0{k}_svs.nii.gz") for k in (1, 2))
    first, second = one.data[:, 0, 0], other.data[:, 0, 0]
    likeness = np.vdot(second, first) / np.linalg.norm(first) / np.linalg.norm(second)
    assert likeness == pytest.approx(1.0, abs=1e-4)
    assert one.affine == pytest.approx(other.affine, abs=1e-4)
    assert one.acquisition.echo_time_s == other.acquisition.echo_time_s == 0.03


def test_p_files_of_revision_9_agree_with_the_headers_beside_them(tmp_path: Path) -> None:
    """TARQUIN's: each .7 has a SAGE header that tells the same figures."""
    folder = place("**/data/ge/*.7.shf", "TARQUIN").parent
    files = sorted(folder.glob("*.7"))
    lines = [
        f"{file}\tge\t{number:02d}\t{suffix}\t" for number, file in enumerate(files) for suffix in ("svs", "mrsref")
    ]
    code, said, root = imported(tmp_path / "map.tsv", "\n".join(lines))
    assert code == 0 and len(files) == 20, said
    for number, file in enumerate(files):
        told = dict(re.findall(r"^(\w+)[ \t]+(\S+)", file.with_name(f"{file.name}.shf").read_text("latin-1"), re.M))
        place_of = root / f"sub-{number:02d}" / "mrs"
        spectra, water = (read_fids(place_of / f"sub-{number:02d}_{suffix}.nii.gz") for suffix in ("svs", "mrsref"))
        acquisition = spectra.acquisition
        found = (1e3 * acquisition.echo_time_s, 1e3 * acquisition.repetition_time_s,
                 acquisition.spectrometer_frequency_mhz, acquisition.spectral_width_hz)  # fmt: skip
        assert found == pytest.approx([float(told[key]) for key in ("TE", "TR", "center_freq", "rhuser0")], rel=1e-8)
        counts = [int(told[key]) for key in ("rhuser1", "num_sig_frames", "num_ref_frames")]
        assert [spectra.points, spectra.transients, water.transients] == counts
        assert water_ratio(water) > 15


@pytest.mark.parametrize(
    ("name", "metabolite", "percent", "ratio"),
    [("svs_97.TABLE", "Glu", 55.0, 0.131), ("svs_97.COORD", "Glx", 40.0, 0.248), ("svs_97.CSV", "Glu", 55.0, 0.131)],
)
def test_tables_of_lcmodel(name: str, metabolite: str, percent: float, ratio: float) -> None:
    """As they are printed in the files."""
    (result,) = read_results(place(f"**/test_data/lcmodel/{name}", "suspect"))
    values = {(one.metabolite, one.scale): (one.value, one.crlb_percent) for one in result.values}
    assert values[metabolite, "ratio_tcr"] == (ratio, percent)
    if not name.endswith("CSV"):
        assert (result.signal_to_noise, round(result.line_width_hz, 2)) == (13.0, 5.3)


def test_a_coord_of_a_liver_prints_fewer_metabolites_than_it_announces() -> None:
    (result,) = read_results(place("**/test_data/lcmodel/liver.COORD", "suspect"))
    assert len(result.values) == 22 and "announces 41 metabolites and prints 11" in result.notes[-1]
