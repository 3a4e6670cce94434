"""Bias-corrected and accelerated bootstrap over participants (Efron 1987, 10.1080/01621459.1987.10478410)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pharmrs.records.arrays import FloatArray
from pharmrs.stats.not_estimable import NotEstimable
from pharmrs.stats.resampling_weights import batched_least_squares, membership

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
    """Resample participants with all their rows; least squares in every sample. Raises `NotEstimable`."""
    members = membership(subjects)
    people = len(members)
    if people < 4:
        raise NotEstimable(f"bootstrap: {people} participants, 4 are the least")
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(people, np.full(people, 1 / people), size=samples).astype(float)
    fits = batched_least_squares(outcome, design[None], members, drawn @ members)
    lost = int(np.sum(~fits.usable))
    if lost > _MOST_LOST * samples:
        raise NotEstimable(f"bootstrap: {lost} of {samples} samples of participants do not determine the terms")
    replicates = fits.estimate[fits.usable]
    whole = batched_least_squares(outcome, design[None], members, np.ones((1, len(outcome)))).estimate[0]
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
    members = membership(subjects)
    fits = batched_least_squares(outcome, design[None], members, 1 - members)
    return np.where(fits.usable[:, None], fits.estimate, np.nan), tuple(sorted(set(subjects)))
