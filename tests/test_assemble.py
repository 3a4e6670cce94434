"""The real 7 T recording as a BIDS data set."""

import importlib.util
from pathlib import Path

import pytest

from pharmrs.spectra.read.nifti_mrs import identifying_fields, read_fids
from pharmrs.spectra.read.scans import find_scans
from pharmrs.study.study_file import read_study

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT.parent / "shared" / "data" / "steam-7t"
pytestmark = pytest.mark.skipif(not SOURCE.is_dir(), reason="needs ../shared/data/steam-7t")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = importlib.util.spec_from_file_location("assemble_steam7t", ROOT / "scripts" / "assemble_steam7t.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    target = tmp_path_factory.mktemp("steam") / "bids"
    script.assemble(SOURCE, target)
    return target


def test_layout_and_references(dataset: Path) -> None:
    study = read_study(dataset / "study.yaml")
    scans, problems = find_scans(dataset, study)
    assert [str(problem) for problem in problems] == []
    (scan,) = scans
    assert scan.name == "sub-01_acq-steam"
    assert [Path(p).name.split("_")[1] for p in (scan.quantification, scan.eddy_current, scan.coil_combination)] == [
        "acq-quant",
        "acq-ecc",
        "acq-coil",
    ]
    assert study.preprocessing.skip_points == 0
    assert study.fit.omit == ()
    assert study.quantification.primary_scale == "ratio_tcr"
    assert (dataset / str(study.basis.path)).is_file()


def test_the_signal_is_kept_and_identity_is_not(dataset: Path) -> None:
    before = read_fids(SOURCE / "metab_raw.nii.gz")
    path = dataset / "sub-01/mrs/sub-01_acq-steam_svs.nii.gz"
    after = read_fids(path)
    assert (before.data == after.data).all()
    assert after.acquisition.echo_time_s == 0.011
    assert "PatientName" in identifying_fields(SOURCE / "metab_raw.nii.gz")
    for recording in dataset.rglob("*.nii.gz"):
        assert [f for f in identifying_fields(recording) if f.startswith(("PatientName", "PatientDoB"))] == []
