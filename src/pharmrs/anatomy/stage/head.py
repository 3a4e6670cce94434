"""The head that the boxes are put into: maps of its tissues, read or made, and its way to MNI152 space.

A segmentation is kept in the derivative with the SHA-256 of what it was made from; the same image, steps and libraries
find it again.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pharmrs.anatomy.read.atlas import ATLAS_FILE, structures
from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.read.volumes import probseg_bytes, read_maps, read_tissues, read_volume
from pharmrs.anatomy.records.images import AnatomyFiles, ImageArray, TissueMaps, Volume
from pharmrs.anatomy.science.lesions import Lesions, suspected
from pharmrs.anatomy.science.mixture import Classes
from pharmrs.anatomy.science.plausible import Doubt, brain_in_view, doubts, fluid_inside, volumes_ml
from pharmrs.anatomy.science.registration import AffineToTemplate, register
from pharmrs.anatomy.science.segmentation import LEAST_SIMILARITY, NoHead, Segmentation, segment
from pharmrs.anatomy.science.segmentation_error import OLD_HEADS, widened
from pharmrs.anatomy.science.warp import backwards, field_to_head
from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.files.atomic import write_bytes, write_text
from pharmrs.core.files.content import is_file
from pharmrs.core.files.json_text import read_json
from pharmrs.core.files.owned import remove
from pharmrs.core.read.sidecar import stem_of
from pharmrs.core.records.arrays import FloatArray

STEP_VERSION = 6  # to be raised with every change of pharmrs.anatomy that changes a map
_LABELS = ("GM", "WM", "CSF")
_THICK_MM = 2.0
_MOST_LESIONS_ML = 5.0  # healthy made and real heads had up to 3
_MOST_LESIONS = 0.5  # of where white matter must be; a proton-density image had 0.8
_LEAST_VOLUME = 1e-3  # of a head, relative to the template; a damaged matrix has none
_LIBRARIES = ("antspyx", "nilearn", "numpy", "scipy")
_SHOWN = Classes(means=np.array([0.25, 0.65, 1.0]), sds=np.full(3, 0.02))  # of maps drawn as a T1w image
_LOOK = "look at the picture; give a T1w image without contrast agent (MPRAGE, MP2RAGE), or maps of a segmentation"
_LOOK_MAPS = (
    "look at the picture; check that these are grey matter, white matter and CSF, in this order, of the whole brain, "
    "not modulated and not in a template's space"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Maps of the tissues; `second`: another segmentation of the same image, None where the maps were given.

    `image`: for pictures, where there is one. `to_template`: 4x4 to MNI152 space, and `back`, the warp that follows it;
    None where the head was not registered or does not look like one. `errors`: as in `Segmentation`; `fluid_inside`:
    share of fluid deep in the brain of a segmented head. `lesions`: None where there is no warp.
    """

    maps: TissueMaps
    second: TissueMaps | None
    image: Volume | None
    to_template: FloatArray | None
    back: ImageArray | None
    errors: tuple[ImageArray, ImageArray, ImageArray] | None = None
    fluid_inside: float = 0.0
    lesions: Lesions | None = None

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
    notes = [] if notes is None else notes
    head = _opened(files, normalise, name, output, notes)
    if head.to_template is None or head.back is None:
        return head
    lesions = suspected(head.maps, structures(), head.to_template, head.back)
    if lesions.share > _MOST_LESIONS:
        raise InputError([_no_white_matter(files, lesions.share)])
    if lesions.volume_ml > _MOST_LESIONS_ML:
        notes.append(_lesions_told(files.tissues, lesions.volume_ml))
    return replace(head, lesions=lesions)


def _opened(files: AnatomyFiles, normalise: bool, name: str, output: Path, notes: list[InputProblem]) -> Head:
    image = read_volume(files.t1, notes) if files.t1 else None
    if not files.maps and not files.labels:
        assert image is not None
        return _segmented(files, image, name, output, notes)
    head = Head(maps=read_tissues(files, name, notes), second=None, image=image, to_template=None, back=None)
    in_view = 0.0
    if normalise:
        found = register(head.picture, mni152())
        if found.similarity >= LEAST_SIMILARITY:
            back = _warp_of(head.maps, found)
            head = replace(head, to_template=found.to_template, back=back)
            in_view = brain_in_view(head.maps.gray_matter, head.maps.affine, mni152(), found.to_head)
    said = doubts(volumes_ml(head.maps), in_view)
    notes += [replace(_doubted(files.tissues, one), severity="warning", remedy=_LOOK_MAPS) for one in said]
    return head


def _as_t1(maps: TissueMaps) -> Volume:
    """What the maps would look like in a T1w image, for the registration where there is none."""
    data = 0.65 * maps.gray_matter + maps.white_matter + 0.25 * maps.csf
    return Volume(data=data, affine=maps.affine, source=maps.source)


