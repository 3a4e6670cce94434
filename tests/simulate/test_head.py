"""Heads of a simulated trial: their content is known, and the project's own reader finds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from pharmrs.anatomy.records.images import TissueMaps, VoxelBox
from pharmrs.anatomy.science.fractions import box_content
from pharmrs.simulate.command import REFERENCE_DESIGN
from pharmrs.simulate.head import HeadSettings, SimulatedHead, box_fractions, draw_head, place_visits, write_head
from pharmrs.simulate.trial import draw_trial
from pharmrs.simulate.trial_records import Trial, TrialSettings

COARSE = HeadSettings(spacing_mm=3)


@pytest.fixture(scope="module")
def trial() -> Trial:
    return draw_trial(TrialSettings(design=REFERENCE_DESIGN, participants=2, seed=4))


@pytest.fixture(scope="module")
def head(trial: Trial) -> SimulatedHead:
    return draw_head(trial, trial.participants[0], COARSE)


def test_maps_are_shares(head: SimulatedHead) -> None:
    total = head.maps.sum(axis=0)
    assert set(np.unique(np.round(total, 9))) == {0.0, 1.0}
    assert head.maps.min() >= 0.0
    volume_ml = float((total * np.abs(np.linalg.det(head.affine[:3, :3]))).sum() / 1e3)
    assert 1300 < volume_ml < 2700  # the template's intracranial content is about 1.9 l; heads differ in size


def test_fractions_by_hand() -> None:
    """A box of 4 mm across the border of two blocks of 2 mm elements: half and half; moved 1 mm: three quarters."""
    maps = np.zeros((3, 8, 8, 8))
    maps[0, :4], maps[1, 4:] = 1.0, 1.0
    head = SimulatedHead(maps=maps, affine=np.diag([2.0, 2.0, 2.0, 1.0]), from_template=np.eye(4))
    box = np.diag([4.0, 4.0, 4.0, 1.0])
    box[:3, 3] = (7.0, 7.0, 7.0)  # the border between elements 3 and 4 is at 7 mm
    assert box_fractions(head, box) == pytest.approx([0.5, 0.5, 0.0])
    box[0, 3] = 6.0
    assert box_fractions(head, box) == pytest.approx([0.75, 0.25, 0.0])


def test_the_projects_own_overlap_finds_the_same(trial: Trial, head: SimulatedHead) -> None:
    """Two independent ways: cells of 0.25 mm here, the overlap of `anatomy` there (3e-4 against exact clipping)."""
    still = replace(COARSE, motion_mm=0.0)
    maps = TissueMaps(
        gray_matter=head.maps[0], white_matter=head.maps[1], csf=head.maps[2], affine=head.affine, source="", method=""
    )
    for placed in place_visits(trial, trial.participants[0], head, still):
        content = box_content(maps, VoxelBox(affine=placed.affine), 0.0, np.zeros((3, 3)))
        true = [placed.visit.gray_matter, placed.visit.white_matter, placed.visit.csf]
        assert content.values == pytest.approx(true, abs=2e-3)
        assert sum(true) == pytest.approx(1.0)


def test_boxes_differ_a_little_between_visits_and_are_oblique(trial: Trial, head: SimulatedHead) -> None:
    placed = place_visits(trial, trial.participants[0], head, COARSE)
    centres = np.array([one.affine[:3, 3] for one in placed])
    assert 0.1 < np.linalg.norm(centres - centres.mean(axis=0), axis=1).max() < 6.0
    for one in placed:
        assert np.linalg.norm(one.affine[:3, :3], axis=0) == pytest.approx([20.0, 15.0, 10.0])
        assert np.count_nonzero(np.abs(one.affine[:3, :3]) > 1e-3) > 3
    # the same visit in another call is the same
    assert place_visits(trial, trial.participants[0], head, COARSE)[2].visit == placed[2].visit


def test_images_hold_the_maps_with_errors_of_a_segmentation(trial: Trial, head: SimulatedHead, tmp_path: Path) -> None:
    person = trial.participants[0]
    write_head(tmp_path, trial, person, head, replace(COARSE, segmentation_sd=0.0))
    folder = tmp_path / "derivatives" / "segmentation" / "sub-01" / "ses-1" / "anat"
    for label, true in zip(("GM", "WM", "CSF"), head.maps, strict=True):
        image = nib.load(folder / f"sub-01_ses-1_label-{label}_probseg.nii.gz")
        assert np.abs(image.get_fdata() - true).max() < 1e-6
        assert np.allclose(image.affine, head.affine)
    t1 = nib.load(tmp_path / "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz").get_fdata()
    pure = [t1[one > 0.98].mean() for one in head.maps]
    assert pure[2] < pure[0] < pure[1]  # CSF darkest, white matter brightest

    write_head(tmp_path / "err", trial, person, head, replace(COARSE, segmentation_sd=0.05))
    wrong = nib.load(tmp_path / "err" / folder.relative_to(tmp_path) / "sub-01_ses-1_label-GM_probseg.nii.gz")
    assert 0.005 < np.abs(wrong.get_fdata() - head.maps[0]).max() < 0.25


def test_same_seed_same_bytes(trial: Trial, head: SimulatedHead, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_head(tmp_path / name, trial, trial.participants[0], head, COARSE)
    files = [sorted(path for path in (tmp_path / name).rglob("*") if path.is_file()) for name in ("a", "b")]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
    other = draw_head(trial, trial.participants[1], COARSE)
    assert np.abs(other.maps - head.maps).max() > 0.5
