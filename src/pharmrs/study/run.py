"""`pharmrs run`: every scan of a dataset, then the study."""

from __future__ import annotations

import contextlib
import gc
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pharmrs.anatomy.stage.plan import plan_tissue
from pharmrs.anatomy.stage.stage import tissue_stage
from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.files.atomic import remove_leftovers, write_text
from pharmrs.core.files.checksums import Checksums
from pharmrs.core.files.places import CHECKSUMS_FILE, STUDY_FILE
from pharmrs.core.files.targets import check_output_folder
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.report.answer import Answer
from pharmrs.core.stage import StageOutcome, StudyContext, run_stages
from pharmrs.core.workers.execution import Workers, as_done, workforce
from pharmrs.spectra.read.nifti_mrs import spectrometer_frequency_mhz
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.scan import ScanOutcome
from pharmrs.spectra.review.stage import judge_scans, review_checksums
from pharmrs.spectra.stage.page_cache import PageCache
from pharmrs.spectra.stage.scan_cache import ScanCache
from pharmrs.spectra.stage.scan_tasks import ScanTask, expected_s, finished, fit_and_draw, lost_scan
from pharmrs.spectra.stage.settings import without_fractions
from pharmrs.spectra.stage.study_basis import keep_basis
from pharmrs.study.dataset import StudyDataset, open_dataset
from pharmrs.study.derivative import REPORT_FILE
from pharmrs.study.lock import only_run
from pharmrs.study.log import log_to
from pharmrs.study.outputs import write_study, write_tables
from pharmrs.study.provenance import changed_inputs, provenance_of
from pharmrs.study.scan_plan import plan_scans
from pharmrs.study.stages import STAGES

LOG = logging.getLogger("pharmrs")


@dataclass(frozen=True, slots=True)
class RunResult:
    """Outcome of a run: the report, every scan's outcome, problems that concern no single scan, the study's answer."""

    report: Path
    outcomes: tuple[ScanOutcome, ...]
    problems: tuple[InputProblem, ...]
    answer: Answer | None = None

    @property
    def all_problems(self) -> tuple[InputProblem, ...]:
        """Those of the study, then those of each scan."""
        return (*self.problems, *(problem for outcome in self.outcomes for problem in outcome.problems))

    @property
    def complete(self) -> bool:
        """Whether every scan and every stage could be done."""
        return not self.failed and not any(problem.severity == "error" for problem in self.problems)

    @property
    def failed(self) -> tuple[ScanOutcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.failed)


def run_dataset(
    root: Path,
    output: Path,
    workers: int | Workers,
    begin: Callable[[int], None] = lambda _count: None,
    done: Callable[[ScanOutcome], None] = lambda _outcome: None,
    tell: Callable[[str], None] = lambda _text: None,
    *,
    fresh: bool = False,
) -> RunResult:
    """Tissues of the voxels, every scan, then the stages of the study: write the derivative to `output`.

    `begin` is told the number of scans, `done` each outcome as it comes, `tell` each stage after the scans. Raises
    InputError when study, basis set or every scan is missing, or nothing may be written to `output`: then no file is
    made. One bad scan never stops the others. Scans that an earlier run fitted are fitted again only where something
    they depend on changed, or with `fresh`.
    """
    declared = Checksums().of(root / STUDY_FILE)
    dataset = open_dataset(root, output)
    study, basis = dataset.usable()
    _check_output(root, output)
    checksums = Checksums.load(output / CHECKSUMS_FILE)
    raters = judge_scans(root, study, dataset.scans, output, checksums)
    with workforce(workers) as team, _shared_with(team, root, output), log_to(output):
        remove_leftovers(output)
        LOG.info("%d scans in %s, output %s", len(dataset.scans), root, output)
        for problem in dataset.general_problems:
            _log(problem)
        basis = keep_basis(study.basis, basis, output)
        certain = _certain(dataset, output, fresh)
        team.prepare(len(certain), expected_s(certain), [fit_and_draw.__module__])
        dataset = replace(dataset, basis=basis)  # what the scans are keyed by is what the next run will read
        wanted = without_fractions(study, dataset.scans)
        plan = plan_tissue(root, study.anatomy, wanted, output, spectrometer_frequency_mhz)
        provenance = provenance_of(dataset, plan.images, checksums)  # before: what is hashed is what is read next
        provenance |= {"review_sha256": review_checksums(output)}
        write_text(output / CHECKSUMS_FILE, checksums.text())
        tissue = tissue_stage(plan, dataset.scans, output, team, tell)
        before = replace(tissue.outcome, problems=(*raters.problems, *tissue.outcome.problems))
        for problem in before.problems:
            _log(problem)
        tasks = plan_scans(dataset, output, tissue.tissue, raters.exclusions, checksums)
        begin(len(tasks))
        scans = _process(tasks, basis, team, fresh, lambda item: _report_one(item, done))
        team.rest()
        changed = partial(changed_inputs, dataset, provenance, declared, checksums)
        return _finish(dataset, output, scans, before, provenance, changed, tell)