def _warp_of(maps: TissueMaps, found: AffineToTemplate) -> ImageArray:
    brain = np.asarray(np.sum(maps.maps, axis=0) > 0.5)
    return backwards(field_to_head(_as_t1(maps), brain, _SHOWN, mni152(), found))


def _segmented(files: AnatomyFiles, image: Volume, name: str, output: Path, notes: list[InputProblem]) -> Head:
    key = _key(Path(files.t1))
    session = [f"ses-{files.session}"] if files.session else []
    folder = output.joinpath(f"sub-{files.subject}", *session, "anat")
    stem = stem_of(Path(files.t1)).removesuffix("_T1w")
    own = [_own_files(files, folder, stem, kind) for kind in ("", "_desc-second")]
    kept = _known(folder, stem, key)
    if kept is None:
        _make(image, folder, stem, key)
        kept = _known(folder, stem, key)
    if kept is None:
        raise AssertionError("the record that was written must tell of these maps")
    maps, second = (read_maps(one, name) for one in own)
    notes += [_doubted(files.t1, one) for one in kept.doubts]
    thickness_mm = round(float(image.spacing_mm.max()), 2)
    if thickness_mm > _THICK_MM:
        notes.append(_thick(files.t1, thickness_mm))
    fluid = fluid_inside(maps, mni152(), kept.to_head)
    if fluid > OLD_HEADS[0]:
        notes.append(_old(files.t1, fluid))
    return Head(
        maps=replace(maps, method="segmented"),
        second=replace(second, method="segmented"),
        image=image,
        to_template=np.asarray(np.linalg.inv(kept.to_head), dtype=np.float64),
        back=kept.back,
        errors=_read_errors(folder, stem, maps.shape),
        fluid_inside=fluid,
    )


def _no_white_matter(files: AnatomyFiles, share: float) -> InputProblem:
    return input_problem(
        files.tissues,
        "tissues",
        "in the middle of white matter (by the warped atlas) most must be white matter",
        f"{100 * share:.0f} % of it is grey matter or fluid",
        _LOOK if not files.maps and not files.labels else _LOOK_MAPS,
    )


def _lesions_told(image: str, volume_ml: float) -> InputProblem:
    return input_problem(
        image,
        "lesions",
        f"healthy heads have less than {_MOST_LESIONS_ML:g} ml of grey matter or fluid amid white matter",
        f"{volume_ml:.0f} ml",
        "look at the image for lesions of white matter, infarcts and resections; `lesion` in tissue.tsv is their share "
        "of each voxel",
        severity="warning",
    )


def _thick(image: str, thickness_mm: float) -> InputProblem:
    return input_problem(
        image,
        "slices",
        f"elements should be at most {_THICK_MM:g} mm long: thicker ones mix the tissues",
        f"{thickness_mm:.1f} mm; the SDs of the fractions are widened by what made heads were wrong by",
        "give the three-dimensional image (MPRAGE, 1 mm) of any visit, with anatomy.t1 or --visit; do not compare with "
        "people who have one",
        severity="warning",
    )


