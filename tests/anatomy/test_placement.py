"""Overlap of boxes: Dice by hand, the group's map, distances."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pharmrs.anatomy.records.images import Volume, VoxelBox
from pharmrs.anatomy.science.placement import dice, group_placement

GRID = Volume(data=np.zeros((40, 40, 40), dtype=np.float32), affine=np.diag([2.0, 2.0, 2.0, 1.0]), source="grid")


def box(x: float, y: float = 40.0) -> VoxelBox:
    affine = np.diag([20.0, 10.0, 10.0, 1.0])
    affine[:3, 3] = (x, y, 40.0)
    return VoxelBox(affine=affine)


def test_dice_by_hand() -> None:
    """Boxes of 20 mm moved by 5 mm share 15: 2 * 15 / 40. The elements of 2 mm are covered in part."""
    placed = group_placement([box(40.0), box(45.0)], ["01", "01"], GRID)
    assert math.isnan(placed.dice_first[0])
    assert placed.dice_first[1] == pytest.approx(0.75, abs=0.03)
    assert placed.centre_mm == pytest.approx([42.5, 40.0, 40.0])
    assert placed.distance_mm == pytest.approx((2.5, 2.5))


def test_group_map_is_the_share_of_boxes() -> None:
    """Three boxes at one place and one elsewhere: 0.75 and 0.25 of the boxes; volume is kept."""
    placed = group_placement([box(31.0, 41.0)] * 3 + [box(31.0, 61.0)], ["01", "02", "03", "04"], GRID)
    assert placed.shared[15, 20, 20] == pytest.approx(0.75)
    assert placed.shared[15, 30, 20] == pytest.approx(0.25)
    assert placed.shared.sum() * 8.0 == pytest.approx(2000.0, rel=1e-6)
    # 2 x 0.75 V / (V + V), and 0.25 likewise
    assert placed.dice == pytest.approx((0.75, 0.75, 0.75, 0.25))


def test_identical_and_separate_boxes() -> None:
    one = np.random.default_rng(1).random((5, 5, 5))
    assert dice(one, one) == pytest.approx(1.0)
    assert dice(one * (np.arange(5) < 2)[:, None, None], one * (np.arange(5) >= 2)[:, None, None]) == 0.0
    assert math.isnan(dice(np.zeros((2, 2, 2)), np.zeros((2, 2, 2))))


def test_a_box_in_template_space() -> None:
    to_template = np.array([[1.1, 0.1, 0.0, 3.0], [0.0, 0.9, 0.0, -2.0], [0.0, 0.0, 1.0, 5.0], [0.0, 0.0, 0.0, 1.0]])
    placed = box(40.0).carried(to_template)
    assert placed.centre_mm == pytest.approx([1.1 * 40 + 4 + 3, 0.9 * 40 - 2, 45.0])
    assert placed.volume_ml == pytest.approx(2.0 * 1.1 * 0.9)
