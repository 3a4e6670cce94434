"""Bias-corrected and accelerated bootstrap over participants (Efron 1987, 10.1080/01621459.1987.10478410)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.tests.resampling_weights import weighted_estimates

_MOST_LOST = 0.05  # share of samples without a solution above which an interval would describe another population


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapInterval:
    """Interval of each term (terms,). `lost`: samples in which the terms could not be told apart."""

    ci_low: FloatArray
    ci_high: FloatArray
    se: FloatArray
    samples: int
    lost: int


def bca_interval(
    outcome: FloatArray,
    design: FloatArray,
    subjects: tuple[str, ...],
    *,
    seed: int,
    samples: int = 4000,
    level: float = 0.95,
) -> BootstrapInterval:
    """Resample participants with all their rows; least squares in every sample. Raises `NotEstimable`.

    `outcome` (rows,), `design` (rows, terms); `subjects` names the participant of each row.
    """
    rows = PersonRows.of(subjects)
    people = len(rows)
    if people < 4:
        raise NotEstimable(f"bootstrap: {people} participants, 4 are the least")
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(people, np.full(people, 1 / people), size=samples).astype(float)
    estimates, usable = weighted_estimates(outcome, design, rows, drawn)
    lost = int(np.sum(~usable))
    if lost > _MOST_LOST * samples:
        raise NotEstimable(f"bootstrap: {lost} of {samples} samples of participants do not determine the terms")
    replicates = estimates[usable]
    whole = weighted_estimates(outcome, design, rows, np.ones((1, people)))[0][0]
    without = leave_one_out(outcome, design, subjects)[0]
    if not np.isfinite(without).all():
        raise NotEstimable("bootstrap: without one of the participants the terms cannot be told apart")
    bias = stats.norm.ppf(np.clip(np.mean(replicates < whole, axis=0), 0.5 / samples, 1 - 0.5 / samples))
    deviation = without.mean(axis=0) - without
    acceleration = np.sum(deviation**3, axis=0) / (6 * np.maximum(np.sum(deviation**2, axis=0), 1e-300) ** 1.5)
    limits = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        z = float(stats.norm.ppf(tail))
        shifted = bias + (bias + z) / (1 - acceleration * (bias + z))
        shares = stats.norm.cdf(shifted)
        limits.append([float(np.quantile(replicates[:, k], shares[k])) for k in range(len(whole))])
    return BootstrapInterval(
        ci_low=np.array(limits[0]), ci_high=np.array(limits[1]), se=replicates.std(axis=0, ddof=1), samples=samples,
        lost=lost,
    )  # fmt: skip


def leave_one_out(
    outcome: FloatArray, design: FloatArray, subjects: tuple[str, ...]
) -> tuple[FloatArray, tuple[str, ...]]:
    """Estimates (participants, terms) without each participant, and their names; NaN where that is singular."""
    people = PersonRows.of(subjects)
    whole, usable = weighted_estimates(outcome, design, people, 1 - np.eye(len(people)))
    return np.where(usable[:, None], whole, np.nan), people.names
