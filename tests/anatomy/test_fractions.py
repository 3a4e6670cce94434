"""Fractions of known maps, their error by hand, and the displaced box."""

from __future__ import annotations

import numpy as np
import pytest

from pharmrs.anatomy.records.images import TissueMaps, VoxelBox
from pharmrs.anatomy.science.displacement import displaced
from pharmrs.anatomy.science.fractions import boundary_covariance, box_content

NOTHING = np.zeros((3, 3))


def layers(shape: tuple[int, int, int] = (60, 40, 40)) -> TissueMaps:
    """From left to right 20 mm of grey matter, 20 mm of white matter, 10 mm of CSF, 10 mm of nothing."""
    gray, white, csf = np.zeros((3, *shape), dtype=np.float32)
    gray[:20], white[20:40], csf[40:50] = 1.0, 1.0, 1.0
    return TissueMaps(
        gray_matter=gray, white_matter=white, csf=csf, affine=np.eye(4), source="layers", method="probseg"
    )


def box(x: float, edges: tuple[float, float, float] = (20.0, 10.0, 10.0)) -> VoxelBox:
    affine = np.diag([*edges, 1.0])
    affine[:3, 3] = (x, 20.0, 20.0)
    return VoxelBox(affine=affine)


def test_fractions_by_hand() -> None:
    """Layers end at 19.5 and 39.5. From 12 to 32: 7.5 mm of grey matter, 12.5 mm of white matter."""
    content = box_content(layers(), box(22.0), 0.0, NOTHING)
    assert content.values == pytest.approx([0.375, 0.625, 0.0])
    assert (content.inside_image, content.inside_brain) == (pytest.approx(1.0), pytest.approx(1.0))
    assert content.covariance == pytest.approx(NOTHING)


def test_left_and_right_are_told_apart() -> None:
    """The same image stored from right to left holds the same at the same place of the world."""
    maps = layers()
    flipped = TissueMaps(
        gray_matter=maps.gray_matter[::-1],
        white_matter=maps.white_matter[::-1],
        csf=maps.csf[::-1],
        affine=np.array([[-1.0, 0, 0, 59], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        source="",
        method="probseg",
    )
    for x in (15.0, 22.0, 35.0):
        one, other = (box_content(of, box(x), 1.0, NOTHING) for of in (maps, flipped))
        assert other.values == pytest.approx(one.values, abs=1e-9)
        assert other.covariance == pytest.approx(one.covariance, abs=1e-9)


def test_outside_the_brain_is_not_tissue() -> None:
    """From 34.5 to 54.5: 5 mm white matter, 10 mm CSF, 5 mm outside: fractions are those of the 15 mm of brain."""
    content = box_content(layers(), box(44.5), 0.0, NOTHING)
    assert content.values == pytest.approx([0.0, 1 / 3, 2 / 3])
    assert content.inside_brain == pytest.approx(0.75)
    nowhere = box_content(layers(), box(300.0), 1.0, NOTHING)
    assert np.isnan(nowhere.values).all()
    assert (nowhere.inside_image, nowhere.inside_brain) == (0.0, 0.0)


def test_error_of_the_place_by_hand() -> None:
    """A border across a box of 20 mm: 1 mm along x changes grey and white matter by 1 / 20, along y and z nothing."""
    content = box_content(layers(), box(22.0), 1.0, NOTHING)
    expected = 0.05**2 * np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert content.covariance == pytest.approx(expected)


def test_errors_of_place_and_segmentation_add() -> None:
    segmentation = boundary_covariance(0.02, 0.01)
    assert np.sqrt(np.diag(segmentation)) == pytest.approx([np.hypot(0.02, 0.01), 0.02, 0.01])
    assert segmentation.sum(axis=0) == pytest.approx(np.zeros(3))  # what one tissue loses another gains
    both = box_content(layers(), box(22.0), 1.0, segmentation).covariance
    assert both == pytest.approx(segmentation + box_content(layers(), box(22.0), 1.0, NOTHING).covariance)


def test_displacement_by_hand() -> None:
    """1 ppm below the carrier at 300 MHz: -300 Hz; 3 kHz over 20 mm moves 2 mm, 6 kHz over 10 mm 0.5 mm."""
    moved = displaced(
        box(22.0), offset_ppm=-1.0, spectrometer_frequency_mhz=300.0, bandwidth_hz=(3e3, 6e3, 6e3), direction=(1, 1, -1)
    )
    assert moved.centre_mm - box(22.0).centre_mm == pytest.approx([-2.0, -0.5, 0.5])
    assert moved.edges_mm == pytest.approx(box(22.0).edges_mm)
