"""Spectra of one person in one session as a course: every metabolite has a level and follows the course.

What one session cannot change is shared: macromolecules, the line shape, the deviations of single metabolites and the
background as far as the mean of all shows it. What drifts is free in every spectrum: frequency, phase, line width and
what is left of the background, so that a line that narrows is no metabolite that grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pharmrs.core.errors import FitFailure, InputError, input_problem
from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.fit.amplitudes import SUMS, parts_of
from pharmrs.spectra.fit.fit import Ended, Made, fit_from
from pharmrs.spectra.fit.fit_setup import chosen_basis
from pharmrs.spectra.fit.stability import searched_again
from pharmrs.spectra.records.acquisition import Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.fit import FitSettings, LinearCombinationFit, RatioPrior
from pharmrs.spectra.records.series import FittedSeries, Follows
from pharmrs.spectra.together.fit import FittedSet, Member, beside_background, fit_together
from pharmrs.spectra.together.series_numbers import (
    change_of,
    drifts_of,
    numbers_of,
    points_of,
    reported,
    separately,
    what_drifted,
)
from pharmrs.spectra.together.sharing import BROAD, GROUPS, SHAPE, SINGLE, SKEWED, TURNED, Sharing, regressed, shared

_WHOLE_SESSION = (SKEWED, BROAD, TURNED, SHAPE, GROUPS, SINGLE)


def fit_series(
    spectra: Sequence[Spectrum],
    basis: BasisSet,
    settings: FitSettings,
    course: dict[str, FloatArray],
    follows: Follows | None = None,
) -> FittedSeries:
    """Fit `spectra` (K) with `course`: columns (K,) by name, which are 0 where nothing is expected to have changed.

    `follows`: which metabolites follow it, as declared beforehand.
    Raises FitFailure where one of them, or the set, cannot be fitted, InputError where what is not fitted is named.
    """
    settings, follows = replace(settings, stability=False), follows or Follows()
    alone = [fit_from(one, basis, settings, None) for one in spectra]
    design = np.column_stack(list(course.values()))
    declared = _declared(alone[0].made, follows)
    found = _set(spectra, alone, basis, design, (declared, follows.others_sd))
    fits = [one.fit for one in alone]
    changes, points = [], []
    for name, parts in reported(alone[0].fit, found):
        values, covariance = numbers_of(found, parts, design.shape[1])
        separate = separately(fits, parts, design)
        free = set(parts) <= set(declared)
        changes += [
            replace(change_of(name, label, number, (values, covariance), separate), declared=free)
            for number, label in enumerate(course)
        ]
        points += points_of(name, fits, parts, design @ values[1:] / values[0] if values[0] > 0.0 else design[:, 0])
    return FittedSeries(
        changes=tuple(changes),
        spectra=what_drifted(spectra, fits, found),
        points=tuple(points),
        drifts=drifts_of(fits, found, course),
        converged=found.fits[0].converged,
    )


def _declared(made: Made, follows: Follows) -> tuple[str, ...]:
    """Components that follow the course freely: no macromolecules."""
    names = _metabolites(made)
    chosen = {
        name: (name,) if name in names else parts_of(name, names) if name in SUMS else ()
        for name in follows.metabolites
    }
    if unknown := [name for name, parts in chosen.items() if not parts]:
        remedy = f"name some of {', '.join(names)}, or a sum of them"
        rule = "what follows the course must be metabolites of the fit"
        raise InputError([input_problem("", "metabolites", rule, ", ".join(unknown), remedy)])
    return tuple(dict.fromkeys(name for parts in chosen.values() for name in parts)) or names


def _metabolites(made: Made) -> tuple[str, ...]:
    return tuple(name for name, wide in zip(made.names, made.task.model.broad, strict=True) if not wide)


def _set(
    spectra: Sequence[Spectrum],
    alone: Sequence[Ended],
    basis: BasisSet,
    design: FloatArray,
    follows: tuple[tuple[str, ...], float | None],
) -> FittedSet:
    count, first = len(spectra), alone[0]
    declared, others_sd = follows
    following = declared if others_sd == 0.0 else _metabolites(first.made)
    priors = _held_near(following, declared, design.shape[1], others_sd)
    settings = first.made.task.settings
    kept = components_of(chosen_basis(basis, settings), first.made.names)
    used = replace(settings, ratio_priors=(*settings.ratio_priors, *priors))
    aligned = [_as_first(spectrum, one.fit, first.fit) for spectrum, one in zip(spectra, alone, strict=True)]
    background = _background(aligned, basis, first)
    members = [Member(spectrum, kept, used, background=background) for spectrum in aligned[1:]]
    course = regressed(design)
    return fit_together(
        beside_background(first, background),
        members,
        Sharing(
            count,
            amplitudes=dict.fromkeys(following, course),
            parameters=dict.fromkeys(_WHOLE_SESSION, shared(count)),
            alike=True,
        ),
    )


def _held_near(
    following: tuple[str, ...], declared: tuple[str, ...], columns: int, sd: float | None
) -> tuple[RatioPrior, ...]:
    """That the change of what was not declared is 0 with `sd`, in shares of its level."""
    if not sd:
        return ()
    return tuple(
        RatioPrior(numerator=f"{name} {number}", denominator=(name,), ratio=0.0, sd=sd)
        for name in following
        if name not in declared
        for number in range(1, columns + 1)
    )


def _background(aligned: Sequence[Spectrum], basis: BasisSet, first: Ended) -> ComplexArray:
    """That of the mean of all, (n,): what is the same in all spectra cannot be mistaken for a change in one."""
    mean = replace(aligned[0], fid=np.mean([one.fid for one in aligned], axis=0))
    found = fit_from(mean, basis, replace(first.made.task.settings, stability=False), first, searched_again)
    if found.made.names != first.made.names or found.fit.baseline.shape != first.fit.baseline.shape:
        raise FitFailure("the mean of the spectra cannot be fitted as the first of them")
    return found.fit.baseline


def components_of(basis: BasisSet, names: tuple[str, ...]) -> BasisSet:
    """The components of the first fit, in its order."""
    rows = [basis.names.index(name) for name in names]
    return replace(basis, names=names, fids=basis.fids[rows])


def _as_first(spectrum: Spectrum, fit: LinearCombinationFit, first: LinearCombinationFit) -> Spectrum:
    """With the frequency and phase of the first, as far as the fits alone tell them: where the search begins."""
    time_s = spectrum.acquisition.time_axis_s(spectrum.points)
    turn = 2.0 * np.pi * (fit.shift_hz - first.shift_hz) * time_s + (fit.phase0_rad - first.phase0_rad)
    return replace(spectrum, fid=spectrum.fid * np.exp(-1j * turn))
