"""Scans of a BIDS dataset and the references that belong to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputProblem
from pharmrs.core.read.declarations import checked
from pharmrs.spectra.read.recordings import check_pair
from pharmrs.spectra.read.scans import find_scans
from pharmrs.spectra.records import Acquisition, Fids, ScanFiles
from pharmrs.study.declared import Study


def study(**references: str) -> Study:
    return checked(
        Study,
        {
            "title": "t",
            "basis": "b",
            "references": references,
            "quantification": {"primary_scale": "ratio_tcr"},
            "quality": {},
        },
    )


def dataset(folder: Path, *names: str, description: bool = True) -> Path:
    if description:
        (folder / "dataset_description.json").write_text("{}")
    for name in names:
        subject, *rest = name.split("_")
        place = folder / subject / (rest[0] if rest[0].startswith("ses-") else "") / "mrs"
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(b"")
    return folder


def find(folder: Path, *names: str, **references: str) -> tuple[list[ScanFiles], list[InputProblem]]:
    scans, problems = find_scans(dataset(folder, *names), study(**references))
    assert all(p.file and p.field and p.rule and p.remedy for p in problems)
    return scans, problems


def names_of(scan: ScanFiles) -> tuple[str, str, str]:
    return (Path(scan.quantification).name, Path(scan.eddy_current).name, Path(scan.coil_combination).name)


def test_single_reference_serves_everything(tmp_path: Path) -> None:
    scans, problems = find(
        tmp_path,
        "sub-02_ses-1_svs.nii.gz",
        "sub-02_ses-1_mrsref.nii.gz",
        "sub-01_svs.nii",
        "sub-01_mrsref.nii.gz",
        "sub-02_ses-2_svs.nii.gz",
        "sub-02_ses-2_mrsref.nii.gz",
    )
    assert not problems
    assert [(s.name, s.subject, s.session) for s in scans] == [
        ("sub-01", "01", ""),
        ("sub-02_ses-1", "02", "1"),
        ("sub-02_ses-2", "02", "2"),
    ]
    assert names_of(scans[2]) == ("sub-02_ses-2_mrsref.nii.gz",) * 3


def test_declared_references(tmp_path: Path) -> None:
    refs = ("acq-quant", "acq-ecc", "acq-quant2")
    scans, problems = find(
        tmp_path,
        "sub-01_svs.nii.gz",
        *(f"sub-01_{r}_mrsref.nii.gz" for r in refs),
        quantification="acq-quant",
        eddy_current="acq-ecc",
    )
    assert not problems
    # acq-quant is a whole entity: acq-quant2 is another, left over for the coils
    assert names_of(scans[0]) == tuple(f"sub-01_{r}_mrsref.nii.gz" for r in refs)


def test_declared_single_reference_serves_the_rest_too(tmp_path: Path) -> None:
    scans, problems = find(tmp_path, "sub-01_svs.nii.gz", "sub-01_acq-q_mrsref.nii.gz", quantification="acq-q")
    assert not problems and names_of(scans[0]) == ("sub-01_acq-q_mrsref.nii.gz",) * 3


def test_two_candidates_are_named(tmp_path: Path) -> None:
    scans, problems = find(tmp_path, "sub-01_svs.nii.gz", "sub-01_acq-a_mrsref.nii.gz", "sub-01_acq-b_mrsref.nii.gz")
    assert {p.field for p in problems} == {
        "references.quantification",
        "references.eddy_current",
        "references.coil_combination",
    }
    assert all("acq-a" in p.value and "acq-b" in p.value and p.severity == "error" for p in problems)
    assert names_of(scans[0]) == ("", "", "")


@pytest.mark.parametrize("entity", ["run", "voi", "task"])
def test_shared_entities_tell_references_apart(tmp_path: Path, entity: str) -> None:
    scans, problems = find(
        tmp_path,
        f"sub-01_{entity}-1_svs.nii.gz",
        f"sub-01_{entity}-2_svs.nii.gz",
        f"sub-01_{entity}-1_mrsref.nii.gz",
        f"sub-01_{entity}-2_mrsref.nii.gz",
    )
    assert not problems
    assert [Path(s.quantification).name for s in scans] == [f"sub-01_{entity}-{i}_mrsref.nii.gz" for i in (1, 2)]


def test_missing_water_is_a_warning(tmp_path: Path) -> None:
    (scan,), (problem,) = find(tmp_path, "sub-01_svs.nii.gz")
    assert problem.severity == "warning" and scan.quantification == ""


def test_declared_but_absent_is_a_warning(tmp_path: Path) -> None:
    (scan,), problems = find(tmp_path, "sub-01_svs.nii.gz", "sub-01_mrsref.nii.gz", eddy_current="acq-ecc")
    assert [p.field for p in problems] == ["references.eddy_current"] and problems[0].severity == "warning"
    assert scan.eddy_current == "" and scan.quantification


def test_an_entity_that_no_reference_has_is_told_once(tmp_path: Path) -> None:
    names = [f"sub-0{n}_{rest}" for n in (1, 2) for rest in ("acq-steam_svs.nii.gz", "acq-quant_mrsref.nii.gz")]
    scans, (problem,) = find(tmp_path, *names, quantification="acq-qant")
    assert [scan.quantification for scan in scans] == ["", ""]
    assert (problem.file, problem.field) == (str(tmp_path / "study.yaml"), "references.quantification")
    assert (problem.severity, problem.value) == ("error", "acq-qant; there are: acq-quant")


def test_no_description_and_no_scans(tmp_path: Path) -> None:
    """A study without recordings (plates alone) needs no description; one with them does."""
    scans, problems = find_scans(dataset(tmp_path, description=False), study())
    assert not scans and {p.field for p in problems} == {"dataset"}
    (tmp_path / "one").mkdir()
    _, problems = find_scans(dataset(tmp_path / "one", "sub-01_svs.nii.gz", description=False), study())
    assert "dataset_description.json" in {p.field for p in problems}
    scans, problems = find_scans(tmp_path / "none", study())
    assert not scans and problems[0].value == "missing"


def test_a_grid_of_voxels_is_told_by_its_name(tmp_path: Path) -> None:
    root = dataset(tmp_path, "sub-01_mrsi.nii.gz", "sub-01_odd.nii.gz")
    _, problems = find_scans(root, study())
    told = {one.rule: one.value for one in problems if one.field == "file name"}
    assert sorted(told.values()) == ["sub-01_mrsi.nii.gz", "sub-01_odd.nii.gz"]
    assert any("MRSI" in rule for rule in told)


def test_links_out_of_the_dataset_are_refused(tmp_path: Path) -> None:
    outside = tmp_path / "secret_svs.nii.gz"
    outside.write_bytes(b"")
    (tmp_path / "data").mkdir()
    root = dataset(tmp_path / "data", "sub-01_svs.nii.gz")
    (root / "sub-02" / "mrs").mkdir(parents=True)
    (root / "sub-02" / "mrs" / "sub-02_svs.nii.gz").symlink_to(outside)
    (root / "sub-03" / "mrs").mkdir(parents=True)
    (root / "sub-03" / "mrs" / "sub-03_svs.nii.gz").symlink_to("../../sub-01/mrs/sub-01_svs.nii.gz")
    scans, problems = find_scans(root, study())
    assert [scan.name for scan in scans] == ["sub-01", "sub-03"]
    assert [p.field for p in problems if p.severity == "error"] == ["link"]


def test_wrong_names_and_doubles(tmp_path: Path) -> None:
    root = dataset(tmp_path, "sub-01_svs.nii.gz", "sub-01_svs.nii", "sub-01_mrsref.nii.gz")
    (root / "sub-01" / "mrs" / "sub-02_svs.nii.gz").write_bytes(b"")
    (root / "sub-01" / "mrs" / "sub-01_steam_svs.nii.gz").write_bytes(b"")
    _, problems = find_scans(root, study())
    assert sorted(p.field for p in problems) == ["file name", "file name", "sub-01"]


def recording(points: int = 128, coils: int = 2, shift: float = 0.0, scale: float = 1.0, **changes: float) -> Fids:
    acquisition = Acquisition(
        **{
            "spectrometer_frequency_mhz": 297.2,
            "dwell_time_s": 1e-4,
            "echo_time_s": 0.01,
            "repetition_time_s": 5.0,
            **changes,
        }
    )
    affine = np.diag([20.0 * scale, 20.0, 20.0, 1.0])
    affine[0, 3] = shift
    return Fids(data=np.ones((points, coils, 1)), acquisition=acquisition, affine=affine, source="x")


@pytest.mark.parametrize(
    ("water", "field", "severity"),
    [
        (recording(dwell_time_s=2e-4), "dwell time", "error"),
        (recording(spectrometer_frequency_mhz=123.2), "SpectrometerFrequency", "error"),
        (recording(receiver_ppm=3.0), "SpecFreqChemShift", "error"),
        (recording(coils=1), "DIM_COIL", "error"),
        (recording(points=100), "points", "warning"),
        (recording(shift=5.0), "affine", "error"),
        (recording(scale=1.5), "affine", "error"),
    ],
)
def test_pair(water: Fids, field: str, severity: str) -> None:
    (problem,) = check_pair(recording(), water, "svs", "ref")
    assert (problem.field, problem.severity, problem.file) == (field, severity, "ref")
    assert problem.remedy


def test_pair_that_belongs_together() -> None:
    # the reference may have its own TE, TR and number of transients
    assert check_pair(recording(), recording(echo_time_s=0.03, repetition_time_s=9.0), "svs", "ref") == []
