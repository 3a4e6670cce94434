"""Three-dimensional images of the head, tissue maps, and the box of a spectrum, from NIfTI."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pharmrs.anatomy.read.labels import maps_of_labels
from pharmrs.anatomy.read.lengths import check_edges, checked_grid
from pharmrs.anatomy.read.orientation import placed_affine
from pharmrs.anatomy.read.sources import modulated
from pharmrs.anatomy.records.images import AnatomyFiles, ImageArray, TissueMaps, Volume, VoxelBox
from pharmrs.anatomy.science.box_of_mask import box_of_mask
from pharmrs.core.errors import InputProblem
from pharmrs.core.files.content import instead_of_file, is_file
from pharmrs.core.read.compressed import read_bytes
from pharmrs.core.read.nifti_container import COPY_AGAIN, parse_nifti
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import FloatArray

_LIKE_A_BOX = 0.92  # a ball is to 0.85, a box on elements of 1 x 1 x 3 mm to 0.96
_LEAST_OF_MASK, _MOST_OF_MASK = 8, 0.5
_SUM_TOLERANCE = 0.05
_OVERSHOOT = 0.5  # of what splines leave of shares


def read_volume(path: str | Path, notes: list[InputProblem] | None = None) -> Volume:
    """Read a three-dimensional image. Raises `InputError` with every problem of the file; warnings go to `notes`."""
    problems = Problems(str(path))
    image = _open(Path(path), problems)
    problems.raise_errors()
    data = _values(image, problems)
    affine = checked_grid(image, problems)
    problems.raise_errors()
    assert data is not None
    _note(problems, notes)
    return Volume(data=data, affine=affine, source=str(path))


def _note(problems: Problems, notes: list[InputProblem] | None) -> None:
    if notes is not None:
        notes += problems.found


def read_tissues(files: AnatomyFiles, name: str, notes: list[InputProblem] | None = None) -> TissueMaps:
    """Maps of the tissues or an image of labels, whichever `files` name. Raises `InputError`."""
    if not files.labels:
        return read_maps(files, name, notes)
    problems = Problems(files.labels)
    maps = maps_of_labels(read_volume(files.labels, notes), name, problems)
    problems.raise_errors()
    assert maps is not None
    return maps


def read_maps(files: AnatomyFiles, name: str, notes: list[InputProblem] | None = None) -> TissueMaps:
    """Read the maps of the three tissues; `name` is told as their source. Raises `InputError` with every problem."""
    volumes = []
    problems = Problems(files.gray_matter)
    for path in files.maps:
        one = Problems(path)
        if modulated(Path(path)):
            remedy = "have CAT12 write p1, p2 and p3 (native space), SPM c1, c2 and c3, and give those"
            one.add("file", "must be a map of shares in the participant's own space", "a modulated map", remedy)
        image = _open(Path(path), one)
        if image is not None:
            data, affine = _values(image, one), checked_grid(image, one)
            if data is not None and not any(p.severity == "error" for p in one.found):
                _check_probabilities(data, one)
                volumes.append(Volume(data=data, affine=affine, source=path))
        problems.found += one.found
    problems.raise_errors()
    first, *others = volumes
    for other in others:
        if other.data.shape != first.data.shape or not np.allclose(other.affine, first.affine, atol=1e-2):
            found = f"{other.data.shape}, {Path(first.source).name}: {first.data.shape}, or another affine"
            remedy = "take the three maps of one run of the segmentation, all in the space of the participant"
            problems.add(f"grid of {Path(other.source).name}", "the three maps must have one grid", found, remedy)
    problems.raise_errors()
    gray, white, csf = (np.clip(volume.data, 0.0, 1.0) for volume in volumes)
    _check_sum(gray + white + csf, problems)
    problems.raise_errors()
    _note(problems, notes)
    return TissueMaps(gray_matter=gray, white_matter=white, csf=csf, affine=first.affine, source=name, method="probseg")


def read_box(path: str | Path, notes: list[InputProblem] | None = None) -> VoxelBox:
    """The box of a NIfTI-MRS recording, from its header alone, or that of a mask on the grid of an image.

    Raises `InputError`; warnings go to `notes`.
    """
    problems = Problems(str(path))
    image = _open(Path(path), problems)
    problems.raise_errors()
    affine = _mask_affine(image, problems) if _is_mask(image) else placed_affine(image, problems)
    problems.raise_errors()
    assert affine is not None
    grid = tuple(int(size) for size in image.shape[:3])
    if math.prod(grid) != 1 and not _is_mask(image):
        shown = " x ".join(str(size) for size in grid)
        remedy = "cut one element out of the grid (mrs_tools split, or nibabel's slicer) and give its file"
        problems.add("dim", "must be the spectrum of one voxel, not a grid (MRSI)", f"{shown} elements", remedy)
    check_edges(affine, problems)
    problems.raise_errors()
    _note(problems, notes)
    return VoxelBox(affine=affine)


def _is_mask(image: Any) -> bool:
    """Whether it is an image of numbers over three dimensions, not signals over time."""
    numbers = np.dtype(image.get_data_dtype()).kind != "c"
    return bool(numbers and math.prod(image.shape[:3]) > 1 and math.prod(image.shape[3:]) == 1)


def _mask_affine(image: Any, problems: Problems) -> FloatArray | None:
    """The box that a mask draws; None, with the reason in `problems`, where it draws none."""
    data, affine = _values(image, problems), checked_grid(image, problems)
    if data is None or affine is None or any(one.severity == "error" for one in problems.found):
        return None
    shares = np.clip(np.asarray(data, dtype=np.float64) / max(float(data.max()), 1e-30), 0.0, 1.0)
    if np.count_nonzero(shares) < _LEAST_OF_MASK or np.count_nonzero(shares) > _MOST_OF_MASK * shares.size:
        value, agreement = f"{np.count_nonzero(shares)} of {shares.size} elements are not zero", 0.0
    else:
        box, agreement = box_of_mask(shares, affine)
        value = f"a box like it covers {100 * agreement:.0f} % of the same elements"
    if agreement < _LIKE_A_BOX:
        remedy = "give the mask of the voxel alone, as Osprey, Gannet or SPM write it, or a NIfTI-MRS recording"
        problems.add("mask", f"must be the box of one voxel, to {100 * _LIKE_A_BOX:.0f} %", value, remedy)
        return None
    return box.affine


def _open(path: Path, problems: Problems) -> Any:
    if not is_file(path):
        remedy = "check the path and the spelling of the name"
        problems.add("file", "must exist and be a file", instead_of_file(path), remedy)
        return None
    raw = read_bytes(path, problems, COPY_AGAIN)
    if raw is not None and path.name.endswith((".mgz", ".mgh")):
        return _parse_mgh(raw, problems)
    image = None if raw is None else parse_nifti(raw, problems, COPY_AGAIN)
    if image is None or raw is None:
        return None
    if len(image.shape) < 3:
        problems.add("dim", "must be three-dimensional", image.shape, COPY_AGAIN)
        return None
    needed = math.prod(int(size) for size in image.shape) * image.get_data_dtype().itemsize + int(image.dataobj.offset)
    if needed > len(raw):  # compared before anything is allocated
        problems.add("data", f"the header announces {needed} bytes", f"{len(raw)} bytes", COPY_AGAIN)
        return None
    return image


def _parse_mgh(raw: bytes, problems: Problems) -> Any:
    """FreeSurfer's format; None, with the reason in `problems`, where `raw` is none."""
    from nibabel.freesurfer.mghformat import MGHError, MGHImage
    from nibabel.wrapstruct import WrapStructError

    make: Any = MGHImage
    try:
        image = make.from_bytes(raw)
        needed = math.prod(int(size) for size in image.shape) * image.get_data_dtype().itemsize
        if needed > len(raw):  # compared before anything is allocated
            problems.add("data", f"the header announces {needed} bytes", f"{len(raw)} bytes", COPY_AGAIN)
            return None
    except (MGHError, WrapStructError, ValueError, TypeError, KeyError, OverflowError, OSError) as error:
        problems.add("file", "must be an MGH image of FreeSurfer", error, COPY_AGAIN)
        return None
    return image


