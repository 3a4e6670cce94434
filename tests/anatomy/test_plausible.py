"""It looks at what it made: volumes a head can have, boxes that lie as the others, the declared place, deep grey."""

from __future__ import annotations

import numpy as np
import pytest

from pharmrs.anatomy.read.atlas import cortex, structures
from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import Volume, VoxelBox
from pharmrs.anatomy.records.places import PLACES
from pharmrs.anatomy.science.deep_gray import STRUCTURES, deep_gray
from pharmrs.anatomy.science.mixture import Classes
from pharmrs.anatomy.science.outliers import away_from, odd_boxes
from pharmrs.anatomy.science.plausible import doubts
from pharmrs.anatomy.science.regions import mask_in_template, mask_on, region_shares
from pharmrs.anatomy.science.registration import AffineToTemplate

GRID = mni152().t1
STILL = np.zeros((3, *GRID.data.shape), dtype=np.float32)  # no warp


def test_a_person_is_not_doubted() -> None:
    """Brains of all ages, in ml: a man of 25, a small old woman with wide sulci, a child of six."""
    for volumes in ((720.0, 560.0, 260.0), (480.0, 420.0, 500.0), (780.0, 420.0, 120.0)):
        assert not doubts(np.array(volumes), 1.0, (250.0, 650.0, 1000.0), 0.6)


def test_the_contrast_agent_of_the_case_is_refused() -> None:
    """The case implausible_segmentation: 215, 1279 and 147 ml, correlation 0.47, and no word was said."""
    found = doubts(np.array([215.0, 1279.0, 147.0]), 1.0, (0.0, 409.6, 1051.3), 0.47)
    assert any(one.severe and "grey to white matter" in one.rule and one.found == "0.17" for one in found)
    assert {one.found for one in found if one.severe} == {"0.17", "215 ml", "1279 ml"}
    assert any("brightness of grey over white matter" in one.rule for one in found)


def test_a_slab_is_not_measured_by_its_volume() -> None:
    assert not doubts(np.array([70.0, 50.0, 20.0]), 0.2)


def box(
    x: float, y: float, z: float, *, edges: tuple[float, float, float] = (20, 15, 10), tilt: float = 0.0
) -> VoxelBox:
    angle = np.radians(tilt)
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn * np.array(edges), (x, y, z)
    return VoxelBox(affine=affine)


def group(*odd: VoxelBox) -> tuple[list[VoxelBox], list[str]]:
    """Six boxes of the left DLPFC as people place them, then the odd ones, each of another person."""
    rng = np.random.default_rng(3)
    usual = [box(*(np.array([-36.0, 34.0, 30.0]) + rng.normal(0, 2, 3)), tilt=rng.normal(0, 3)) for _ in range(6)]
    boxes = [*usual, *odd]
    return boxes, [f"{number:02d}" for number in range(len(boxes))]


def test_boxes_of_one_place_are_not_odd() -> None:
    assert odd_boxes(*group()) == {}


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (box(-36, 34, 60), "29 mm away"),
        (box(36, 34, 30), "its mirror image, left for right"),
        (box(36, -34, 30), "99 mm away"),  # the affine turned by 180 degrees about the scanner's axis
        (box(-36, 34, 30, edges=(10, 15, 20)), "edges 10 x 15 x 20 mm"),
        (box(-36, 34, 30, tilt=90.0), "shared when laid on each other"),
    ],
    ids=["30 mm high", "left-right", "turned by 180 degrees", "edges swapped", "tilted"],
)
def test_odd_boxes_of_a_study_are_named(odd: VoxelBox, said: str) -> None:
    found = odd_boxes(*group(odd))
    assert list(found) == [6]
    assert said in found[6][0][1]


def test_the_odd_voxel_of_a_person_is_named() -> None:
    """Four visits, one of them 9 mm behind: not odd for the study, but for the person."""
    boxes = [box(0, 42, 8), box(1, 42, 8), box(0, 33, 8), box(0, 43, 7)]
    found = odd_boxes(boxes, ["01"] * 4)
    assert list(found) == [2]
    assert found[2][0][0] == "the voxel should lie where the participant's others do"


