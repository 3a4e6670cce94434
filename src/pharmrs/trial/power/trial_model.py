"""The one model of a trial's truth: how a treatment moves metabolite and biomarker, and trials drawn from it.

`pharmrs power` and the tests of the models draw observation tables here; `simulate` adds people, losses, recordings and
plates to the same `Course`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.observations import NOT_CENSORED, Observation, ObservationTable
from pharmrs.trial.records.truth import TrialTruth

TIME_POINTS = ("baseline", "follow_up")
_FIRST_SAMPLE_H, _LAST_SAMPLE_H = 8.0, 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueCourse:
    """Natural logs of both quantities before and after a treatment."""

    metabolite: tuple[float, float]
    biomarker: tuple[float, float]


def course(
    *,
    levels: tuple[float, float],
    means: tuple[float, float],
    slope: float,
    wander: float,
    rest: tuple[float, float] = (0.0, 0.0),
    at_baseline: float = 0.0,
) -> TrueCourse:
    """What is true in one period, in natural logs; metabolite first.

    `levels`: where both quantities would stay without a treatment. `means`: mean change under it. `wander`: how far the
    metabolite's change is from its mean; `slope` times it moves the biomarker along. `rest`: what else moves the
    biomarker, before and after. `at_baseline`: share of `wander` that is there before only; 0: it comes after.
    """
    before, after = -at_baseline * wander, (1.0 - at_baseline) * wander
    metabolite, biomarker = levels
    return TrueCourse(
        metabolite=(metabolite + before, metabolite + after + means[0]),
        biomarker=(biomarker + slope * before + rest[0], biomarker + slope * after + means[1] + rest[1]),
    )


def draw_trial(truth: TrialTruth, subjects: int, generator: np.random.Generator) -> ObservationTable:
    """A trial of `subjects` participants. Sequences (crossover) or treatments (parallel) are balanced in blocks."""
    rows: list[Observation] = []
    orders = orders_of(truth, subjects, generator)
    for number, order in enumerate(orders, start=1):
        rows += _participant(f"S{number:04d}", order, truth, generator)
    return ObservationTable.of(
        rows, kind=truth.kind, treatments=truth.treatments, baseline=TIME_POINTS[0], follow_up=TIME_POINTS[1],
        sequences=truth.sequences, doses=truth.doses,
    )  # fmt: skip


def orders_of(truth: TrialTruth | Design, subjects: int, generator: np.random.Generator) -> list[tuple[int, ...]]:
    """Treatments of each participant in the order of the periods; every order occurs as often, as far as it divides."""
    arms = range(len(truth.treatments))
    possible = list(itertools.permutations(arms)) if truth.kind == "crossover" else [(arm,) for arm in arms]
    if truth.sequences:
        possible = [tuple(truth.treatments.index(name) for name in order) for order in truth.sequences]
    chosen = [possible[place % len(possible)] for place in range(subjects)]
    return [chosen[place] for place in generator.permutation(subjects)]


def _participant(
    name: str, order: tuple[int, ...], truth: TrialTruth, generator: np.random.Generator
) -> list[Observation]:
    draw = generator.standard_normal
    own_m, own_b = truth.metabolite_person_sd * draw(), truth.biomarker_person_sd * draw()
    shared = truth.shared_change_sd * draw()
    repeated = any(len(set(one)) < len(one) for one in truth.sequences)
    rows: list[Observation] = []
    for period, arm in enumerate(order, start=1):
        sd_m, sd_b = truth.change_sds(arm)
        wander, rest, there = sd_m * draw(), shared + sd_b * draw(), truth.at_baseline
        true = course(
            levels=(
                np.log(truth.metabolite_median) + own_m + truth.metabolite_visit_sd * draw(),
                np.log(truth.biomarker_median) + own_b + truth.biomarker_visit_sd * draw(),
            ),
            means=(truth.metabolite_changes[arm], truth.biomarker_changes[arm]),
            slope=truth.slopes[arm],
            wander=wander,
            rest=(-there * rest, (1.0 - there) * rest + (truth.period_change if period > 1 else 0.0)),
            at_baseline=there,
        )
        for point, time_point in enumerate(TIME_POINTS):
            rows.append(
                _observation(
                    (name, truth.treatments[arm], time_point), "-".join(truth.treatments[a] for a in order), period,
                    true.metabolite[point], true.biomarker[point], truth, generator, period if repeated else 0,
                )
            )  # fmt: skip
    return rows


def _observation(
    key: tuple[str, str, str],
    sequence: str,
    period: int,
    log_metabolite: float,
    log_biomarker: float,
    truth: TrialTruth,
    generator: np.random.Generator,
    occasion: int,
) -> Observation:
    noise = generator.standard_normal(2)
    lost_m, lost_b = generator.random(2) < (truth.missing_metabolite, truth.missing_biomarker)
    clock = float(generator.uniform(_FIRST_SAMPLE_H, _LAST_SAMPLE_H))
    metabolite = float(np.exp(log_metabolite + truth.metabolite_error_sd * noise[0]))
    biomarker = float(np.exp(log_biomarker + truth.biomarker_error_sd * noise[1]))
    below = biomarker < truth.lower_limit
    nan = float("nan")
    return Observation(
        subject=key[0], treatment=key[1], time_point=key[2], sequence=sequence, period=period, occasion=occasion,
        clock_time_h=clock,
        metabolite=nan if lost_m else metabolite,
        metabolite_sd=nan if lost_m else metabolite * truth.metabolite_error_sd,
        biomarker=nan if lost_b or below else biomarker,
        biomarker_sd=nan if lost_b or below else biomarker * truth.biomarker_error_sd,
        biomarker_censored="left" if below and not lost_b else NOT_CENSORED,
        biomarker_limit=truth.lower_limit if below and not lost_b else nan,
    )  # fmt: skip
