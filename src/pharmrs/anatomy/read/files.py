"""Which T1w image, or which maps of the tissues, belong to each scan of a BIDS dataset, and how its visit lies to them.

Images of the scan's own session come first, then those of the participant as a whole, then the images of the
participant's other sessions when there is one candidate only. With several candidates nothing is chosen: that is an
error, until `anatomy.t1` or `anatomy.derivative` in study.yaml tells. A head lies otherwise in every visit: images
that are not of the scan's own visit serve it only through an image of the head in that visit, or with a declared error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.anatomy.read.sources import FoundImage, is_image, owner, segmentations
from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import AnatomyFiles, VisitFiles
from pharmrs.core.errors import InputProblem
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.sidecar import stem_of
from pharmrs.core.records.scan_files import ScanFiles

# what may show how the head lay, the best first; any contrast will do
_OF_A_VISIT = ("T1w", "UNIT1", "T2w", "FLAIR", "PDw", "T2starw", "inplaneT1", "inplaneT2", "localizer", "scout")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanAnatomy:
    """The images that tell the tissues of a scan; `visit`: how its visit lies to them, None where it is their own."""

    files: AnatomyFiles
    visit: VisitFiles | None = None


def find_anatomy(
    root: Path, scans: Iterable[ScanFiles], plan: Anatomy, own: Path
) -> tuple[dict[str, ScanAnatomy], list[InputProblem]]:
    """The images of each scan by its name; a scan without is left out, with the reason in the problems.

    `own`: the folder of this program's derivative, whose maps are not input. Nothing is raised.
    """
    problems = Problems(str(root))
    scans = list(scans)
    raw = _raw_images(root)
    images = [one for one in raw if _suffix(one) == "T1w" and _declared(one, plan)]
    sets = [] if plan.source == "t1" else _segmentations(root, plan, own, problems)
    sessions = {(one.subject, one.session) for one in scans} | {(one.subject, one.session) for one in raw}
    chosen: dict[str, ScanAnatomy] = {}
    for scan in scans:
        visits = sum(subject == scan.subject and bool(session) for subject, session in sessions)
        t1, t1_why = _choose(images, scan)
        maps, maps_why = _choose(sets, scan)
        if maps is None and (maps_why or plan.source == "probseg"):
            _report_missing(root, scan, "maps of GM, WM and CSF", maps_why, "derivative", problems)
            continue
        if maps is None and t1 is None:
            _report_missing(root, scan, "T1w image", t1_why, "t1", problems)
            continue
        found = maps or t1
        assert found is not None
        files = _files(found, images if maps is not None else [], visits)
        if not scan.session or files.session == scan.session or (not files.session and visits <= 1):
            chosen[scan.name] = ScanAnatomy(files=files)
            continue
        visit = _visit(scan, raw, found, root)
        if visit.paths or plan.other_visit_sd_mm is not None:
            chosen[scan.name] = ScanAnatomy(files=files, visit=visit)
        else:
            _report_other_visit(root, scan, files, problems)
    return chosen, list(dict.fromkeys(problems.found))


def has_images(root: Path) -> bool:
    """Whether the dataset holds any T1w image."""
    return any(next(root.glob(pattern), None) for pattern in ("sub-*/anat/*_T1w.nii*", "sub-*/ses-*/anat/*_T1w.nii*"))


def _raw_images(root: Path) -> list[FoundImage]:
    paths = sorted(path for pattern in ("sub-*/anat/*", "sub-*/ses-*/anat/*") for path in root.glob(pattern))
    return [FoundImage(*owner(path, root), "", {"t1": path}) for path in paths if is_image(path)]


def _suffix(image: FoundImage) -> str:
    return stem_of(image.files["t1"]).split("_")[-1]


def _declared(image: FoundImage, plan: Anatomy) -> bool:
    return plan.t1 is None or plan.t1 in stem_of(image.files["t1"]).split("_")[:-1]


def _segmentations(root: Path, plan: Anatomy, own: Path, problems: Problems) -> list[FoundImage]:
    folders = [path for path in (root / "derivatives").glob("*") if path.is_dir()]
    folders.sort(key=lambda path: (path.is_symlink(), path.name))  # `latest` is often a link to a folder beside it
    if plan.derivative is not None:
        folders = [path for path in folders if path.name == plan.derivative]
        if not folders:
            remedy = "correct the name, or delete the key"
            problems.add("anatomy.derivative", "must be a folder below derivatives/", plan.derivative, remedy)
    found: dict[frozenset[Path], FoundImage] = {}  # a file that links lead to is one file
    for folder in folders:
        if folder.resolve() != own.resolve():
            for one in segmentations(folder, problems):
                found.setdefault(frozenset(path.resolve() for path in one.files.values()), one)
    return list(found.values())


def _files(found: FoundImage, images: Sequence[FoundImage], visits: int) -> AnatomyFiles:
    """The files of what was chosen; beside maps the T1w image that surely is in their space, for pictures."""
    if "t1" in found.files:
        return AnatomyFiles(subject=found.subject, session=found.session, t1=str(found.files["t1"]))
    paths = {tissue: str(path) for tissue, path in found.files.items()}
    folder = next(iter(found.files.values())).parent
    made = [path for path in sorted(folder.glob("*_desc-preproc_T1w.nii*")) if "_space-" not in path.name]
    mine = [one for one in images if one.subject == found.subject]
    same = [one for one in mine if one.session == found.session or visits <= 1]
    own = [one.files["t1"] for one in same] if len(same) == 1 and (found.session or len(mine) == 1) else []
    t1 = str((made or own)[0]) if made or own else ""
    return AnatomyFiles(subject=found.subject, session=found.session, t1=t1, **paths)


def _visit(scan: ScanFiles, raw: Sequence[FoundImage], found: FoundImage, root: Path) -> VisitFiles:
    """The best image of the head in the visit of `scan`, and fMRIPrep's transform of it where there is one."""
    mine = [one for one in raw if one.subject == scan.subject and one.session == scan.session]
    shown = [one for one in mine if _suffix(one) in _OF_A_VISIT]
    image = str(min(shown, key=lambda one: _OF_A_VISIT.index(_suffix(one))).files["t1"]) if shown else ""
    pattern = f"sub-{scan.subject}/ses-{scan.session}/anat/*_from-orig_to-T1w_mode-image_xfm.txt"
    transforms = sorted((root / "derivatives" / found.place).glob(pattern)) if found.place else []
    stem = stem_of(Path(image)).removesuffix("_T1w")
    named = [one for one in transforms if image and one.name.startswith(f"{stem}_from-orig")]
    one = (named or (transforms if len(transforms) == 1 else []))[:1]
    return VisitFiles(session=scan.session, image=image, transform=str(one[0]) if one else "")


