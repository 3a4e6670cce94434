"""Partial volumes of a box in a grid: exact clipping, known cases, and what must not matter."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pharmrs.anatomy.records.images import VoxelBox
from pharmrs.anatomy.science.overlap import box_overlap
from tests.anatomy.polyhedra import exact_shares

SHAPE = (24, 26, 22)
ANGLE = st.floats(-60, 60)


def box(
    angles: tuple[float, float, float], centre: tuple[float, float, float], edges: tuple[float, float, float]
) -> VoxelBox:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * edges
    affine[:3, 3] = centre
    return VoxelBox(affine=affine)


def full(shape: tuple[int, int, int], one: VoxelBox, affine: NDArray[np.float64]) -> NDArray[np.float64]:
    overlap = box_overlap(one, shape, affine)
    shares = np.zeros(shape)
    shares[overlap.block] = overlap.shares
    return shares


GRIDS = {
    "1 mm": np.diag([1.0, 1.0, 1.0, 1.0]),
    "anisotropic": np.diag([1.0, 0.9, 1.3, 1.0]),
}


@pytest.mark.parametrize(
    ("angles", "grid"), [((12.0, -30.0, 41.0), "1 mm"), ((33.0, 33.0, 33.0), "anisotropic")], ids=GRIDS.keys()
)
def test_fractions_agree_with_exact_clipping(angles: tuple[float, float, float], grid: str) -> None:
    """The wanted 5e-4 for every one of 100 maps that change at random from element to element, the hardest there are.

    For a plane border, which is what tissues look like to a box, 1e-5.
    """
    one = box(angles, (17.3, 17.9, 18.4), (20.0, 15.0, 10.0))
    shape = (36, 36, 36)
    exact = exact_shares(np.linalg.inv(GRIDS[grid]) @ one.affine, shape)
    assert exact.sum() == pytest.approx(1.0, abs=1e-12)
    difference = full(shape, one, GRIDS[grid]) - exact
    rng = np.random.default_rng(1)
    hardest = max(abs(np.sum(difference * rng.integers(0, 2, shape))) for _ in range(100))
    assert hardest < 5e-4
    for axis, stop in itertools.product(range(3), range(36)):
        assert abs(np.take(difference, range(stop), axis=axis).sum()) < 1e-5


def test_a_box_along_the_grid_is_exact() -> None:
    """Edges 3, 2, 2 mm from 1.25 on: shares 0.25, 1, 1, 0.75 of 3 along x; 0.25, 1, 0.75 of 2 along y and z."""
    one = box((0.0, 0.0, 0.0), (2.75, 2.25, 2.25), (3.0, 2.0, 2.0))
    along_x, along_y = np.array([0.25, 1.0, 1.0, 0.75]) / 3.0, np.array([0.25, 1.0, 0.75]) / 2.0
    expected = np.zeros((6, 6, 6))
    expected[1:5, 1:4, 1:4] = np.einsum("i,j,k->ijk", along_x, along_y, along_y)
    assert full((6, 6, 6), one, np.eye(4)) == pytest.approx(expected, abs=1e-12)


def test_what_is_outside_the_grid_is_missing() -> None:
    """Half of the box lies beyond the first element's edge at -0.5; a box far away has nothing inside."""
    one = box((0.0, 0.0, 0.0), (-0.5, 5.0, 5.0), (4.0, 4.0, 4.0))
    assert box_overlap(one, (10, 10, 10), np.eye(4)).inside == pytest.approx(0.5)
    away = box((10.0, 20.0, 30.0), (500.0, 5.0, 5.0), (4.0, 4.0, 4.0))
    assert box_overlap(away, (10, 10, 10), np.eye(4)).inside == 0.0


@given(
    angles=st.tuples(ANGLE, ANGLE, ANGLE),
    order=st.permutations(range(3)),
    signs=st.tuples(*[st.sampled_from([-1, 1])] * 3),
)
@settings(max_examples=25)
def test_storage_order_of_image_and_box_does_not_matter(
    angles: tuple[float, float, float], order: list[int], signs: tuple[int, int, int]
) -> None:
    """Axes of image and of box permuted and flipped, left-handed ones among them: the same shares to rounding."""
    one = box(angles, (11.2, 12.4, 10.1), (11.0, 8.0, 6.0))
    expected = full(SHAPE, one, np.eye(4))
    turned = np.zeros((4, 4))
    turned[3, 3] = 1.0
    for new, (old, sign) in enumerate(zip(order, signs, strict=True)):
        turned[old, new] = sign
        if sign < 0:
            turned[old, 3] = SHAPE[old] - 1
    shape = tuple(SHAPE[old] for old in order)
    found = full((shape[0], shape[1], shape[2]), one, turned)
    flips = tuple(slice(None, None, sign) for sign in signs)
    back = np.transpose(found[flips], np.argsort(order))
    assert back == pytest.approx(expected, abs=1e-9)
    mirrored = one.affine[:, [*order, 3]] * np.array([*signs, 1])
    assert full(SHAPE, VoxelBox(affine=mirrored), np.eye(4)) == pytest.approx(expected, abs=1e-9)


@given(angles=st.tuples(ANGLE, ANGLE, ANGLE), shift=st.tuples(*[st.floats(-3, 3)] * 3))
@settings(max_examples=25)
def test_shares_are_shares_and_their_centre_is_that_of_the_box(
    angles: tuple[float, float, float], shift: tuple[float, float, float]
) -> None:
    centre = np.array([11.0, 12.0, 10.0]) + shift
    shares = full(SHAPE, box(angles, (centre[0], centre[1], centre[2]), (9.0, 7.0, 5.0)), np.eye(4))
    assert shares.min() >= 0.0
    assert shares.sum() == pytest.approx(1.0)
    found = np.einsum("ijk,aijk->a", shares, np.indices(SHAPE))
    # partial elements count with their own centre: half an element at most, in practice far less
    assert found == pytest.approx(centre, abs=0.02)
