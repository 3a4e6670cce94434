"""A line of its own under each treatment, with its own residual variance; differences with Satterthwaite's df.

Welch 1938, 10.1093/biomet/29.3-4.350, for slopes. With a known error of the variable, the slope of an arm is divided by
the share of its own variance that is signal (Fuller 1987, 10.1002/9780470316665).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray, IntArray
from pharmrs.trial.least_squares.coefficients import Coefficients, wald
from pharmrs.trial.least_squares.not_estimable import NotEstimable

_FEWEST = 4  # rows of an arm: two for the line, two for its scatter
_LEAST_RELIABLE = 0.1  # below this share of true variance the correction divides by almost nothing
_NOTHING = 1e-12  # share of the sum of squares below which there is no scatter


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """The line of one arm: intercept and slope, what each row adds to both (2, rows), residuals, their variance."""

    at: FloatArray
    pull: FloatArray
    residual: FloatArray
    variance: float
    df: int
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesByArm:
    """`coefficients`: intercept and slope of the first arm, differences of intercepts, differences of slopes; `sd`: of
    the residuals under each treatment.
    """

    coefficients: Coefficients
    sd: tuple[float, ...]


def lines_by_arm(
    outcome: FloatArray,
    variable: FloatArray,
    arm: IntArray,
    people: Sequence[str],
    terms: Sequence[str],
    *,
    error_sd: FloatArray | None = None,
    level: float = 0.95,
) -> LinesByArm:
    """Lines of `outcome` on `variable`, one for each number of `arm` (rows,), all (rows,).

    `error_sd`: SD of the known error of `variable`, taken out of each arm's own sum of squares. Rows of one person
    under two treatments covary as their residuals do. Raises `NotEstimable`.
    """
    method = "lines by treatment, each with its own variance" + ("" if error_sd is None else ", error taken out")
    count = int(arm.max()) + 1
    lines = [_line(method, outcome, variable, error_sd, np.flatnonzero(arm == k), people) for k in range(count)]
    covariance = np.zeros((2 * count, 2 * count))
    for k, one in enumerate(lines):
        covariance[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = one.variance * one.pull @ one.pull.T
    for (j, one), (k, other) in itertools.combinations(enumerate(lines), 2):
        shared = _shared(one, other)
        covariance[2 * j : 2 * j + 2, 2 * k : 2 * k + 2] = shared
        covariance[2 * k : 2 * k + 2, 2 * j : 2 * j + 2] = shared.T
    weights = _weights(count)
    at = np.concatenate([one.at for one in lines])
    variance = np.einsum("ti,ij,tj->t", weights, covariance, weights)
    own = np.array(
        [
            [float(weights[t, 2 * k : 2 * k + 2] @ covariance[2 * k : 2 * k + 2, 2 * k : 2 * k + 2]
                   @ weights[t, 2 * k : 2 * k + 2]) for k in range(count)]
            for t in range(len(weights))
        ]
    )  # fmt: skip
    variance = np.maximum(variance, own.max(axis=1))  # a difference is never surer than its less sure part
    freedom = variance**2 / np.sum(own**2 / np.array([one.df for one in lines]), axis=1)
    found = wald(method, terms, weights @ at, np.sqrt(variance), freedom, n=len(outcome), subjects=len(set(people)),
                 level=level)  # fmt: skip
    return LinesByArm(coefficients=found, sd=tuple(float(np.sqrt(one.variance)) for one in lines))


def _line(
    method: str, outcome: FloatArray, variable: FloatArray, error_sd: FloatArray | None, rows: IntArray,
    people: Sequence[str],
) -> _Line:  # fmt: skip
    names = tuple(people[row] for row in rows)
    if len(set(names)) < len(names):
        raise NotEstimable(f"{method}: a participant has several rows under one treatment (cr2 allows for that)")
    if len(rows) < _FEWEST:
        raise NotEstimable(f"{method}: {len(rows)} rows under one treatment, {_FEWEST} are the least")
    x, y = variable[rows] - variable[rows].mean(), outcome[rows]
    squares = float(x @ x)
    if not squares > 0:
        raise NotEstimable(f"{method}: the metabolite change does not vary under one treatment")
    share = 1.0
    if error_sd is not None:
        share = 1 - float(np.mean(error_sd[rows] ** 2)) * (len(rows) - 1) / squares
        if share < _LEAST_RELIABLE:
            left = f"the measurement error leaves {max(share, 0):.2f} of the variance of the metabolite change"
            raise NotEstimable(f"{method}: {left} under one treatment, {_LEAST_RELIABLE} is the least")
    slope = x / squares
    residual = y - y.mean() - x * float(slope @ y)
    rest = float(residual @ residual)
    if rest <= _NOTHING * float(y @ y):
        raise NotEstimable(f"{method}: the line of one treatment fits every value exactly, there is no scatter")
    slope = slope / share
    pull = np.stack([1 / len(rows) - float(variable[rows].mean()) * slope, slope])
    df = len(rows) - 2
    return _Line(at=pull @ y, pull=pull, residual=residual, variance=rest / df, df=df, people=names)


def _shared(one: _Line, other: _Line) -> FloatArray:
    """Covariance of two lines (2, 2) by the people who are in both."""
    place = {name: row for row, name in enumerate(other.people)}
    both = [(row, place[name]) for row, name in enumerate(one.people) if name in place]
    if len(both) < _FEWEST:
        return np.zeros((2, 2))
    mine, theirs = (np.array(rows) for rows in zip(*both, strict=True))
    together = float(one.residual[mine] @ other.residual[theirs]) / (len(both) - 2)
    return np.asarray(together * one.pull[:, mine] @ other.pull[:, theirs].T)


def _weights(count: int) -> FloatArray:
    """Intercepts and slopes of the arms (columns) as the terms of the main model."""
    first = [np.eye(2 * count)[0], np.eye(2 * count)[1]]
    others = [np.eye(2 * count)[2 * k + part] - first[part] for part in (0, 1) for k in range(1, count)]
    return np.array([*first, *others])
