"""Spectra of one person in one session as a course: every metabolite has a level and follows the course.

What one session cannot change is shared: macromolecules, the line shape and the deviations of single metabolites. What
drifts is free in every spectrum: frequency, phase and line width, so that a line that narrows is no metabolite that
grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pharmrs.core.errors import InputError, input_problem
from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.fit.amplitudes import SUMS, parts_of
from pharmrs.spectra.fit.fit import Ended, Made, fit_from
from pharmrs.spectra.fit.fit_setup import chosen_basis
from pharmrs.spectra.records.acquisition import Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.fit import FitSettings, LinearCombinationFit
from pharmrs.spectra.records.series import FittedSeries, SeriesChange, SeriesSpectrum
from pharmrs.spectra.together.fit import FittedSet, Member, fit_together
from pharmrs.spectra.together.sharing import BROAD, GROUPS, SHAPE, SINGLE, SKEWED, TURNED, Sharing, regressed, shared

_WHOLE_SESSION = (SKEWED, BROAD, TURNED, SHAPE, GROUPS, SINGLE)
_Z95 = 1.959964
_LEAST_LEVEL = 3.0  # SDs that a level must have before a change is given in percent of it


def fit_series(
    spectra: Sequence[Spectrum],
    basis: BasisSet,
    settings: FitSettings,
    course: dict[str, FloatArray],
    only: tuple[str, ...] = (),
) -> FittedSeries:
    """Fit `spectra` (K) with `course`: columns (K,) by name, which are 0 where nothing is expected to have changed.

    `only`: metabolites or sums that follow it while all others are held constant, as declared beforehand; empty: all.
    Raises FitFailure where one of them, or the set, cannot be fitted, InputError where `only` names what is not fitted.
    """
    settings = replace(settings, stability=False)
    alone = [fit_from(one, basis, settings, None) for one in spectra]
    design = np.column_stack(list(course.values()))
    found = _set(spectra, alone, basis, design, _following(alone[0].made, only))
    changes = []
    for name, parts in _reported(alone[0].fit, found):
        values, covariance = _numbers(found, parts, design.shape[1])
        separate = _separate([one.fit for one in alone], parts, design)
        for number, label in enumerate(course):
            changes.append(_change(name, label, number, (values, covariance), separate))
    return FittedSeries(
        changes=tuple(changes),
        spectra=_drifts(spectra, [one.fit for one in alone], found),
        converged=found.fits[0].converged,
    )


def _following(made: Made, only: tuple[str, ...]) -> tuple[str, ...]:
    """Components that follow the course: no macromolecules."""
    names = tuple(name for name, wide in zip(made.names, made.task.model.broad, strict=True) if not wide)
    chosen = {name: (name,) if name in names else parts_of(name, names) if name in SUMS else () for name in only}
    if unknown := [name for name, parts in chosen.items() if not parts]:
        remedy = f"name some of {', '.join(names)}, or a sum of them"
        raise InputError([input_problem("", "only", "must be metabolites of the fit", ", ".join(unknown), remedy)])
    return tuple(dict.fromkeys(name for parts in chosen.values() for name in parts)) or names


def _set(
    spectra: Sequence[Spectrum],
    alone: Sequence[Ended],
    basis: BasisSet,
    design: FloatArray,
    following: tuple[str, ...],
) -> FittedSet:
    count, first = len(spectra), alone[0]
    used = first.made.task.settings
    kept = _components(chosen_basis(basis, used), first.made.names)
    members = [
        Member(_as_first(spectrum, one.fit, first.fit), kept, used)
        for spectrum, one in zip(spectra[1:], alone[1:], strict=True)
    ]
    follows = regressed(design)
    return fit_together(
        first,
        members,
        Sharing(
            count,
            amplitudes=dict.fromkeys(following, follows),
            parameters=dict.fromkeys(_WHOLE_SESSION, shared(count)),
        ),
    )


def _components(basis: BasisSet, names: tuple[str, ...]) -> BasisSet:
    """The components of the first fit, in its order."""
    rows = [basis.names.index(name) for name in names]
    return replace(basis, names=names, fids=basis.fids[rows])


def _as_first(spectrum: Spectrum, fit: LinearCombinationFit, first: LinearCombinationFit) -> Spectrum:
    """With the frequency and phase of the first, as far as the fits alone tell them: where the search begins."""
    time_s = spectrum.acquisition.time_axis_s(spectrum.points)
    turn = 2.0 * np.pi * (fit.shift_hz - first.shift_hz) * time_s + (fit.phase0_rad - first.phase0_rad)
    return replace(spectrum, fid=spectrum.fid * np.exp(-1j * turn))


def _reported(fit: LinearCombinationFit, found: FittedSet) -> list[tuple[str, tuple[str, ...]]]:
    """Everything that follows the course, and the sums of it."""
    following = tuple(dict.fromkeys(name for name, number in found.labels if number > 0))
    rows = [(name, (name,)) for name in fit.names if name in following]
    sums = [(total, parts_of(total, following)) for total in SUMS if total not in following]
    return rows + [(total, parts) for total, parts in sums if len(parts) > 1]


def _numbers(found: FittedSet, parts: tuple[str, ...], columns: int) -> tuple[FloatArray, FloatArray]:
    """Level and slopes (1 + C,) of the sum of `parts`, and their covariance."""
    pick = np.zeros((1 + columns, len(found.labels)))
    for name in parts:
        for number, place in enumerate(found.places(name)):
            pick[number, place] = 1.0
    return pick @ found.values, pick @ found.covariance @ pick.T


def _separate(
    fits: Sequence[LinearCombinationFit], parts: tuple[str, ...], design: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Level and slopes by least squares through the fits of each spectrum alone, and their covariance."""
    values, variances = np.zeros(len(fits)), np.zeros(len(fits))
    for k, fit in enumerate(fits):
        pick = np.array([float(name in parts) for name in fit.names])
        values[k], variances[k] = pick @ fit.amplitudes, pick @ fit.covariance @ pick
    whole = np.column_stack([np.ones(len(fits)), design])
    solve = np.linalg.pinv(whole)
    return solve @ values, solve @ np.diag(variances) @ solve.T


def _change(
    name: str,
    label: str,
    number: int,
    together: tuple[FloatArray, FloatArray],
    separate: tuple[FloatArray, FloatArray],
) -> SeriesChange:
    change, sd = percent_of_level(*together, number + 1)
    other, other_sd = percent_of_level(*separate, number + 1)
    return SeriesChange(
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


def _drifts(
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
