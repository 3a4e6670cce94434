"""Series of a study: the recordings of each session as a course, fitted together, kept for the next run."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pharmrs.core.errors import InputProblem, input_problem
from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.content import is_file, read_text
from pharmrs.core.files.places import CACHE_FOLDER
from pharmrs.core.files.record_json import NotARecord, from_json, to_json
from pharmrs.core.files.relative_paths import relative_to
from pharmrs.core.files.seal import opened as unsealed
from pharmrs.core.files.seal import sealed
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.unit import attempt
from pharmrs.spectra.read.course import CourseRow, Levels, minutes_of, read_events
from pharmrs.spectra.records.acquisition import Fids
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.declared_series import DeclaredCourse, Series
from pharmrs.spectra.stage.scan import Opened, open_scan
from pharmrs.spectra.stage.series import Block, SeriesOutcome, check_basis, fit_blocks, named, prepared_block
from pharmrs.spectra.stage.settings import ScanSettings
from pharmrs.spectra.together.courses import SessionFacts, course_value

FOLDER = Path(CACHE_FOLDER) / "series"
_LEAST_LAST = 0.5  # of a block: a shorter rest at the end of a recording belongs to the block before it


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTask:
    """One session for a worker. `begun_min`: of each recording; `levels`: measured, by column; `key`: what the result
    depends on; `place`: where it is kept."""

    name: str
    scans: tuple[ScanFiles, ...]
    begun_min: tuple[float, ...]
    levels: dict[str, tuple[tuple[float, ...], tuple[float, ...]]]
    declared: Series
    settings: tuple[ScanSettings, ...]
    problems: tuple[InputProblem, ...]
    key: str
    place: Path
    root: Path
    output: Path

    @property
    def subject(self) -> str:
        return self.scans[0].subject


def sessions_of(scans: Sequence[ScanFiles], declared: Series) -> dict[str, list[ScanFiles]]:
    """The recordings of each series by its name, in the order of their names."""
    found: dict[str, list[ScanFiles]] = defaultdict(list)
    for scan in sorted(scans, key=lambda one: one.name):
        if scan.metabolite and (not declared.scan or declared.scan in scan.name.split("_")):
            parts = [f"sub-{scan.subject}", *([f"ses-{scan.session}"] if scan.session else [])]
            found["_".join([*parts, *([declared.scan] if declared.scan else [])])].append(scan)
    return dict(found)


def fit_session(task: SeriesTask, basis: BasisSet) -> SeriesOutcome:
    """One series, or why there is none; kept for the next run."""
    done, problems = attempt(partial(_fitted, task, basis), task.scans[0].metabolite, "series", task.output)
    outcome = done or SeriesOutcome(None, problems, 0)
    if done is not None:
        told = replace(outcome, problems=tuple(relative_to(task.root, one) for one in outcome.problems))
        write_text(task.place, sealed(f"{task.key}\n{json.dumps(to_json(told))}"))
    return outcome


def kept_session(task: SeriesTask) -> SeriesOutcome | None:
    """What an earlier run left of the same series; None where anything it depends on has changed."""
    if not is_file(task.place):
        return None
    try:
        key, _, content = unsealed(read_text(task.place, "utf-8")).partition("\n")
        found = from_json(SeriesOutcome, json.loads(content)) if key == task.key else None
    except (OSError, ValueError, NotARecord, RecursionError):
        return None
    if found is None:
        return None
    here = [replace(one, file=str(task.root / one.file)) if one.file else one for one in found.problems]
    return replace(found, problems=tuple(here))


def _fitted(task: SeriesTask, basis: BasisSet) -> SeriesOutcome:
    check_basis(basis)
    problems = list(task.problems)
    opened = [open_scan(files) for files in task.scans]
    blocks: list[Block] = []
    planned = 0
    for number, files in enumerate(task.scans):
        before = len(problems)
        known = _known(task, number, opened, problems)
        if any(one.severity == "error" for one in problems[before:]):
            planned += 1
            continue
        for row, span in _rows(task, number, opened[number], known):
            planned += 1
            spectrum, found = prepared_block(row, files, opened[number], basis, task.settings[number])
            problems += [one for one in found if one not in problems]
            if missing := _without_value(task.declared.courses, row):
                problems += [one for one in missing if one not in problems]
            elif spectrum is not None:
                blocks.append(Block(spectrum, row, span))
    columns = tuple(one.name for one in task.declared.courses)
    settings = task.settings[0].fit
    where = task.scans[0].metabolite
    done = fit_blocks(blocks, (where, columns), basis, settings, task.declared.follows)
    fitted = None if done.fitted is None else named(done.fitted, task.name, task.subject, task.scans[0].session)
    if fitted is not None and not fitted.converged:
        rule, remedy = "the search must come to an end", "look at the spectra of the series; use fewer, longer blocks"
        problems.append(input_problem(where, "series", rule, "not converged: its changes do not count", remedy))
        fitted = replace(fitted, changes=tuple(replace(one, excluded="not converged") for one in fitted.changes))
    return SeriesOutcome(fitted, (*problems, *done.problems), planned - len(blocks))


def _length_min(opened: Opened) -> float:
    if opened.recordings is None:
        return 0.0
    fids = opened.recordings.metabolite
    return fids.transients * fids.acquisition.repetition_time_s / 60.0


def _known(task: SeriesTask, number: int, opened: Sequence[Opened], problems: list[InputProblem]) -> SessionFacts:
    begun = task.begun_min[number]
    ends = [start + _length_min(one) for start, one in zip(task.begun_min, opened, strict=True)]
    files = task.scans[number]
    events: dict[str, tuple[tuple[float, float], ...]] = {}
    if any(one.events for one in task.declared.courses):
        own = Problems(files.metabolite)
        events = {
            name: tuple((begun + onset, duration) for onset, duration in spans)
            for name, spans in read_events(files, own).items()
        }
        problems += own.found
        if events and (
            strange := [one.events for one in task.declared.courses if one.events and one.events not in events]
        ):
            rule, remedy = "must be a trial_type of the events", f"there are: {', '.join(events)}"
            found = input_problem(
                files.metabolite, "series.courses.events", rule, ", ".join(strange), remedy, "warning"
            )
            problems.append(found)
    end = max((one for one in ends if math.isfinite(one)), default=math.nan)
    return SessionFacts(entities=tuple(files.name.split("_")), end_min=end, events=events, levels=task.levels)


def _rows(
    task: SeriesTask, number: int, opened: Opened, known: SessionFacts
) -> list[tuple[CourseRow, tuple[float, float]]]:
    """The blocks of one recording: transients, what each course was meanwhile, and from when to when."""
    if opened.recordings is None:
        return [(CourseRow(file=Path(task.scans[number].metabolite), transients=None, where="", values=()), (0.0, 0.0))]
    fids = opened.recordings.metabolite
    rows = []
    for first, last in _cuts(fids, task.declared.block_transients):
        tr_min = fids.acquisition.repetition_time_s / 60.0
        span = (task.begun_min[number] + (first - 1) * tr_min, task.begun_min[number] + last * tr_min)
        values = tuple(course_value(one, span, known) for one in task.declared.courses)
        whole = (first, last) == (1, fids.transients)
        row = CourseRow(
            file=Path(task.scans[number].metabolite),
            transients=None if whole else (first, last),
            where=f"transients {first} to {last}",
            values=values,
        )
        rows.append((row, span))
    return rows


def _cuts(fids: Fids, size: int | None) -> list[tuple[int, int]]:
    """First and last transient of each block, from 1; every transient is in one of them."""
    count = fids.transients
    if size is None or count <= size:
        return [(1, count)]
    edges = list(range(0, count, size))
    if count - edges[-1] < _LEAST_LAST * size:
        edges.pop()
    return [(start + 1, end) for start, end in zip(edges, [*edges[1:], count], strict=True)]


def _without_value(courses: Sequence[DeclaredCourse], row: CourseRow) -> list[InputProblem]:
    """Courses that tell nothing of the time of this block."""
    return [
        input_problem(
            row.file, f"series.courses.{course.name}", _RULES[_kind(course)], row.where, _REMEDIES[_kind(course)]
        )
        for course, value in zip(courses, row.values, strict=False)
        if not math.isfinite(value)
    ]


def _kind(course: DeclaredCourse) -> str:
    return "scans" if course.scans else "measured" if course.measured is not None else "clock"


_RULES = {
    "scans": "exactly one entity of series.courses.scans must be in the name of each recording",
    "measured": "there must be a sample before the start and one after the end of each block",
    "clock": "the time of each recording must be known where a session has several",
}
_REMEDIES = {
    "scans": "name this recording too, e.g. run-2: 1",
    "measured": "bring the samples (a line with 0 before the infusion is one); until then the block is left out",
    "clock": "bring *_scans.tsv with filename and acq_time beside the mrs folder, or use a course of the kind scans",
}


def levels_of(every: dict[str, Levels], scan: ScanFiles) -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    """What was measured in the session of `scan`, by column."""
    place = (scan.subject, scan.session)
    return {column: found[place] for column, found in every.items() if place in found}


def begun(scans: list[ScanFiles]) -> tuple[tuple[float, ...], tuple[InputProblem, ...]]:
    problems = Problems(scans[0].metabolite)
    return tuple(minutes_of(scans, problems)), tuple(problems.found)