def _values(image: Any, problems: Problems) -> ImageArray | None:
    shape = tuple(int(size) for size in image.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3 or min(shape, default=0) < 2:
        remedy = "extract one volume, e.g. with fslroi or nilearn.image.index_img; average repetitions first"
        problems.add("dim", "must be one three-dimensional image", image.shape, remedy)
        return None
    if np.dtype(image.get_data_dtype()).kind not in "iuf":
        problems.add("data type", "must be numbers", str(image.get_data_dtype()), "store the magnitude image")
        return None
    try:
        data = np.asarray(image.dataobj, dtype=np.float32).reshape(shape)
    except (OSError, ValueError) as error:
        problems.add("data", "must be complete", str(error), COPY_AGAIN)
        return None
    bad = int(np.count_nonzero(~np.isfinite(data)))
    if bad:
        problems.add("data", "must be finite numbers", f"{bad} NaN or infinite", "set them to 0, or convert again")
    elif data.min() == data.max():
        problems.add("data", "must hold an image", f"{data.min():g} everywhere", "export or convert the image again")
    return data


def _check_probabilities(data: ImageArray, problems: Problems) -> None:
    if data.min() < -0.01 or data.max() > 1.01:
        remedy = (
            "resampling with splines leaves such values: take the maps as they were written, or clip them to 0 to 1"
            if data.min() > -_OVERSHOOT and data.max() < 1.0 + _OVERSHOOT
            else "divide by the largest possible value (e.g. 255), or take the probseg maps, not intensities"
        )
        problems.add("data", "must be shares from 0 to 1", f"{data.min():.3g} to {data.max():.3g}", remedy)


def _check_sum(total: ImageArray, problems: Problems) -> None:
    """In the brain the three tissues are all there is: most elements that hold any tissue must hold 1 of it."""
    brain = total[total > 0.05]
    if not brain.size:
        problems.add("data", "must hold tissue", "all zeros", "take the maps of a segmentation that worked")
        return
    typical, most = float(np.median(brain)), float(np.percentile(brain, 99.5))
    if abs(typical - 1.0) > _SUM_TOLERANCE or most > 1.0 + _SUM_TOLERANCE:
        remedy = "take GM, WM and CSF of one segmentation, none of them smoothed, modulated or thresholded"
        found = f"the sum is {typical:.3g} in the median, {most:.3g} at most"
        problems.add("data", "GM + WM + CSF must be 1 in the brain", found, remedy)


def probseg_bytes(data: ImageArray, affine: FloatArray) -> bytes:
    """A map of shares (0-1) as a gzipped NIfTI file in steps of 1/255; the same map gives the same bytes."""
    return _image_bytes(np.rint(np.clip(data, 0.0, 1.0) * 255).astype(np.uint8), affine, 1 / 255)


def mask_bytes(data: NDArray[np.bool_], affine: FloatArray) -> bytes:
    """A mask (0 and 1) as a gzipped NIfTI file."""
    return _image_bytes(data.astype(np.uint8), affine, 1.0)


def _image_bytes(data: NDArray[np.uint8], affine: FloatArray, slope: float) -> bytes:
    from nibabel.nifti1 import Nifti1Image

    make: Any = Nifti1Image
    image = make(data, affine)
    image.header.set_slope_inter(slope, 0)
    image.header.set_xyzt_units("mm")
    return gzip.compress(image.to_bytes(), compresslevel=1, mtime=0)
