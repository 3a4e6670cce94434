"""Biomarker concentrations made comparable: adjusted for the time of day, then transformed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.analysis_result import BiomarkerLevels
from pharmrs.trial.records.observations import ObservationTable

_FEWEST_SAMPLES = 3  # a straight line has residuals from three samples on

Regression = tuple[FloatArray, tuple[float, float]]


def _linear(values: FloatArray, clock_h: FloatArray) -> Regression:
    """Residuals of a straight line over the sampling time, and its intercept and slope per hour."""
    if len(values) < _FEWEST_SAMPLES:
        raise NotEstimable(
            f"time adjustment: {len(values)} measured samples with a time, {_FEWEST_SAMPLES} are the least"
        )
    centred = clock_h - clock_h.mean()
    spread = float(centred @ centred)
    if spread == 0.0:
        raise NotEstimable("time adjustment: every sample was taken at the same time of day")
    slope = float(centred @ values) / spread
    residuals = values - values.mean() - slope * centred
    return residuals, (float(values.mean() - slope * clock_h.mean()), slope)


def _none(values: FloatArray, _clock_h: FloatArray) -> Regression:
    """No adjustment: the values take the place of the residuals."""
    return values, (float("nan"), float("nan"))


TIME_ADJUSTMENTS: dict[str, Callable[[FloatArray, FloatArray], Regression]] = {"linear": _linear, "none": _none}


def biomarker_levels(table: ObservationTable, plan: AnalysisPlan) -> BiomarkerLevels:
    """Level of every measured biomarker sample at baseline and follow-up, in the order of `table.paired_rows`.

    `shifted_log`: log(e + |min e| + 1), e the residuals over the sampling time in the unit of the assay (the reference
    chain); `log`: residuals of the logarithm plus its mean; `none`: residuals plus the mean. The regression uses all
    measured samples of the two time points, whether or not their pair is complete. A measured sample without a time
    gets no level when time is adjusted for. Raises `NotEstimable`.
    """
    rows = table.paired_rows
    keys = tuple(row.key for row in rows)
    if not plan.biomarker:  # a trial of the metabolite alone
        nothing = float("nan")
        return BiomarkerLevels(keys=keys, levels=np.full(len(rows), np.nan), samples=0, intercept=nothing,
                               slope_per_h=nothing, shift=nothing)  # fmt: skip
    values = np.array([row.biomarker_measured for row in rows], dtype=float)
    return levels_of(keys, values, np.array([row.clock_time_h for row in rows], dtype=float), plan)


def levels_of(
    keys: tuple[tuple[str, str, str, int], ...], values: FloatArray, clock_h: FloatArray, plan: AnalysisPlan
) -> BiomarkerLevels:
    """The levels of measured `values` (NaN: none) that were sampled at `clock_h`. Raises `NotEstimable`."""
    measured = np.isfinite(values)
    notes: list[str] = []
    usable = measured if plan.time_adjustment == "none" else measured & np.isfinite(clock_h)
    if untimed := int(np.sum(measured & ~usable)):
        notes.append(f"{untimed} measured biomarker values have no sampling time and are left out")
    if plan.biomarker_transform == "log":
        positive = usable & (np.nan_to_num(values) > 0)
        if lost := int(np.sum(usable & ~positive)):
            notes.append(f"{lost} measured biomarker values are not above zero, have no logarithm and are left out")
        usable = positive
    if not usable.any():
        raise NotEstimable("no biomarker value was measured (all are missing, censored or without a sampling time)")
    levels = np.full(len(values), np.nan)
    working = np.log(values[usable]) if plan.biomarker_transform == "log" else values[usable]
    residuals, (intercept, slope) = TIME_ADJUSTMENTS[plan.time_adjustment](working, clock_h[usable])
    shift = float("nan")
    if plan.biomarker_transform == "shifted_log":
        smallest = float(residuals.min())
        shift = abs(smallest) + 1.0
        # residuals + shift, in the order that makes the level of the smallest exactly log 1 = 0: rounding would leave
        # some 1e-14 of it, and a relative change from such a baseline is 1e14 instead of not defined
        levels[usable] = np.log((residuals - smallest) + 1.0 if smallest <= 0 else residuals + shift)
    else:
        levels[usable] = residuals + (0.0 if plan.time_adjustment == "none" else working.mean())
    return BiomarkerLevels(
        keys=keys, levels=levels, samples=int(usable.sum()), intercept=intercept, slope_per_h=slope, shift=shift,
        notes=tuple(notes),
    )  # fmt: skip
