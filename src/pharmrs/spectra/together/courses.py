"""Courses over time: what a spectrum that lasted from here to there saw of each in the mean."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.records.declared_series import DeclaredCourse, Infusion, Rise, Span

_POINTS = 400  # of a span: the mean of a straight line or an exponential is right to 1e-5
_PEAK_STEP_MIN = 0.02


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What is known of one recording: `entities` of its name, `events` as (onset, duration) in minutes on the clock of
    the session by trial type, `levels` as (minutes, values) by column; `end_min` of the session."""

    entities: tuple[str, ...]
    end_min: float
    events: dict[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    levels: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = field(default_factory=dict)


def course_value(course: DeclaredCourse, span: tuple[float, float], known: SessionFacts) -> float:
    """Mean of the course over `span` (minutes); NaN where what is known does not tell it."""
    if course.scans:
        found = [value for entity, value in course.scans.items() if entity in known.entities]
        return found[0] if len(found) == 1 else float("nan")
    if course.measured is not None:
        times, values = known.levels.get(course.measured, ((), ()))
        if not times or span[0] < times[0] or span[1] > times[-1]:
            return float("nan")
        return _mean(lambda t: np.interp(t, times, values), span) / course.per
    if course.events is not None:
        spans = known.events.get(course.events, ())
        return _share([(onset, onset + duration) for onset, duration in spans], span)
    if course.infusion is not None:
        infusion = course.infusion
        return _mean(lambda t: plasma_level(infusion, t), span) / peak_level(infusion)
    if course.steps:
        return _share([(one.from_min, _end(one, known)) for one in course.steps], span)
    if course.ramp is not None:
        first, last = course.ramp.from_min, _end(course.ramp, known)
        return _mean(lambda t: np.clip((t - first) / (last - first), 0.0, 1.0), span)
    rise = course.saturating
    assert isinstance(rise, Rise), "a course has one of its kinds"
    return _mean(lambda t: -np.expm1(-np.maximum(t - rise.from_min, 0.0) / rise.time_constant_min), span)


def _end(span: Span, known: SessionFacts) -> float:
    return known.end_min if span.to_min is None else span.to_min


def _share(spans: Sequence[tuple[float, float]], within: tuple[float, float]) -> float:
    """How much of `within` lies in `spans`; what lies in two counts once."""
    edges = np.unique(np.clip(np.array([*within, *(edge for one in spans for edge in one)]), *within))
    covered = 0.0
    for low, high in itertools.pairwise(edges):
        middle = 0.5 * (low + high)
        covered += float(high - low) if any(start < middle < end for start, end in spans) else 0.0
    return covered / (within[1] - within[0])


def _mean(function: Callable[[FloatArray], FloatArray], span: tuple[float, float]) -> float:
    middles = (np.arange(_POINTS) + 0.5) / _POINTS
    return float(np.mean(function(span[0] + (span[1] - span[0]) * middles)))


def plasma_level(infusion: Infusion, minutes: FloatArray) -> FloatArray:
    """Concentration in plasma, mg/L, at `minutes`: each dose adds its own, whatever went before (linear kinetics).

    A unit impulse decays as the sum of one or two exponentials; an infusion is its integral (Gibaldi and Perrier,
    Pharmacokinetics, 1982, chapter 2).
    """
    elimination = infusion.clearance_l_per_h_kg / 60.0 / infusion.volume_l_per_kg
    into, back = infusion.to_tissue_per_min, infusion.from_tissue_per_min
    total = elimination + into + back
    root = np.sqrt(max(total**2 - 4.0 * elimination * back, 0.0))
    if into > 0.0:
        rates = np.array([0.5 * (total + root), 0.5 * (total - root)])
        shares = np.array([rates[0] - back, back - rates[1]]) / (rates[0] - rates[1])
    else:
        rates, shares = np.array([elimination]), np.array([1.0])
    level = np.zeros(np.shape(minutes))
    for dose in infusion.doses:
        rate = dose.mg_per_kg / dose.minutes / infusion.volume_l_per_kg
        since = np.maximum(minutes - dose.from_min, 0.0)
        after = np.maximum(since - dose.minutes, 0.0)
        for decay, share in zip(rates, shares, strict=True):
            level = level + rate * share / decay * (np.exp(-decay * after) - np.exp(-decay * since))
    return np.asarray(level)


def peak_level(infusion: Infusion) -> float:
    """Highest concentration in plasma, mg/L: at the end of a dose, or between two."""
    last = max(dose.from_min + dose.minutes for dose in infusion.doses)
    first = min(dose.from_min for dose in infusion.doses)
    ends = [dose.from_min + dose.minutes for dose in infusion.doses]
    return float(plasma_level(infusion, np.array([*np.arange(first, last, _PEAK_STEP_MIN), *ends])).max())
