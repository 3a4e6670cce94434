"""Power for a change during the session: sessions are drawn and compared across people as a run compares them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.trial.models.session_changes import SessionChange, across_people
from pharmrs.trial.power.simulated import SimulatedTrial
from pharmrs.trial.power.trial_model import orders_of
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.declared_power import SeriesPower

SERIES_MODEL = "series"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesBatch:
    """Simulated trials `first` to `first + count - 1` of one number of participants."""

    design: Design
    truth: SeriesPower
    alpha: float
    subjects: int
    first: int
    count: int
    model: str = SERIES_MODEL


def run_series_batch(batch: SeriesBatch) -> tuple[SimulatedTrial, ...]:
    """The trials of a batch, each with its own generator."""
    return tuple(_run(batch, number) for number in range(batch.first, batch.first + batch.count))


def _run(batch: SeriesBatch, number: int) -> SimulatedTrial:
    generator = np.random.default_rng([batch.truth.seed, batch.subjects, number])
    rows, treatments = _drawn(batch, generator), batch.design.treatments
    found = across_people(SERIES_MODEL, rows, treatments)
    tested = found[len(treatments) :] or found  # differences; one treatment has its mean alone
    known = [one for one in tested if np.isfinite(one.p)]
    if not known:
        return SimulatedTrial(estimate=float("nan"), significant=False, pairs=len(rows))
    strongest = min(known, key=lambda one: one.p)  # several: Bonferroni
    significant = strongest.p < batch.alpha / len(tested)
    return SimulatedTrial(estimate=strongest.change_percent, significant=significant, pairs=len(rows))


def _drawn(batch: SeriesBatch, generator: np.random.Generator) -> list[SessionChange]:
    truth, treatments = batch.truth, batch.design.treatments
    rows = []
    for person, order in enumerate(orders_of(batch.design, batch.subjects, generator)):
        own = truth.person_sd_percent * generator.standard_normal()
        for period, arm in enumerate(order, start=1):
            change = truth.change_percent[arm] + own + truth.session_sd_percent * generator.standard_normal()
            rows.append(SessionChange(str(person), treatments[arm], period, float(change)))
    return rows
