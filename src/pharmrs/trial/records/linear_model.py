"""A fitted linear model with everything a table and a figure of it need."""

from __future__ import annotations

from dataclasses import dataclass

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.records.analysis import EffectEstimate, StatisticalTest


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearModel:
    """Ordinary least squares: terms with t and p, F of the model, R2, and the normality of the residuals.

    `design`: shape (n, terms); `covariance` of the coefficients, shape (terms, terms); `sigma`: residual SD.
    `df`: numerator and denominator of F. `shapiro.reason` says why, where the test is not possible.
    """

    name: str
    formula: str
    estimates: tuple[EffectEstimate, ...]
    design: FloatArray
    outcome: FloatArray
    coefficients: FloatArray
    covariance: FloatArray
    residuals: FloatArray
    sigma: float
    f: float
    df: tuple[float, float]
    f_p: float
    r2: float
    adjusted_r2: float
    log_likelihood: float
    aic: float
    bic: float
    shapiro: StatisticalTest
    n: int
    subjects: int
    notes: tuple[str, ...] = ()

    @property
    def hypothesis(self) -> tuple[EffectEstimate, ...]:
        """The terms the plan is about: the interaction, one per treatment that is not the reference."""
        return tuple(estimate for estimate in self.estimates if estimate.hypothesis)
