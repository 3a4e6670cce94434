"""Heads of a simulated trial: maps of the tissues with known fractions in every voxel box, and a T1w image of them.

The anatomy is that of the MNI152 template which nilearn ships (Fonov et al. 2009, doi:10.1016/S1053-8119(09)70884-5),
turned, scaled and moved for each participant. The maps handed to the analysis err as a segmentation does, and the box
lies where the recording says only to about a millimetre, because heads move between the scans.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter
from scipy.spatial.transform import Rotation

from pharmrs.core.files.atomic import write_bytes, write_text
from pharmrs.core.records.arrays import FloatArray
from pharmrs.simulate.trial import stream
from pharmrs.simulate.trial_records import Participant, Trial, Visit

DERIVATIVE = "segmentation"
_HEADS, _BOXES = 50, 51  # streams of random numbers
_TEMPLATE = "mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"
_CELL_MM = 0.25  # of the box, when its true content is counted
_LEVELS = 255  # of a stored map


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSettings:
    """The images and the voxel. Lengths in mm, angles in degrees; SDs over participants or visits.

    `box_mm`, `box_mni_mm`: edges and prescribed centre of the voxel (pregenual anterior cingulate); `box_tilt_deg`:
    turn about the left-right axis. `head_sd_deg`, `head_sd_mm`, `head_sd_scale`: pose and size of heads. `replace_mm`,
    `replace_deg`: how well the voxel is placed again. `motion_mm`: between image and spectrum, which no header records.
    `segmentation_sd`: error of WM, and of CSF, at their borders with GM. `noise`: of the T1w image, white matter 1.
    """

    spacing_mm: int = 2
    box_mm: tuple[float, float, float] = (20.0, 15.0, 10.0)
    box_mni_mm: tuple[float, float, float] = (0.0, 42.0, 8.0)
    box_tilt_deg: float = 20.0
    head_sd_deg: float = 4.0
    head_sd_mm: float = 4.0
    head_sd_scale: float = 0.03
    replace_mm: float = 1.0
    replace_deg: float = 1.5
    motion_mm: float = 0.7
    segmentation_sd: float = 0.015
    noise: float = 0.03


@dataclass(frozen=True, slots=True)
class SimulatedHead:
    """Grey matter, white matter and CSF, shape (3, i, j, k), 0 to 1; `affine` from index to scanner, mm.

    `from_template`: 4x4, from MNI152 to the scanner's millimetres.
    """

    maps: FloatArray
    affine: FloatArray
    from_template: FloatArray


@dataclass(frozen=True, slots=True)
class PlacedVisit:
    """A visit with the tissue that its voxel really holds, and the box as the recording tells it, (4, 4)."""

    visit: Visit
    affine: FloatArray


def draw_head(trial: Trial, person: Participant, settings: HeadSettings) -> SimulatedHead:
    """The head of one participant: the template under a random rotation, scaling and shift."""
    rng = stream(trial.settings, _HEADS, int(person.label))
    template, grid = _template(settings.spacing_mm)
    pose = np.eye(4)
    turn = Rotation.from_euler("xyz", rng.normal(0.0, settings.head_sd_deg, 3), degrees=True).as_matrix()
    pose[:3, :3] = turn @ np.diag(np.exp(rng.normal(0.0, settings.head_sd_scale, 3)))
    pose[:3, 3] = rng.normal(0.0, settings.head_sd_mm, 3)
    # index of the head -> scanner -> template -> index of the template; both grids are the same
    index = np.linalg.inv(grid) @ np.linalg.inv(pose) @ grid
    moved = [affine_transform(one, index[:3, :3], index[:3, 3], order=1) for one in template]
    total = np.sum(moved, axis=0)
    inside = total > 0.5
    maps = np.where(inside, moved / np.where(inside, total, 1.0), 0.0)
    return SimulatedHead(maps=_quantised(maps), affine=grid, from_template=pose)


def place_visits(trial: Trial, person: Participant, head: SimulatedHead, settings: HeadSettings) -> list[PlacedVisit]:
    """The voxel of every visit of one participant, with the tissue it holds."""
    placed = []
    for visit in (one for one in trial.visits if one.participant == person):
        rng = stream(trial.settings, _BOXES, int(person.label), int(visit.session))
        box = _box(head, settings, rng)
        real = box.copy()
        real[:3, 3] += rng.normal(0.0, settings.motion_mm, 3)
        gray, white, csf = box_fractions(head, real).tolist()
        placed.append(PlacedVisit(replace(visit, gray_matter=gray, white_matter=white, csf=csf), box))
    return placed


def box_fractions(head: SimulatedHead, box: FloatArray) -> FloatArray:
    """Fractions of GM, WM and CSF in the box, by counting cells of a quarter of a millimetre, shape (3,)."""
    edges = np.linalg.norm(box[:3, :3], axis=0)
    axes = [(np.arange(count) + 0.5) / count - 0.5 for count in np.round(edges / _CELL_MM).astype(int)]
    shares = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    world = shares @ box[:3, :3].T + box[:3, 3]
    to_index = np.linalg.inv(head.affine)
    index = np.round(world @ to_index[:3, :3].T + to_index[:3, 3]).astype(int)
    content = head.maps[:, index[:, 0], index[:, 1], index[:, 2]].mean(axis=1)
    return np.asarray(content / content.sum())


def write_head(root: Path, trial: Trial, person: Participant, head: SimulatedHead, settings: HeadSettings) -> None:
    """The T1w image, and the maps of a segmentation as a derivative of their own."""
    rng = stream(trial.settings, _HEADS, int(person.label), 1)
    name, folder = f"sub-{person.label}_ses-1", f"sub-{person.label}/ses-1/anat"
    _write_image(root / folder / f"{name}_T1w.nii.gz", _t1(head, settings, rng), head.affine, 1.0)
    sidecar = {"MagneticFieldStrength": 7, "Manufacturer": "simulated", "PulseSequenceType": "MPRAGE"}
    write_text(root / folder / f"{name}_T1w.json", json.dumps(sidecar, indent=2) + "\n")
    maps = _with_errors(head.maps, rng.normal(0.0, settings.segmentation_sd, 2))
    for label, values in zip(("GM", "WM", "CSF"), maps, strict=True):
        path = root / "derivatives" / DERIVATIVE / folder / f"{name}_label-{label}_probseg.nii.gz"
        _write_image(path, np.round(values * _LEVELS).astype(np.uint8), head.affine, 1.0 / _LEVELS)


def write_derivative_description(root: Path) -> None:
    """What the folder of the maps is, for BIDS."""
    description = {
        "Name": "Simulated segmentation",
        "BIDSVersion": "1.10.0",
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "pharmrs simulate", "Description": "tissue maps with errors of a segmentation"}],
    }
    path = root / "derivatives" / DERIVATIVE / "dataset_description.json"
    write_text(path, json.dumps(description, indent=2) + "\n")


def _box(head: SimulatedHead, settings: HeadSettings, rng: np.random.Generator) -> FloatArray:
    """Affine of the voxel of one visit: the prescription carried to the head, placed again with small errors."""
    tilt = Rotation.from_euler("x", settings.box_tilt_deg, degrees=True)
    slip = Rotation.from_euler("xyz", rng.normal(0.0, settings.replace_deg, 3), degrees=True)
    pose = Rotation.from_matrix(_orthogonal(head.from_template[:3, :3]))
    box = np.eye(4)
    box[:3, :3] = (slip * pose * tilt).as_matrix() @ np.diag(settings.box_mm)
    centre = head.from_template @ np.array([*settings.box_mni_mm, 1.0])
    box[:3, 3] = centre[:3] + rng.normal(0.0, settings.replace_mm, 3)
    return box


def _orthogonal(matrix: FloatArray) -> FloatArray:
    """The rotation nearest to `matrix`."""
    left, _, right = np.linalg.svd(matrix)
    return np.asarray(left @ right)


def _with_errors(maps: FloatArray, errors: FloatArray) -> FloatArray:
    """Maps with the borders GM/WM and GM/CSF moved: where two tissues share an element, one takes from the other."""
    gray, white, csf = maps
    to_white, to_csf = 4.0 * errors[0] * gray * white, 4.0 * errors[1] * gray * csf
    return _quantised(np.clip(np.stack([gray - to_white - to_csf, white + to_white, csf + to_csf]), 0.0, 1.0))


def _quantised(maps: FloatArray) -> FloatArray:
    """Maps in steps of 1/255 whose sum is exactly 1 in the brain and 0 outside: CSF takes the rest."""
    inside = maps.sum(axis=0) > 0.5
    gray, white = (np.round(one * _LEVELS) for one in maps[:2])
    white = np.minimum(white, _LEVELS - gray)
    rest = np.where(inside, _LEVELS - gray - white, 0.0)
    return np.asarray(np.stack([gray, white, rest]) / _LEVELS)


def _t1(head: SimulatedHead, settings: HeadSettings, rng: np.random.Generator) -> FloatArray:
    """A T1w image without skull: white matter 1000, grey matter 650, CSF 250, smooth bias and noise; whole numbers."""
    gray, white, csf = head.maps
    signal = 1000.0 * white + 650.0 * gray + 250.0 * csf
    bias = gaussian_filter(rng.normal(size=signal.shape), 20.0)
    bias *= 0.08 / bias.std()
    noise = rng.normal(0.0, 1000.0 * settings.noise, signal.shape)
    return np.asarray(np.where(signal > 0, np.clip(signal * np.exp(bias) + noise, 1, 4000), 0.0).astype(np.int16))


@cache
def _template(spacing_mm: int) -> tuple[FloatArray, FloatArray]:
    """Grey matter, white matter and CSF of the template, shape (3, i, j, k), averaged to `spacing_mm`; the affine."""
    import nibabel

    found = importlib.util.find_spec("nilearn")
    assert found is not None and found.submodule_search_locations is not None
    folder = Path(found.submodule_search_locations[0]) / "datasets" / "data"
    images: dict[str, Any] = {name: nibabel.load(folder / _TEMPLATE.format(name)) for name in ("gm", "wm", "t1")}
    gray, white, t1 = (np.asarray(image.dataobj, dtype=np.float32) for image in images.values())
    inside = t1 > 0
    gray, white = np.where(inside, gray / 255.0, 0.0), np.where(inside, white / 255.0, 0.0)
    total = np.maximum(gray + white, 1.0)
    gray, white = gray / total, white / total
    maps = [_averaged(one, spacing_mm) for one in (gray, white, inside - gray - white)]
    affine = np.array(images["gm"].affine, dtype=np.float64)
    affine[:3, 3] += (spacing_mm - 1) / 2 * np.diag(affine)[:3]  # centre of the first block
    affine[:3, :3] *= spacing_mm
    return np.asarray(np.stack(maps), dtype=np.float64), affine


def _averaged(values: FloatArray, step: int) -> FloatArray:
    """Means of cubic blocks; an incomplete block at the far border, which is air, is left out."""
    size = [length // step for length in values.shape]
    cut = values[tuple(slice(count * step) for count in size)]
    return np.asarray(cut.reshape(size[0], step, size[1], step, size[2], step).mean(axis=(1, 3, 5)))


def _write_image(path: Path, values: FloatArray, affine: FloatArray, slope: float) -> None:
    """NIfTI-1, compressed; the same values give the same bytes."""
    import nibabel

    image: Any = nibabel.Nifti1Image(np.asarray(values), affine)  # type: ignore[no-untyped-call]
    image.header.set_slope_inter(slope, 0.0)
    image.header.set_xyzt_units("mm")
    write_bytes(path, gzip.compress(image.to_bytes(), compresslevel=3, mtime=0))