def _choose(found: Sequence[FoundImage], scan: ScanFiles) -> tuple[FoundImage | None, str]:
    """The one that belongs to `scan`; or None and, where there are several, their names."""
    mine = [one for one in found if one.subject == scan.subject]
    own_session = [one for one in mine if scan.session and one.session == scan.session]
    whole = [one for one in mine if not one.session]
    for candidates in (own_session, whole, mine):
        best = min((one.rank for one in candidates), default=None)
        first = [one for one in candidates if one.rank == best]
        if len(first) == 1:
            return first[0], ""
        if first:
            return None, ", ".join(one.name for one in first)
    return None, ""


def _report_missing(root: Path, scan: ScanFiles, what: str, several: str, key: str, problems: Problems) -> None:
    if several:
        rule = f"exactly one {what} must fit the scan"
        remedy = f"declare anatomy: {{{key}: ...}} in study.yaml, or leave only the right one"
    elif key == "t1":
        rule = "the voxel's tissues need an image of the participant"
        remedy = "add anat/*_T1w.nii.gz of this visit or of the participant, or maps of a segmentation"
    else:
        rule = "the voxel's tissues need the maps of a segmentation"
        remedy = "add *_label-{GM,WM,CSF}_probseg.nii.gz below derivatives/, or declare anatomy: {source: t1}"
    problems.found.append(
        InputProblem(file=_place(root, scan), field=what, rule=rule, value=several or "none", remedy=remedy)
    )


def _report_other_visit(root: Path, scan: ScanFiles, files: AnatomyFiles, problems: Problems) -> None:
    whose = f"session {files.session}" if files.session else "the participant as a whole"
    problems.found.append(
        InputProblem(
            file=_place(root, scan),
            field="anat",
            rule="a head lies otherwise in every visit: images of another visit cannot place this visit's voxel",
            value=f"{Path(files.tissues).name} of {whose}, and no image of the head in this one",
            remedy="add any image of the head of this visit (T1w, T2w, localizer) to its anat folder, or declare "
            "anatomy: {other_visit_sd_mm: ...}, the SD in mm of where the head lay (0: all visits are in one space)",
        )
    )


def _place(root: Path, scan: ScanFiles) -> str:
    return str(root / f"sub-{scan.subject}" / (f"ses-{scan.session}" if scan.session else ""))
