"""The NIfTI container of a NIfTI-MRS file: bytes to header, JSON extension and array, with checks of our own.

Standard: NIfTI-MRS, Clarke et al. 2022, doi:10.1002/mrm.29418 (header extension code 44, intent name mrs_vM_m).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pharmrs.core.files.content import instead_of_file, is_file
from pharmrs.core.files.json_text import parse_json
from pharmrs.core.read.compressed import read_bytes
from pharmrs.core.read.problems import Problems, shorten

EXTENSION_CODE = 44
CONVERT_AGAIN = "convert the scanner's file again with spec2nii"
COPY_AGAIN = "copy or download the file again; the original is damaged or incomplete here"
# NIfTI codes of xyzt_units (bits 3 to 5); 0 is "unknown", which NIfTI-MRS defines as seconds
_TIME_UNIT_S = {0: 1.0, 8: 1.0, 16: 1e-3, 24: 1e-6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What the file holds before it is interpreted.

    `extension`: the parsed JSON header extension ({} where missing or broken). `data`: the array as stored, or None
    where its type or size made it useless. `dwell_time_s` is NaN where the header declares no time.
    `other_extensions`: codes of further header extensions (2 is DICOM, which may identify a person).
    """

    extension: dict[str, Any]
    data: np.ndarray[Any, Any] | None
    shape: tuple[int, ...]
    affine: np.ndarray[Any, np.dtype[np.float64]]
    dwell_time_s: float
    free_text: dict[str, str]
    other_extensions: tuple[int, ...]


def read_container(path: Path, problems: Problems) -> Container | None:
    """Read `path` (.nii or .nii.gz); None, with the reason in `problems`, where it is not a readable NIfTI file."""
    raw = _read_bytes(path, problems)
    if raw is None:
        return None
    image = parse_nifti(raw, problems, CONVERT_AGAIN)
    if image is None:
        return None
    header = image.header
    shape = tuple(int(size) for size in image.shape)
    _check_intent(header, problems)
    return Container(
        extension=_read_extension(header, problems),
        data=_read_array(image, len(raw), problems),
        shape=shape,
        affine=_read_affine(image, problems),
        dwell_time_s=_read_dwell_time(header, len(shape), problems),
        free_text={name: _text(header[name]) for name in ("descrip", "db_name", "aux_file") if name in header},
        other_extensions=tuple(int(e.get_code()) for e in header.extensions if e.get_code() != EXTENSION_CODE),
    )


def _read_bytes(path: Path, problems: Problems) -> bytes | None:
    if not is_file(path):
        remedy = "check the path and the spelling of the name"
        problems.add("file", "must exist and be a file", instead_of_file(path), remedy)
        return None
    return read_bytes(path, problems, COPY_AGAIN)


def parse_nifti(raw: bytes, problems: Problems, convert: str) -> Any:
    """The NIfTI image in `raw`; None, with the reason in `problems`. `convert`: remedy for another format."""
    from nibabel.filebasedimages import ImageFileError
    from nibabel.nifti1 import Nifti1Image
    from nibabel.nifti2 import Nifti2Image
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    sizes = (int.from_bytes(raw[:4], "little"), int.from_bytes(raw[:4], "big"))
    kind = Nifti1Image if 348 in sizes else Nifti2Image if 540 in sizes else None
    if kind is None:
        problems.add("file", "must be a NIfTI-1 or NIfTI-2 file", f"{raw[:4]!r} at the start", convert)
        return None
    try:
        return kind.from_bytes(raw)
    except (ImageFileError, HeaderDataError, WrapStructError, OSError, ValueError, KeyError, OverflowError) as error:
        problems.add("header", "must be a valid NIfTI header", shorten(str(error)), COPY_AGAIN)
        return None


def _check_intent(header: Any, problems: Problems) -> None:
    name = _text(header["intent_name"])
    if not re.fullmatch(r"mrs_v\d+_\d+", name):
        problems.add("intent_name", "must be mrs_vM_m, which marks a NIfTI-MRS file", name or "empty", CONVERT_AGAIN)


def _read_extension(header: Any, problems: Problems) -> dict[str, Any]:
    found = [extension for extension in header.extensions if extension.get_code() == EXTENSION_CODE]
    field = "header extension"
    if not found:
        problems.add(field, f"NIfTI-MRS needs a JSON extension of code {EXTENSION_CODE}", "missing", CONVERT_AGAIN)
        return {}
    content = found[0].get_content()
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        parsed = parse_json(text.rstrip("\x00 \n") if isinstance(text, str) else json.dumps(text))
    except (ValueError, RecursionError) as error:
        problems.add(field, "must be valid JSON in UTF-8", shorten(str(error)), CONVERT_AGAIN)
        return {}
    if not isinstance(parsed, dict):
        problems.add(field, "must be a JSON object", type(parsed).__name__, CONVERT_AGAIN)
        return {}
    return parsed


def _read_array(image: Any, raw_size: int, problems: Problems) -> np.ndarray[Any, Any] | None:
    dtype = image.get_data_dtype()
    if dtype.kind != "c":
        remedy = "store the complex FID (complex64), not its real part or magnitude: " + CONVERT_AGAIN
        problems.add("data type", "must be complex", str(dtype), remedy)
        return None
    needed = math.prod(int(size) for size in image.shape) * dtype.itemsize + int(image.dataobj.offset)
    # compared before anything is allocated: a damaged header may ask for more memory than there is
    if needed > raw_size or min(image.shape, default=0) < 1:
        problems.add("data", f"the header announces {needed} bytes", f"{raw_size} bytes", COPY_AGAIN)
        return None
    return np.asarray(image.dataobj)


def _read_affine(image: Any, problems: Problems) -> np.ndarray[Any, np.dtype[np.float64]]:
    affine = np.asarray(image.affine, dtype=np.float64)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        problems.add("affine", "must be finite and invertible (it places the voxel)", affine.tolist(), CONVERT_AGAIN)
    return affine


def _read_dwell_time(header: Any, dimensions: int, problems: Problems) -> float:
    if dimensions < 4:
        return math.nan  # reported with the dimensions
    code = int(header["xyzt_units"]) & 0x38
    if code not in _TIME_UNIT_S:
        remedy = "xyzt_units must declare seconds (8), milliseconds (16) or microseconds (24): " + CONVERT_AGAIN
        problems.add("xyzt_units", "must be a unit of time", code, remedy)
        return math.nan
    dwell_time_s = float(header["pixdim"][4]) * _TIME_UNIT_S[code]
    if not math.isfinite(dwell_time_s):
        problems.add("pixdim[4]", "must be a number: the dwell time", f"{dwell_time_s:g}", CONVERT_AGAIN)
        return math.nan
    return dwell_time_s


def _text(value: Any) -> str:
    return bytes(value).split(b"\x00", 1)[0].decode("utf-8", "replace").strip()
