"""The tissue stage of `pharmrs run`: before the scans, because their concentrations use what it finds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.read.volumes import probseg_bytes
from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import Placement
from pharmrs.anatomy.report.figure import overlap_figure
from pharmrs.anatomy.report.methods import tissue_paragraphs
from pharmrs.anatomy.report.section import regions_table, tissue_section, tissue_table
from pharmrs.anatomy.science.outliers import odd_boxes
from pharmrs.anatomy.science.placement import group_placement
from pharmrs.anatomy.stage.plan import TissuePlan, TissueTask, plan_tissue
from pharmrs.anatomy.stage.tissue import HEAD_S, TissueDone, TissueFound, lost_head, measure_tissue
from pharmrs.core.errors import InputProblem, input_problem
from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.records.handover import Handover
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.records.tissue import TISSUE, StudyTissue
from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.core.report.figure_style import figure_png_bytes
from pharmrs.core.report.numbers import count_text
from pharmrs.core.report.section import MethodsPart
from pharmrs.core.report.tables import write_table
from pharmrs.core.stage import Stage, StageOutcome, StudyContext, Units

GROUP_MAP = "voxels_space-MNI152NLin2009aSym_overlap.nii.gz"
FILES = ("tissue.tsv", "tissue.json", "tissue_regions.tsv", "tissue_regions.json", GROUP_MAP)


@dataclass(frozen=True, slots=True)
class TissuePart:
    """What the stage takes of the plan of a study; `given`: scans whose fractions are declared."""

    declared: Anatomy | None
    given: Collection[str] = ()


_PLAN: Handover[TissuePlan] = Handover("images of the head", TissuePlan(None))


def tissue_stage(frequency_of: Callable[[str], float]) -> Stage[TissuePart]:
    """Tissues of every scan's voxel, before the scans, whose concentrations use them; one bad image stops no other.

    `frequency_of`: spectrometer frequency of a recording by its path, MHz; a function of a module, workers call it.
    """

    def look(context: StudyContext[TissuePart]) -> StageOutcome:
        wanted = [scan for scan in context.scans if scan.name not in context.plan.given]
        plan = plan_tissue(context.root, context.plan.declared, wanted, context.output, frequency_of)
        return StageOutcome(handed={_PLAN: plan})

    return Stage(
        name="tissue fractions",
        outputs=(*FILES, "sub-*/**/figures/*_voxel.png", "sub-*/**/anat/*_label-voxel_mask.nii.gz"),
        wanted=lambda _root, _part: True,
        look=look,
        inputs=lambda context: tuple(map(Path, context.given(_PLAN).images)),
        run=Units(
            plan=_planned,
            tasks=lambda plan: plan.tasks,
            work=lambda context: partial(_measured, context.output),
            lost=lost_head,
            seconds_each=lambda _tasks: HEAD_S,
            gather=_gathered,
        ),
        quiet=True,
    )


def _planned(context: StudyContext[TissuePart]) -> TissuePlan:
    plan = context.given(_PLAN)
    if plan.declared is not None:
        context.tell(f"tissues of {count_text(len(plan.tasks), 'head')}")
    return plan


def _measured(output: Path, task: TissueTask) -> TissueDone:
    """One head with its pictures in files."""
    done = measure_tissue(task)
    return replace(done, found=tuple(_drawn(output, one) for one in done.found))


def _gathered(context: StudyContext[TissuePart], plan: TissuePlan, results: Sequence[TissueDone]) -> StageOutcome:
    if plan.declared is None:
        return StageOutcome(problems=plan.problems)
    done = TissueDone(
        found=tuple(sorted((one for result in results for one in result.found), key=lambda one: one.tissue.scan)),
        missing={**plan.missing, **{scan: why for result in results for scan, why in result.missing.items()}},
        problems=plan.problems + tuple(problem for result in results for problem in result.problems),
    )
    measured = {one.tissue.scan: one.tissue.fractions for one in done.found}
    written = _written(done, context.scans, plan.declared, context.output)
    return replace(written, handed={TISSUE: StudyTissue(measured=measured, missing=done.missing)})


def _drawn(output: Path, one: TissueFound) -> TissueFound:
    """The same with its picture in a file, and only there, so that nobody holds those of all."""
    assert isinstance(one.figure, EmbeddedFigure)
    tissue, figure = one.tissue, one.figure
    session = (f"ses-{tissue.session}",) if tissue.session else ()
    place = Path(f"sub-{tissue.subject}", *session, "anat", "figures", f"{tissue.scan}_voxel.png")
    write_bytes(output / place, figure.content)
    return replace(one, figure=replace(figure, place=place.as_posix()).linked("../"))


def _written(done: TissueDone, scans: Sequence[ScanFiles], declared: Anatomy, output: Path) -> StageOutcome:
    tissues = [one.tissue for one in done.found]
    figures = {one.tissue.scan: one.figure for one in done.found}
    by_name = {scan.name: scan for scan in scans}
    missing = {
        name: (by_name[name].subject, by_name[name].session, reason) for name, reason in sorted(done.missing.items())
    }
    placements, group = _group(done, output)
    problems = done.problems + _odd(done, by_name)
    write_table(output, tissue_table(tissues, missing, placements))
    if any(tissue.regions for tissue in tissues):
        write_table(output, regions_table(tissues))
    parts = (MethodsPart(title="Tissue fractions", write=partial(tissue_paragraphs, declared, tissues)),)
    return StageOutcome(
        problems=problems,
        sections=(tissue_section(tissues, missing, figures, placements, group),),
        methods=parts if tissues else (),
    )


def _group(done: TissueDone, output: Path) -> tuple[dict[str, Placement], EmbeddedFigure | None]:
    """How the normalised boxes lie to each other; writes their map in MNI152 space and draws it."""
    placed = [(one.tissue, one.placed) for one in done.found if one.placed is not None]
    if not placed:
        return {}, None
    template = mni152().t1
    group = group_placement([box for _, box in placed], [tissue.subject for tissue, _ in placed], template)
    write_bytes(output / GROUP_MAP, probseg_bytes(group.shared, template.affine))
    figure = overlap_figure(template, group.shared, group.centre_mm, len(placed))
    x, y, z = group.centre_mm
    alt = f"Boxes of {len(placed)} scans in MNI152 space, mean centre at {x:.0f}, {y:.0f}, {z:.0f} mm."
    rows = zip(placed, group.dice, group.dice_first, group.distance_mm, strict=True)
    placements = {
        tissue.scan: Placement(dice_group=dice, dice_first=first, distance_mm=distance)
        for (tissue, _), dice, first, distance in rows
    }
    return placements, EmbeddedFigure(content=figure_png_bytes(figure, 90), alt=alt)


def _odd(done: TissueDone, scans: Mapping[str, ScanFiles]) -> tuple[InputProblem, ...]:
    """Warnings of voxels that do not lie as those of the study or of their participant."""
    placed = [(one.tissue, one.placed) for one in done.found if one.placed is not None]
    odd = odd_boxes([box for _, box in placed], [tissue.subject for tissue, _ in placed])
    remedy = "look at the picture; exclude the scan, or correct the affine of its spectrum or image"
    return tuple(
        input_problem(scans[placed[index][0].scan].place, "voxel", rule, value, remedy, severity="warning")
        for index, found in sorted(odd.items())
        for rule, value in found
    )
