"""`pharmrs run`: every scan of a dataset, then the study."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pharmrs.errors import InputError, InputProblem
from pharmrs.pipeline.dataset import Dataset, open_dataset
from pharmrs.pipeline.execution import map_tasks
from pharmrs.pipeline.log import log_to
from pharmrs.pipeline.outputs import remove_former, write_scan, write_study, write_tables
from pharmrs.pipeline.provenance import provenance_of
from pharmrs.pipeline.scan import process_scan
from pharmrs.pipeline.settings import ScanSettings, settings_of
from pharmrs.pipeline.stage_registry import STAGES
from pharmrs.pipeline.study_basis import keep_basis
from pharmrs.pipeline.study_stages import StageOutcome, StudyContext, run_stages
from pharmrs.pipeline.tissue import plan_tissue
from pharmrs.pipeline.tissue_stage import tissue_stage
from pharmrs.pipeline.visual_inspection import judge_scans, review_checksums
from pharmrs.records.basis import BasisSet
from pharmrs.records.quantification import Exclusion
from pharmrs.records.scan import ScanFiles, ScanOutcome
from pharmrs.report.scan_figures import COMPACT_ABOVE_SCANS, ScanFigures, render_scan_figures

LOG = logging.getLogger("pharmrs")


@dataclass(frozen=True, slots=True)
class ScanTask:
    """One scan to be processed by a worker. `known`: what is already known to be wrong with it; `judged`: by raters."""

    files: ScanFiles
    known: tuple[InputProblem, ...]
    basis: BasisSet
    settings: ScanSettings
    output: Path
    compact: bool
    judged: tuple[Exclusion, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanDone:
    """What a worker gives back."""

    outcome: ScanOutcome
    figures: ScanFigures | None


@dataclass(frozen=True, slots=True)
class RunResult:
    """Outcome of a run: the report, every scan's outcome, problems that concern no single scan."""

    report: Path
    outcomes: tuple[ScanOutcome, ...]
    problems: tuple[InputProblem, ...]

    @property
    def failed(self) -> tuple[ScanOutcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.failed)


def process_and_draw(task: ScanTask) -> ScanDone:
    """One scan: numbers, pictures, files."""
    remove_former(task.output, task.files)
    if any(problem.severity == "error" for problem in task.known):
        return ScanDone(ScanOutcome(files=task.files, result=None, problems=task.known), None)
    outcome = process_scan(task.files, task.basis, task.settings)
    outcome = replace(outcome, problems=task.known + outcome.problems)
    if outcome.result is None:
        return ScanDone(outcome, None)
    outcome = replace(outcome, result=replace(outcome.result, exclusions=(*outcome.result.exclusions, *task.judged)))
    assert outcome.result is not None
    figures = render_scan_figures(outcome.result, compact=task.compact)
    write_scan(task.output, outcome.result, figures)
    return ScanDone(outcome, figures)


def run_dataset(
    root: Path,
    output: Path,
    workers: int,
    begin: Callable[[int], None] = lambda _count: None,
    done: Callable[[ScanOutcome], None] = lambda _outcome: None,
    tell: Callable[[str], None] = lambda _text: None,
) -> RunResult:
    """Tissues of the voxels, every scan, then the stages of the study: write the derivative to `output`.

    `begin` is told the number of scans, `done` each outcome as it comes, `tell` each stage after the scans. Raises
    InputError when study, basis set or every scan is missing, or nothing may be written to `output`: then no file is
    made. One bad scan never stops the others.
    """
    dataset = open_dataset(root, output)
    study, basis = dataset.usable()
    _check_output(root, output)
    raters = judge_scans(root, study, dataset.scans, output)
    with log_to(output):
        LOG.info("%d scans in %s, output %s, %d workers", len(dataset.scans), root, output, workers)
        for problem in dataset.general_problems:
            _log(problem)
        basis = keep_basis(study.basis, basis, output)
        plan = plan_tissue(root, study, dataset.scans, output)
        provenance = provenance_of(dataset, plan.images)  # before, not after: what is hashed is what is read next
        provenance |= {"review_sha256": review_checksums(output)}
        tissue = tissue_stage(plan, dataset.scans, output, workers, tell)
        before = replace(tissue.outcome, problems=(*raters.problems, *tissue.outcome.problems))
        for problem in before.problems:
            _log(problem)
        tasks = [
            ScanTask(
                files,
                dataset.problems_of(files),
                basis,
                settings_of(study, files.name, tissue.tissue),
                output,
                len(dataset.scans) > COMPACT_ABOVE_SCANS,
                raters.exclusions.get(files.name, ()),
            )
            for files in dataset.scans
        ]
        begin(len(tasks))
        finished = map_tasks(process_and_draw, tasks, workers, lambda item: _report_one(item, done))
        return _finish(dataset, output, finished, before, provenance, workers, tell)


def _check_output(root: Path, output: Path) -> None:
    """The input is never written to: only the `derivatives` folder of a dataset may hold results."""
    place, dataset = output.resolve(), root.resolve()
    if output.exists() and not output.is_dir():
        rule, value = "must be a folder", "a file"
    elif place.is_relative_to(dataset) and not place.is_relative_to(dataset / "derivatives"):
        rule, value = "must lie in derivatives/ or outside the dataset", "inside the input"
    else:
        return
    remedy = "choose another folder with --output, or leave it out for DATASET/derivatives/pharmrs"
    raise InputError([InputProblem(file=str(output), field="output", rule=rule, value=value, remedy=remedy)])


def _log(problem: InputProblem) -> None:
    LOG.log(logging.ERROR if problem.severity == "error" else logging.WARNING, "%s", problem)


def _report_one(item: ScanDone, done: Callable[[ScanOutcome], None]) -> None:
    outcome = item.outcome
    for problem in outcome.problems:
        _log(problem)
    if outcome.result is not None:
        quality = outcome.result.quality
        LOG.info(
            "%s: S/N %.1f, line width %.1f Hz, %.2f s CPU",
            outcome.files.name,
            quality.signal_to_noise,
            quality.line_width_hz,
            outcome.result.cpu_s,
        )
    done(outcome)


def _finish(
    dataset: Dataset,
    output: Path,
    finished: list[ScanDone],
    before: StageOutcome,
    provenance: Mapping[str, object],
    workers: int,
    tell: Callable[[str], None],
) -> RunResult:
    study, _ = dataset.usable()
    outcomes = tuple(item.outcome for item in finished)
    figures = {item.outcome.files.name: item.figures for item in finished if item.figures is not None}
    write_tables(output, dataset, outcomes)
    context = StudyContext(root=dataset.root, study=study, output=output, outcomes=outcomes, workers=workers, tell=tell)
    after = run_stages(context, STAGES)
    for problem in (problem for stage in after for problem in stage.problems):
        _log(problem)
    stages = [before, *after]
    problems = tuple(problem for stage in stages for problem in stage.problems)
    report = write_study(output, dataset, outcomes, figures, stages, provenance)
    result = RunResult(report, outcomes, dataset.general_problems + problems)
    LOG.info("%d of %d scans done, report %s", len(outcomes) - len(result.failed), len(outcomes), report)
    return result
