"""Series of a simulated trial: recordings during which the metabolite follows the first declared course."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.errors import InputError, input_problem
from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.records.columns import column
from pharmrs.simulate.effects import PlantedSeries
from pharmrs.simulate.scan_records import SimulatedScanner
from pharmrs.simulate.trial_records import Visit
from pharmrs.spectra.records.declared_series import DeclaredCourse, Series
from pharmrs.spectra.together.courses import SessionFacts, course_value

_USUAL_TRANSIENTS = 16  # of one spectrum of the trial
_FEWEST_BLOCKS, _MOST_BLOCKS = 8, 40
_SETTLED = 3.0  # time constants


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueSeries:
    """What was planted in one session."""

    series: str = column("Series: the name its recordings share.")
    subject: str = column("Participant.")
    session: str = column("Session.")
    treatment: str = column("What was given.")
    metabolite: str = column("Metabolite that followed the course; no other one did.")
    course: str = column("The course.")
    change_percent: float = column("Its change for 1 in the course, of its level where the course is 0.", "%")


@dataclass(frozen=True, slots=True)
class RecordingOfSeries:
    """Entities of its name after the visit's, and the course at each of its transients."""

    entities: str
    course: FloatArray


def planted_series(declared: Series, metabolite: str, treatments: tuple[str, ...], percent: float) -> PlantedSeries:
    """The first treatment, the reference, changes nothing; all others by `percent`. Raises `InputError`."""
    first, problems = declared.courses[0], []
    if not declared.scan:
        rule, remedy = "must tell recordings of a series from the other scans", "declare an entity, e.g. task-infusion"
        problems.append(input_problem("study.yaml", "series.scan", rule, "missing", remedy))
    if first.measured is not None or first.events is not None:
        rule, remedy = "samples and events are not simulated", "name a course of steps or an infusion first"
        problems.append(input_problem("study.yaml", "series.courses", rule, first.name, remedy))
    if (declared.block_transients is None) is not bool(first.scans):
        rule, remedy = "a recording that is cut needs its blocks", "declare series.block_transients, e.g. 32"
        problems.append(input_problem("study.yaml", "series.block_transients", rule, "missing", remedy))
    if problems:
        raise InputError(problems)
    named = next((name for name in declared.metabolites if name), metabolite)
    changes = {name: 0.0 if place == 0 else percent for place, name in enumerate(treatments)}
    return PlantedSeries(declared=declared, metabolite=named, percent=changes)


def recordings_of(planted: PlantedSeries, repetition_s: float) -> list[RecordingOfSeries]:
    """What is recorded in one session: one long recording, or one for each entity of the course."""
    declared = planted.declared
    course = declared.courses[0]
    if course.scans:
        return [
            RecordingOfSeries(f"{declared.scan}_{entity}", np.full(_USUAL_TRANSIENTS, value))
            for entity, value in course.scans.items()
        ]
    size = declared.block_transients or _USUAL_TRANSIENTS
    blocks = math.ceil(_last_min(declared) * 60.0 / repetition_s / size) + 1
    count = size * min(max(blocks, _FEWEST_BLOCKS), _MOST_BLOCKS)
    tr_min = repetition_s / 60.0
    known = SessionFacts(entities=(declared.scan,), end_min=count * tr_min)
    values = [course_value(course, (k * tr_min, (k + 1) * tr_min), known) for k in range(count)]
    return [RecordingOfSeries(declared.scan, np.array(values))]


def _last_min(declared: Series) -> float:
    """When the last thing happens that the courses tell of."""

    def of(course: DeclaredCourse) -> list[float]:
        spans = [*course.steps, *([course.ramp] if course.ramp is not None else [])]
        ends = [one.from_min if one.to_min is None else one.to_min for one in spans]
        if course.infusion is not None:
            ends += [dose.from_min + dose.minutes for dose in course.infusion.doses]
        if course.saturating is not None:
            ends.append(course.saturating.from_min + _SETTLED * course.saturating.time_constant_min)
        return ends

    return max((end for course in declared.courses for end in of(course)), default=0.0)


def true_change(planted: PlantedSeries, visit: Visit, rng: np.random.Generator) -> TrueSeries:
    declared = planted.declared
    change = float(rng.normal(planted.percent[visit.treatment], planted.person_sd_percent))
    return TrueSeries(
        series=f"{visit.name}_{declared.scan}",
        subject=visit.participant.label,
        session=visit.session,
        treatment=visit.treatment,
        metabolite=planted.metabolite,
        course=declared.courses[0].name,
        change_percent=change,
    )


def scanner_of(usual: SimulatedScanner, transients: int) -> SimulatedScanner:
    """The scanner with as many transients, none of them spoiled, as noisy as one of the usual scan."""
    more = math.sqrt(transients / _USUAL_TRANSIENTS)
    return replace(usual, transients=transients, spoiled=(), signal_to_noise=usual.signal_to_noise * more)
