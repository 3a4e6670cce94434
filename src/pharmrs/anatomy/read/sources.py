"""What lies in a dataset that tells tissues: T1w images, and what other programs made of them, by the names of files.

Maps of the three tissues: BIDS derivatives (`*_label-GM_probseg`, as of fMRIPrep), FSL FAST (`*_pve_0` CSF, `_1` GM,
`_2` WM), CAT12 (`p1`, `p2`, `p3`) and SPM (`c1`, `c2`, `c3`). Images of labels: BIDS `*_dseg` (with a table of its
labels), FreeSurfer and FastSurfer (`mri/aparc*+aseg*.mgz`, `mri/aseg.mgz`), SynthSeg (`*_synthseg`). Maps in the space
of a template are not the participant's and are left alone; modulated ones are named, because they are taken for others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.read.problems import Problems
from pharmrs.core.read.sidecar import stem_of

TISSUE_NAMES = ("gray_matter", "white_matter", "csf")
_LABELS = {"GM": "gray_matter", "WM": "white_matter", "CSF": "csf"}
_PREFIXES = {"1": "gray_matter", "2": "white_matter", "3": "csf"}  # CAT12, SPM
_FAST = {"0": "csf", "1": "gray_matter", "2": "white_matter"}
_OWN_SPACES = ("T1w", "orig", "individual", "native")
_ENDINGS = (".nii", ".nii.gz", ".mgz")
# the best first: a ribbon of the cortex before the plain segmentation
_FREESURFER = (
    "aparc.DKTatlas+aseg.deep.withCC",
    "aparc.DKTatlas+aseg.deep",
    "aparc+aseg",
    "aparc.a2009s+aseg",
    "aparc.DKTatlas+aseg",
    "wmparc",
    "aseg",
    "aseg.auto",
)
_MODULATED = re.compile(r"(s\d*)?(m0?)wr?[pc]\d.+")


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image, a set of maps or an image of labels: participant, session (or empty), folder below derivatives.

    `rank`: the lowest is taken where one program left several results: maps of shares before labels.
    """

    subject: str
    session: str
    place: str
    files: dict[str, Path]
    rank: tuple[int, int] = (0, 0)

    @property
    def name(self) -> str:
        first = next(iter(self.files.values()))
        return f"{self.place}/{first.name}" if self.place else first.name

    @property
    def complete(self) -> bool:
        return "labels" in self.files or all(tissue in self.files for tissue in TISSUE_NAMES)


def is_image(path: Path) -> bool:
    return path.name.endswith((".nii", ".nii.gz"))


def owner(path: Path, below: Path) -> tuple[str, str]:
    """Labels of participant and session, from the folders (also `sub-01_ses-1`); the session also from the name."""
    parts = path.relative_to(below).parts
    subject = next((part[4:].split("_")[0] for part in parts[:-1] if part.startswith("sub-")), "")
    session = next((part[4:] for part in parts[:-1] if part.startswith("ses-")), "")
    named = re.search(r"_ses-([A-Za-z0-9]+)", "/".join(parts))
    return subject, session or (named[1] if named else "")


def segmentations(folder: Path, problems: Problems) -> list[FoundImage]:
    """Sets of maps and images of labels below one folder of a program, complete or not; the incomplete are reported."""
    sets: dict[tuple[str, str], FoundImage] = {}
    labels: list[FoundImage] = []
    for path in sorted(folder.glob("**/sub-*/**/*")):
        if not path.name.endswith(_ENDINGS):
            continue
        subject, session = owner(path, folder)
        if _MODULATED.fullmatch(path.name):
            _report_modulated(path, problems)
        elif named := tissue_of(path):
            tissue, series = named
            entry = sets.setdefault((str(path.parent), series), FoundImage(subject, session, folder.name, {}))
            entry.files[tissue] = path
        elif rank := _label_rank(path):
            labels.append(FoundImage(subject, session, folder.name, {"labels": path}, rank))
    for one in sets.values():
        _report_incomplete(one, problems)
    return [one for one in sets.values() if one.complete] + labels


def tissue_of(path: Path) -> tuple[str, str] | None:
    """The tissue a map is of, and what its name has in common with those of the other tissues."""
    stem = stem_of(path)
    if not _own_space(stem):
        return None
    if stem.endswith("_probseg") and (label := re.search(r"_label-(GM|WM|CSF)(?=_)", stem)):
        return _LABELS[label[1]], stem.replace(label[0], "")
    if fast := re.fullmatch(r"(.+)_pve_([012])", stem):
        return _FAST[fast[2]], fast[1]
    if prefix := re.fullmatch(r"([pc])([123])(.+)", stem):
        return _PREFIXES[prefix[2]], prefix[1] + prefix[3]
    return None


def modulated(path: Path) -> bool:
    """Whether the name is that of a modulated map of SPM or CAT12: in a template's space, values are no shares."""
    return _MODULATED.fullmatch(path.name) is not None


def _own_space(stem: str) -> bool:
    space = re.search(r"_space-([A-Za-z0-9]+)", stem)
    return space is None or space[1] in _OWN_SPACES


def _label_rank(path: Path) -> tuple[int, int] | None:
    stem = path.name.removesuffix(".mgz") if path.name.endswith(".mgz") else stem_of(path)
    if path.parent.name == "mri" and stem in _FREESURFER:
        return 2, _FREESURFER.index(stem)
    if not _own_space(stem):
        return None
    if stem.endswith("_dseg"):
        described = re.search(r"_desc-([A-Za-z0-9]+)", stem)
        order = ("", "aparcaseg", "aseg")
        desc = described[1] if described else ""
        return (1, order.index(desc)) if desc in order else None
    return (1, 9) if stem.lower().endswith("synthseg") else None


def _report_incomplete(one: FoundImage, problems: Problems) -> None:
    missing = [tissue for tissue in TISSUE_NAMES if tissue not in one.files]
    if missing:
        inner = Problems(str(next(iter(one.files.values()))))
        inner.add(
            "probseg",
            "the maps of all three tissues are needed",
            f"{', '.join(missing).replace('_', ' ')} missing",
            f"add the missing map beside {one.name}, or declare anatomy: {{source: t1}}",
            severity="warning",
        )
        problems.found += inner.found


def _report_modulated(path: Path, problems: Problems) -> None:
    inner = Problems(str(path))
    inner.add(
        "probseg",
        "maps must be in the participant's own space and hold shares; those of a voxel-based morphometry do not",
        path.name,
        "have CAT12 write p1, p2 and p3 (native space), SPM c1, c2 and c3, and give those",
        severity="warning",
    )
    problems.found += inner.found
