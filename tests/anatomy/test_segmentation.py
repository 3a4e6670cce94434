"""Segmentation of a coarse head of known tissues: fractions, brain, place in MNI152, invariances, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from pharmrs.anatomy.read.atlas import structures
from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.records.images import TissueMaps, Volume
from pharmrs.anatomy.science.fractions import shares_in
from pharmrs.anatomy.science.segmentation import NoHead, Segmentation, segment
from tests.anatomy.heads import TARGET_MM, MadeHead, make_head

ANGLES = ((0.0, 0.0, 0.0), (20.0, -10.0, 15.0), (-30.0, 20.0, 5.0))


def fractions(head: MadeHead, maps: TissueMaps, angles: tuple[float, float, float]) -> np.ndarray:
    shares, _ = shares_in(maps, head.box(angles))
    return shares / shares.sum()


def mean_maps(found: Segmentation, image: Volume) -> TissueMaps:
    gray, white, csf = found.maps
    return TissueMaps(gray_matter=gray, white_matter=white, csf=csf, affine=image.affine, source="", method="segmented")


@pytest.fixture(scope="module")
def head() -> MadeHead:
    return make_head()


@pytest.fixture(scope="module")
def found(head: MadeHead) -> Segmentation:
    return segment(head.image, mni152(), structures())


def test_fractions_in_the_box(head: MadeHead, found: Segmentation) -> None:
    """Within 0.05 at 2 mm, where most of the cortex is partial volume; at 1 mm see benchmarks/anatomy.py."""
    maps = mean_maps(found, head.image)
    for angles in ANGLES:
        assert fractions(head, maps, angles) == pytest.approx(fractions(head, head.truth, angles), abs=0.05)


def test_the_brain_keeps_its_tissue(head: MadeHead, found: Segmentation) -> None:
    """At 2 mm the outermost elements are half outside; nothing is lost in the box."""
    maps = mean_maps(found, head.image)
    inside = np.sum(maps.maps, axis=0)
    tissue = head.truth.gray_matter + head.truth.white_matter
    assert tissue[inside > 0.5].sum() > 0.98 * tissue.sum()
    for angles in ANGLES:
        assert shares_in(maps, head.box(angles))[0].sum() == pytest.approx(1.0, abs=2e-3)
    # all or nothing: where there is brain the shares add up to 1
    assert np.abs(inside[inside > 0] - 1.0).max() < 1e-4


def test_place_in_mni_space(head: MadeHead, found: Segmentation) -> None:
    """An affine head: the centre of the box comes back within 1 mm."""
    assert found.affine.similarity > 0.8
    matrix = found.affine.to_template
    place = matrix[:3, :3] @ head.box().centre_mm + matrix[:3, 3]
    assert place == pytest.approx(TARGET_MM, abs=1.0)


def test_noise_is_measured(found: Segmentation) -> None:
    """15 of 1000, and the texture that interpolation takes away."""
    assert 0.005 < found.noise < 0.03


@pytest.mark.long  # test_tissue compares a run's fractions with the command's
def test_the_same_image_gives_the_same_maps(head: MadeHead, found: Segmentation) -> None:
    again = segment(head.image, mni152(), structures())
    assert all(np.array_equal(a, b) for a, b in zip(found.maps + found.second, again.maps + again.second, strict=True))
    assert np.array_equal(found.affine.to_head, again.affine.to_head)


@pytest.mark.long
def test_storage_order_moves_no_fraction(head: MadeHead, found: Segmentation) -> None:
    """Axes permuted and two of them flipped: the world is the same; the wanted 0.015."""
    order, flips = (1, 0, 2), (-1, 1, -1)
    affine = np.zeros((4, 4))
    affine[3, 3] = 1.0
    for new, (old, sign) in enumerate(zip(order, flips, strict=True)):
        affine[old, new] = sign
        affine[old, 3] = head.image.data.shape[old] - 1 if sign < 0 else 0.0
    data = np.transpose(head.image.data, order)[tuple(slice(None, None, sign) for sign in flips)]
    stored = Volume(data=data, affine=head.image.affine @ affine, source="")
    maps = mean_maps(segment(stored, mni152(), structures()), stored)
    for angles in ANGLES:
        assert fractions(head, maps, angles) == pytest.approx(
            fractions(head, mean_maps(found, head.image), angles), abs=0.015
        )


@pytest.mark.long
def test_a_head_without_skull(found: Segmentation, head: MadeHead) -> None:
    """The same brain, skull-stripped before: fractions move by less than the wanted 0.015."""
    bare = make_head(skull=False)
    maps = mean_maps(segment(bare.image, mni152(), structures()), bare.image)
    for angles in ANGLES:
        assert fractions(bare, maps, angles) == pytest.approx(
            fractions(head, mean_maps(found, head.image), angles), abs=0.015
        )


@pytest.mark.long
def test_brightness_may_begin_below_zero(found: Segmentation, head: MadeHead) -> None:
    """The uniform image of MP2RAGE is often stored from -0.5 to 0.5: the same maps as from 0 on."""
    shifted = Volume(data=head.image.data / 1500.0 - 0.5, affine=head.image.affine, source="")
    maps = mean_maps(segment(shifted, mni152(), structures()), shifted)
    for angles in ANGLES:
        assert fractions(head, maps, angles) == pytest.approx(
            fractions(head, mean_maps(found, head.image), angles), abs=0.002
        )


@pytest.mark.parametrize("skull", [True, pytest.param(False, marks=pytest.mark.long)])
def test_another_contrast_is_refused(skull: bool) -> None:
    """T2-weighted: fluid bright, white matter dark. k-means would swap the tissues without a word."""
    with pytest.raises(NoHead, match="correlation with the MNI152 template -"):
        segment(make_head(means=(1000.0, 700.0, 450.0), skull=skull).image, mni152(), structures())


def test_proton_density_is_refused() -> None:
    """Fluid dark as in a T1w image, but grey matter brighter than white matter."""
    with pytest.raises(NoHead, match="white matter 0"):
        segment(make_head(means=(200.0, 650.0, 560.0)).image, mni152(), structures())


def test_noise_alone_is_refused() -> None:
    data = np.random.default_rng(1).gamma(2.0, 10.0, (64, 64, 64)).astype(np.float32)
    with pytest.raises(NoHead):
        segment(Volume(data=data, affine=np.diag([3.0, 3.0, 3.0, 1.0]), source=""), mni152(), structures())
