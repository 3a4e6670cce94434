"""What a fitted series says: changes in percent of the level, each metabolite in each spectrum, what drifted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.fit.amplitudes import SUMS, parts_of
from pharmrs.spectra.records.acquisition import Spectrum
from pharmrs.spectra.records.fit import LinearCombinationFit
from pharmrs.spectra.records.series import SeriesChange, SeriesDrift, SeriesPoint, SeriesSpectrum
from pharmrs.spectra.together.fit import FittedSet

_Z95 = 1.959964
_LEAST_LEVEL = 3.0  # SDs that a level must have before a change is given in percent of it


def reported(fit: LinearCombinationFit, found: FittedSet) -> list[tuple[str, tuple[str, ...]]]:
    """Everything that follows the course, and the sums of it."""
    following = tuple(dict.fromkeys(name for name, number in found.labels if number > 0))
    rows = [(name, (name,)) for name in fit.names if name in following]
    sums = [(total, parts_of(total, following)) for total in SUMS if total not in following]
    return rows + [(total, parts) for total, parts in sums if len(parts) > 1]


def numbers_of(found: FittedSet, parts: tuple[str, ...], columns: int) -> tuple[FloatArray, FloatArray]:
    """Level and slopes (1 + C,) of the sum of `parts`, and their covariance."""
    pick = np.zeros((1 + columns, len(found.labels)))
    for name in parts:
        for number, place in enumerate(found.places(name)):
            pick[number, place] = 1.0
    return pick @ found.values, pick @ found.covariance @ pick.T


def _amounts(fits: Sequence[LinearCombinationFit], parts: tuple[str, ...]) -> tuple[FloatArray, FloatArray]:
    """Sum of `parts` in each fit alone, and its variance."""
    values, variances = np.zeros(len(fits)), np.zeros(len(fits))
    for k, fit in enumerate(fits):
        pick = np.array([float(name in parts) for name in fit.names])
        values[k], variances[k] = pick @ fit.amplitudes, pick @ fit.covariance @ pick
    return values, variances


def separately(
    fits: Sequence[LinearCombinationFit], parts: tuple[str, ...], design: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Level and slopes by least squares through the fits of each spectrum alone, and their covariance."""
    values, variances = _amounts(fits, parts)
    whole = np.column_stack([np.ones(len(fits)), design])
    solve = np.linalg.pinv(whole)
    return solve @ values, solve @ np.diag(variances) @ solve.T


def points_of(
    name: str, fits: Sequence[LinearCombinationFit], parts: tuple[str, ...], change: FloatArray
) -> list[SeriesPoint]:
    values, variances = _amounts(fits, parts)
    mean = float(values.mean()) / float(np.mean(1.0 + change))
    if not mean > 0.0:
        return []
    return [
        SeriesPoint(
            number=k + 1,
            metabolite=name,
            alone_percent=100.0 * float(value) / mean,
            alone_sd_percent=100.0 * float(np.sqrt(variance)) / mean,
            fitted_percent=100.0 * (1.0 + float(there)),
        )
        for k, (value, variance, there) in enumerate(zip(values, variances, change, strict=True))
    ]


def change_of(
    name: str,
    label: str,
    number: int,
    together: tuple[FloatArray, FloatArray],
    separate: tuple[FloatArray, FloatArray],
) -> SeriesChange:
    change, sd = percent_of_level(*together, number + 1)
    other, other_sd = percent_of_level(*separate, number + 1)
    return SeriesChange(
        outcome=f"{name}_{label}",
        metabolite=name,
        course=label,
        change_percent=change,
        sd_percent=sd,
        ci_low=change - _Z95 * sd,
        ci_high=change + _Z95 * sd,
        alone_percent=other,
        alone_sd_percent=other_sd,
    )


def percent_of_level(values: FloatArray, covariance: FloatArray, at: int) -> tuple[float, float]:
    """Number `at` in percent of the level, and its SD to first order; NaN where the level is not sure enough."""
    level, sd = float(values[0]), float(np.sqrt(covariance[0, 0]))
    if not (sd > 0.0 and level > _LEAST_LEVEL * sd):
        return float("nan"), float("nan")
    ratio = float(values[at]) / level
    variance = covariance[at, at] - 2.0 * ratio * covariance[0, at] + ratio**2 * covariance[0, 0]
    return 100.0 * ratio, 100.0 * float(np.sqrt(max(variance, 0.0))) / level


def what_drifted(
    spectra: Sequence[Spectrum], alone: Sequence[LinearCombinationFit], found: FittedSet
) -> tuple[SeriesSpectrum, ...]:
    first = alone[0]
    turns = [one.phase0_rad - first.phase0_rad for one in alone]
    return tuple(
        SeriesSpectrum(
            number=k + 1,
            spectrum=spectrum.source,
            shift_hz=one.shift_hz - first.shift_hz,
            phase_deg=float(np.rad2deg(np.angle(np.exp(1j * turn)))),
            line_width_hz=fit.line_width_hz,
            signal_to_noise=one.signal_to_noise,
        )
        for k, (spectrum, one, fit, turn) in enumerate(zip(spectra, alone, found.fits, turns, strict=True))
    )


def drifts_of(
    alone: Sequence[LinearCombinationFit], found: FittedSet, course: dict[str, FloatArray]
) -> tuple[SeriesDrift, ...]:
    """Line width and frequency over the course, by least squares; without a spectrum to spare there is no interval."""
    whole = np.column_stack([np.ones(len(alone)), *course.values()])
    freedom = whole.shape[0] - whole.shape[1]
    solve, rows = np.linalg.pinv(whole), []
    for quantity, values in (
        ("line width", np.array([one.line_width_hz for one in found.fits])),
        ("frequency", np.array([one.shift_hz for one in alone])),
    ):
        slopes = solve @ values
        energy = float(np.sum((values - whole @ slopes) ** 2))
        reach = np.full(whole.shape[1], np.nan)
        if freedom > 0:
            spread = np.sqrt(energy / freedom * np.diag(solve @ solve.T))
            reach = float(stats.t.ppf(0.975, freedom)) * spread
        for place, label in enumerate(course, start=1):
            change, around = float(slopes[place]), float(reach[place])
            rows.append(
                SeriesDrift(
                    quantity=quantity, course=label, change_hz=change, ci_low=change - around, ci_high=change + around
                )
            )
    return tuple(rows)
