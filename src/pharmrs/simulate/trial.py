"""Draws a trial: people, orders of treatment, and the truth of every visit.

Each person has random numbers of their own (seed, person), so a larger trial of the same seed begins with the same
people, and nothing depends on the order in which the rest is made.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np

from pharmrs.simulate.effects import Effects
from pharmrs.simulate.trial_records import Participant, Trial, TrialSettings, Visit
from pharmrs.trial.power.trial_model import TrueCourse, course
from pharmrs.trial.records.declared_design import Design

_ORDERS, _PERSON, _VISITS = 0, 1, 2  # streams of random numbers
_WASH_OUT_DAYS = 21
VOXEL_MEAN = (0.60, 0.25, 0.15)  # grey matter, white matter, CSF of a box in the pregenual cingulate
_VOXEL_PERSON_SD, _VOXEL_VISIT_SD = 0.035, 0.012


def stream(settings: TrialSettings, *keys: int) -> np.random.Generator:
    """The random numbers of one purpose: the same for the same seed and keys, whatever else is drawn."""
    return np.random.default_rng([settings.seed, *keys])


def draw_trial(settings: TrialSettings, source: str = "simulate") -> Trial:
    """The truth of a whole trial. Raises `InputError` with everything that is wrong with `settings`."""
    settings.check(source)
    orders = _orders(settings)
    width = max(2, len(str(settings.participants)))
    participants = tuple(
        _participant(settings, f"{index + 1:0{width}d}", index, order) for index, order in enumerate(orders)
    )
    visits = tuple(visit for index, person in enumerate(participants) for visit in _visits_of(settings, person, index))
    return Trial(settings=settings, participants=participants, visits=visits)


def sequences(design: Design) -> tuple[tuple[str, ...], ...]:
    """The orders people are allocated to: parallel, one treatment each; crossover, every cyclic rotation.

    With two treatments these are both orders; with more, each treatment comes once in each period (Latin square).
    """
    treatments = tuple(design.treatments)
    if design.kind == "parallel":
        return tuple((name,) for name in treatments)
    return tuple(treatments[k:] + treatments[:k] for k in range(len(treatments)))


def _orders(settings: TrialSettings) -> list[tuple[str, ...]]:
    """Blocked randomisation: every block holds each order twice, so groups differ by two people at most."""
    rng = stream(settings, _ORDERS)
    block = [*sequences(settings.design), *sequences(settings.design)]
    drawn: list[tuple[str, ...]] = []
    while len(drawn) < settings.participants:
        drawn += [block[place] for place in rng.permutation(len(block))]
    return drawn[: settings.participants]


def _participant(settings: TrialSettings, label: str, index: int, order: tuple[str, ...]) -> Participant:
    population = settings.planted.population
    rng = stream(settings, _PERSON, index)
    age, bmi = (rng.normal(*population.age_years), rng.normal(*population.bmi))
    names = tuple(population.genotypes)
    return Participant(
        label=label,
        age_years=round(float(np.clip(age, 18.0, 60.0)), 1),
        bmi=round(float(np.clip(bmi, 18.0, 40.0)), 1),
        sex="F" if rng.random() < population.female_share else "M",
        genotype=names[int(rng.choice(len(names), p=list(population.genotypes.values())))],
        sequence=order,
    )


def _visits_of(settings: TrialSettings, person: Participant, index: int) -> list[Visit]:
    """Baseline and follow-up of every period of one person."""
    rng = stream(settings, _VISITS, index)
    effects, population = settings.planted, settings.planted.population
    own_metabolite = rng.normal(0.0, population.metabolite_person_sd)
    own_biomarker = rng.normal(0.0, population.biomarker_person_sd)
    own_voxel = rng.normal(0.0, _VOXEL_PERSON_SD, 2)
    visits: list[Visit] = []
    for period, treatment in enumerate(person.sequence, start=1):
        before = person.sequence[period - 2] if period > 1 else ""
        level = math.log(population.biomarker_median) + own_biomarker + _period_shift(effects, period, before)
        true = _course(effects, person, treatment, (math.log(population.metabolite_mm) + own_metabolite, level), rng)
        hours = _hours(population.sampling_hours, rng)
        for second, hour in enumerate(hours):
            gray, white = _voxel(own_voxel, rng)
            drift = population.biomarker_per_hour * (hour - sum(population.sampling_hours) / 2)
            visit = Visit(
                participant=person,
                session=str(len(visits) + 1),
                period=period,
                time_point=settings.design.follow_up if second else settings.design.baseline,
                treatment=treatment,
                day=(period - 1) * _WASH_OUT_DAYS + second,
                clock_time_h=hour,
                metabolite_mm=math.exp(true.metabolite[second]),
                biomarker=math.exp(true.biomarker[second] + drift),
                gray_matter=gray,
                white_matter=white,
                csf=1.0 - gray - white,
            )
            visits.append(_with_losses(visit, effects, rng))
    return visits


def _period_shift(effects: Effects, period: int, before: str) -> float:
    """Shift of ln(biomarker) in a period: the period's own and what the treatment before left behind."""
    left = effects.population.carry_over * effects.treatments[before].biomarker_change if before else 0.0
    return effects.population.period_effect * (period - 1) + left


