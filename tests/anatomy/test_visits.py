"""Scans of another visit than the image: the head's movement is found, checked and carried; files of it are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ants
import nibabel as nib
import numpy as np
import pytest
from scipy.ndimage import affine_transform, map_coordinates
from scipy.spatial.transform import Rotation

from pharmrs.anatomy.read.transform import read_image_transform
from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import Volume
from pharmrs.anatomy.science.fractions import shares_in
from pharmrs.anatomy.science.registration import LPS
from pharmrs.anatomy.science.visits import NotFound, Pair, find_movement
from pharmrs.anatomy.stage.plan import plan_tissue
from pharmrs.anatomy.stage.tissue import TissueDone, measure_tissue
from pharmrs.core.errors import InputError
from pharmrs.core.records.scan_files import ScanFiles
from tests.anatomy.heads import MadeHead, make_head

MOVES = {"turned": ((15.0, -5.0, 5.0), (10.0, -24.0, 12.0)), "nodded": ((-12.0, 10.0, 3.0), (-5.0, 20.0, -20.0))}


def movement(name: str) -> np.ndarray:
    """4x4: where the head of the first visit lies in the second."""
    angles, shift = MOVES[name]
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    matrix[:3, 3] = shift
    return matrix


def moved(image: Volume, by: np.ndarray) -> Volume:
    """The head in another visit: on a straight grid of 2 mm around it, with noise of its own."""
    shape = (100, 120, 100)
    grid = np.diag([2.0, 2.0, 2.0, 1.0])
    middle = by @ image.affine @ np.append((np.array(image.data.shape) - 1) / 2, 1.0)
    grid[:3, 3] = middle[:3] - np.array(shape) + 3.7
    chain = np.linalg.inv(by @ image.affine) @ grid
    data = affine_transform(image.data, chain[:3, :3], chain[:3, 3], output_shape=shape, order=1)
    noise = np.random.default_rng(5).normal(0.0, 20.0, shape)
    return Volume(data=np.abs(data + noise).astype(np.float32), affine=grid, source="")


@pytest.fixture(scope="module")
def head() -> MadeHead:
    return make_head()


def brain_of(head: MadeHead) -> Volume:
    inside = head.truth.gray_matter + head.truth.white_matter > 0.5
    return Volume(data=inside.astype(np.float32), affine=head.truth.affine, source="")


@pytest.mark.parametrize("name", ["turned", pytest.param("nodded", marks=pytest.mark.long)])
def test_a_known_movement_is_found(head: MadeHead, name: str) -> None:
    """Within half a millimetre over the brain, and the stated SD is of that size; maps stand in for the image."""
    maps = head.truth
    shown = 0.65 * maps.gray_matter + maps.white_matter + 0.25 * maps.csf
    picture = Volume(data=shown, affine=maps.affine, source="")
    found = find_movement(Pair(picture, brain_of(head), moved(head.image, movement(name))), "")
    places = head.to_head @ np.vstack([np.array([[0, 42, 6], [-60, -20, 0], [30, -80, 40]]).T, np.ones(3)])
    error = np.linalg.norm((found.to_head @ movement(name) @ places - places)[:3], axis=0)
    assert error.max() < 0.7
    assert 0.2 < found.error_mm < 1.0
    assert found.information > 1.5 * found.elsewhere
    angle = Rotation.from_matrix(movement(name)[:3, :3]).magnitude()
    assert found.turned_deg == pytest.approx(np.degrees(angle), abs=0.7)


def test_the_head_of_another_person_is_not_taken(head: MadeHead) -> None:
    """Another brain: folds up to 8 mm elsewhere, in a head of the same size and place."""
    index = np.indices(head.image.data.shape, dtype=float)
    folds = index + 4.0 * np.sin(index[[1, 2, 0]] / 4.0)
    data = map_coordinates(head.image.data, folds, order=1).astype(np.float32)
    other = Volume(data=data, affine=head.image.affine, source="")
    with pytest.raises(NotFound, match="another person"):
        find_movement(Pair(head.image, brain_of(head), moved(other, movement("turned"))), "")


def test_an_image_that_shows_no_head_is_not_taken(head: MadeHead) -> None:
    noise = np.random.default_rng(1).gamma(2.0, 100.0, (64, 64, 64)).astype(np.float32)
    grid = np.diag([3.0, 3.0, 3.0, 1.0])
    grid[:3, 3] = -96.0
    with pytest.raises(NotFound):
        find_movement(Pair(head.image, brain_of(head), Volume(data=noise, affine=grid, source="")), "")


def itk_file(path: Path, matrix: np.ndarray) -> Path:
    """`matrix` (RAS+) as ANTs itself writes a transform."""
    lps = LPS @ matrix @ LPS
    transform = ants.create_ants_transform(
        transform_type="AffineTransform", dimension=3, matrix=lps[:3, :3], translation=lps[:3, 3]
    )
    binary = path.with_suffix(".mat")
    ants.write_transform(transform, str(binary))
    parameters = " ".join(str(value) for value in ants.read_transform(str(binary)).parameters)
    path.write_text(
        "#Insight Transform File V1.0\n#Transform 0\nTransform: AffineTransform_double_3_3\n"
        f"Parameters: {parameters}\nFixedParameters: 0 0 0\n"
    )
    return path


def test_the_file_of_fmriprep_is_read_as_ants_applies_it(tmp_path: Path) -> None:
    """ANTs takes the visit's image to the participant's space by the file; a bright place goes where we say."""
    by = movement("turned")
    path = itk_file(tmp_path / "sub-01_ses-2_from-orig_to-T1w_mode-image_xfm.txt", by)
    assert read_image_transform(path) == pytest.approx(np.linalg.inv(by), abs=1e-6)
    size, place = 90, np.array([12.0, -20.0, 7.0])  # of a bright ball in the visit's world, RAS+
    steps = np.stack(np.meshgrid(*[2.0 * np.arange(size) - 89.0] * 3, indexing="ij"))
    ball = np.exp(-np.sum((steps - place[:, None, None, None]) ** 2, axis=0) / 32.0).astype(np.float32)
    image = ants.from_numpy(
        ball, origin=(89.0, 89.0, -89.0), spacing=(2.0, 2.0, 2.0), direction=np.diag([-1.0, -1.0, 1.0])
    )
    taken = ants.apply_transforms(fixed=image, moving=image, transformlist=[str(path)]).numpy()
    brightest = steps[:, *np.unravel_index(np.argmax(taken), taken.shape)]
    ours = read_image_transform(path) @ np.append(place, 1.0)
    assert ours[:3] == pytest.approx(brightest, abs=1.5)


@pytest.mark.parametrize("text", ["", "Parameters: 1 2 3\n", "#Insight\nTransform: A\nParameters: x\n"])
def test_a_broken_transform_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "xfm.txt").write_text(text)
    with pytest.raises(InputError, match="must hold one affine transform of ITK"):
        read_image_transform(tmp_path / "xfm.txt")


def test_a_transform_that_stretches_the_head_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a head does not change its size"):
        read_image_transform(itk_file(tmp_path / "xfm.txt", np.diag([1.1, 1.0, 1.0, 1.0])))


Dataset = Callable[..., tuple[TissueDone, np.ndarray]]


@pytest.fixture
def two_visits(head: MadeHead, tmp_path: Path) -> Dataset:
    """Maps of the participant and a T1w image and a voxel in each of two visits, as fMRIPrep leaves them."""

    def measured(
        *, xfm: np.ndarray | None = None, plan: Anatomy | None = None, t1: bool = True
    ) -> tuple[TissueDone, np.ndarray]:
        by, maps = movement("turned"), tmp_path / "derivatives/fmriprep/sub-01/anat"
        maps.mkdir(parents=True)
        for label, data in zip(("GM", "WM", "CSF"), head.truth.maps, strict=True):
            nib.save(nib.Nifti1Image(data, head.truth.affine), maps / f"sub-01_label-{label}_probseg.nii.gz")
        scans = []
        for session, matrix in (("1", np.eye(4)), ("2", by)):
            folder = tmp_path / f"sub-01/ses-{session}"
            (folder / "anat").mkdir(parents=True)
            image = moved(head.image, matrix)
            if t1 or session == "1":
                name = folder / f"anat/sub-01_ses-{session}_T1w.nii.gz"
                nib.save(nib.Nifti1Image(image.data, image.affine), name)
            box = nib.Nifti1Image(np.ones((1, 1, 1, 8), np.complex64), matrix @ head.box().affine)
            nib.save(box, folder / f"sub-01_ses-{session}_svs.nii.gz")
            scans.append(
                ScanFiles(
                    name=f"ses-{session}",
                    subject="01",
                    session=session,
                    metabolite=str(folder / f"sub-01_ses-{session}_svs.nii.gz"),
                )
            )
        if xfm is not None:
            place = tmp_path / "derivatives/fmriprep/sub-01/ses-2/anat"
            place.mkdir(parents=True)
            itk_file(place / "sub-01_ses-2_from-orig_to-T1w_mode-image_xfm.txt", xfm)
        tissue = plan_tissue(tmp_path, plan or Anatomy(normalise=False), scans, tmp_path / "out", lambda _: 123.0)
        (task,) = tissue.tasks
        shares, _ = shares_in(head.truth, head.box())
        return measure_tissue(task), shares / shares.sum()

    return measured


@pytest.mark.long
def test_maps_of_the_participant_serve_both_visits(two_visits: Dataset) -> None:
    """The same tissue is in both boxes, within the wanted 0.01 (the case fmriprep_maps_two_sessions)."""
    done, truth = two_visits()
    assert not done.missing and not done.problems
    for one in done.found:
        assert one.tissue.fractions.values == pytest.approx(truth, abs=0.01)
        assert one.tissue.movement is not None and one.tissue.movement.how.startswith("registration of sub-01_ses-")
    second = done.found[1].tissue.movement
    assert second is not None
    assert second.turned_deg == pytest.approx(16.6, abs=0.7)


@pytest.mark.long
def test_a_transform_the_wrong_way_round_is_found_out(two_visits: Dataset) -> None:
    done, truth = two_visits(xfm=np.linalg.inv(movement("turned")))
    (problem,) = done.problems
    assert "which its inverse fits" in problem.value and problem.severity == "warning"
    assert done.found[1].tissue.fractions.values == pytest.approx(truth, abs=0.01)


@pytest.mark.long
def test_a_transform_that_the_images_bear_out_is_used(two_visits: Dataset) -> None:
    done, truth = two_visits(xfm=movement("turned"))
    assert not done.problems
    used = done.found[1].tissue.movement
    assert used is not None
    assert used.to_head == pytest.approx(np.linalg.inv(movement("turned")), abs=1e-5)
    assert "borne out by" in used.how
    assert done.found[1].tissue.fractions.values == pytest.approx(truth, abs=0.003)


@pytest.mark.long
def test_a_declared_error_widens_the_sd(two_visits: Dataset) -> None:
    """No image of the second visit: the box is 30 mm off, and the SD says that it may be."""
    done, truth = two_visits(plan=Anatomy(normalise=False, other_visit_sd_mm=20.0), t1=False)
    first, second = (one.tissue for one in done.found)
    assert first.fractions.gray_matter_sd < 0.1 < second.fractions.gray_matter_sd
    sds = np.sqrt(np.diag(second.fractions.covariance))
    assert (np.abs(second.fractions.values - truth) < 2.5 * sds).all()
