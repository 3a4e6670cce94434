"""What looks like a lesion: balls of known size in the white matter of the atlas itself, and of a voxel around them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.anatomy.read.atlas import structures
from pharmrs.anatomy.records.images import TissueMaps, VoxelBox
from pharmrs.anatomy.science.lesions import suspected
from pharmrs.anatomy.stage.checks import check_lesion
from pharmrs.anatomy.stage.head import Head
from pharmrs.anatomy.stage.tissue import lesion_shares
from pharmrs.core.errors import InputProblem
from pharmrs.core.records.scan_files import ScanFiles

ATLAS = structures()
BACK = np.zeros((3, *ATLAS.shares.shape[1:]), dtype=np.float32)
WMH_MM, INFARCT_MM = np.array([-28.0, -42.0, 26.0]), np.array([28.0, 32.0, 14.0])
SPECK_MM = np.array([-26.0, 30.0, 18.0])
CORTEX_MM = np.array([0.0, 42.0, 8.0])


def _atlas_maps(*balls: tuple[np.ndarray, float, str]) -> TissueMaps:
    """The tissues of the atlas, and balls (centre, radius in mm, tissue) in them."""
    fluid = ATLAS.share("CSF") + ATLAS.share("ventricles")
    white = sum(ATLAS.share(name) for name in ("cerebral white matter", "brain stem", "cerebellar white matter"))
    gray = np.clip(1.0 - fluid - white, 0.0, 1.0) * (ATLAS.shares.sum(axis=0) > 0.5)
    maps = {"gray": np.asarray(gray), "white": np.asarray(white), "csf": np.asarray(fluid)}
    index = np.stack(np.meshgrid(*map(np.arange, fluid.shape), indexing="ij"), axis=-1)
    places = index @ ATLAS.affine[:3, :3].T + ATLAS.affine[:3, 3]
    for centre, radius, tissue in balls:
        inside = np.linalg.norm(places - centre, axis=-1) < radius
        for name, one in maps.items():
            one[inside] = float(name == tissue)
    return TissueMaps(
        gray_matter=maps["gray"], white_matter=maps["white"], csf=maps["csf"], affine=ATLAS.affine, source="", method=""
    )


def _head(*balls: tuple[np.ndarray, float, str]) -> Head:
    maps = _atlas_maps(*balls)
    lesions = suspected(maps, ATLAS, np.eye(4), BACK)
    return Head(maps=maps, second=None, image=None, to_template=np.eye(4), back=BACK, lesions=lesions)


def _box(centre: np.ndarray) -> VoxelBox:
    affine = np.diag([20.0, 20.0, 16.0, 1.0])
    affine[:3, 3] = centre
    return VoxelBox(affine=affine)


def test_grey_and_fluid_amid_white_matter_are_found_with_their_size() -> None:
    """Volumes of the balls by hand: 4/3 pi r^3 is 0.90 and 1.44 ml; the speck of 0.03 ml does not count."""
    head = _head((WMH_MM, 6.0, "gray"), (INFARCT_MM, 7.0, "csf"), (SPECK_MM, 2.0, "gray"))
    assert head.lesions is not None
    assert head.lesions.volume_ml == pytest.approx(0.90 + 1.44, rel=0.2)
    assert lesion_shares(head, _box(WMH_MM)) == pytest.approx((0.90 / 6.4, 0.90 / 6.4), rel=0.25)
    assert lesion_shares(head, _box(INFARCT_MM)) == pytest.approx((0.0, 1.44 / 6.4), rel=0.25)
    assert lesion_shares(head, _box(CORTEX_MM)) == (0.0, 0.0)


def test_a_healthy_head_has_none_and_swapped_tissues_are_nearly_all() -> None:
    maps = _atlas_maps()
    assert suspected(maps, ATLAS, np.eye(4), BACK).volume_ml == 0.0
    swapped = replace(maps, gray_matter=maps.white_matter, white_matter=maps.gray_matter)
    assert suspected(swapped, ATLAS, np.eye(4), BACK).share > 0.9


def test_a_voxel_with_a_lesion_is_warned_of() -> None:
    scan = ScanFiles(name="sub-01", subject="01", session="", metabolite="sub-01_svs.nii.gz")
    problems: list[InputProblem] = []
    check_lesion(0.01, scan, problems)
    assert problems == []
    check_lesion(0.14, scan, problems)
    assert [(one.severity, one.value) for one in problems] == [("warning", "14 % of it")]
