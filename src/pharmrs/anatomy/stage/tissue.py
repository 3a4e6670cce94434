"""The tissues in each scan's voxel: one task per image of the head, which may serve several scans."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from pharmrs.anatomy.read.atlas import cortex, structures
from pharmrs.anatomy.read.template import TEMPLATE_NAME, mni152
from pharmrs.anatomy.read.volumes import mask_bytes, read_box
from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import (
    Movement,
    TissueMaps,
    VisitFiles,
    Volume,
    VoxelBox,
    VoxelTissue,
)
from pharmrs.anatomy.report.figure import placement_figure
from pharmrs.anatomy.science.cuts import cuts_through
from pharmrs.anatomy.science.displacement import displaced
from pharmrs.anatomy.science.fractions import BoxContent, boundary_covariance, box_content
from pharmrs.anatomy.science.overlap import box_overlap
from pharmrs.anatomy.science.regions import mask_in_template, mask_on, region_shares
from pharmrs.anatomy.science.segmentation_error import Known, common_csf_sd, known_at, segmentation_error
from pharmrs.anatomy.stage.checks import check_lesion, check_place, check_target, check_told_apart
from pharmrs.anatomy.stage.head import Head, open_head
from pharmrs.anatomy.stage.plan import TissueTask, shown
from pharmrs.anatomy.stage.visit import movement_of
from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.records.tissue import TissueFractions
from pharmrs.core.report.embedded import EmbeddedFigure, LinkedFigure
from pharmrs.core.report.figure_style import figure_png_bytes
from pharmrs.core.unit import attempt

_FIGURE_DPI = 90
Moved = tuple[Movement, Volume | None]
HEAD_S = 40.0  # one head, expected: brain, tissues, place in MNI152 space


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


def measure_tissue(task: TissueTask) -> TissueDone:
    """The tissues in the voxels of all scans of one head. Bad input is a problem and a reason, never raised."""
    problems: list[InputProblem] = []
    name = shown(task.files.tissues, task.root)
    work = partial(open_head, task.files, normalise=task.plan.normalise, name=name, output=task.output, notes=problems)
    head, faults = attempt(work, task.files.tissues, "images of the head", task.output)
    if head is None:
        reason = "the images of the head cannot be used, see problems"
        return TissueDone(missing=dict.fromkeys((scan.name for scan in task.scans), reason), problems=faults)
    found: list[TissueFound] = []
    missing: dict[str, str] = {}
    visits = _Visits(task, head, problems)
    for scan in task.scans:
        one, faults = attempt(partial(_measure, scan, task, head, visits, problems), scan.place, "tissues", task.output)
        if one is None:
            problems += faults
            missing[scan.name] = "; ".join(f"{fault.field}: {fault.rule}" for fault in faults)
        else:
            found.append(one)
    return TissueDone(tuple(found), missing, tuple(dict.fromkeys(problems)))


class _Visits:
    """The movement of each visit, found once however many scans it has."""

    def __init__(self, task: TissueTask, head: Head, notes: list[InputProblem]) -> None:
        self._task, self._head, self._notes = task, head, notes
        self._found: dict[VisitFiles, Moved | InputError] = {}

    def of(self, scan: ScanFiles) -> Moved | None:
        """None where the scan is of the visit of the images. Raises InputError."""
        visit = self._task.visits.get(scan.name)
        if visit is None:
            return None
        if visit not in self._found:
            try:
                self._found[visit] = movement_of(
                    visit, self._head.picture, self._head.brain, self._task.plan, self._notes
                )
            except InputError as error:
                self._found[visit] = error
        found = self._found[visit]
        if isinstance(found, InputError):
            raise found
        return found


def lost_head(task: TissueTask, what: str) -> TissueDone:
    """The outcome for a head whose worker died every time."""
    remedy = "run again; if memory ran out, use fewer workers"
    image = task.files.tissues
    problem = InputProblem(file=image, field="processing", rule="must finish", value=what, remedy=remedy)
    reason = f"the images of the head could not be processed: {what}"
    return TissueDone(missing=dict.fromkeys((scan.name for scan in task.scans), reason), problems=(problem,))


def _measure(
    scan: ScanFiles, task: TissueTask, head: Head, visits: _Visits, problems: list[InputProblem]
) -> TissueFound:
    movement, picture = visits.of(scan) or (None, None)
    nominal = read_box(scan.place, problems)
    evaluated = _evaluated(nominal, scan, task)
    to_head = np.eye(4) if movement is None else movement.to_head
    box = evaluated.carried(to_head)
    place_sd_mm = float(np.hypot(task.plan.position_sd_mm, 0.0 if movement is None else movement.error_mm))
    error = _segmentation_error(head, box, task.plan)
    if head.second is not None:
        check_told_apart(error, scan, problems)
    gray_lesion, lesion = lesion_shares(head, box)
    check_lesion(lesion, scan, problems)
    error = error + boundary_covariance(gray_lesion, 0.0)  # what is called grey there is white matter or neither
    content = box_content(head.maps, box, place_sd_mm, error)
    check_place(content, scan, task.files, problems)
    to_template = head.to_template if task.plan.normalise else None
    placed = None if to_template is None else nominal.carried(to_template @ to_head)
    check_target(placed, scan, task.plan, problems)
    tissue = replace(
        _tissue(scan, head.maps, content, nominal, evaluated, placed, _common_csf_sd(head, box)),
        movement=movement,
        regions=_written_regions(scan, nominal.carried(to_head), head, task),
        lesion=None if head.lesions is None else lesion,
    )
    shown_image = head.image if picture is None else picture.carried(to_head)
    png = figure_png_bytes(placement_figure(cuts_through(box, head.maps, shown_image), tissue), _FIGURE_DPI)
    alt = f"Voxel of {scan.name} in sagittal, coronal and axial planes of the head, and in the tissue maps around it."
    return TissueFound(tissue, EmbeddedFigure(content=png, alt=alt), placed)


def _written_regions(scan: ScanFiles, box: VoxelBox, head: Head, task: TissueTask) -> tuple[tuple[str, float], ...]:
    """What the box holds of the atlas; writes its masks in the space of the image and in MNI152."""
    session = (f"ses-{scan.session}",) if scan.session else ()
    folder = task.output.joinpath(f"sub-{scan.subject}", *session, "anat")
    own = mask_on(box, head.maps.shape, head.maps.affine)
    write_bytes(folder / f"{scan.name}_space-T1w_label-voxel_mask.nii.gz", mask_bytes(own, head.maps.affine))
    if head.to_template is None or head.back is None or not task.plan.normalise:
        return ()
    grid = mni152().t1
    placed = mask_in_template(box, head.to_template, head.back, grid)
    write_bytes(folder / f"{scan.name}_space-{TEMPLATE_NAME}_label-voxel_mask.nii.gz", mask_bytes(placed, grid.affine))
    return region_shares(box, head.to_template, head.back, grid, structures(), cortex())


def _segmentation_error(head: Head, box: VoxelBox, plan: Anatomy) -> FloatArray:
    """What the maps themselves are wrong by, covariance (3, 3)."""
    known = _known(head, box)
    if head.second is None or head.errors is None or known is None:
        return boundary_covariance(plan.segmentation_sd, plan.segmentation_sd)
    return segmentation_error(head.maps, head.second, head.errors, box, known)


def lesion_shares(head: Head, box: VoxelBox) -> tuple[float, float]:
    """Share of the box that looks like a lesion as bright as grey matter, and like any lesion."""
    if head.lesions is None:
        return 0.0, 0.0
    overlap = box_overlap(box, head.maps.shape, head.maps.affine)
    gray = overlap.sum_of(head.lesions.gray)
    return gray, gray + overlap.sum_of(head.lesions.fluid)


def _common_csf_sd(head: Head, box: VoxelBox) -> float:
    known = _known(head, box)
    return 0.0 if head.errors is None or known is None else common_csf_sd(head.maps, head.errors[2], box, known)


def _known(head: Head, box: VoxelBox) -> Known | None:
    if head.to_template is None:
        return None
    place_mm = (head.to_template @ np.append(box.centre_mm, 1.0))[:3]
    return known_at(place_mm, head.fluid_inside, float(np.linalg.norm(head.maps.affine[:3, :3], axis=0).max()))


def _tissue(
    scan: ScanFiles,
    maps: TissueMaps,
    content: BoxContent,
    nominal: VoxelBox,
    box: VoxelBox,
    placed: VoxelBox | None,
    csf_common_sd: float,
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
            csf_common_sd=csf_common_sd,
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
        spectrometer_frequency_mhz=task.frequency_of(scan.place),
        bandwidth_hz=shift.bandwidth_hz,
        direction=shift.direction,
    )
