"""The tissues in each scan's voxel: one task per image of the head, which may serve several scans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pharmrs.anatomy.read.files import find_anatomy, has_images
from pharmrs.anatomy.read.volumes import read_box, read_maps, read_volume
from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import AnatomyFiles, TissueMaps, VoxelBox, VoxelTissue
from pharmrs.anatomy.report.figure import placement_figure
from pharmrs.anatomy.science.cuts import cuts_through
from pharmrs.anatomy.science.displacement import displaced
from pharmrs.anatomy.science.fractions import BoxContent, boundary_covariance, box_content, disagreement
from pharmrs.anatomy.science.overlap import box_overlap
from pharmrs.anatomy.science.placement import in_template
from pharmrs.anatomy.stage.head import Head, open_head
from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.records.tissue import TissueFractions
from pharmrs.core.report.embedded import EmbeddedFigure, LinkedFigure
from pharmrs.core.report.figure_style import figure_png_bytes
from pharmrs.core.workers.execution import Workers, as_done

_LEAST_IN_IMAGE = 0.995
_LEAST_IN_BRAIN = 0.5
_EXPECTED_IN_BRAIN = 0.85
_FIGURE_DPI = 90
_ANOTHER = "check that image and spectrum are of one person and one visit, and that both affines are in mm"
# SD of the borders GM/WM and GM/CSF, beside the difference of the two segmentations: see docs/anatomy.md
OWN_SEGMENTATION_SD = (0.0105, 0.005)
_HEAD_S = 40.0  # one head, expected: brain, tissues, place in MNI152 space


@dataclass(frozen=True, slots=True)
class TissueTask:
    """The images of one head and the scans they serve."""

    files: AnatomyFiles
    scans: tuple[ScanFiles, ...]
    plan: Anatomy
    root: Path
    output: Path
    frequency_of: Callable[[str], float]


@dataclass(frozen=True, slots=True)
class TissueFound:
    """What was found in the voxel of one scan, the picture of its place, and the nominal box in MNI152 space."""

    tissue: VoxelTissue
    figure: EmbeddedFigure | LinkedFigure
    placed: VoxelBox | None = None


@dataclass(frozen=True, slots=True)
class TissueDone:
    """What a worker gives back: scans with tissue, and the reason for each one without."""

    found: tuple[TissueFound, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)
    problems: tuple[InputProblem, ...] = ()


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
        return tuple(dict.fromkeys(path for task in self.tasks for path in task.files.paths))


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
    chosen, problems = find_anatomy(root, wanted, declared, output)
    groups: dict[AnatomyFiles, list[ScanFiles]] = {}
    for scan in wanted:
        if scan.name in chosen:
            groups.setdefault(chosen[scan.name], []).append(scan)
    tasks = tuple(TissueTask(files, tuple(of), declared, root, output, frequency_of) for files, of in groups.items())
    reason = "no image of the head could be chosen, see problems"
    missing = {scan.name: reason for scan in wanted if scan.name not in chosen}
    return TissuePlan(declared, tasks, missing, tuple(problems))


def check_tissues(plan: TissuePlan) -> list[InputProblem]:
    """What is wrong with the images and with the place of the voxels in them, without segmenting anything."""
    problems = list(plan.problems)
    for task in plan.tasks:
        try:
            image = read_volume(task.files.t1) if task.files.t1 else None
            maps = read_maps(task.files, "") if task.files.maps else None
        except InputError as error:
            problems += error.problems
            continue
        grid = maps if maps is not None else image
        assert grid is not None
        shape = grid.shape if isinstance(grid, TissueMaps) else grid.data.shape
        for scan in task.scans:
            try:
                inside = box_overlap(read_box(scan.metabolite), (shape[0], shape[1], shape[2]), grid.affine).inside
                _check_inside(inside, scan, task.files)
            except InputError as error:
                problems += error.problems
    return problems


def measure_tissues(
    tasks: Sequence[TissueTask], workers: Workers, kept: Callable[[TissueFound], TissueFound] = lambda one: one
) -> TissueDone:
    """Run all tasks and put together what they found. `kept`: what of each finding is held, asked as it comes."""
    done: dict[int, TissueDone] = {}
    for index, result in as_done(measure_tissue, tasks, workers, lost=_lost, seconds_each=_HEAD_S):
        done[index] = replace(result, found=tuple(kept(one) for one in result.found))
    results = [done[index] for index in range(len(tasks))]
    return TissueDone(
        found=tuple(sorted((one for result in results for one in result.found), key=lambda one: one.tissue.scan)),
        missing={scan: reason for result in results for scan, reason in result.missing.items()},
        problems=tuple(problem for result in results for problem in result.problems),
    )


def measure_tissue(task: TissueTask) -> TissueDone:
    """The tissues in the voxels of all scans of one head. Bad input is a problem and a reason, never raised."""
    problems: list[InputProblem] = []
    try:
        name = shown(task.files.gray_matter or task.files.t1, task.root)
        head = open_head(task.files, normalise=task.plan.normalise, name=name, output=task.output)
    except InputError as error:
        reason = "the images of the head cannot be used, see problems"
        return TissueDone(missing=dict.fromkeys((scan.name for scan in task.scans), reason), problems=error.problems)
    found: list[TissueFound] = []
    missing: dict[str, str] = {}
    for scan in task.scans:
        try:
            found.append(_measure(scan, task, head, problems))
        except InputError as error:
            problems += error.problems
            missing[scan.name] = "; ".join(f"{one.field}: {one.rule}" for one in error.problems)
    return TissueDone(tuple(found), missing, tuple(problems))


def _lost(task: TissueTask, what: str) -> TissueDone:
    """The outcome for a head whose worker died every time."""
    remedy = "run again; if memory ran out, use fewer workers"
    image = task.files.gray_matter or task.files.t1
    problem = InputProblem(file=image, field="processing", rule="must end", value=what, remedy=remedy)
    reason = f"the images of the head could not be processed: {what}"
    return TissueDone(missing=dict.fromkeys((scan.name for scan in task.scans), reason), problems=(problem,))


def _measure(scan: ScanFiles, task: TissueTask, head: Head, problems: list[InputProblem]) -> TissueFound:
    nominal = read_box(scan.metabolite)
    box = _evaluated(nominal, scan, task)
    content = box_content(head.maps, box, task.plan.position_sd_mm, _segmentation_error(head, box, task.plan))
    _check_place(content, scan, task.files, problems)
    placed = in_template(nominal, head.to_template) if head.to_template is not None and task.plan.normalise else None
    tissue = _tissue(scan, head.maps, content, nominal, box, placed)
    png = figure_png_bytes(placement_figure(cuts_through(box, head.maps, head.image), tissue), _FIGURE_DPI)
    alt = f"Voxel of {scan.name} in sagittal, coronal and axial planes of the head, and in the tissue maps around it."
    return TissueFound(tissue, EmbeddedFigure(content=png, alt=alt), placed)


def _segmentation_error(head: Head, box: VoxelBox, plan: Anatomy) -> FloatArray:
    """What the maps themselves are wrong by, covariance (3, 3)."""
    if head.second is None:
        return boundary_covariance(plan.segmentation_sd, plan.segmentation_sd)
    return boundary_covariance(*OWN_SEGMENTATION_SD) + disagreement(head.maps, head.second, box)


def _tissue(
    scan: ScanFiles, maps: TissueMaps, content: BoxContent, nominal: VoxelBox, box: VoxelBox, placed: VoxelBox | None
) -> VoxelTissue:
    gray, white, csf = (float(value) for value in content.values)
    gray_sd, white_sd, csf_sd = (float(value) for value in np.sqrt(np.diag(content.covariance)))
    return VoxelTissue(
        scan=scan.name,
        subject=scan.subject,
        session=scan.session,
        fractions=TissueFractions(
            gray_matter=gray,
            white_matter=white,
            csf=csf,
            gray_matter_sd=gray_sd,
            white_matter_sd=white_sd,
            csf_sd=csf_sd,
            source=maps.source,
        ),
        inside_image=content.inside_image,
        inside_brain=content.inside_brain,
        centre_mm=_place(nominal.centre_mm),
        mni_centre_mm=_place(placed.centre_mm) if placed is not None else (float("nan"),) * 3,
        moved_mm=float(np.linalg.norm(box.centre_mm - nominal.centre_mm)),
        source=maps.source,
        method=maps.method,
    )


def _place(mm: FloatArray) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in mm)
    return x, y, z


def _evaluated(box: VoxelBox, scan: ScanFiles, task: TissueTask) -> VoxelBox:
    """The nominal box, or that of the declared signal by chemical-shift displacement."""
    shift = task.plan.displacement
    if shift is None:
        return box
    return displaced(
        box,
        offset_ppm=shift.signal_ppm - shift.carrier_ppm,
        spectrometer_frequency_mhz=task.frequency_of(scan.metabolite),
        bandwidth_hz=shift.bandwidth_hz,
        direction=shift.direction,
    )


def _check_place(content: BoxContent, scan: ScanFiles, files: AnatomyFiles, problems: list[InputProblem]) -> None:
    """Raises InputError where the box is not in the image or not in the brain; a box half outside is a warning."""
    _check_inside(content.inside_image, scan, files)
    if content.inside_brain < _LEAST_IN_BRAIN:
        rule = "the voxel must lie in the brain"
        raise InputError([_misplaced(scan, files, rule, content.inside_brain, _ANOTHER)])
    if content.inside_brain < _EXPECTED_IN_BRAIN:
        rule = "the voxel should lie in the brain; the fractions are those of the part that does"
        problems.append(replace(_misplaced(scan, files, rule, content.inside_brain, _ANOTHER), severity="warning"))


def _check_inside(share: float, scan: ScanFiles, files: AnatomyFiles) -> None:
    if share < _LEAST_IN_IMAGE:
        remedy = f"{_ANOTHER}; a slab that cuts the voxel cannot serve it"
        raise InputError([_misplaced(scan, files, "the voxel must lie inside the image", share, remedy)])


def _misplaced(scan: ScanFiles, files: AnatomyFiles, rule: str, share: float, remedy: str) -> InputProblem:
    image = Path(files.gray_matter or files.t1).name
    return InputProblem(
        file=scan.metabolite, field="voxel", rule=rule, value=f"{100 * share:.1f} % of it is ({image})", remedy=remedy
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
