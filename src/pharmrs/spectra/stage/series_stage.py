"""The series of a study as a stage: one unit a session; every change is a row of series.tsv, and may be an outcome."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pharmrs.core.errors import InputProblem, input_problem, some_of
from pharmrs.core.files.content import is_file
from pharmrs.core.files.places import STUDY_FILE
from pharmrs.core.files.record_json import to_json
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.records.tissue import TISSUE
from pharmrs.core.stage import Stage, StageOutcome, StudyContext, Units
from pharmrs.spectra.read.course import Levels, events_file, read_events, read_levels
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.spectra.records.declared_series import Series
from pharmrs.spectra.records.scan import ValuesOutcome
from pharmrs.spectra.records.series import FittedSeries, SeriesChange
from pharmrs.spectra.report.series import series_methods, series_section
from pharmrs.spectra.stage.scan_key import basis_checksum, scan_key
from pharmrs.spectra.stage.scans import BASIS, SCANS, basis_of
from pharmrs.spectra.stage.series import SeriesOutcome, write_series
from pharmrs.spectra.stage.session_series import (
    FOLDER,
    SeriesTask,
    begun,
    fit_session,
    kept_session,
    levels_of,
    sessions_of,
)
from pharmrs.spectra.stage.settings import settings_by_scan

TABLES = ("series", "series_spectra", "series_points", "series_drifts")
_SESSION_S = 6.0  # eight blocks alone and together, expected
LOG = logging.getLogger("pharmrs")


@dataclass(frozen=True, slots=True)
class _Plan:
    tasks: tuple[SeriesTask, ...]
    problems: tuple[InputProblem, ...]


def _declared(plan: SpectraPlan) -> Series:
    assert plan.series is not None, "the stage is wanted with series only"
    return plan.series


def _planned(context: StudyContext[SpectraPlan]) -> _Plan:
    declared = _declared(context.plan)
    every, problems = _levels(context.root, declared)
    sessions = sessions_of(context.scans, declared)
    basis = context.given(BASIS)
    if basis is None or not sessions:
        return _Plan((), tuple(problems))
    names = [scan.name for scans in sessions.values() for scan in scans]
    settings = settings_by_scan(context.plan, names, context.given(TISSUE))
    basis_sha, tasks = basis_checksum(basis), []
    for name, scans in sessions.items():
        minutes, found = begun(scans)
        levels = levels_of(every, scans[0])
        keys = [scan_key(one, context.root, settings[one.name], basis_sha, context.checksums).parts for one in scans]
        events = [context.checksums.of(events_file(one)) if is_file(events_file(one)) else "" for one in scans]
        told = json.dumps([*map(dict, keys), to_json(declared), minutes, to_json(levels), events], sort_keys=True)
        tasks.append(
            SeriesTask(
                name=name,
                scans=tuple(scans),
                begun_min=minutes,
                levels=levels,
                declared=declared,
                settings=tuple(settings[one.name] for one in scans),
                problems=found,
                key=hashlib.sha256(told.encode()).hexdigest(),
                place=context.output / FOLDER / f"{name}.json",
                root=context.root,
                output=context.output,
            )
        )
    return _Plan(tuple(tasks), tuple(problems))


def _levels(root: Path, declared: Series) -> tuple[dict[str, Levels], list[InputProblem]]:
    problems = Problems(str(root))
    columns = [one.measured for one in declared.courses if one.measured is not None]
    return {column: read_levels(root, column, problems) for column in columns}, problems.found


def _lost(task: SeriesTask, what: str) -> SeriesOutcome:
    remedy = "run again: only this series is tried; if memory ran out, use fewer workers"
    return SeriesOutcome(None, (input_problem(task.scans[0].metabolite, "series", "must finish", what, remedy),), 0)


def _gathered(context: StudyContext[SpectraPlan], plan: _Plan, outcomes: Sequence[SeriesOutcome]) -> StageOutcome:
    declared = _declared(context.plan)
    scans: tuple[ValuesOutcome, ...] = context.given(SCANS)
    broken = _broken(scans)
    found = [
        _judged(one.fitted, [broken.get(scan.name, {}) for scan in task.scans])
        for task, one in zip(plan.tasks, outcomes, strict=True)
        if one.fitted is not None
    ]
    problems = [*plan.problems, *(problem for one in outcomes for problem in one.problems)]
    write_series(context.output, found)
    return StageOutcome(
        problems=tuple(dict.fromkeys(problems)),
        sections=(series_section(declared, found, len(plan.tasks)),) if found else (),
        methods=(series_methods(declared, found),) if found else (),
    )


def _broken(scans: Sequence[ValuesOutcome]) -> dict[str, dict[str, str]]:
    """Rules that each scan broke, by metabolite (*: all of them)."""
    found: dict[str, dict[str, str]] = {}
    for one in scans:
        if one.result is not None:
            found[one.files.name] = {rule.metabolite: rule.rule for rule in one.result.exclusions}
    return found


def _judged(found: FittedSeries, broken: Sequence[Mapping[str, str]]) -> FittedSeries:
    """What a rule says of one of the recordings is true of the series."""

    def why(change: SeriesChange) -> str:
        return next((rules[name] for rules in broken for name in ("*", change.metabolite) if name in rules), "")

    changes = [one if one.excluded else replace(one, excluded=why(one)) for one in found.changes]
    return replace(found, changes=tuple(changes))


def _check(root: Path, plan: SpectraPlan) -> tuple[InputProblem, ...]:
    """Recordings with the declared entity, and tables of measured levels."""
    declared = _declared(plan)
    paths = sorted(root.glob("sub-*/**/mrs/*_svs.nii*"))
    names = [path.name.split(".")[0] for path in paths]
    _, problems = _levels(root, declared)
    if plan.basis is None:
        remedy = "declare basis: values of another program cannot be fitted together"
        problems.append(
            input_problem(root / STUDY_FILE, "series", "needs recordings that are fitted here", "no basis", remedy)
        )
    if names and declared.scan and not any(declared.scan in name.split("_") for name in names):
        known = sorted({entity for name in names for entity in name.split("_")[1:-1]})
        rule, remedy = "must be an entity of recordings", f"there are: {some_of(known)}"
        problems.append(input_problem(root / STUDY_FILE, "series.scan", rule, declared.scan, remedy))
    for path in paths if any(one.events for one in declared.courses) else ():
        name = path.name.split(".")[0].removesuffix("_svs")
        if not declared.scan or declared.scan in name.split("_"):
            read_events(ScanFiles(name=name, subject="", session="", metabolite=str(path)), own := Problems(str(path)))
            problems += own.found
    return tuple(problems)


_UNITS: Units[SpectraPlan, _Plan, SeriesTask, SeriesOutcome] = Units(
    plan=_planned,
    tasks=lambda plan: plan.tasks,
    work=lambda context: partial(fit_session, basis=basis_of(context)),
    lost=_lost,
    seconds_each=lambda _tasks: _SESSION_S,
    gather=_gathered,
    kept=kept_session,
)

SERIES_STAGE: Stage[SpectraPlan] = Stage(
    name="series",
    outputs=tuple(f"{name}.{ending}" for name in TABLES for ending in ("tsv", "json")),
    wanted=lambda _root, plan: plan.series is not None and plan.basis is not None,
    run=_UNITS,
    check=_check,
)
