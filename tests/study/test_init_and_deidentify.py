"""A study begun from a folder, and a copy without what identifies a person."""

from __future__ import annotations

import gzip
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension

from pharmrs.spectra.read.nifti_mrs import identifying_fields, read_fids
from tests.study.e2e import pharmrs, table

WHO = "Ann Example"


@pytest.fixture
def bare(demo: Path, tmp_path: Path) -> Path:
    """Recordings and a basis set, nothing else."""
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("sub-01", "basis"):
        shutil.copytree(demo / name, folder / name)
    for path in folder.glob("sub-*/*_sessions.*"):
        path.unlink()
    return folder


def test_a_study_is_begun_from_what_is_there(bare: Path) -> None:
    end = pharmrs("init", bare)
    assert end.code == 0
    text = (bare / "study.yaml").read_text()
    assert "basis: basis/" in text and "quantification: acq-quant" in text and "eddy_current: acq-ecc" in text
    visits = [(row["participant_id"], row["session_id"]) for row in table(bare / "phenotype" / "sessions.tsv")]
    assert visits == [("sub-01", "ses-1"), ("sub-01", "ses-2")]
    assert [row["participant_id"] for row in table(bare / "phenotype" / "allocation.tsv")] == ["sub-01"]
    assert pharmrs("validate", bare).code == 0  # spectra alone: the tables of a trial need not be filled in
    design = "design:\n  kind: crossover\n  treatments: [a, b]\n  baseline: before\n  follow_up: after\n"
    (bare / "study.yaml").write_text(text + design)
    of_trial = pharmrs("validate", bare)  # lists what is still open
    assert of_trial.code == 2
    assert len([line for line in of_trial.lines("error") if "TODO must be filled in" in line]) == 2 + 1


def test_what_is_filled_in_is_enough_and_never_touched_again(bare: Path) -> None:
    pharmrs("init", bare)
    for path in (bare / "study.yaml", *bare.glob("phenotype/*.tsv")):
        path.write_text(path.read_text().replace("TODO", "1"))
    before = (bare / "study.yaml").read_bytes()
    end = pharmrs("init", bare)
    assert all(line.startswith("left as it is: ") for line in end.out.splitlines())
    assert (bare / "study.yaml").read_bytes() == before
    told = pharmrs("validate", bare)
    assert told.code == 0, told.err
    assert "2 scans found; ready for `pharmrs run`" in told.out


@pytest.mark.parametrize("material", ["plates", "nothing"])
def test_what_is_open_is_said_once_and_only_so(tmp_path: Path, material: str) -> None:
    """A template is valid YAML, and validate says of a TODO its line, not also what a number must look like."""
    if material == "plates":
        (tmp_path / "sourcedata" / "assay").mkdir(parents=True)
        (tmp_path / "sourcedata" / "assay" / "plate-01.csv").write_text("well,450\nA1,0.1\nB1,0.2\n")
    assert pharmrs("init", tmp_path).code == 0
    told = pharmrs("validate", tmp_path)
    lines = [line for line in told.lines("error") if "study.yaml" in line]
    assert lines and all("TODO must be filled in" in line for line in lines), told.err
    assert ("Nothing was found here" in (tmp_path / "study.yaml").read_text()) is (material == "nothing")


def test_recordings_of_a_scanner_are_imported_before_a_study_is_begun(tmp_path: Path) -> None:
    """Nothing is written into a folder of vendor files; the way from there is said."""
    for name in ("glu.rda", "glu_water.rda"):
        (tmp_path / name).write_text(">>> Begin of header <<<\n>>> End of header <<<\n")
    end = pharmrs("init", tmp_path)
    assert end.code == 2
    assert "2 recordings as the scanner wrote them" in end.err and "--out STUDY" in end.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["glu.rda", "glu_water.rda"]


def _named(path: Path, order: str = "<") -> None:
    """Put a name wherever a NIfTI-MRS file can hold one."""
    image = nib.load(path)
    extension = json.loads(image.header.extensions[0].get_content())
    made = nib.Nifti1Image(np.asarray(image.dataobj), image.affine, image.header.copy())
    made.header.extensions.clear()
    made.header.extensions.append(
        Nifti1Extension(44, json.dumps(extension | {"PatientName": WHO, "DoB": WHO}).encode())
    )
    made.header.extensions.append(Nifti1Extension(6, b"a comment"))
    made.header["aux_file"] = WHO.encode()
    nib.save(made, path)
    sidecar = path.with_name(path.name.replace(".nii.gz", ".json"))
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"PatientID": WHO}))


def test_a_copy_names_nobody_and_holds_the_same_data(copy_of_demo: Callable[[str], Path], tmp_path: Path) -> None:
    dataset, copy = copy_of_demo("named"), tmp_path / "copy"
    scan = next(dataset.glob("sub-01/ses-1/mrs/*_svs.nii.gz"))
    _named(scan)
    (dataset / "sourcedata").mkdir(exist_ok=True)
    (dataset / "sourcedata" / "meas.dat").write_text(WHO)
    before = {path: path.read_bytes() for path in dataset.rglob("*") if path.is_file()}
    assert identifying_fields(scan)
    end = pharmrs("deidentify", dataset, copy)
    assert end.code == 3 and "not copied: sourcedata/meas.dat" in end.err  # a scanner's own file
    assert {path: path.read_bytes() for path in dataset.rglob("*") if path.is_file()} == before
    there = copy / scan.relative_to(dataset)
    assert identifying_fields(there) == ()
    for path in copy.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert WHO.encode() not in (gzip.decompress(content) if path.name.endswith(".gz") else content), path
    np.testing.assert_array_equal(read_fids(there).data, read_fids(scan).data)
    assert read_fids(there).acquisition == read_fids(scan).acquisition
    copied = nib.load(there).header.extensions
    assert [one.get_code() for one in copied] == [44, 6]
    (dataset / "sourcedata" / "meas.dat").unlink()
    scan.write_bytes(there.read_bytes())
    assert pharmrs("validate", copy).code == pharmrs("validate", dataset).code == 0


@pytest.mark.parametrize("order", ["<", ">"])
def test_headers_of_either_byte_order_are_cleaned(order: str, tmp_path: Path) -> None:
    from pharmrs.study.deidentify import cleaned_content

    header = bytearray(352)
    struct.pack_into(f"{order}i", header, 0, 348)
    struct.pack_into(f"{order}f", header, 108, 352.0)
    header[14:20], header[344:348] = b"Smith\x00", b"n+1\x00"
    path = tmp_path / "x.nii"
    path.write_bytes(bytes(header) + b"voxels")
    content, removed = cleaned_content(path)
    assert removed and content is not None and b"Smith" not in content and content.endswith(b"voxels")
    assert struct.unpack_from(f"{order}f", content, 108)[0] == 352.0


def test_the_copy_needs_a_place_of_its_own(demo: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    for place in (demo / "copy", tmp_path):
        assert pharmrs("deidentify", demo, place).code == 2
