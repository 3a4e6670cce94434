"""Mean, median and spread of values of which some are only known to lie below a limit.

Helsel 2012 (10.1002/9781118162729): maximum likelihood for lognormal values, regression on order statistics (ROS) with
Helsel-Cohn plotting positions (10.1029/WR024i012p01997), and Kaplan-Meier on the flipped axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.trial.least_squares.coefficients import FEWEST_ROWS
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.regression.censored_regression import fit_tobit


@dataclass(frozen=True, slots=True, kw_only=True)
class CensoredSummary:
    """Summary of left-censored values. NaN where the method has no such quantity.

    `log_intercept`, `log_slope`: mean and SD on the log scale (ROS: of the regression); `values`: the sample with
    modelled values in the place of censored ones, ascending (ROS only), never to be used one by one.
    """

    method: str
    n: int
    censored: int
    mean: float
    median: float
    sd: float = float("nan")
    mean_se: float = float("nan")
    mean_ci_low: float = float("nan")
    mean_ci_high: float = float("nan")
    log_intercept: float = float("nan")
    log_slope: float = float("nan")
    values: FloatArray | None = None


def _check(method: str, values: FloatArray, censored: BoolArray, *, positive: bool) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"{method}: leave missing values out first; a censored value is its limit")
    reason = ""
    if len(values) < FEWEST_ROWS:
        reason = f"n = {len(values)}; at least {FEWEST_ROWS} are needed"
    elif censored.all():
        reason = "every value is censored"
    elif positive and np.any(values <= 0):
        reason = "values must be positive for a lognormal method"
    elif positive and len(np.unique(values[~censored])) < 2:
        reason = "fewer than two different measured values"
    if reason:
        raise NotEstimable(f"{method}: {reason}")


def lognormal_summary(values: FloatArray, censored: BoolArray, level: float = 0.95) -> CensoredSummary:
    """Maximum likelihood for a lognormal sample; interval of the mean by Cox's method (as NADA's `cenmle`)."""
    _check("lognormal ML", values, censored, positive=True)
    n = len(values)
    fit = fit_tobit(np.log(values), -censored.astype(float), np.ones((n, 1)), ("mean",))
    center, variance = float(fit.coefficients.estimate[0]), fit.scale**2
    mean = float(np.exp(center + variance / 2))
    sd = mean * float(np.sqrt(np.expm1(variance)))
    reach = float(stats.norm.ppf(0.5 + level / 2) * np.sqrt(variance / n + variance**2 / (2 * (n + 1))))
    return CensoredSummary(
        method="lognormal ML", n=n, censored=int(censored.sum()), mean=mean, median=float(np.exp(center)), sd=sd,
        mean_se=sd / float(np.sqrt(n)), mean_ci_low=mean * float(np.exp(-reach)),
        mean_ci_high=mean * float(np.exp(reach)), log_intercept=center, log_slope=fit.scale,
    )  # fmt: skip


def plotting_positions(values: FloatArray, censored: BoolArray) -> FloatArray:
    """Helsel-Cohn plotting positions of left-censored values with one or several limits (ties by order of rows)."""
    limits = np.unique(values[censored])
    measured = values[~censored]
    exceed = np.zeros(len(limits) + 2)  # probability to exceed each limit; the first is minus infinity, the last +inf
    exceed[0] = 1.0
    for place in range(len(limits), 0, -1):
        limit = limits[place - 1]
        upper = limits[place] if place < len(limits) else np.inf
        above = float(np.sum((measured >= limit) & (measured < upper)))
        below = float(np.sum(measured < limit) + np.sum(censored & (values <= limit)))
        exceed[place] = exceed[place + 1] + above / (above + below) * (1 - exceed[place + 1])
    positions = np.empty(len(values))
    interval = np.searchsorted(limits, values, side="right")
    for place in range(len(limits) + 1):
        rows = np.flatnonzero(~censored & (interval == place))
        rows = rows[np.argsort(values[rows], kind="stable")]
        step = (exceed[place] - exceed[place + 1]) / (len(rows) + 1)
        positions[rows] = 1 - exceed[place] + step * np.arange(1, len(rows) + 1)
        hidden = np.flatnonzero(censored & (interval == place))
        positions[hidden] = (1 - exceed[place]) * np.arange(1, len(hidden) + 1) / (len(hidden) + 1)
    return positions


def regression_on_order_statistics(values: FloatArray, censored: BoolArray) -> CensoredSummary:
    """ROS: log measured values on their normal scores; the censored ones are read off the line.

    `values`, `censored` (n,): a censored value is the limit below which it lies. Raises `NotEstimable`.
    """
    _check("ROS", values, censored, positive=True)
    score = stats.norm.ppf(plotting_positions(values, censored))
    slope, intercept = np.polyfit(score[~censored], np.log(values[~censored]), 1)
    filled = np.sort(np.where(censored, np.exp(intercept + slope * score), values))
    return CensoredSummary(
        method="ROS", n=len(values), censored=int(censored.sum()), mean=float(np.mean(filled)),
        median=float(np.median(filled)), sd=float(np.std(filled, ddof=1)), log_intercept=float(intercept),
        log_slope=float(slope), values=filled,
    )  # fmt: skip


def kaplan_meier_summary(values: FloatArray, censored: BoolArray) -> CensoredSummary:
    """Kaplan-Meier for left-censored values: nothing is assumed about their distribution.

    Mass below the smallest measured value is put there (Efron's convention, as NADA), so that the mean is an upper
    bound when values are censored. The median is NaN when more than half of the mass is below every measured value.
    """
    _check("Kaplan-Meier", values, censored, positive=False)
    points = np.unique(values[~censored])[::-1]
    below, mean, median = 1.0, 0.0, float("nan")
    for point in points:
        at_risk = float(np.sum(values <= point))
        share = float(np.sum((values == point) & ~censored)) / at_risk
        if below >= 0.5 and below * (1 - share) < 0.5:
            median = float(point)
        mean += float(point) * below * share
        below *= 1 - share
    mean += below * float(points[-1])
    return CensoredSummary(method="Kaplan-Meier", n=len(values), censored=int(censored.sum()), mean=mean, median=median)
