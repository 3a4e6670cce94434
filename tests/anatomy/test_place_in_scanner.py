"""Where an image and a spectrum lie in the scanner: codes of the two forms, grids of spectra, labels as tissues."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from pharmrs.anatomy.read.volumes import read_box, read_maps, read_tissues, read_volume
from pharmrs.anatomy.records.images import AnatomyFiles
from pharmrs.core.errors import InputError, InputProblem

SFORM = np.array([[-2.0, 0, 0, 40], [0, 2, 0, -50], [0, 0, 2, -30], [0, 0, 0, 1]])


def image_file(path: Path, *, qform: int, sform: int, apart_mm: float = 0.0) -> Path:
    """An image whose qform lies `apart_mm` behind its sform."""
    data = np.random.default_rng(1).random((40, 50, 45), dtype=np.float32)
    image = nib.Nifti1Image(data, SFORM)
    other = SFORM.copy()
    other[1, 3] -= apart_mm
    image.set_sform(SFORM, sform)
    image.set_qform(other, qform)
    nib.save(image, path)
    return path


def test_an_image_without_any_code_has_no_place(tmp_path: Path) -> None:
    """The case no_orientation_codes: nibabel would invent a place, the x axis turned round."""
    with pytest.raises(InputError, match="0 and 0: no place is stored"):
        read_volume(image_file(tmp_path / "T1w.nii.gz", qform=0, sform=0))


@pytest.mark.parametrize(
    ("qform", "sform", "taken_mm", "said"),
    [
        (1, 1, -50.0, "qform_code 1 (scanner), sform_code 1 (scanner); the sform was taken"),
        (1, 2, -75.0, "the qform was taken"),  # aligned to something else by a program; the qform is the scanner's
        (1, 4, -75.0, "sform_code 4 (MNI152); the qform was taken"),
        (2, 2, -50.0, "the sform was taken"),
        (0, 4, -50.0, "sform_code 4 (MNI152); taken as it is"),
        (3, 0, -75.0, "qform_code 3 (Talairach); taken as it is"),
    ],
)
def test_forms_that_disagree_are_reported_with_what_was_taken(
    qform: int, sform: int, taken_mm: float, said: str, tmp_path: Path
) -> None:
    notes: list[InputProblem] = []
    volume = read_volume(image_file(tmp_path / "T1w.nii.gz", qform=qform, sform=sform, apart_mm=25.0), notes)
    assert volume.affine[1, 3] == pytest.approx(taken_mm)
    assert any(said in note.value for note in notes)
    assert {note.severity for note in notes} == {"warning"}


@pytest.mark.parametrize(("qform", "sform"), [(1, 1), (1, 0), (0, 1), (1, 2)])
def test_forms_that_agree_are_not_spoken_of(qform: int, sform: int, tmp_path: Path) -> None:
    notes: list[InputProblem] = []
    volume = read_volume(image_file(tmp_path / "T1w.nii.gz", qform=qform, sform=sform), notes)
    assert volume.affine == pytest.approx(SFORM)
    assert not notes


def test_a_grid_of_spectra_has_no_box(tmp_path: Path) -> None:
    """The case mrsi_grid: 8 x 8 elements; the first one would have answered for all."""
    affine = np.array([[10.0, 0, 0, -35], [0, 10, 0, 5], [0, 0, 15, 10], [0, 0, 0, 1]])
    nib.save(nib.Nifti1Image(np.ones((8, 8, 1, 64), np.complex64), affine), tmp_path / "grid_svs.nii.gz")
    with pytest.raises(InputError, match=r"not a grid \(MRSI\) \(found: 8 x 8 x 1 elements\)"):
        read_box(tmp_path / "grid_svs.nii.gz")


def labels_of_a_ball() -> np.ndarray:
    """FreeSurfer's numbers from the inside: thalamus, white matter, a ventricle's shell, cortex; a gap of a sulcus."""
    steps = np.meshgrid(*[2.0 * np.arange(60) - 59.0] * 3, indexing="ij")
    radius = np.sqrt(sum(step**2 for step in steps))
    labels = np.select([radius < 12, radius < 34, radius < 37, radius < 48], [10, 2, 4, 1002], 0)
    labels[28:31, :, 45:][labels[28:31, :, 45:] == 1002] = 0
    return labels


def label_files(folder: Path, name: str, numbers: np.ndarray) -> AnatomyFiles:
    if name.endswith(".mgz"):
        nib.save(nib.MGHImage(numbers.astype(np.int32), SFORM), folder / name)
    else:
        nib.save(nib.Nifti1Image(numbers.astype(np.int16), SFORM), folder / name)
    return AnatomyFiles(subject="01", session="", labels=str(folder / name))


@pytest.mark.parametrize("name", ["aseg.mgz", "sub-01_T1w_synthseg.nii.gz"])
def test_labels_of_freesurfer_are_tissues(name: str, tmp_path: Path) -> None:
    """Deep grey matter is grey, ventricles are fluid, and a sulcus, which FreeSurfer leaves without a label, is too."""
    labels = labels_of_a_ball()
    maps = read_tissues(label_files(tmp_path, name, labels), "")
    assert maps.method == "labels"
    for numbers, tissue in (((10, 1002), maps.gray_matter), ((2,), maps.white_matter), ((4,), maps.csf)):
        assert tissue[np.isin(labels, numbers)].min() == 1.0
    sulcus = (29, 30, 48)
    assert labels[sulcus] == 0
    assert maps.csf[sulcus] == 1.0
    total = np.sum(maps.maps, axis=0)
    assert total[0, 0, 0] == 0.0 and set(np.unique(total)) == {0.0, 1.0}
    assert maps.affine == pytest.approx(SFORM, abs=1e-4)


def test_numbers_of_a_table_come_before_freesurfers(tmp_path: Path) -> None:
    """fMRIPrep's three labels: the order of older versions was another one, only the table tells."""
    labels = np.select([labels_of_a_ball() == one for one in (10, 2, 4, 1002)], [2, 3, 1, 2], 0)
    files = label_files(tmp_path, "sub-01_dseg.nii.gz", labels)
    with pytest.raises(InputError, match="labels must be FreeSurfer's numbers, or explained by a table"):
        read_tissues(files, "")
    table = "index\tname\tabbreviation\n1\tCerebrospinal Fluid\tCSF\n2\tGray Matter\tGM\n3\tWhite Matter\tWM\n"
    (tmp_path / "sub-01_dseg.tsv").write_text(table)
    maps = read_tissues(files, "")
    assert maps.gray_matter[labels == 2].min() == maps.white_matter[labels == 3].min() == 1.0
    assert maps.csf[labels == 1].min() == 1.0


def test_modulated_maps_are_refused_by_name(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        nib.save(nib.Nifti1Image(np.full((20, 20, 20), 1 / 3, np.float32), SFORM), tmp_path / f"mwp{number}T1.nii")
    gray, white, csf = (str(tmp_path / f"mwp{number}T1.nii") for number in (1, 2, 3))
    with pytest.raises(InputError, match="p1, p2 and p3"):
        read_maps(AnatomyFiles(subject="01", session="", gray_matter=gray, white_matter=white, csf=csf), "")
