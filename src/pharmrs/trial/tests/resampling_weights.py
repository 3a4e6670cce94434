"""Least squares under many sets of weights or designs at once: what the bootstrap and permutations are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.trial.least_squares.cross_products import sweep
from pharmrs.trial.least_squares.person_rows import PersonRows


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchedFits:
    """`estimate` (b, terms) and `se` (b, terms), cluster-robust; `usable` (b,): False where the design was singular."""

    estimate: FloatArray
    se: FloatArray
    usable: BoolArray


def clustered_fits(outcome: FloatArray, designs: FloatArray, people: PersonRows) -> BatchedFits:
    """Fits of `outcome` (rows,) on b designs (b, rows, terms), with CR1 standard errors."""
    turned = np.swapaxes(designs, 1, 2)
    fits = sweep(_bordered(turned @ designs, turned @ outcome, float(outcome @ outcome)))
    residual = outcome - (designs @ fits.estimate[:, :, None])[:, :, 0]
    influence = (designs @ fits.inverse) * residual[:, :, None]
    groups, n, terms = len(people), designs.shape[1], designs.shape[2]
    factor = groups / (groups - 1) * (n - 1) / max(n - terms, 1)
    se = np.sqrt(factor * np.sum(people.sums(influence, axis=1) ** 2, axis=1))
    return BatchedFits(estimate=fits.estimate, se=se, usable=fits.usable)


def weighted_estimates(
    outcome: FloatArray, design: FloatArray, people: PersonRows, weights: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Estimates (b, terms) of `outcome ~ design` when participants count `weights` (b, participants) times, and which
    of them are determined.
    """
    columns = np.column_stack([design, outcome])
    products = people.sums(columns[:, :, None] * columns[:, None, :])
    k = columns.shape[1]
    fits = sweep((weights @ products.reshape(len(people), k * k)).reshape(-1, k, k))
    return fits.estimate, fits.usable


def _bordered(normal: FloatArray, moments: FloatArray, square: float) -> FloatArray:
    """Cross-products (b, k + 1, k + 1) with the outcome as the last row and column."""
    k = normal.shape[1]
    whole = np.empty((len(normal), k + 1, k + 1))
    whole[:, :k, :k], whole[:, :k, k], whole[:, k, :k], whole[:, k, k] = normal, moments, moments, square
    return whole
