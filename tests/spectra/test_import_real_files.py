"""Vendor files of real scanners that package registries ship, in PHARMRS_VENDOR_FILES; docs/own-study.md says how.

None of them is copied here: they belong to the authors of the packages.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pharmrs.spectra.preprocess.water_ratio import water_ratio
from pharmrs.spectra.read.nifti_mrs import read_fids
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
