"""The demonstration data set: layout, validity, determinism."""

import json
from pathlib import Path

import numpy as np
import pytest

from pharmrs.io.basis import read_basis
from pharmrs.io.bids import find_scans
from pharmrs.io.nifti_mrs import read_fids
from pharmrs.io.study_file import read_study
from pharmrs.simulate.dataset import write_demo_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_demo_dataset(folder, seed=11)
    return folder


def test_every_scan_is_found_with_its_references(dataset: Path) -> None:
    study = read_study(dataset / "study.yaml")
    scans, problems = find_scans(dataset, study)
    assert [str(problem) for problem in problems] == []
    assert [scan.name for scan in scans] == [f"sub-0{s}_ses-{v}_acq-steam" for s in (1, 2) for v in (1, 2)]
    for scan in scans:
        assert "acq-quant" in scan.quantification
        assert "acq-ecc" in scan.eddy_current
        assert "acq-ecc" in scan.coil_combination


def test_recordings_and_basis_are_readable_and_agree(dataset: Path) -> None:
    fids = read_fids(dataset / "sub-01/ses-1/mrs/sub-01_ses-1_acq-steam_svs.nii.gz")
    assert fids.data.shape == (2048, 4, 16)
    assert fids.acquisition.echo_time_s == 0.02
    basis = read_basis(dataset / read_study(dataset / "study.yaml").basis)
    assert basis.dwell_time_s == pytest.approx(fids.acquisition.dwell_time_s, rel=1e-6)
    assert basis.points >= fids.points


def test_quality_rules_and_one_bad_scan(dataset: Path) -> None:
    rules = read_study(dataset / "study.yaml").quality
    assert (rules.max_crlb_percent, rules.max_line_width_hz, rules.min_signal_to_noise) == (20, 24, 20)
    lines = (dataset / "truth/concentrations.tsv").read_text().splitlines()
    rows = [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:]]
    bad = {row["scan"] for row in rows if row["bad_on_purpose"] == "true"}
    assert bad == {"sub-02_ses-2_acq-steam"}
    assert set(json.loads((dataset / "truth/concentrations.json").read_text())) == set(rows[0])
    assert len(rows) == 4 * len(read_basis(dataset / "basis/demo_steam_7t.basis").names)


def test_bids_files(dataset: Path) -> None:
    assert json.loads((dataset / "dataset_description.json").read_text())["BIDSVersion"] == "1.10.0"
    assert (dataset / "participants.tsv").read_text().split() == ["participant_id", "sub-01", "sub-02"]
    for recording in dataset.rglob("*.nii.gz"):
        sidecar = json.loads(Path(str(recording).replace(".nii.gz", ".json")).read_text())
        assert sidecar["RepetitionTime"] == 5.0


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder, seed in zip(folders, (3, 3, 4), strict=True):
        write_demo_dataset(folder, seed=seed, subjects=1, sessions=1)
    content = [
        {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()} for folder in folders
    ]
    assert content[0] == content[1]
    assert content[0] != content[2]
    first = read_fids(next(folders[0].rglob("*svs.nii.gz"))).data
    assert np.isfinite(first).all()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FileExistsError, match="not empty"):
        write_demo_dataset(tmp_path, seed=1)
