"""The scans of a person once more, with common macromolecules: a declared option, both values are reported."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from pharmrs.core.errors import FitFailure, InputError, InputProblem, input_problem
from pharmrs.core.report.section import MethodsPart, section_of_tables
from pharmrs.core.report.tables import table_of_rows, write_table
from pharmrs.core.report.view_tables import view_of
from pharmrs.core.stage import Stage, StageOutcome, StudyContext, Units
from pharmrs.core.unit import attempt
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.records.acquisition import Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.spectra.records.scan import ScanResult, ValuesOutcome, fitted_here
from pharmrs.spectra.records.visits import SharedValue
from pharmrs.spectra.stage.scan import fit_problems
from pharmrs.spectra.stage.scan_tasks import scan_folder
from pharmrs.spectra.stage.scans import SCANS, basis_of
from pharmrs.spectra.together.visits import VisitChange, fit_visits

NAME = "shared_macromolecules"
_PERSON_S = 2.0
_TITLE = "Macromolecules shared by the visits"
_WORDS = (
    "The scans of each participant were also fitted together, with macromolecules that are those of the person: how "
    "they are divided among themselves and, where every scan has a water reference to bring all to one scale, how much "
    "there is of them is common to the visits; everything else belongs to the visit. The values of single scans are "
    "those of the plan unless it names the shared ones as outcomes."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsTask:
    """The scans of one person by one protocol: preprocessed spectra, and the amplitude of water of each (NaN: none)."""

    subject: str
    files: tuple[Path, ...]
    results: tuple[ScanResult, ...]
    water: tuple[float, ...]
    scale: str
    output: Path


@dataclass(frozen=True, slots=True)
class VisitsOutcome:
    rows: tuple[SharedValue, ...]
    problems: tuple[InputProblem, ...]


def _tasks(context: StudyContext[SpectraPlan]) -> list[VisitsTask]:
    scans: tuple[ValuesOutcome, ...] = context.given(SCANS)
    groups: dict[tuple[str, str], list[ScanResult]] = defaultdict(list)
    for result in fitted_here(scans):
        protocol = "_".join(one for one in result.files.name.split("_") if not one.startswith(("sub-", "ses-")))
        if result.edited is None:
            groups[result.files.subject, protocol].append(result)
    return [
        VisitsTask(
            subject=subject,
            files=tuple(
                scan_folder(context.output, one.files) / f"{one.files.name}_desc-preproc_svs.nii.gz" for one in results
            ),
            results=tuple(results),
            water=tuple(one.water.amplitude if one.water is not None else math.nan for one in results),
            scale=context.plan.quantification.primary_scale,
            output=context.output,
        )
        for (subject, _), results in groups.items()
        if len(results) > 1
    ]


def _work(task: VisitsTask, basis: BasisSet) -> VisitsOutcome:
    done, problems = attempt(partial(_fitted, task, basis), str(task.files[0]), "shared macromolecules", task.output)
    return done or VisitsOutcome((), problems)


def _fitted(task: VisitsTask, basis: BasisSet) -> VisitsOutcome:
    one_scale = all(math.isfinite(water) and water > 0.0 for water in task.water)
    try:
        spectra = [
            _spectrum(path, 1.0 / water if one_scale else 1.0)
            for path, water in zip(task.files, task.water, strict=True)
        ]
        changes, converged = fit_visits(spectra, basis, task.results[0].fit.settings, sizes=one_scale)
    except (FitFailure, InputError) as error:
        return VisitsOutcome((), fit_problems(error, str(task.files[0])))
    if not converged:
        rule, remedy = (
            "the search must come to an end",
            "the values of single scans hold; those of this person are missing",
        )
        problem = input_problem(task.files[0], NAME, rule, "not converged", remedy, "warning")
        return VisitsOutcome((), (problem,))
    rows = [row for number, result in enumerate(task.results) for row in _rows(result, number, changes, task.scale)]
    return VisitsOutcome(tuple(rows), ())


def _spectrum(path: Path, factor: float) -> Spectrum:
    fids = read_fids(path)
    fid = fids.data[:, 0, 0] * factor
    return Spectrum(fid=np.asarray(fid), acquisition=fids.acquisition, affine=fids.affine, source=fids.source)


def _rows(result: ScanResult, number: int, changes: Sequence[VisitChange], scale: str) -> list[SharedValue]:
    found = {one.metabolite: one for one in changes if one.scan == number}
    tcr = found.get("tCr")
    rules = {rule.metabolite: rule.rule for rule in result.exclusions}
    rows = []
    for value in result.concentrations:
        change = found.get(value.metabolite)
        if value.scale != scale or change is None or not math.isfinite(value.value):
            continue
        factor = change.factor / tcr.factor if scale == "ratio_tcr" and tcr is not None else change.factor
        rows.append(
            SharedValue(
                scan=result.files.name,
                subject=result.files.subject,
                session=result.files.session,
                outcome=f"{value.metabolite}_shared",
                metabolite=value.metabolite,
                value=value.value * factor,
                sd=value.sd * change.sd_factor,
                alone=value.value,
                alone_sd=value.sd,
                excluded=rules.get("*", rules.get(value.metabolite, "")),
            )
        )
    return rows


def _gathered(
    context: StudyContext[SpectraPlan], _tasks: Sequence[VisitsTask], outcomes: Sequence[VisitsOutcome]
) -> StageOutcome:
    rows = sorted((row for one in outcomes for row in one.rows), key=lambda row: row.scan)
    problems = tuple(problem for one in outcomes for problem in one.problems)
    if not rows:
        return StageOutcome(problems=problems)
    write_table(context.output, table_of_rows(NAME, SharedValue, rows))
    wanted = context.plan.quality.metabolites or ("Glu", "Gln", "Glx", "tNAA", "tCr", "tCho", "Ins", "GSH", "GABA")
    shown = [row for row in rows if row.metabolite in wanted]
    view = view_of("Values with common macromolecules, and of the scans alone.", SharedValue, shown, sortable=True)
    section = section_of_tables(NAME.replace("_", "-"), _TITLE, (_WORDS,), (view,), page="spectra")
    part = MethodsPart(title=_TITLE, write=lambda _cite: (_WORDS,))
    return StageOutcome(problems=problems, sections=(section,), methods=(part,))


def _lost(task: VisitsTask, what: str) -> VisitsOutcome:
    problem = input_problem(task.files[0], NAME, "must finish", what, "run again", "warning")
    return VisitsOutcome((), (problem,))


_UNITS: Units[SpectraPlan, list[VisitsTask], VisitsTask, VisitsOutcome] = Units(
    plan=_tasks,
    tasks=lambda tasks: tasks,
    work=lambda context: partial(_work, basis=basis_of(context)),
    lost=_lost,
    seconds_each=lambda _tasks: _PERSON_S,
    gather=_gathered,
)

SHARED_STAGE: Stage[SpectraPlan] = Stage(
    name="shared macromolecules",
    outputs=(f"{NAME}.tsv", f"{NAME}.json"),
    wanted=lambda _root, plan: plan.shared_macromolecules and plan.basis is not None,
    run=_UNITS,
)
