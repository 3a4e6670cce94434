"""What fractions are wrong by, by place and by what the image shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.records.images import TissueMaps, VoxelBox
from pharmrs.anatomy.records.places import PLACES
from pharmrs.anatomy.science.border_width import open_borders, with_deep_layers
from pharmrs.anatomy.science.fluid_border import steepness
from pharmrs.anatomy.science.fractions import boundary_covariance
from pharmrs.anatomy.science.mixture import Classes
from pharmrs.anatomy.science.plausible import fluid_inside
from pharmrs.anatomy.science.segmentation_error import Known, common_csf_sd, known_at, segmentation_error
from pharmrs.anatomy.stage.checks import check_told_apart
from pharmrs.core.errors import InputProblem
from pharmrs.core.records.scan_files import ScanFiles

PURE = Classes(means=np.array([200.0, 600.0, 1000.0]), sds=np.full(3, 20.0))
SHAPE = (48, 32, 32)
_EVEN = np.full((20, 20, 20), 1 / 3, dtype=np.float32)


def two_borders(blur_mm: float) -> np.ndarray:
    """Fluid, grey and white matter side by side along the first axis, 1 mm; borders at 12 and 32, both blurred."""
    x = np.arange(SHAPE[0], dtype=np.float64)
    line = 200.0 + 400.0 * ndtr((x - 12.2) / blur_mm) + 400.0 * ndtr((x - 32.2) / blur_mm)
    return np.broadcast_to(line[:, None, None], SHAPE).astype(np.float32).copy()


@pytest.mark.parametrize("blur_mm", [1.0, 1.6])
def test_the_width_of_borders_is_that_of_their_blur(blur_mm: float) -> None:
    """The Gaussian of 0.8 mm that the gradient is taken with adds to the blur; the area is one plane in 24 mm."""
    whole = np.ones(SHAPE, dtype=bool)
    (white, csf), widths = open_borders(steepness(two_borders(blur_mm), np.ones(3)), whole, whole, PURE, np.ones(3))
    expected = np.hypot(blur_mm, 0.8)
    assert widths == pytest.approx((expected, expected), rel=0.03)
    beyond = np.sqrt(expected**2 - 1.06**2)  # a step blurred by 0.6 mm, seen with 0.8 mm: 1 mm
    assert white[20:44].mean() * 24.0 == pytest.approx(beyond, rel=0.25)  # whole elements
    assert white[:20].sum() == 0.0
    assert csf[20:].sum() == 0.0


def test_borders_as_sharp_as_a_step_leave_nothing_open() -> None:
    whole = np.ones(SHAPE, dtype=bool)
    (white, csf), _ = open_borders(steepness(two_borders(0.5), np.ones(3)), whole, whole, PURE, np.ones(3))
    assert not white.any()
    assert not csf.any()


def test_both_sides_are_alike_and_far_places_are_usual() -> None:
    left, right = (known_at(np.array(point, dtype=float)) for point in PLACES["insula"])
    assert left.white_apart == pytest.approx(right.white_apart)
    assert np.allclose(left.sharp, right.sharp)
    assert left.white_apart > 2.0 * known_at(np.array(PLACES["pgACC"][0], dtype=float)).white_apart
    far = known_at(np.array([0.0, -30.0, -60.0]))
    assert np.sqrt(np.diag(far.sharp)) == pytest.approx([0.0168, 0.0168, 0.0134], rel=0.1)
    for one in (left, far):
        assert np.allclose(one.sharp.sum(axis=0), 0.0, atol=1e-12)  # the fractions add up to 1
        assert np.linalg.eigvalsh(one.sharp).min() > -1e-12


def test_thick_slices_widen_by_what_they_mix() -> None:
    """Measured on made heads cut into slices of 4 mm: grey matter of the hippocampus is wrong by 0.108 there, with what
    is left by the other parts; half way to 4 mm a quarter of the variance."""
    place = np.array(PLACES["hippocampus"][1], dtype=float)
    thin, usual, half, thick = (known_at(place, 0.0, mm).sharp[0, 0] for mm in (0.8, 1.2, 2.6, 4.0))
    assert thin == pytest.approx(usual)
    assert 0.07 < np.sqrt(thick) < 0.12
    assert half - usual == pytest.approx(0.25 * (thick - usual))


def test_the_parts_add_up() -> None:
    """By hand: 0.5 * 0.2 deep and 0.4 * 0.3 at GM/WM, 0.4 * 0.1 at GM/CSF, 0.01 between the segmentations."""

    def maps(gray: float) -> TissueMaps:
        parts = [np.full((20, 20, 20), one, dtype=np.float32) for one in (gray, 0.8 - gray, 0.2)]
        return TissueMaps(
            gray_matter=parts[0], white_matter=parts[1], csf=parts[2], affine=np.eye(4), source="", method=""
        )

    box = np.diag([8.0, 8.0, 8.0, 1.0])
    box[:3, 3] = 10.0
    errors = tuple(np.full((20, 20, 20), one, dtype=np.float32) for one in (0.2, 0.3, 0.1))
    known = Known(sharp=np.zeros((3, 3)), deep=0.5, white_apart=0.4)
    found = segmentation_error(maps(0.5), maps(0.49), (errors[0], errors[1], errors[2]), VoxelBox(affine=box), known)
    white, csf, apart = 0.1**2 + 0.12**2, 0.04**2, 0.01**2
    assert np.diag(found) == pytest.approx([white + csf + apart, white + apart, csf], rel=1e-3)


def test_wide_borders_of_sensorimotor_cortex_are_deeper() -> None:
    """In the middle of the place a part of 0.74 goes from white to grey matter, on both sides; not in the cingulate."""
    shape = (2, 1, 1)
    parts = [np.full(shape, one, dtype=np.float32) for one in (0.1, 0.4, 0.5)]
    wide = np.array([0.2, 0.0], dtype=np.float32).reshape(shape)
    for point, part in (
        (PLACES["sensorimotor"][0], 0.74),
        (PLACES["sensorimotor"][1], 0.74),
        (PLACES["pgACC"][0], 0.0),
    ):
        affine = np.eye(4)
        affine[:3, 3] = point
        csf, gray, white = with_deep_layers(tuple(parts), wide, affine, np.eye(4))
        assert csf.ravel() == pytest.approx([0.1, 0.1])
        assert gray.ravel() == pytest.approx([0.4 + 0.2 * part, 0.4], abs=2e-3)
        assert white.ravel() == pytest.approx([0.5 - 0.2 * part, 0.5], abs=2e-3)


@pytest.mark.parametrize(("sd", "said"), [(0.16, 1), (0.09, 0)])
def test_fractions_that_brightness_cannot_tell_are_warned_of(sd: float, said: int) -> None:
    problems: list[InputProblem] = []
    scan = ScanFiles(name="sub-01", subject="01", session="", metabolite="sub-01_svs.nii.gz")
    check_told_apart(boundary_covariance(sd, 0.01), scan, problems)
    assert len(problems) == said
    assert all(one.severity == "warning" and one.value == "0.16" and "FreeSurfer" in one.remedy for one in problems)


def test_old_heads_have_wider_sds() -> None:
    """By hand: 1 up to .08 of fluid deep in the brain, 2.5 from .14 on, half way between at .11."""
    place = np.array(PLACES["occipital"][0], dtype=float)
    assert known_at(place).widened == known_at(place, 0.08).widened == 1.0
    assert known_at(place, 0.11).widened == pytest.approx(1.75)
    assert known_at(place, 0.3).widened == 2.5
    maps = TissueMaps(
        **dict.fromkeys(("gray_matter", "white_matter", "csf"), _EVEN), affine=np.eye(4), source="", method=""
    )
    box = np.diag([8.0, 8.0, 8.0, 1.0])
    box[:3, 3] = 10.0
    plain = Known(sharp=np.zeros((3, 3)), deep=0.0, white_apart=0.4)
    young, old = (
        segmentation_error(maps, maps, (0 * _EVEN, _EVEN, _EVEN), VoxelBox(affine=box), replace(plain, widened=times))
        for times in (1.0, 2.5)
    )
    assert old == pytest.approx(6.25 * young) and young[0, 0] > 0


def test_error_of_fluid_that_all_scans_share() -> None:
    """By hand: with the own part, 0.4 of 0.1, it makes 1.8 of it; in an old head of 2.5 times that."""
    maps = TissueMaps(
        **dict.fromkeys(("gray_matter", "white_matter", "csf"), _EVEN), affine=np.eye(4), source="", method=""
    )
    affine = np.diag([8.0, 8.0, 8.0, 1.0])
    affine[:3, 3] = 10.0
    box, border, none = VoxelBox(affine=affine), 0.3 * _EVEN, 0 * _EVEN
    plain = Known(sharp=np.zeros((3, 3)), deep=0.0, white_apart=0.0)
    for known, times in ((plain, 1.0), (replace(plain, widened=2.5), 2.5)):
        own = segmentation_error(maps, maps, (none, none, border), box, known)[2, 2]
        both = np.hypot(np.sqrt(own), common_csf_sd(maps, border, box, known))
        assert both == pytest.approx(times * 1.8 * 0.1, rel=1e-4)
    assert common_csf_sd(maps, none, box, plain) == 0.0


def test_fluid_inside_is_that_of_the_ventricles() -> None:
    """MNI152 with all fluid at the surface has none inside; with fluid in a fifth of the deep brain it has a fifth."""
    template = mni152()
    shape = template.brain.shape
    white = np.ones(shape, dtype=np.float32)
    csf = np.zeros(shape, dtype=np.float32)
    csf[:, :, :20] = 1.0  # below 25 mm inside
    outer = TissueMaps(
        gray_matter=np.zeros(shape, dtype=np.float32), white_matter=white - csf, csf=csf, affine=template.t1.affine,
        source="", method="",
    )  # fmt: skip
    assert fluid_inside(outer, template, np.eye(4)) == pytest.approx(0.0, abs=0.02)
    even = replace(outer, white_matter=0.8 * white, csf=0.2 * white)
    assert fluid_inside(even, template, np.eye(4)) == pytest.approx(0.2, abs=1e-5)
