"""`pharmrs run`: every scan of a dataset, then the study."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.files.atomic import remove_leftovers, write_text
from pharmrs.core.files.checksums import Checksums
from pharmrs.core.files.owned import claim, remove_written
from pharmrs.core.files.places import CHECKSUMS_FILE, STUDY_FILE, default_output
from pharmrs.core.files.relative_paths import relative_to
from pharmrs.core.files.targets import check_output_folder
from pharmrs.core.report.answer import Answer
from pharmrs.core.stage import Stage, StageOutcome, StudyContext, look_ahead, run_stages
from pharmrs.core.unit import FAULTS_FOLDER, Boundary
from pharmrs.core.workers.execution import Workers, workforce
from pharmrs.spectra.records.scan import ForeignValues, ScanOutcome, ValuesOutcome
from pharmrs.spectra.report.pictures.foreign_fit import foreign_figures
from pharmrs.spectra.report.pictures.scan_figures import ScanFigures
from pharmrs.spectra.report.summary import GroupValues, group_values, main_metabolites
from pharmrs.spectra.review.stage import review_checksums
from pharmrs.spectra.stage.foreign_scans import FOREIGN
from pharmrs.spectra.stage.page_cache import PageCache
from pharmrs.spectra.stage.scan_cache import ScanCache
from pharmrs.spectra.stage.scan_tasks import ScanTask, expected_s, fit_and_draw
from pharmrs.spectra.stage.scans import BASIS, KNOWN, SCANS, certain, plan_scans
from pharmrs.spectra.stage.study_basis import keep_basis
from pharmrs.study.dataset import StudyDataset, only_of, open_dataset
from pharmrs.study.declared import Study
from pharmrs.study.derivative import PROVENANCE_FILE
from pharmrs.study.lock import only_run
from pharmrs.study.log import log_to
from pharmrs.study.outputs import write_study
from pharmrs.study.provenance import changed_inputs, provenance_of
from pharmrs.study.stages import OF_PARTICIPANTS, STAGES

LOG = logging.getLogger("pharmrs")


@dataclass(frozen=True, slots=True)
class RunResult:
    """Outcome of a run: the report, every scan's outcome, problems that concern no single scan, the study's answer."""

    report: Path
    outcomes: tuple[ValuesOutcome, ...]
    problems: tuple[InputProblem, ...]
    answer: Answer | None = None
    scale: str = ""

    @property
    def values(self) -> tuple[tuple[str, GroupValues], ...]:
        """Of the main metabolites what was kept on the primary scale."""
        results = [outcome.result for outcome in self.outcomes if outcome.result is not None]
        names = main_metabolites(results, self.scale)
        return tuple((name, group_values(results, name, self.scale, exclude=True)) for name in names)

    @property
    def all_problems(self) -> tuple[InputProblem, ...]:
        """Those of the study, then those of each scan."""
        return (*self.problems, *(problem for outcome in self.outcomes for problem in outcome.problems))

    @property
    def complete(self) -> bool:
        """Whether every scan, stage and picture could be done."""
        return not self.failed and not any(problem.severity == "error" for problem in self.all_problems)

    @property
    def failed(self) -> tuple[ValuesOutcome, ...]:
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
    people: Sequence[str] = (),
    group: bool = True,
) -> RunResult:
    """Tissues of the voxels, every scan, then the stages of the study: write the derivative to `output`.

    `people`: labels of the participants whose scans are done, none: all. Without `group` the stages that need all of
    them are left to a later run, which takes over the scans that are done.

    `begin` is told the number of scans, `done` each outcome as it comes, `tell` each stage after the scans. Raises
    InputError when study, basis set or every scan is missing, or nothing may be written to `output`: then no file is
    made. One bad scan never stops the others. Scans that an earlier run fitted are fitted again only where something
    they depend on changed, or with `fresh`.
    """
    declared = Checksums().of(root / STUDY_FILE)
    dataset = only_of(open_dataset(root, output), people)
    study, basis = dataset.usable(), dataset.basis
    _check_output(root, output)
    stages = STAGES if group else OF_PARTICIPANTS
    checksums = Checksums.load(output / CHECKSUMS_FILE)
    context, seen = look_ahead(
        StudyContext(
            root=root, plan=study, output=output, scans=dataset.all_scans, checksums=checksums, fresh=fresh, tell=tell,
            handed={KNOWN: dataset.problems, FOREIGN: dataset.foreign}, begin=begin,
            done=lambda item: _report_one(item, root, done),
        ),
        stages,
    )  # fmt: skip
    claim(output, all_ours=(output / PROVENANCE_FILE).is_file())
    with workforce(workers) as team, _shared_with(team, root, output), log_to(output):
        _clear(output, stages)
        LOG.info("%d scans in %s, output %s", len(dataset.all_scans), root.name, output.name)
        for problem in (*dataset.general_problems, *seen.problems):
            _log(problem, root)
        basis = keep_basis(study.basis, basis, output) if study.basis is not None and basis is not None else None
        to_fit = certain(root, dataset.scans, output, fresh) if basis is not None else []
        team.prepare(len(to_fit), expected_s(to_fit), [fit_and_draw.__module__])
        dataset = replace(dataset, basis=basis)  # what the scans are keyed by is what the next run will read
        provenance = provenance_of(dataset, context)  # before: what is hashed is what is read next
        provenance |= {"review_sha256": review_checksums(output)}
        write_text(output / CHECKSUMS_FILE, checksums.text())
        context = replace(context, workers=team, handed={**context.handed, BASIS: basis})
        outcomes = run_stages(context, stages, partial(_log_outcome, root))
        changed = StageOutcome(problems=changed_inputs(dataset, provenance, declared, checksums))  # all has been read
        _log_outcome(root, changed)
        return _finish(dataset, output, [seen, *outcomes, changed], provenance)


def _clear(output: Path, stages: Sequence[Stage[Study]]) -> None:
    """Take away what was left half-written, former faults, and what the stages wrote that are not run now: tables of
    all participants must not stand beside tables of some.
    """
    remove_leftovers(output)
    others = [name for stage in STAGES if stage not in stages for name in stage.outputs]
    remove_written(output, [f"{FAULTS_FOLDER}/*.txt", *others])


def plan_run(root: Path, output: Path) -> list[ScanTask]:
    """What `run_dataset` would fit, and why, without writing anything. Raises InputError as it does."""
    dataset = open_dataset(root, output)
    study, basis = dataset.usable(), dataset.basis
    _check_output(root, output)
    if basis is None:
        return []
    checksums = Checksums.load(output / CHECKSUMS_FILE)
    return plan_scans(root, study, dataset.scans, basis, output, checksums, known=dataset.problems)


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
    elif place != default_output(dataset) and (problems := check_output_folder(output)):
        raise InputError(problems)
    else:
        return
    remedy = "choose another folder with --output, or leave it out for DATASET/derivatives/pharmrs"
    raise InputError([InputProblem(file=str(output), field="output", rule=rule, value=value, remedy=remedy)])


def _log(problem: InputProblem, root: Path) -> None:
    level = {"error": logging.ERROR, "note": logging.INFO}.get(problem.severity, logging.WARNING)
    LOG.log(level, "%s", relative_to(root, problem))


def _log_outcome(root: Path, outcome: StageOutcome) -> None:
    for problem in outcome.problems:
        _log(problem, root)


def _report_one(outcome: ScanOutcome, root: Path, done: Callable[[ScanOutcome], None]) -> None:
    for problem in outcome.problems:
        _log(problem, root)
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


def _figures(cache: ScanCache, outcome: ValuesOutcome) -> ScanFigures | None:
    """The pictures of a fit: ours as they were kept, those of another program from its curves."""
    if isinstance(outcome.result, ForeignValues):
        return foreign_figures(outcome.result)
    return cache.figures(outcome.files)


def _finish(
    dataset: StudyDataset, output: Path, stages: Sequence[StageOutcome], provenance: Mapping[str, object]
) -> RunResult:
    handed = [stage.handed[SCANS] for stage in stages if SCANS in stage.handed]
    scans: tuple[ValuesOutcome, ...] = handed[-1] if handed else ()
    cache = ScanCache(output, dataset.root)
    within = Boundary(output)
    report = write_study(
        output, dataset, scans, partial(_figures, cache), stages, provenance, PageCache(output, cache),
        within,
    )  # fmt: skip
    problems = (*(problem for stage in stages for problem in stage.problems), *within.problems)
    answer = next((stage.answer for stage in stages if stage.answer is not None), None)
    scale = dataset.study.quantification.primary_scale if dataset.study is not None else ""
    result = RunResult(report, scans, dataset.general_problems + problems, answer, scale)
    LOG.info("%d of %d scans done, report %s", len(scans) - len(result.failed), len(scans), report.name)
    return result