def _course(
    effects: Effects, person: Participant, treatment: str, levels: tuple[float, float], rng: np.random.Generator
) -> TrueCourse:
    """What is true in a period of one person: the effects of the treatment, the alleles, the spread of visits."""
    effect, population = effects.treatments[treatment], effects.population
    visit = rng.normal(0.0, population.metabolite_visit_sd)
    wander = rng.normal(effect.metabolite_change, effect.metabolite_sd) - effect.metabolite_change
    alleles = person.genotype.split("/").count(minor_allele(tuple(population.genotypes)))
    before, after = (float(rng.normal(0.0, population.biomarker_visit_sd)) for _ in range(2))
    return course(
        levels=(levels[0] + visit, levels[1]),
        means=(effect.metabolite_change, effect.biomarker_change),
        slope=effect.slope,
        wander=float(wander),
        rest=(before, after + population.biomarker_per_allele * alleles),
    )


def minor_allele(genotypes: tuple[str, ...]) -> str:
    """The allele that the last genotype carries twice: genotypes are listed from major to minor."""
    return genotypes[-1].split("/")[-1]


def _hours(limits: tuple[float, float], rng: np.random.Generator) -> tuple[float, float]:
    """Hour of the day at baseline, and about 24 h later, both to the minute and within the limits."""
    first = rng.uniform(*limits)
    second = float(np.clip(first + rng.normal(0.0, 0.75), *limits))
    return tuple(round(hour * 60) / 60 for hour in (float(first), second))  # type: ignore[return-value]


def _voxel(own: np.ndarray[tuple[int], np.dtype[np.float64]], rng: np.random.Generator) -> tuple[float, float]:
    """Grey and white matter of the voxel at one visit."""
    gray, white = np.array(VOXEL_MEAN[:2]) + own + rng.normal(0.0, _VOXEL_VISIT_SD, 2)
    gray = float(np.clip(gray, 0.35, 0.8))
    return gray, float(np.clip(white, 0.05, 0.95 - gray))


def _with_losses(visit: Visit, effects: Effects, rng: np.random.Generator) -> Visit:
    scan, bad, sample = rng.random(3)
    losses = effects.losses
    return replace(
        visit,
        has_scan=bool(scan >= losses.lost_scans),
        bad_scan=bool(bad < losses.bad_scans) or visit.name in losses.always_bad,
        has_sample=bool(sample >= losses.lost_samples),
    )


def pairs(trial: Trial) -> list[tuple[Visit, Visit]]:
    """Baseline and follow-up of every person and period."""
    groups = itertools.groupby(trial.visits, key=lambda visit: (visit.participant.label, visit.period))
    return [(first, second) for _, (first, second) in ((key, tuple(group)) for key, group in groups)]
