"""Which images serve which scans, before any of them is segmented, and what is wrong with their places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pharmrs.anatomy.read.files import find_anatomy, has_images
from pharmrs.anatomy.read.volumes import read_box, read_tissues, read_volume
from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import AnatomyFiles, TissueMaps, VisitFiles
from pharmrs.anatomy.science.overlap import box_overlap
from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.records.scan_files import ScanFiles

_LEAST_IN_IMAGE = 0.995
ANOTHER = "check that image and spectrum are of one person and one visit, and that both affines are in mm"


@dataclass(frozen=True, slots=True)
class TissueTask:
    """The images of one head and the scans they serve.

    `visits`: scan -> what tells how its visit lies to the images, for scans of another visit than theirs.
    """

    files: AnatomyFiles
    scans: tuple[ScanFiles, ...]
    plan: Anatomy
    root: Path
    output: Path
    frequency_of: Callable[[str], float]
    visits: Mapping[str, VisitFiles] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file that will be read, beside the recordings."""
        return (*self.files.paths, *(path for visit in self.visits.values() for path in visit.paths))


@dataclass(frozen=True, slots=True)
class TissuePlan:
    """Tasks, the reason for each scan without one, and the problems found while matching images and scans.

    `declared`: `anatomy` of study.yaml; None: no images are looked at.
    """

    declared: Anatomy | None
    tasks: tuple[TissueTask, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)
    problems: tuple[InputProblem, ...] = ()

    @property
    def images(self) -> tuple[str, ...]:
        """Every file that will be read."""
        return tuple(dict.fromkeys(path for task in self.tasks for path in task.paths))


def plan_tissue(
    root: Path,
    declared: Anatomy | None,
    wanted: Sequence[ScanFiles],
    output: Path,
    frequency_of: Callable[[str], float],
) -> TissuePlan:
    """Which images serve the `wanted` scans; nothing is read yet.

    `frequency_of`: spectrometer frequency of a recording by its path, MHz; a function of a module, workers call it.
    """
    if declared is None:
        return TissuePlan(None, problems=_unused_images(root))
    nowhere = {
        scan.name: "neither a recording nor a voxel file says where it lies" for scan in wanted if not scan.place
    }
    wanted = [scan for scan in wanted if scan.place]
    chosen, problems = find_anatomy(root, wanted, declared, output)
    groups: dict[AnatomyFiles, list[ScanFiles]] = {}
    for scan in wanted:
        if scan.name in chosen:
            groups.setdefault(chosen[scan.name].files, []).append(scan)
    visits = {name: one.visit for name, one in chosen.items() if one.visit is not None}
    tasks = tuple(
        TissueTask(files, tuple(of), declared, root, output, frequency_of, _of(of, visits))
        for files, of in groups.items()
    )
    reason = "no image of the head could be chosen, see problems"
    missing = nowhere | {scan.name: reason for scan in wanted if scan.name not in chosen}
    return TissuePlan(declared, tasks, missing, tuple(problems))


def _of(scans: Sequence[ScanFiles], visits: Mapping[str, VisitFiles]) -> dict[str, VisitFiles]:
    return {scan.name: visits[scan.name] for scan in scans if scan.name in visits}


def check_tissues(plan: TissuePlan) -> list[InputProblem]:
    """What is wrong with the images and with the place of the voxels in them, without segmenting anything."""
    problems = list(plan.problems)
    for task in plan.tasks:
        try:
            image = read_volume(task.files.t1, problems) if task.files.t1 else None
            maps = read_tissues(task.files, "", problems) if task.files.maps or task.files.labels else None
        except InputError as error:
            problems += error.problems
            continue
        grid = maps if maps is not None else image
        assert grid is not None
        shape = grid.shape if isinstance(grid, TissueMaps) else grid.data.shape
        for scan in task.scans:
            try:
                box = read_box(scan.place, problems)
                visit = task.visits.get(scan.name)
                if visit is not None and visit.paths:
                    if visit.image:
                        read_volume(visit.image, problems)
                    continue  # where the voxel lies is known after the registration
                inside = box_overlap(box, (shape[0], shape[1], shape[2]), grid.affine).inside
                check_inside(inside, scan, task.files)
            except InputError as error:
                problems += error.problems
    return list(dict.fromkeys(problems))


def check_inside(share: float, scan: ScanFiles, files: AnatomyFiles) -> None:
    """Raises InputError where a voxel is not wholly in the image."""
    if share < _LEAST_IN_IMAGE:
        remedy = f"{ANOTHER}; a slab that cuts the voxel cannot serve it"
        raise InputError([misplaced(scan, files, "the voxel must lie inside the image", share, remedy)])


def misplaced(scan: ScanFiles, files: AnatomyFiles, rule: str, share: float, remedy: str) -> InputProblem:
    """A voxel of which too little is where it should be."""
    image = Path(files.tissues).name
    return InputProblem(
        file=scan.place, field="voxel", rule=rule, value=f"{100 * share:.1f} % of it is ({image})", remedy=remedy
    )


def shown(path: str, root: Path) -> str:
    """`path` relative to the dataset."""
    return Path(path).absolute().relative_to(root.absolute()).as_posix()


def _unused_images(root: Path) -> tuple[InputProblem, ...]:
    if not has_images(root):
        return ()
    return (
        InputProblem(
            file=str(root / "study.yaml"),
            field="anatomy",
            rule="T1w images are there, but nothing says that they are to be used",
            value="no key",
            remedy="add `anatomy: {}` for the tissues of the voxels, or leave it out if the scales do not need them",
            severity="warning",
        ),
    )
