"""The place of a voxel out of the mask that another program left of it."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pharmrs.anatomy.read.volumes import read_box
from pharmrs.anatomy.records.images import VoxelBox
from pharmrs.core.errors import InputError
from tests.anatomy.anatomy_images import AFFINE, SHAPE, head, write_maps
from tests.study.e2e import RESULTS, pharmrs, table
from tests.study.lcmodel_study import STUDY, write_tables


def mask_file(
    path: Path, edges: tuple[float, float, float], turn: Rotation, centre: tuple[float, float, float],
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> NDArray[np.float64]:  # fmt: skip
    """Elements whose centre lies in the box, as the programs decide it; returns the box as 4x4."""
    size = tuple(round(80 / one) for one in spacing)
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = -40.0
    world = np.stack(np.meshgrid(*map(np.arange, size), indexing="ij"), -1) @ affine[:3, :3] + affine[:3, 3]
    inside = np.abs((world - centre) @ turn.as_matrix() / edges) <= 0.5
    nib.save(nib.Nifti1Image(inside.all(axis=-1).astype(np.uint8) * 255, affine), path)
    box = np.eye(4)
    box[:3, :3], box[:3, 3] = turn.as_matrix() * edges, centre
    return box


@pytest.mark.parametrize(
    ("edges", "spacing", "share"),
    [
        ((20.0, 15.0, 10.0), (1.0, 1.0, 1.0), 0.97),
        ((20.0, 20.0, 20.0), (1.0, 1.0, 1.0), 0.97),
        ((30.0, 30.0, 20.0), (2.0, 2.0, 2.0), 0.96),
        ((25.0, 30.0, 22.0), (1.0, 1.0, 3.0), 0.94),
    ],
)
def test_a_turned_box_is_found(
    edges: tuple[float, float, float], spacing: tuple[float, float, float], share: float, tmp_path: Path
) -> None:
    """A cube too, whose variances tell no direction: the share of the true box that the found one holds."""
    for seed in (1, 2):
        turn = Rotation.random(rng=np.random.default_rng(seed))
        true = mask_file(tmp_path / "mask.nii.gz", edges, turn, (3.3, -7.1, 5.6), spacing)
        found = read_box(tmp_path / "mask.nii.gz")
        points = VoxelBox(affine=true).points(np.random.default_rng(5).uniform(-0.5, 0.5, (20000, 3)))
        own = np.linalg.solve(found.affine[:3, :3], (points - found.centre_mm).T).T
        assert (np.abs(own) <= 0.5).all(axis=1).mean() > share
        assert found.centre_mm == pytest.approx([3.3, -7.1, 5.6], abs=0.5 * max(spacing) ** 2 / 3)
        assert found.volume_ml == pytest.approx(np.prod(edges) / 1e3, rel=0.03)


def test_a_box_along_the_grid_by_hand(tmp_path: Path) -> None:
    mask_file(tmp_path / "mask.nii.gz", (20.0, 16.0, 10.0), Rotation.identity(), (0.5, 0.5, 0.5))
    found = read_box(tmp_path / "mask.nii.gz")
    assert sorted(found.edges_mm) == pytest.approx([10.0, 16.0, 20.0], abs=0.02)
    assert found.centre_mm == pytest.approx([0.5, 0.5, 0.5], abs=1e-6)


def test_what_is_no_box_is_refused(tmp_path: Path) -> None:
    away = np.indices((60, 60, 60)) - 30.0
    radius = np.sqrt((away**2).sum(axis=0))
    noise = np.random.default_rng(1).random(radius.shape)
    for name, data in (("ball", radius < 15.0), ("image", noise), ("point", radius < 1.0)):
        nib.save(nib.Nifti1Image(np.asarray(data, dtype=np.float32), np.eye(4)), tmp_path / f"{name}.nii.gz")
        with pytest.raises(InputError, match="must be the box of one voxel"):
            read_box(tmp_path / f"{name}.nii.gz")


def test_tissues_of_a_scan_of_which_only_a_mask_is_left(tmp_path: Path) -> None:
    """A study of LCModel tables and maps of the tissues: shares in the mask by hand."""
    results = tmp_path / "sourcedata" / "results"
    write_tables(results)
    for path in results.iterdir():
        if path.name != "sub-01_ses-1.table":
            path.unlink()
    maps = head()
    write_maps(tmp_path, maps)
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[34:44, 60:68, 38:44] = 1
    nib.save(nib.Nifti1Image(mask, AFFINE), tmp_path / "mask.nii.gz")
    (results / "map.tsv").write_text("file\tsubject\tsession\tvoxel\nsub-01_ses-1.table\t01\t1\tmask.nii.gz\n")
    start, rest = STUDY.partition("design:")[0].split("  tissue: ")
    anatomy = "anatomy: {normalise: false}\n"
    (tmp_path / "study.yaml").write_text(start + rest.partition("\n")[2] + anatomy)
    end = pharmrs("run", tmp_path)
    assert end.code == 0, end.err
    (row,) = table(tmp_path / RESULTS / "tissue.tsv")
    total = sum(values[mask > 0].sum() for values in maps.values())
    for name, label in (("gm", "GM"), ("wm", "WM"), ("csf", "CSF")):
        assert float(row[name]) == pytest.approx(maps[label][mask > 0].sum() / total, abs=0.005)
    assert "mask.nii.gz" in (tmp_path / RESULTS / "provenance.json").read_text()