def plan_run(root: Path, output: Path) -> list[ScanTask]:
    """What `run_dataset` would fit, and why, without writing anything. Raises InputError as it does."""
    dataset = open_dataset(root, output)
    dataset.usable()
    _check_output(root, output)
    return plan_scans(dataset, output, None, {}, Checksums.load(output / CHECKSUMS_FILE))


def _certain(dataset: StudyDataset, output: Path, fresh: bool) -> list[ScanFiles]:
    """The scans that will have to be fitted, as far as can be known before anything is read."""
    cache = ScanCache(output, dataset.root)
    return [files for files in dataset.scans if fresh or not cache.knows(files)]


def _process(
    tasks: Sequence[ScanTask], basis: BasisSet, workers: Workers, fresh: bool, done: Callable[[ScanOutcome], None]
) -> list[ScanOutcome]:
    """Every scan in the order of the tasks: those that an earlier run left are read, the others fitted."""
    protons = basis.proton_amplitude
    scans: dict[str, ScanOutcome] = {}

    def take(task: ScanTask, item: ScanOutcome) -> None:
        scans[task.files.name] = finished(task, item, protons)
        done(scans[task.files.name])

    to_do = []
    with _without_collector():
        for task in tasks:
            kept = None if fresh or task.reasons or task.stopped else task.cache.load(task.files)
            if kept is None:
                to_do.append(task)
            else:
                take(task, kept)
    each_s = expected_s([task.files for task in to_do])
    for index, item in as_done(partial(fit_and_draw, basis=basis), to_do, workers, seconds_each=each_s, lost=lost_scan):
        take(to_do[index], item)
    LOG.info("%d scans fitted, %d as they were", len(to_do), len(tasks) - len(to_do))
    return [scans[task.files.name] for task in tasks]


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """While records are made by the million that stay and hold no circles, looking for circles is a third of the time.

    Python's collector goes through all of them again whenever there are a quarter more.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextlib.contextmanager
def _shared_with(workers: Workers, root: Path, output: Path) -> Iterator[None]:
    """Hold the derivative, and see to it that the workers see the dataset and what is written."""
    workers.check([root / STUDY_FILE])
    with only_run(output) as lock:
        workers.check([lock])
        yield


def _check_output(root: Path, output: Path) -> None:
    """The input is never written to: only the `derivatives` folder of a dataset may hold results."""
    place, dataset = output.resolve(), root.resolve()
    if output.exists() and not output.is_dir():
        rule, value = "must be a folder", "a file"
    elif place.is_relative_to(dataset) and not place.is_relative_to(dataset / "derivatives"):
        rule, value = "must lie in derivatives/ or outside the dataset", "inside the input"
    elif problems := check_output_folder(output):
        raise InputError(problems)
    else:
        return
    remedy = "choose another folder with --output, or leave it out for DATASET/derivatives/pharmrs"
    raise InputError([InputProblem(file=str(output), field="output", rule=rule, value=value, remedy=remedy)])


def _log(problem: InputProblem) -> None:
    LOG.log(logging.ERROR if problem.severity == "error" else logging.WARNING, "%s", problem)


def _report_one(outcome: ScanOutcome, done: Callable[[ScanOutcome], None]) -> None:
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
    dataset: StudyDataset,
    output: Path,
    scans: list[ScanOutcome],
    before: StageOutcome,
    provenance: Mapping[str, object],
    changed: Callable[[], tuple[InputProblem, ...]],
    tell: Callable[[str], None],
) -> RunResult:
    study, _ = dataset.usable()
    outcomes = tuple(scans)
    cache = ScanCache(output, dataset.root)
    (output / REPORT_FILE).unlink(missing_ok=True)  # the former one must not stand beside the tables of this run
    write_tables(output, dataset, outcomes)
    context = StudyContext(root=dataset.root, plan=study, output=output, outcomes=outcomes, tell=tell)
    after = [*run_stages(context, STAGES), StageOutcome(problems=changed())]  # when everything has been read
    for problem in (problem for stage in after for problem in stage.problems):
        _log(problem)
    stages = [before, *after]
    problems = tuple(problem for stage in stages for problem in stage.problems)
    report = write_study(
        output, dataset, outcomes, lambda one: cache.figures(one.files), stages, provenance, PageCache(output, cache)
    )
    answer = next((stage.answer for stage in stages if stage.answer is not None), None)
    result = RunResult(report, outcomes, dataset.general_problems + problems, answer)
    LOG.info("%d of %d scans done, report %s", len(outcomes) - len(result.failed), len(outcomes), report)
    return result
