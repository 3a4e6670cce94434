"""Quantile regression as a linear programme (Koenker & Bassett 1978, 10.2307/1913643)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from pharmrs.core.records.arrays import FloatArray, read_only
from pharmrs.trial.least_squares.coefficients import check_estimable
from pharmrs.trial.least_squares.not_estimable import NotEstimable


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileFit:
    """Coefficients of the conditional quantile `tau`. `unique`: False where several lines fit equally well."""

    terms: tuple[str, ...]
    tau: float
    estimate: FloatArray
    objective: float
    unique: bool
    n: int


def fit_quantile(outcome: FloatArray, design: FloatArray, terms: Sequence[str], tau: float = 0.5) -> QuantileFit:
    """The exact minimum of the check loss. Intervals: by the bootstrap over participants (`bootstrap.py`).

    `outcome` (rows,), `design` (rows, terms). Raises `NotEstimable`; ValueError for a `tau` that is no share.
    """
    if not 0 < tau < 1:
        raise ValueError(f"tau must lie between 0 and 1, is {tau}")
    method = f"quantile regression, tau {tau:g}"
    check_estimable(method, outcome, design, terms)
    n, p = design.shape
    # the dual: one bounded price per row and one equation per coefficient, ten times as fast as the primal
    solved = optimize.linprog(
        -outcome, A_eq=design.T, b_eq=(1 - tau) * design.sum(axis=0), bounds=(0, 1), method="highs-ds"
    )
    if solved.status != 0 or solved.x is None:
        raise NotEstimable(
            f"{method}: no line minimises the absolute deviations (the terms and rows leave no solution)"
        )
    estimate = -np.asarray(solved.eqlin.marginals)
    residual = outcome - design @ estimate
    touched = np.abs(residual) <= 1e-9 * max(1.0, float(np.max(np.abs(outcome))))
    # a vertex that more or fewer rows than coefficients touch, or a price at its bound, need not be the only one
    price = solved.x[touched]
    inside = bool(np.all((price > 1e-9) & (price < 1 - 1e-9)))
    objective = float(np.sum(residual * (tau - (residual < 0))))
    return QuantileFit(
        terms=tuple(terms), tau=tau, estimate=read_only(estimate, np.float64), objective=objective,
        unique=int(touched.sum()) == p and inside, n=n,
    )  # fmt: skip
