"""What every regression gives back: coefficients with their uncertainty; and what makes one impossible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from pharmrs.core.records.arrays import FloatArray, read_only
from pharmrs.trial.least_squares.linear import DesignMatrix, aliased_terms
from pharmrs.trial.least_squares.not_estimable import NotEstimable

FEWEST_ROWS = 4  # below this no model of a study has a meaning, whatever the algebra allows


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """Terms of one model; all arrays have shape (terms,). `df` is inf where the reference is the normal distribution.

    `n`: rows used; `subjects`: independent units behind them (0: not clustered); `notes`: what a reader must know.
    """

    method: str
    terms: tuple[str, ...]
    estimate: FloatArray
    se: FloatArray
    df: FloatArray
    p: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    n: int
    subjects: int = 0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, item.name, read_only(value, np.float64))

    @property
    def statistic(self) -> FloatArray:
        """Estimate over standard error; NaN where the standard error is 0."""
        return np.asarray(self.estimate / np.where(self.se > 0, self.se, np.nan))

    def position(self, term: str) -> int:
        """Where `term` stands. Raises ValueError when the model has no such term."""
        return self.terms.index(term)


def wald(
    method: str,
    terms: Sequence[str],
    estimate: FloatArray,
    se: FloatArray,
    df: ArrayLike,
    *,
    n: int,
    subjects: int = 0,
    notes: Sequence[str] = (),
    level: float = 0.95,
) -> Coefficients:
    """Coefficients with t tests and intervals on `df` degrees of freedom (scalar or one per term; inf: normal)."""
    freedom = np.broadcast_to(np.asarray(df, dtype=float), estimate.shape).copy()
    usable = (se > 0) & (freedom > 0)
    statistic = np.where(usable, estimate / np.where(usable, se, 1.0), np.nan)
    spread = np.where(usable, se * stats.t.ppf(0.5 + level / 2, np.where(usable, freedom, 1.0)), np.nan)
    return Coefficients(
        method=method,
        terms=tuple(terms),
        estimate=estimate,
        se=se,
        df=freedom,
        p=np.asarray(2 * stats.t.sf(np.abs(statistic), np.where(usable, freedom, 1.0))),
        ci_low=estimate - spread,
        ci_high=estimate + spread,
        n=n,
        subjects=subjects,
        notes=tuple(notes),
    )


def check_estimable(method: str, outcome: FloatArray, design: FloatArray, terms: Sequence[str]) -> None:
    """Raise `NotEstimable` where `outcome ~ design` has too few rows, a constant outcome or aliased columns.

    Raises ValueError on missing values or unequal lengths: choosing the rows is the caller's decision.
    """
    if design.shape != (len(outcome), len(terms)):
        raise ValueError(f"design must be ({len(outcome)}, {len(terms)}), is {design.shape}")
    if not (np.isfinite(outcome).all() and np.isfinite(design).all()):
        raise ValueError("outcome and design must be finite: leave incomplete rows out first")
    if len(outcome) < FEWEST_ROWS:
        raise NotEstimable(f"{method}: {len(outcome)} rows, at least {FEWEST_ROWS} are needed")
    if len(outcome) <= len(terms):
        raise NotEstimable(f"{method}: {len(outcome)} rows for {len(terms)} coefficients")
    if np.ptp(outcome) == 0:
        raise NotEstimable(f"{method}: the outcome is constant")
    lost = aliased(design, terms)
    if lost:
        raise NotEstimable(f"{method}: singular, not separable from the terms before: {', '.join(lost)}")


def column_names(design: FloatArray) -> tuple[str, ...]:
    """Names for the columns of a matrix that has none."""
    return tuple(f"column {column + 1}" for column in range(design.shape[1]))


def aliased(design: FloatArray, terms: Sequence[str]) -> list[str]:
    """Terms that are linear combinations of the ones before them."""
    return aliased_terms(DesignMatrix(matrix=design, terms=tuple(terms), hypothesis=(), formula=""))
