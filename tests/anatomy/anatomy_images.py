"""A head of nested ellipsoids, and the files of a segmentation of it in a dataset."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

Maps = dict[str, NDArray[np.float32]]
SPACING_MM = 2.0
SHAPE = (80, 96, 80)
# the centre of the head in the world; the demonstration's voxel is 20 x 15 x 10 mm around (0, 40, 10)
CENTRE_MM = np.array([2.0, 5.0, 8.0])
AFFINE = np.diag([SPACING_MM, SPACING_MM, SPACING_MM, 1.0])
AFFINE[:3, 3] = CENTRE_MM - SPACING_MM * (np.array(SHAPE) - 1) / 2


def head() -> Maps:
    """White matter up to 0.4 of the radius (65 x 80 x 60 mm), grey matter up to 0.5, CSF up to 1, borders smooth.

    The voxel of the demonstration holds all three."""
    steps = [SPACING_MM * (np.arange(size) - (size - 1) / 2) for size in SHAPE]
    x, y, z = np.meshgrid(*steps, indexing="ij")
    radius = np.sqrt((x / 65) ** 2 + (y / 80) ** 2 + (z / 60) ** 2)

    def within(limit: float) -> NDArray[np.float64]:
        return np.clip((limit - radius) * 65 / SPACING_MM + 0.5, 0.0, 1.0)

    white, brain, whole = within(0.4), within(0.5), within(1.0)
    maps = {"GM": brain - white, "WM": white, "CSF": whole - brain}
    return {label: values.astype(np.float32) for label, values in maps.items()}


def write_maps(root: Path, maps: Maps, *, subject: str = "01", session: str = "", pipeline: str = "fmriprep") -> Path:
    """`*_label-*_probseg.nii.gz` of a participant or a session; returns their folder."""
    entities = [f"sub-{subject}", *([f"ses-{session}"] if session else [])]
    folder = root.joinpath("derivatives", pipeline, *entities, "anat")
    folder.mkdir(parents=True, exist_ok=True)
    for label, values in maps.items():
        nib.save(nib.Nifti1Image(values, AFFINE), folder / f"{'_'.join(entities)}_label-{label}_probseg.nii.gz")
    return folder


def declare_anatomy(root: Path, text: str = "anatomy: {other_visit_sd_mm: 0}") -> None:
    """Put `anatomy:` into study.yaml in place of the declared fractions."""
    path = root / "study.yaml"
    study = path.read_text()
    start, end = study.index("  tissue:"), study.index("quality:")
    path.write_text(study[:start] + text + "\n" + study[end:])


def made_heads() -> Any:
    """The module of the tests of the anatomy room that makes T1w images."""
    folder = str(Path(__file__).parents[1])
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module("anatomy.heads")
