"""Ordinary least squares with the table a paper prints; every degenerate case is a stated outcome."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, stats

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.records.analysis import EffectEstimate, StatisticalTest
from pharmrs.trial.records.linear_model import LinearModel

_FEWEST = 3
_MOST = 5000  # AS R94 was fitted up to here


def shapiro_test(values: FloatArray, quantity: str) -> StatisticalTest:
    """W and p of `values` (n,), or the reason why there is none."""
    n = len(values)
    if n < _FEWEST:
        return StatisticalTest(
            family="shapiro", group="", quantity=quantity, n=n, reason=f"{n} values, {_FEWEST} are the least"
        )
    if np.ptp(values) == 0.0:
        return StatisticalTest(family="shapiro", group="", quantity=quantity, n=n, reason="all values are the same")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of more than 5000 values, which `p_method` says
        w, p = stats.shapiro(values)
    method = "Royston AS R94" + (f", approximate above {_MOST} values" if n > _MOST else "")
    return StatisticalTest(
        family="shapiro", group="", quantity=quantity, statistic_name="W", statistic=float(w), p=float(p),
        p_method=method, n=n,
    )  # fmt: skip


_ALIASED = 1e-7  # relative length left of a column after the columns before it; the tolerance of R's lm
_FULL_LEVERAGE = 1e-9  # 1 - leverage below which a row is fitted exactly
_NEARLY_NOTHING = 1e-6  # share of the variance left by a fit that no measurement would give
NO_RESIDUAL = 1e-12  # residual sum of squares relative to that of the outcome: an exact fit has no error to test with


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignMatrix:
    """A design matrix with the name of each column and the columns the hypothesis is about; first column: 1.

    `treatments`: arm each column is about (empty: none); `conditions`: where the rest of an interaction is held.
    """

    matrix: FloatArray
    terms: tuple[str, ...]
    hypothesis: tuple[bool, ...]
    formula: str
    treatments: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()

    def about(self, position: int) -> dict[str, str]:
        """Arm and condition of a column, as the fields of an estimate."""
        own = {"treatment": self.treatments, "condition": self.conditions}
        return {name: texts[position] if position < len(texts) else "" for name, texts in own.items()}


Column = tuple[str, FloatArray, bool, str, str]  # term, values, whether tested, its arm, its condition


def design_of(columns: Sequence[Column], formula: str) -> DesignMatrix:
    """The design of the columns, in order."""
    return DesignMatrix(
        matrix=np.column_stack([values for _, values, *_ in columns]),
        terms=tuple(term for term, *_ in columns),
        hypothesis=tuple(tested for _, _, tested, *_ in columns),
        formula=formula,
        treatments=tuple(treatment for *_, treatment, _ in columns),
        conditions=tuple(condition for *_, condition in columns),
    )


def fit_linear_model(
    name: str, design: DesignMatrix, outcome: FloatArray, subjects: Sequence[str], alpha: float, unit: str = ""
) -> LinearModel:
    """Fit `outcome` (rows,) on `design` (rows, terms). Raises `NotEstimable` with the reason.

    t and p of each term have n - terms degrees of freedom, intervals the level 1 - alpha; F tests all terms but the
    intercept; AIC and BIC count the residual variance as a parameter, as R does.
    """
    n, count = design.matrix.shape
    _check_estimable(name, design, outcome)
    orthogonal, triangle = linalg.qr(design.matrix, mode="economic")
    coefficients = linalg.solve_triangular(triangle, orthogonal.T @ outcome)
    residuals = outcome - design.matrix @ coefficients
    rss, freedom = float(residuals @ residuals), n - count
    total = float(np.sum((outcome - outcome.mean()) ** 2))
    if rss <= NO_RESIDUAL * float(outcome @ outcome):
        raise NotEstimable(f"{name}: the model fits every value exactly, there is no residual variance to test with")
    inverse = linalg.solve_triangular(triangle, np.eye(count))
    covariance = inverse @ inverse.T * (rss / freedom)
    f = ((total - rss) / (count - 1)) / (rss / freedom) if count > 1 else math.nan
    log_likelihood = -n / 2 * (math.log(2 * math.pi * rss / n) + 1)
    r2 = 1 - rss / total
    return LinearModel(
        name=name,
        formula=design.formula,
        estimates=_table(name, design, coefficients, covariance, n, len(set(subjects)), alpha, unit),
        design=design.matrix,
        outcome=outcome,
        coefficients=coefficients,
        covariance=covariance,
        residuals=residuals,
        sigma=math.sqrt(rss / freedom),
        f=f,
        df=(float(count - 1), float(freedom)),
        f_p=float(stats.f.sf(f, count - 1, freedom)) if count > 1 else math.nan,
        r2=r2,
        adjusted_r2=1 - (1 - r2) * (n - 1) / freedom,
        log_likelihood=log_likelihood,
        aic=-2 * log_likelihood + 2 * (count + 1),
        bic=-2 * log_likelihood + math.log(n) * (count + 1),
        shapiro=shapiro_test(residuals, f"residuals of {name}"),
        n=n,
        subjects=len(set(subjects)),
        notes=(*_exactly_fitted(np.asarray(orthogonal, dtype=np.float64)), *near_exact(rss, total)),
    )


def _exactly_fitted(orthogonal: FloatArray) -> tuple[str, ...]:
    """Rows that the model passes through whatever their outcome: a term rests on each of them alone."""
    leverage = np.sum(orthogonal**2, axis=1)
    rows = int(np.sum(leverage > 1 - _FULL_LEVERAGE))
    if not rows:
        return ()
    return (f"{rows} of the rows {'has' if rows == 1 else 'have'} leverage 1: a term rests on one row alone.",)


def near_exact(rss: float, total: float) -> tuple[str, ...]:
    """A remark where hardly anything is left to be error: no measurement follows a line to a thousandth of its spread.

    `rss`, `total`: sums of squares of residuals and of the outcome about its mean.
    """
    if not rss < _NEARLY_NOTHING * total:
        return ()
    return (
        f"the terms reproduce the outcome all but exactly ({100 * rss / total:.1g} % of its variance is left): look "
        "for an outcome that was computed from the terms; p and intervals mean nothing then",
    )


def _check_estimable(name: str, design: DesignMatrix, outcome: FloatArray) -> None:
    n, count = design.matrix.shape
    if n <= count:
        raise NotEstimable(f"{name}: {n} complete rows do not determine {count} terms and a residual variance")
    if np.ptp(outcome) == 0.0:
        raise NotEstimable(f"{name}: the outcome is the same in all {n} rows")
    if lost := aliased_terms(design):
        raise NotEstimable(
            f"{name}: singular, not estimable beside the terms before: {', '.join(lost)} (constant, or a combination)"
        )


def aliased_terms(design: DesignMatrix) -> list[str]:
    """Terms whose column is a combination of the columns before it, in order."""
    kept: list[FloatArray] = []
    lost: list[str] = []
    for term, column in zip(design.terms, design.matrix.T, strict=True):
        rest = column.astype(float)
        for _ in range(2):  # twice is enough for Gram-Schmidt
            for direction in kept:
                rest = rest - direction * float(direction @ rest)
        length = float(np.linalg.norm(rest))
        if length <= _ALIASED * float(np.linalg.norm(column)):
            lost.append(term)
        else:
            kept.append(rest / length)
    return lost


def _table(
    name: str, design: DesignMatrix, coefficients: FloatArray, covariance: FloatArray, n: int, subjects: int,
    alpha: float, unit: str,
) -> tuple[EffectEstimate, ...]:  # fmt: skip
    freedom = n - len(coefficients)
    reach = float(stats.t.ppf(1 - alpha / 2, freedom))
    rows = []
    for position, term in enumerate(design.terms):
        value, se = float(coefficients[position]), math.sqrt(float(covariance[position, position]))
        rows.append(
            EffectEstimate(
                model=name, term=term, estimate=value, se=se, ci_low=value - reach * se, ci_high=value + reach * se,
                statistic=value / se, df=float(freedom), p=float(2 * stats.t.sf(abs(value / se), freedom)), n=n,
                subjects=subjects, unit=unit, hypothesis=design.hypothesis[position], **design.about(position),
            )
        )  # fmt: skip
    return tuple(rows)