def test_the_declared_place() -> None:
    left = Anatomy(expected="left DLPFC").place
    either, point = Anatomy(expected="dlpfc").place, Anatomy(expected=(0.0, 42.0, 6.0), expected_within_mm=5.0).place
    assert left is not None and either is not None and point is not None
    right = np.array([36.0, 34.0, 30.0])
    assert away_from(left, right) == pytest.approx(72.0)
    assert away_from(either, right) == 0.0
    assert (away_from(point, np.array([0.0, 42.0, 10.0])), point.tolerance_mm) == (4.0, 5.0)
    for wrong in ("ACCC", "left pgACC"):
        with pytest.raises(ValueError, match="known are pgACC"):
            Anatomy(expected=wrong)


def test_regions_and_masks_of_a_box() -> None:
    """A cube of 15 mm in the left thalamus of MNI152, and its two masks: whole elements of 2 mm, so 14 or 16 mm."""
    cube = box(-12.0, -18.0, 8.0, edges=(15, 15, 15))
    found = dict(region_shares(cube, np.eye(4), STILL, GRID, structures(), cortex()))
    assert max(found, key=lambda name: found[name]) == "left thalamus"
    assert found["left thalamus"] > 0.6
    assert sum(found.values()) == pytest.approx(1.0, abs=0.03)
    i, j, k = GRID.data.shape
    for mask in (mask_on(cube, (i, j, k), GRID.affine), mask_in_template(cube, np.eye(4), STILL, GRID)):
        assert mask.sum() * 8e-3 == pytest.approx(cube.volume_ml, rel=0.25)
        middle = GRID.affine @ np.append(np.argwhere(mask).mean(axis=0), 1.0)
        assert middle[:3] == pytest.approx(cube.centre_mm, abs=1.0)


@pytest.mark.parametrize(
    ("place", "region"),
    [
        ("pgACC", "rostral anterior cingulate"),
        ("insula", "insula"),
        ("DLPFC", "rostral middle frontal"),
        ("auditory", "transverse temporal"),
        ("precuneus", "precuneus"),
    ],
)
def test_cortex_is_told_by_its_regions(place: str, region: str) -> None:
    """Small boxes at the named places hold the region that anatomy has there, on their side."""
    x, y, z = PLACES[place][0]
    found = dict(region_shares(box(x - 3.0, y, z, edges=(8, 8, 8)), np.eye(4), STILL, GRID, structures(), cortex()))
    in_cortex = {name: share for name, share in found.items() if name.endswith("cortex")}
    assert max(in_cortex, key=lambda name: in_cortex[name]) == f"left {region} cortex"
    assert sum(found.values()) == pytest.approx(1.0, abs=0.05)


def test_deep_gray_matter_nearly_as_bright_as_white_matter_is_found() -> None:
    """The template's own structures drawn at 0.85 of the way to white matter: brightness alone fails there."""
    atlas = structures()
    truth = np.sum([atlas.share(name) for name in STRUCTURES], axis=0) > 0.5
    rest = {name: atlas.share(name) for name in atlas.names if name not in STRUCTURES}
    drawn = np.full(truth.shape, 1000.0, dtype=np.float32)
    drawn[(rest["CSF"] + rest["ventricles"]) > 0.5] = 260.0
    drawn[(rest["cerebral cortex"] + rest["hippocampus"]) > 0.5] = 660.0
    drawn[truth] = 660.0 + 0.85 * 340.0
    drawn += np.random.default_rng(1).normal(0.0, 20.0, drawn.shape).astype(np.float32)
    head = Volume(data=drawn, affine=GRID.affine, source="")
    still = AffineToTemplate(to_head=np.eye(4), similarity=1.0, white_to_gray=1.4)
    pure = Classes(means=np.array([260.0, 660.0, 1000.0]), sds=np.full(3, 20.0))
    found = deep_gray(head, mni152().brain, pure, atlas, still, STILL)
    both = 2.0 * np.minimum(found, truth).sum() / (found.sum() + truth.sum())
    assert both > 0.85
    assert found.sum() == pytest.approx(truth.sum(), rel=0.15)
    brighter = np.asarray(drawn > 830.0) & truth
    assert brighter.mean() > 0.99 * truth.mean()  # by brightness all of it is white
