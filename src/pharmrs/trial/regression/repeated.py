"""Repeated measurements with a covariance of their own for every pair of time points (MMRM, unstructured), by REML.

Mallinckrodt et al. 2008, 10.1177/009286150804200402. The covariance is linear in its elements, so that the components
of `variance_components` serve, and Kenward-Roger's adjustment needs no second derivatives.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray, IntArray
from pharmrs.trial.least_squares.coefficients import Coefficients, check_estimable, wald
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.regression.denominators import kenward_roger
from pharmrs.trial.regression.variance_blocks import Blocks
from pharmrs.trial.regression.variance_components import estimate_components

METHOD = "repeated measures, unstructured covariance, REML"
_START_CORRELATION = 0.3
_LEAST_INFORMATION = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedFit:
    """`coefficients` with Kenward-Roger inference; `covariance` (times, times); `deviance`: the REML criterion."""

    coefficients: Coefficients
    covariance: FloatArray
    deviance: float


def fit_repeated(
    outcome: FloatArray,
    design: FloatArray,
    terms: Sequence[str],
    subjects: Sequence[str],
    times: IntArray,
    level: float = 0.95,
) -> RepeatedFit:
    """`outcome ~ design`, rows of a participant correlated freely. `times` (rows,): position 0, 1, ... of the time
    point, each at most once a participant. Raises `NotEstimable`.
    """
    check_estimable(METHOD, outcome, design, terms)
    people = PersonRows.of(subjects)
    count = int(times.max()) + 1
    pairs = list(itertools.combinations_with_replacement(range(count), 2))  # the last is a variance, above zero
    if len(people) <= count + 1:
        raise NotEstimable(f"{METHOD}: {len(people)} participants for {len(pairs)} variances and covariances")
    start = [1.0 if a == b else _START_CORRELATION for a, b in pairs]
    fit = estimate_components(_blocks(people, times, pairs), outcome, design, bounded=False, starts=[start])
    values = np.linalg.eigvalsh(fit.at.expected)
    if not fit.converged or not values[0] > _LEAST_INFORMATION * values[-1]:
        raise NotEstimable(f"{METHOD}: these rows do not tell the variances and covariances apart")
    covariance = np.zeros((count, count))
    for (a, b), value in zip(pairs, fit.components, strict=True):
        covariance[a, b] = covariance[b, a] = value
    kr = kenward_roger(fit)
    found = wald(
        METHOD, terms, fit.at.estimate, kr.se, kr.df, n=len(outcome), subjects=len(people), level=level
    )  # fmt: skip
    return RepeatedFit(coefficients=found, covariance=covariance, deviance=fit.at.deviance)


def _blocks(people: PersonRows, times: IntArray, pairs: Sequence[tuple[int, int]]) -> tuple[Blocks, ...]:
    """The rows of each participant with a kernel for each element of the covariance, by their number."""
    found = []
    for size in np.unique(people.sizes).tolist():
        rows = np.array([people.rows(person) for person in np.flatnonzero(people.sizes == size)])
        at = times[rows]
        kernels = []
        for a, b in pairs:
            here = (at[:, :, None] == a) & (at[:, None, :] == b)
            kernels.append((here | np.swapaxes(here, 1, 2)).astype(float))
        found.append(Blocks(rows, np.stack(kernels)))
    return tuple(found)