def _old(image: str, fluid: float) -> InputProblem:
    return input_problem(
        image,
        "ventricles",
        f"fluid deep in the brain is below {OLD_HEADS[0]:g} in heads of 20 to 34 years, on which the SDs were set",
        f"{fluid:.2f}, as in old people: the SDs at borders of tissue are {widened(fluid):.1f} times as wide",
        "look at the picture of the voxel, and compare with people of that age only",
        severity="warning",
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    to_head: FloatArray
    back: ImageArray
    doubts: tuple[Doubt, ...]


def _files(folder: Path, stem: str) -> tuple[Path, Path]:
    """The record, and the warp."""
    warp = f"{stem}_from-T1w_to-MNI152NLin2009aSym_mode-points_xfm.npz"
    return folder / f"{stem}_desc-tissue_anatomy.json", folder / warp


def _error_files(folder: Path, stem: str) -> tuple[Path, ...]:
    """Doubt at deep grey matter; open borders GM/WM and GM/CSF. What is 0 all over has no file."""
    kinds = ("doubt_label-GM", "border_label-WM", "border_label-CSF")
    return tuple(folder / f"{stem}_desc-{kind}_probseg.nii.gz" for kind in kinds)


def _read_errors(folder: Path, stem: str, shape: tuple[int, int, int]) -> tuple[ImageArray, ImageArray, ImageArray]:
    deep, white, csf = (
        read_volume(path).data if is_file(path) else np.zeros(shape, dtype=np.float32)
        for path in _error_files(folder, stem)
    )
    return deep, white, csf


def _make(image: Volume, folder: Path, stem: str, key: str) -> None:
    record, warp = _files(folder, stem)
    remove(record)  # the record comes last: without it the maps do not count
    try:
        found = segment(image, mni152(), structures())
    except NoHead as error:
        raise InputError([_not_t1(image.source, str(error))]) from error
    said = _doubts_of(found, image)
    if any(one.severe for one in said):
        raise InputError([_doubted(image.source, one) for one in said])
    made = [warp]
    for kind, maps in (("", found.maps), ("_desc-second", found.second)):
        for label, data in zip(_LABELS, maps, strict=True):
            path = folder / f"{stem}{kind}_label-{label}_probseg.nii.gz"
            write_bytes(path, probseg_bytes(data, image.affine))
            made.append(path)
    for path, data in zip(_error_files(folder, stem), found.errors, strict=True):
        remove(path)
        if data.any():
            write_bytes(path, probseg_bytes(data, image.affine))
            made.append(path)
    stream = io.BytesIO()
    np.savez_compressed(stream, back=found.back.astype(np.float16))
    write_bytes(warp, stream.getvalue())
    write_text(record, _record_text(found, said, key, made))


def _doubts_of(found: Segmentation, image: Volume) -> list[Doubt]:
    gray, white, csf = found.maps
    maps = TissueMaps(gray_matter=gray, white_matter=white, csf=csf, affine=image.affine, source="", method="")
    in_view = brain_in_view(image.data, image.affine, mni152(), found.affine.to_head)
    return doubts(volumes_ml(maps), in_view, found.brightness, found.affine.similarity)


def _record_text(found: Segmentation, said: list[Doubt], key: str, made: list[Path]) -> str:
    content: dict[str, Any] = {
        "Description": "Tissue maps beside this file: two methods together; desc-second: weighted differently; "
        "desc-doubt, desc-border: what enters their error",
        "key": key,
        "similarity_to_mni152": round(found.affine.similarity, 6),
        "noise_of_white_matter": round(found.noise, 6),
        "width_of_borders_mm": [round(one, 4) for one in found.widths_mm],
        "brightness_of_csf_gray_white": [round(one, 4) for one in found.brightness],
        "doubts": [[one.rule, one.found] for one in said],
        "sha256": {path.name: _sha256(path) for path in made},
        "mni_to_image": found.affine.to_head.tolist(),
    }
    content["seal"] = _seal(content)
    return json.dumps(content, indent=2) + "\n"


def _seal(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _known(folder: Path, stem: str, key: str) -> _Kept | None:
    """What is kept beside the maps; None where they were not made of `key`, or are not as made."""
    record, warp = _files(folder, stem)
    try:
        content: Any = read_json(record)
        to_head = np.array(content["mni_to_image"], dtype=np.float64)
        as_made = content.pop("seal") == _seal(content) and all(
            _sha256(folder / name) == digest for name, digest in content["sha256"].items()
        )
        said = tuple(Doubt(rule=str(rule), found=str(found), severe=False) for rule, found in content["doubts"])
        with np.load(warp, allow_pickle=False) as held:
            back = held["back"].astype(np.float32)
        right = as_made and content["key"] == key and to_head.shape == (4, 4) and bool(np.isfinite(to_head).all())
        right = right and back.shape == (3, *mni152().t1.data.shape)
        return _Kept(to_head, back, said) if right and abs(np.linalg.det(to_head)) > _LEAST_VOLUME else None
    except (OSError, ValueError, LookupError, TypeError, OverflowError, EOFError, zipfile.BadZipFile):
        return None


def _own_files(files: AnatomyFiles, folder: Path, stem: str, kind: str) -> AnatomyFiles:
    gray, white, csf = (str(folder / f"{stem}{kind}_label-{label}_probseg.nii.gz") for label in _LABELS)
    return AnatomyFiles(subject=files.subject, session=files.session, gray_matter=gray, white_matter=white, csf=csf)


def _key(path: Path) -> str:
    content = _sha256(path)
    used = [f"{library} {version(library)}" for library in _LIBRARIES]
    return hashlib.sha256("\n".join([content, f"step {STEP_VERSION} {ATLAS_FILE}", *used]).encode()).hexdigest()


def _not_t1(file: str, found: str) -> InputProblem:
    return InputProblem(
        file=file,
        field="contrast",
        rule="must be a T1-weighted image of a head (white matter bright, fluid dark)",
        value=found,
        remedy="give the T1w image (MPRAGE, MP2RAGE), not a T2w, FLAIR or localiser; check its orientation in a viewer",
    )


def _doubted(file: str, doubt: Doubt) -> InputProblem:
    severity = "error" if doubt.severe else "warning"
    return InputProblem(file=file, field="tissues", rule=doubt.rule, value=doubt.found, remedy=_LOOK, severity=severity)
