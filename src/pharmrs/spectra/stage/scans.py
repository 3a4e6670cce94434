"""The scans as a stage: which have to be fitted again and why, all of them done, and what they hand on."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from pharmrs.core.errors import InputProblem
from pharmrs.core.files.checksums import Checksums, signature
from pharmrs.core.records.handover import Handover
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.records.tissue import TISSUE, StudyTissue
from pharmrs.core.report.tables import write_table
from pharmrs.core.stage import Stage, StageOutcome, StudyContext, Units
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.spectra.records.quantification import Exclusion
from pharmrs.spectra.records.scan import ScanOutcome, ValuesOutcome
from pharmrs.spectra.report.edited import edited_methods, edited_rows, edited_section, edited_table
from pharmrs.spectra.stage.scan_cache import DAMAGED, ScanCache
from pharmrs.spectra.stage.scan_key import basis_checksum, scan_key
from pharmrs.spectra.stage.scan_tasks import ScanTask, expected_s, finished, fit_and_draw, lost_scan
from pharmrs.spectra.stage.settings import settings_by_scan

BASIS: Handover[BasisSet | None] = Handover("basis set", None)
KNOWN: Handover[tuple[InputProblem, ...]] = Handover("what is known to be wrong", ())
JUDGED: Handover[Mapping[str, tuple[Exclusion, ...]]] = Handover("exclusions by raters, scan by scan", {})
SCANS: Handover[tuple[ValuesOutcome, ...]] = Handover("outcomes of the scans", ())

LOG = logging.getLogger("pharmrs")


def plan_scans(
    root: Path,
    study: SpectraPlan,
    scans: Sequence[ScanFiles],
    basis: BasisSet,
    output: Path,
    checksums: Checksums,
    tissue: StudyTissue | None = None,
    known: tuple[InputProblem, ...] = (),
    judged: Mapping[str, tuple[Exclusion, ...]] | None = None,
) -> list[ScanTask]:
    """A task for each scan, in their order; nothing is fitted yet. `judged`: by raters, scan by scan."""
    cache = ScanCache(output, root)
    basis_sha = basis_checksum(basis)
    settings_by_name = settings_by_scan(study, [files.name for files in scans], tissue)
    of_scan: dict[str, list[InputProblem]] = defaultdict(list)  # of this scan alone; an error among them stops it
    for problem in known:
        of_scan[problem.file].append(problem)
    tasks = []
    for files in scans:
        key = scan_key(files, root, settings_by_name[files.name], basis_sha, checksums)
        task = ScanTask(
            files=files,
            root=root,
            output=output,
            known=tuple(of_scan[files.metabolite]),
            settings=settings_by_name[files.name],
            key=key,
            signatures={path: signature(Path(path)) for path in files.paths},
            reasons=cache.reasons(files, key),
            judged=(judged or {}).get(files.name, ()),
        )
        tasks.append(task)
    return tasks


def certain(root: Path, scans: Sequence[ScanFiles], output: Path, fresh: bool) -> list[ScanFiles]:
    """The scans that will have to be fitted, as far as can be known before anything is read."""
    cache = ScanCache(output, root)
    return [files for files in scans if fresh or not cache.knows(files)]


def _planned(context: StudyContext[SpectraPlan]) -> list[ScanTask]:
    return plan_scans(
        context.root,
        context.plan,
        [scan for scan in context.scans if scan.metabolite],
        basis_of(context),
        context.output,
        context.checksums,
        context.given(TISSUE),
        context.given(KNOWN),
        context.given(JUDGED),
    )


def basis_of(context: StudyContext[SpectraPlan]) -> BasisSet:
    """The basis set that the study opened."""
    basis = context.given(BASIS)
    assert basis is not None, "the scans need a basis set"
    return basis


def _finish(context: StudyContext[SpectraPlan], task: ScanTask, outcome: ScanOutcome) -> ScanOutcome:
    return finished(task, outcome, basis_of(context).proton_amplitude)


def _gathered(
    context: StudyContext[SpectraPlan], _tasks: Sequence[ScanTask], outcomes: Sequence[ScanOutcome]
) -> StageOutcome:
    if not isinstance(context.workers, int):
        context.workers.rest()
    results = [one.result for one in outcomes if one.result is not None]
    rows = edited_rows(results)
    if not rows:
        return StageOutcome(handed={SCANS: tuple(outcomes)})
    write_table(context.output, edited_table(rows))
    return StageOutcome(
        handed={SCANS: tuple(outcomes)}, sections=(edited_section(rows),), methods=(edited_methods(results),)
    )


def _kept(task: ScanTask) -> ScanOutcome | None:
    """What an earlier run left of the scan; one that is damaged is told, and the scan fitted again."""
    found = None if task.reasons or task.stopped else task.cache.load(task.files)
    if DAMAGED in task.reasons or (found is None and not (task.reasons or task.stopped)):
        LOG.warning("%s: %s: fitted again", task.files.name, DAMAGED)
    return found


_UNITS: Units[SpectraPlan, list[ScanTask], ScanTask, ScanOutcome] = Units(
    plan=_planned,
    tasks=lambda tasks: tasks,
    work=lambda context: partial(fit_and_draw, basis=basis_of(context)),
    lost=lost_scan,
    seconds_each=lambda tasks: expected_s([task.files for task in tasks]),
    gather=_gathered,
    kept=_kept,
    finish=_finish,
    shown=True,
)


SCAN_STAGE: Stage[SpectraPlan] = Stage(
    name="scans",
    outputs=("edited.tsv", "edited.json"),  # each scan removes its own when it is fitted again
    wanted=lambda _root, plan: plan.basis is not None,
    run=_UNITS,
    quiet=True,
)
