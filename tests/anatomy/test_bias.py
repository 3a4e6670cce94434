"""The field of the coils: where N4 finds it does not depend on the grid, and white matter comes out even."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import affine_transform, gaussian_filter, map_coordinates, zoom
from scipy.spatial.transform import Rotation

from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.records.images import Volume
from pharmrs.anatomy.science.bias import without_bias
from pharmrs.anatomy.science.extraction import Shell
from pharmrs.anatomy.science.registration import AffineToTemplate
from pharmrs.anatomy.science.white_level import with_even_white
from tests.anatomy.heads import make_head


def _on_another_grid(image: Volume) -> Volume:
    """The same head on a grid turned by 17, -12 and 9 degrees and moved by 13 mm, with cubic splines."""
    turn = Rotation.from_euler("xyz", (17, -12, 9), degrees=True).as_matrix()
    half = 0.5 * (np.array(image.data.shape) - 1)
    middle = image.affine[:3, :3] @ half + image.affine[:3, 3] + [13.0, 0.0, 0.0]
    affine = np.eye(4)
    affine[:3, :3] = turn @ image.affine[:3, :3]
    affine[:3, 3] = middle - affine[:3, :3] @ half
    chain = np.linalg.inv(image.affine) @ affine
    data = affine_transform(image.data, chain[:3, :3], chain[:3, 3], order=3)
    return Volume(data=np.maximum(data, 0.0).astype(np.float32), affine=affine, source="")


@pytest.mark.long
def test_the_field_does_not_depend_on_the_grid() -> None:
    """By another grid the field changes by half a per cent (SD), which is what interpolation at 2 mm leaves.

    When N4 worked on the image's own grid it was 1.5 %. The level of the field as a whole means nothing.
    """
    head = make_head(bias=0.6)
    affine = AffineToTemplate(to_head=head.to_head, similarity=1.0, white_to_gray=1.5)
    template = mni152()
    places = np.argwhere(template.brain)[::97] @ template.t1.affine[:3, :3].T + template.t1.affine[:3, 3]
    world = places @ head.to_head[:3, :3].T + head.to_head[:3, 3]
    fields = []
    for image in (head.image, _on_another_grid(head.image)):
        flat = without_bias(image, template, affine)
        to_index = np.linalg.inv(image.affine)
        index = world @ to_index[:3, :3].T + to_index[:3, 3]
        fields.append(np.log(map_coordinates(image.data / np.maximum(flat.data, 1e-6), index.T, order=1)))
    change = fields[1] - fields[0]
    assert np.std(change) < 0.008
    assert np.std(fields[0]) > 0.05  # there is a field


def test_white_matter_becomes_even() -> None:
    """A field that N4 left, over white and grey matter in patches of 16 mm, at 5 % noise: most of it goes.

    A third is left, because white matter is often on one side of a place only.
    """
    rng = np.random.default_rng(2)
    shape = (60, 60, 60)
    white = gaussian_filter(rng.standard_normal(shape), 4.0) > 0
    rough = zoom(rng.standard_normal((4, 4, 4)), 15.0, order=3)
    left = 0.03 * (rough - rough.mean()) / rough.std()
    tissue = np.where(white, 1000.0, 660.0)
    data = tissue * np.exp(left) + 50.0 * rng.standard_normal(shape)
    flat = Volume(data=data.astype(np.float32), affine=np.diag([2.0, 2.0, 2.0, 1.0]), source="")
    shell = Shell(depth_mm=np.full(shape, 20.0, dtype=np.float32))
    even = with_even_white(flat, shell, np.ones(flat.data.shape, dtype=bool))
    inside = tuple(slice(12, -12) for _ in range(3))  # at the edge of the grid there is white matter on one side only
    remaining = (np.log(even.data / flat.data) + left)[inside]
    assert np.std(left[inside]) > 0.02
    assert np.std(remaining) < 0.4 * np.std(left[inside])


def test_without_white_matter_nothing_changes() -> None:
    # as many bright as dark elements, none of them with bright neighbours only
    data = np.random.default_rng(3).choice(np.array([3.0, 5.0, 7.0], dtype=np.float32), (30, 30, 30), p=[0.4, 0.4, 0.2])
    flat = Volume(data=data, affine=np.eye(4) * 2.0, source="")
    shell = Shell(depth_mm=np.full((30, 30, 30), 20.0, dtype=np.float32))
    assert np.array_equal(with_even_white(flat, shell, np.ones(flat.data.shape, dtype=bool)).data, flat.data)
