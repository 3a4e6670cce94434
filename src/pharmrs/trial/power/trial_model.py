"""Trials drawn from a known truth, as the observation tables an analysis would be given."""

from __future__ import annotations

import itertools

import numpy as np

from pharmrs.trial.records.observations import NOT_CENSORED, Observation, ObservationTable
from pharmrs.trial.records.truth import TrialTruth

TIME_POINTS = ("baseline", "follow_up")
_FIRST_SAMPLE_H, _LAST_SAMPLE_H = 8.0, 16.0


def draw_trial(truth: TrialTruth, subjects: int, generator: np.random.Generator) -> ObservationTable:
    """A trial of `subjects` participants. Sequences (crossover) or treatments (parallel) are balanced in blocks."""
    rows: list[Observation] = []
    orders = _orders(truth, subjects, generator)
    for number, order in enumerate(orders, start=1):
        rows += _participant(f"S{number:04d}", order, truth, generator)
    return ObservationTable.of(
        rows, kind=truth.kind, treatments=truth.treatments, baseline=TIME_POINTS[0], follow_up=TIME_POINTS[1]
    )


def _orders(truth: TrialTruth, subjects: int, generator: np.random.Generator) -> list[tuple[int, ...]]:
    """Treatments of each participant in the order of the periods; every order occurs as often, as far as it divides."""
    arms = range(len(truth.treatments))
    possible = list(itertools.permutations(arms)) if truth.kind == "crossover" else [(arm,) for arm in arms]
    chosen = [possible[place % len(possible)] for place in range(subjects)]
    return [chosen[place] for place in generator.permutation(subjects)]


def _participant(
    name: str, order: tuple[int, ...], truth: TrialTruth, generator: np.random.Generator
) -> list[Observation]:
    draw = generator.standard_normal
    own_m, own_b = truth.metabolite_person_sd * draw(), truth.biomarker_person_sd * draw()
    shared = truth.shared_change_sd * draw()
    rows: list[Observation] = []
    for period, arm in enumerate(order, start=1):
        sd_m, sd_b = truth.change_sds(arm)
        wander_m = sd_m * draw()
        wander_b = truth.slopes[arm] * wander_m + shared + sd_b * draw()
        later = truth.period_change if period > 1 else 0.0
        change_m = truth.metabolite_changes[arm] + wander_m
        change_b = truth.biomarker_changes[arm] + later + wander_b
        there = truth.at_baseline
        base_m = np.log(truth.metabolite_median) + own_m + truth.metabolite_visit_sd * draw() - there * wander_m
        base_b = np.log(truth.biomarker_median) + own_b + truth.biomarker_visit_sd * draw() - there * wander_b
        for point, time_point in enumerate(TIME_POINTS):
            rows.append(
                _observation(
                    (name, truth.treatments[arm], time_point), "-".join(truth.treatments[a] for a in order), period,
                    base_m + point * change_m, base_b + point * change_b, truth, generator,
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
) -> Observation:
    noise = generator.standard_normal(2)
    lost_m, lost_b = generator.random(2) < (truth.missing_metabolite, truth.missing_biomarker)
    clock = float(generator.uniform(_FIRST_SAMPLE_H, _LAST_SAMPLE_H))
    metabolite = float(np.exp(log_metabolite + truth.metabolite_error_sd * noise[0]))
    biomarker = float(np.exp(log_biomarker + truth.biomarker_error_sd * noise[1]))
    below = biomarker < truth.lower_limit
    nan = float("nan")
    return Observation(
        subject=key[0], treatment=key[1], time_point=key[2], sequence=sequence, period=period, clock_time_h=clock,
        metabolite=nan if lost_m else metabolite,
        metabolite_sd=nan if lost_m else metabolite * truth.metabolite_error_sd,
        biomarker=nan if lost_b or below else biomarker,
        biomarker_sd=nan if lost_b or below else biomarker * truth.biomarker_error_sd,
        biomarker_censored="left" if below and not lost_b else NOT_CENSORED,
        biomarker_limit=truth.lower_limit if below and not lost_b else nan,
    )  # fmt: skip
