"""Which T1w image, or which maps of the tissues, belong to each scan of a BIDS dataset.

Images of the scan's own session come first, then those of the participant as a whole, then the images of the
participant's other sessions when there is one candidate only: one reference image may serve all visits. With several
candidates nothing is chosen: that is an error, until `anatomy.t1` or `anatomy.derivative` in study.yaml tells.

Names of maps: BIDS derivatives (`*_label-GM_probseg`), FSL FAST (`*_pve_0` CSF, `_1` GM, `_2` WM), CAT12 (`p1`, `p2`,
`p3`) and SPM (`c1`, `c2`, `c3`); maps in a template's space are not the participant's and are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import AnatomyFiles
from pharmrs.core.errors import InputProblem
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.sidecar import stem_of
from pharmrs.core.records.scan_files import ScanFiles

_TISSUES = ("gray_matter", "white_matter", "csf")
_LABELS = {"GM": "gray_matter", "WM": "white_matter", "CSF": "csf"}
_PREFIXES = {"1": "gray_matter", "2": "white_matter", "3": "csf"}  # CAT12, SPM
_FAST = {"0": "csf", "1": "gray_matter", "2": "white_matter"}
_OWN_SPACES = ("T1w", "orig", "individual", "native")


@dataclass(frozen=True, slots=True)
class _Found:
    """An image or a set of maps: participant, session (or empty), the folder below derivatives, files by tissue."""

    subject: str
    session: str
    place: str
    files: dict[str, Path]

    @property
    def name(self) -> str:
        first = next(iter(self.files.values()))
        return f"{self.place}/{first.name}" if self.place else first.name


def find_anatomy(
    root: Path, scans: Iterable[ScanFiles], plan: Anatomy, own: Path
) -> tuple[dict[str, AnatomyFiles], list[InputProblem]]:
    """The images of each scan by its name; a scan without is left out, with the reason in the problems.

    `own`: the folder of this program's derivative, whose maps are not input. Nothing is raised.
    """
    problems = Problems(str(root))
    images = _t1_images(root, plan)
    sets = [] if plan.source == "t1" else _map_sets(root, plan, own, problems)
    chosen: dict[str, AnatomyFiles] = {}
    for scan in scans:
        t1, t1_why = _choose(images, scan)
        maps, maps_why = _choose([one for one in sets if len(one.files) == 3], scan)
        if maps is None and (maps_why or plan.source == "probseg"):
            _report_missing(root, scan, "maps of GM, WM and CSF", maps_why, "derivative", problems)
        elif maps is not None:
            paths = {tissue: str(maps.files[tissue]) for tissue in _TISSUES}
            session = maps.session
            picture = str(t1.files["t1"]) if t1 is not None else ""
            chosen[scan.name] = AnatomyFiles(subject=scan.subject, session=session, t1=picture, **paths)
        elif t1 is not None:
            chosen[scan.name] = AnatomyFiles(subject=scan.subject, session=t1.session, t1=str(t1.files["t1"]))
        else:
            _report_missing(root, scan, "T1w image", t1_why, "t1", problems)
    return chosen, list(dict.fromkeys(problems.found))


def has_images(root: Path) -> bool:
    """Whether the dataset holds any T1w image."""
    return any(next(root.glob(pattern), None) for pattern in ("sub-*/anat/*_T1w.nii*", "sub-*/ses-*/anat/*_T1w.nii*"))


def _t1_images(root: Path, plan: Anatomy) -> list[_Found]:
    paths = sorted(path for pattern in ("sub-*/anat/*", "sub-*/ses-*/anat/*") for path in root.glob(pattern))
    found = []
    for path in paths:
        *entities, suffix = stem_of(path).split("_")
        if suffix != "T1w" or not path.name.endswith((".nii", ".nii.gz")):
            continue
        if plan.t1 is None or plan.t1 in entities:
            subject, session = _owner(path, root)
            found.append(_Found(subject, session, "", {"t1": path}))
    return found


def _map_sets(root: Path, plan: Anatomy, own: Path, problems: Problems) -> list[_Found]:
    """Sets of maps, complete or not; those that are not are reported."""
    folders = sorted(path for path in (root / "derivatives").glob("*") if path.is_dir())
    if plan.derivative is not None:
        folders = [path for path in folders if path.name == plan.derivative]
        if not folders:
            remedy = "correct the name, or delete the key"
            problems.add("anatomy.derivative", "must be a folder below derivatives/", plan.derivative, remedy)
    sets: dict[tuple[str, str], _Found] = {}
    for folder in folders:
        if folder.resolve() == own.resolve():
            continue
        for path in sorted(folder.glob("**/sub-*/**/*.nii*")):
            named = _tissue_of(path)
            if named is None:
                continue
            tissue, series = named
            subject, session = _owner(path, folder)
            entry = sets.setdefault((str(path.parent), series), _Found(subject, session, folder.name, {}))
            entry.files[tissue] = path
    for one in sets.values():
        missing = [tissue for tissue in _TISSUES if tissue not in one.files]
        if missing:
            name, first = one.name, next(iter(one.files.values()))
            found = f"{', '.join(missing).replace('_', ' ')} missing"
            problems.found.append(
                InputProblem(
                    file=str(first),
                    field="probseg",
                    rule="the maps of all three tissues are needed",
                    value=found,
                    remedy=f"add the missing map beside {name}, or declare anatomy: {{source: t1}}",
                    severity="warning",
                )
            )
    return list(sets.values())


def _tissue_of(path: Path) -> tuple[str, str] | None:
    """The tissue a map is of, and what its name has in common with those of the other tissues."""
    stem = stem_of(path)
    space = re.search(r"_space-([A-Za-z0-9]+)", stem)
    if space and space[1] not in _OWN_SPACES:
        return None
    if stem.endswith("_probseg") and (label := re.search(r"_label-(GM|WM|CSF)(?=_)", stem)):
        return _LABELS[label[1]], stem.replace(label[0], "")
    if fast := re.fullmatch(r"(.+)_pve_([012])", stem):
        return _FAST[fast[2]], fast[1]
    if prefix := re.fullmatch(r"([pc])([123])(sub-.+)", stem):
        return _PREFIXES[prefix[2]], prefix[1] + prefix[3]
    return None


def _owner(path: Path, below: Path) -> tuple[str, str]:
    """Labels of participant and session, from the folders; the session also from the name (CAT12's `mri` folder)."""
    parts = path.relative_to(below).parts
    subject = next((part[4:] for part in parts[:-1] if part.startswith("sub-")), "")
    session = next((part[4:] for part in parts[:-1] if part.startswith("ses-")), "")
    named = re.search(r"_ses-([A-Za-z0-9]+)", path.name)
    return subject, session or (named[1] if named else "")


def _choose(found: Sequence[_Found], scan: ScanFiles) -> tuple[_Found | None, str]:
    """The one that belongs to `scan`; or None and, where there are several, their names."""
    mine = [one for one in found if one.subject == scan.subject]
    own_session = [one for one in mine if scan.session and one.session == scan.session]
    whole = [one for one in mine if not one.session]
    for candidates in (own_session, whole, mine):
        if len(candidates) == 1:
            return candidates[0], ""
        if candidates:
            return None, ", ".join(one.name for one in candidates)
    return None, ""


def _report_missing(root: Path, scan: ScanFiles, what: str, several: str, key: str, problems: Problems) -> None:
    place = root / f"sub-{scan.subject}" / (f"ses-{scan.session}" if scan.session else "")
    if several:
        rule = f"exactly one {what} must fit the scan"
        remedy = f"declare anatomy: {{{key}: ...}} in study.yaml, or leave only the right one"
    elif key == "t1":
        rule = "the voxel's tissues need an image of the participant"
        remedy = "add anat/*_T1w.nii.gz of this visit or of the participant, or maps of a segmentation"
    else:
        rule = "the voxel's tissues need the maps of a segmentation"
        remedy = "add *_label-{GM,WM,CSF}_probseg.nii.gz below derivatives/, or declare anatomy: {source: t1}"
    problems.found.append(InputProblem(file=str(place), field=what, rule=rule, value=several or "none", remedy=remedy))
