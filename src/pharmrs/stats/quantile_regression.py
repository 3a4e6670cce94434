"""Quantile regression as a linear programme (Koenker & Bassett 1978, 10.2307/1913643)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse

from pharmrs.records.arrays import FloatArray, read_only
from pharmrs.stats.coefficients import check_estimable
from pharmrs.stats.not_estimable import NotEstimable


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
    """The exact minimum of the check loss. Intervals: by the bootstrap over participants (`bootstrap.py`)."""
    if not 0 < tau < 1:
        raise ValueError(f"tau must lie between 0 and 1, is {tau}")
    method = f"quantile regression, tau {tau:g}"
    check_estimable(method, outcome, design, terms)
    n, p = design.shape
    cost = np.concatenate([np.zeros(p), np.full(n, tau), np.full(n, 1 - tau)])
    equality = sparse.hstack([sparse.csr_array(design), sparse.eye_array(n), -sparse.eye_array(n)], format="csc")
    bounds = [(None, None)] * p + [(0, None)] * (2 * n)
    solved = optimize.linprog(cost, A_eq=equality, b_eq=outcome, bounds=bounds, method="highs-ds")
    if solved.status != 0 or solved.x is None or solved.fun is None:
        raise NotEstimable(f"{method}: {solved.message}")
    estimate = np.asarray(solved.x[:p])
    touched = int(np.sum(np.abs(outcome - design @ estimate) <= 1e-9 * max(1.0, float(np.max(np.abs(outcome))))))
    # a vertex that more or fewer rows than coefficients touch, or a price at its bound, need not be the only one
    reduced = np.asarray(solved.eqlin.marginals)
    off = np.abs(outcome - design @ estimate) <= 1e-9
    inside = bool(np.all((reduced[off] > -(1 - tau) + 1e-9) & (reduced[off] < tau - 1e-9)))
    return QuantileFit(
        terms=tuple(terms), tau=tau, estimate=read_only(estimate, np.float64), objective=float(solved.fun),
        unique=touched == p and inside, n=n,
    )  # fmt: skip
