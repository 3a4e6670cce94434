"""The head that the boxes are put into: maps of its tissues, read or made, and its way to MNI152 space.

A segmentation is kept in the derivative with the SHA-256 of what it was made from; the same image, steps and libraries
find it again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.read.volumes import probseg_bytes, read_maps, read_tissues, read_volume
from pharmrs.anatomy.records.images import AnatomyFiles, TissueMaps, Volume
from pharmrs.anatomy.science.registration import register
from pharmrs.anatomy.science.segmentation import LEAST_SIMILARITY, NoHead, Segmentation, segment
from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.files.atomic import write_bytes, write_text
from pharmrs.core.files.content import is_file
from pharmrs.core.files.json_text import read_json
from pharmrs.core.files.owned import remove
from pharmrs.core.read.sidecar import stem_of
from pharmrs.core.records.arrays import FloatArray

STEP_VERSION = 4  # to be raised with every change of pharmrs.anatomy that changes a map
_LABELS = ("GM", "WM", "CSF")
_LEAST_VOLUME = 1e-3  # of a head, relative to the template; a damaged matrix has none
_LIBRARIES = ("antspyx", "nilearn", "numpy", "scipy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Maps of the tissues; `second`: another segmentation of the same image, None where the maps were given.

    `image`: for pictures, where there is one. `to_template`: 4x4 to MNI152 space, None where it was not registered
    or does not look like a head.
    """

    maps: TissueMaps
    second: TissueMaps | None
    image: Volume | None
    to_template: FloatArray | None

    @property
    def picture(self) -> Volume:
        """The head as a T1w image shows it."""
        return self.image if self.image is not None else _as_t1(self.maps)

    @property
    def brain(self) -> Volume:
        """1 where grey or white matter is most."""
        inside = self.maps.gray_matter + self.maps.white_matter > 0.5
        return Volume(data=inside.astype(np.float32), affine=self.maps.affine, source=self.maps.source)


def open_head(
    files: AnatomyFiles, *, normalise: bool, name: str, output: Path, notes: list[InputProblem] | None = None
) -> Head:
    """Read or make the maps. Raises InputError; warnings go to `notes`. `name`: the image as people should read it."""
    image = read_volume(files.t1, notes) if files.t1 else None
    if not files.maps and not files.labels:
        assert image is not None
        return _segmented(files, image, name, output)
    maps = read_tissues(files, name, notes)
    to_template = None
    if normalise:
        found = register(image or _as_t1(maps), mni152())
        to_template = found.to_template if found.similarity >= LEAST_SIMILARITY else None
    return Head(maps=maps, second=None, image=image, to_template=to_template)


def _as_t1(maps: TissueMaps) -> Volume:
    """What the maps would look like in a T1w image, for the registration where there is none."""
    data = 0.65 * maps.gray_matter + maps.white_matter + 0.25 * maps.csf
    return Volume(data=data, affine=maps.affine, source=maps.source)


def _segmented(files: AnatomyFiles, image: Volume, name: str, output: Path) -> Head:
    key = _key(Path(files.t1))
    session = [f"ses-{files.session}"] if files.session else []
    folder = output.joinpath(f"sub-{files.subject}", *session, "anat")
    stem = stem_of(Path(files.t1)).removesuffix("_T1w")
    record = folder / f"{stem}_desc-tissue_anatomy.json"
    own = [_own_files(files, folder, stem, kind) for kind in ("", "_desc-second")]
    maps = [Path(path) for one in own for path in one.maps]
    to_head = _known(record, key, maps) if all(map(is_file, maps)) else None
    if to_head is None:
        _make(image, folder, stem, record, key)
        to_head = _known(record, key, maps)
    if to_head is None:
        raise AssertionError("the record that was written must tell of these maps")
    first, second = (read_maps(one, name) for one in own)
    return Head(
        maps=_named(first, name),
        second=_named(second, name),
        image=image,
        to_template=np.asarray(np.linalg.inv(to_head), dtype=np.float64),
    )


def _make(image: Volume, folder: Path, stem: str, record: Path, key: str) -> None:
    remove(record)  # the record comes last: without it the maps do not count
    try:
        found = segment(image, mni152())
    except NoHead as error:
        raise InputError([_not_t1(image.source, str(error))]) from error
    made = []
    for kind, maps in (("", found.maps), ("_desc-second", found.second)):
        for label, data in zip(_LABELS, maps, strict=True):
            path = folder / f"{stem}{kind}_label-{label}_probseg.nii.gz"
            write_bytes(path, probseg_bytes(data, image.affine))
            made.append(path)
    write_text(record, _record_text(found, key, made))


def _record_text(found: Segmentation, key: str, maps: list[Path]) -> str:
    content: dict[str, Any] = {
        "Description": "Tissue maps beside this file: two methods together; desc-second: weighted differently",
        "key": key,
        "similarity_to_mni152": round(found.affine.similarity, 6),
        "noise_of_white_matter": round(found.noise, 6),
        "sha256": {path.name: _sha256(path) for path in maps},
        "mni_to_image": found.affine.to_head.tolist(),
    }
    content["seal"] = _seal(content)
    return json.dumps(content, indent=2) + "\n"


def _seal(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _known(record: Path, key: str, maps: list[Path]) -> FloatArray | None:
    """The way from MNI152 space to the image, 4x4; None where the maps were not made of `key`, or are not as made."""
    try:
        content = read_json(record)
        to_head = np.array(content["mni_to_image"], dtype=np.float64)
        as_made = content.pop("seal") == _seal(content) and all(
            content["sha256"][path.name] == _sha256(path) for path in maps
        )
        right = as_made and content["key"] == key and to_head.shape == (4, 4) and bool(np.isfinite(to_head).all())
        return to_head if right and abs(np.linalg.det(to_head)) > _LEAST_VOLUME else None
    except (OSError, ValueError, LookupError, TypeError, OverflowError):
        return None


def _own_files(files: AnatomyFiles, folder: Path, stem: str, kind: str) -> AnatomyFiles:
    gray, white, csf = (str(folder / f"{stem}{kind}_label-{label}_probseg.nii.gz") for label in _LABELS)
    return AnatomyFiles(subject=files.subject, session=files.session, gray_matter=gray, white_matter=white, csf=csf)


def _named(maps: TissueMaps, name: str) -> TissueMaps:
    gray, white, csf = maps.maps
    return TissueMaps(
        gray_matter=gray, white_matter=white, csf=csf, affine=maps.affine, source=name, method="segmented"
    )


def _key(path: Path) -> str:
    content = _sha256(path)
    used = [f"{library} {version(library)}" for library in _LIBRARIES]
    return hashlib.sha256("\n".join([content, f"step {STEP_VERSION}", *used]).encode()).hexdigest()


def _not_t1(file: str, found: str) -> InputProblem:
    return InputProblem(
        file=file,
        field="contrast",
        rule="must be a T1-weighted image of a head (white matter bright, fluid dark)",
        value=found,
        remedy="give the T1w image (MPRAGE, MP2RAGE), not a T2w, FLAIR or localiser; check its orientation in a viewer",
    )
