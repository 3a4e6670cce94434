"""Fit several spectra together: the first alone, with all care for its start, and from there all at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pharmrs.core.errors import FitFailure
from pharmrs.core.records.arrays import ComplexArray, FloatArray, IntArray
from pharmrs.spectra.fit.attempts import AttemptOutcome, attempt_outcome
from pharmrs.spectra.fit.climb import Climbed, climb
from pharmrs.spectra.fit.fit import Ended, Made, made, recorded
from pharmrs.spectra.fit.fit_setup import at_field
from pharmrs.spectra.fit.model import stack
from pharmrs.spectra.fit.ratios import make_ratios
from pharmrs.spectra.fit.search import Optimum
from pharmrs.spectra.fit.variances import Variances
from pharmrs.spectra.records.acquisition import Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.fit import FitSettings, LinearCombinationFit
from pharmrs.spectra.together.land import SetBend, SetState, SetVariances, Together
from pharmrs.spectra.together.sharing import Sharing, link

_REMAINS, _REMAINS_HZ = 0.03, 0.2  # SD of what is left of a line in a difference: share, and its frequency
_MIDDLE_S = 0.03


@dataclass(frozen=True, slots=True)
class Member:
    """A further spectrum of the set, with the basis set that is fitted to it, its own settings, and the components that
    do not share the line shape of the metabolites although they are not very broad. `remains`: components of the first
    spectrum of which something may be left in this one, with another phase, frequency or width. `background`: what is
    known of its background, over the window (n,); the fit looks for what differs from it."""

    spectrum: Spectrum
    basis: BasisSet
    settings: FitSettings
    broad: tuple[str, ...] = ()
    remains: tuple[str, ...] = ()
    background: ComplexArray | None = None


@dataclass(frozen=True, slots=True)
class FittedSet:
    """Spectra that were fitted together.

    `fits`: each spectrum, with the covariance of its amplitudes that the whole set gives. `labels` (P,): component and
    number of the column of its course; `values` (P,), `covariance` (P, P) in units of the basis signals.
    """

    fits: tuple[LinearCombinationFit, ...]
    labels: tuple[tuple[str, int], ...]
    values: FloatArray
    covariance: FloatArray
    tied: Mapping[str, tuple[str, float]] = field(default_factory=dict)

    def where(self, name: str, number: int = 0) -> int:
        """Place of a number of the set."""
        return self.labels.index((name, number))

    def between(self, names: Sequence[str]) -> FloatArray:
        """What the first number of each of `names` is of the numbers of the set, (names, P)."""
        matrix = np.zeros((len(names), len(self.labels)))
        for row, name in enumerate(names):
            leader, factor = self.tied.get(name, (name, 1.0))
            leader, factor = (leader, factor) if (leader, 0) in self.labels else (name, 1.0)
            matrix[row, self.where(leader)] = factor
        return matrix

    def places(self, name: str) -> IntArray:
        """Places of all numbers of a component, in the order of its course."""
        return np.array([at for at, (one, _) in enumerate(self.labels) if one == name], dtype=np.intp)


def fit_together(first: Ended, others: Sequence[Member], sharing: Sharing) -> FittedSet:
    """`first`, fitted alone already (`fit_from`), and `others` with what `sharing` says of them, in this order.

    Raises FitFailure where the normal equations of the set cannot be solved.
    """
    if not others and not sharing.amplitudes and not sharing.tied and not sharing.parameters:
        names, fit = first.made.names, first.fit
        return FittedSet((fit,), tuple((name, 0) for name in names), fit.amplitudes, fit.covariance)
    began = time.process_time()
    tasks = [first.made, *(_made(one, first) for one in others)]
    land = landscape(first, tasks, sharing, [one.remains for one in others])
    theta, variances = _start(first, tasks, land)
    try:
        end, there = climb(land, theta, variances)
    except (np.linalg.LinAlgError, ArithmeticError) as error:
        raise FitFailure(f"the normal equations of {len(tasks)} spectra could not be solved together") from error
    assert isinstance(there, Together)
    bend = there.bend(end.state, end.variances)
    posterior = there.posterior(end.state, end.variances, bend)
    fits = [
        recorded(one, outcome, began)
        for one, outcome in zip(tasks, _outcomes(first, tasks, there, end, (bend, posterior)), strict=True)
    ]
    count, units = end.state.amplitudes.shape[0], there.links.units
    return FittedSet(
        fits=tuple(fits),
        labels=there.links.labels,
        values=end.state.amplitudes / units,
        covariance=posterior[:count, :count] / np.outer(units, units),
        tied=sharing.tied,
    )


def _made(member: Member, first: Ended) -> Made:
    settings = at_field(member.settings, member.spectrum.acquisition.spectrometer_frequency_mhz)
    one = made(member.spectrum, member.basis, settings, first.shift_hz, parts=False, broad=member.broad)
    return one if member.background is None else _less(one, member.background)


def _less(one: Made, background: ComplexArray) -> Made:
    return replace(one, task=replace(one.task, values=one.task.values - background / one.scale))


def beside_background(first: Ended, background: ComplexArray) -> Ended:
    """A fit as the first of a set whose common `background`, over the window (n,), is known."""
    one = _less(first.made, background)
    left_out = first.outcome.left_out
    problem = replace(first.outcome.problem, data=stack(one.task.values[~left_out]))
    projected = problem.baseline.project(problem.data[:, None])[:, 0]
    outcome = replace(first.outcome, problem=replace(problem, data_projected=projected))
    return replace(first, made=one, outcome=outcome)


def landscape(first: Ended, tasks: Sequence[Made], sharing: Sharing, remains: Sequence[tuple[str, ...]]) -> Together:
    problems = [first.outcome.problem]
    for one, names in zip(tasks[1:], remains, strict=True):
        problem = one.task.problem(np.zeros(one.task.values.shape[0], dtype=bool), ())
        left = _remains(first, names)
        if left.any():
            left = left * (first.made.scale / one.scale)
            noise = one.task.noise_sd**2 or first.outcome.optimum.variances.noise
            baseline = problem.baseline.beside(left, np.full(2, noise))
            projected = baseline.project(problem.data[:, None])[:, 0]
            problem = replace(problem, baseline=baseline, data_projected=projected)
        problems.append(problem)
    links = link(
        sharing,
        [one.names for one in tasks],
        [one.norms / one.scale for one in tasks],
        [problem.model.layout for problem in problems],
    )
    nothing = [replace(problem, ratio_penalty=np.zeros_like(problem.ratio_penalty)) for problem in problems]
    declared = [prior for one in tasks for prior in one.task.settings.ratio_priors]
    names = tuple(name if number == 0 else f"{name} {number}" for name, number in links.labels)
    count = len(names)
    return Together(
        problems=tuple(nothing),
        links=links,
        ratios=make_ratios(tuple(dict.fromkeys(declared)), names, links.units),
        ratio_penalty=np.zeros((count, count)),
        alike=sharing.alike,
    )


def _remains(first: Ended, names: tuple[str, ...]) -> ComplexArray:
    """What stays of `names` in a difference of spectra that are not quite alike, (n, 2), each as large as expected.

    To first order that is their signal (phase, size) and time times it (frequency, width), time counted from where the
    lines tell most of their frequency, so that the two are independent of each other.
    """
    model, state = first.made.task.model, first.outcome.optimum.state
    rows = [row for row, name in enumerate(first.made.names) if name in names]
    if not rows:
        return np.zeros((model.band.ppm.shape[0], 0), dtype=complex)
    shaped = model.shaped(state.theta, model.unshaped(state.theta))[rows]
    signal = state.amplitudes[rows] @ shaped
    later_s = model.band.time_s - _MIDDLE_S
    both = model.band.model_spectrum(np.stack([_REMAINS * signal, _REMAINS_HZ * 2.0 * np.pi * later_s * signal]))
    return np.asarray((both * model.phase(state.theta)).T)


def _start(first: Ended, tasks: Sequence[Made], land: Together) -> tuple[FloatArray, SetVariances]:
    """Where the first spectrum ended, for all of them as far as they have the same parameters."""
    state, variances = first.outcome.optimum.state, first.outcome.optimum.variances
    guesses = [state.theta, *(_guess(first, one, state.theta) for one in tasks[1:])]
    stacked = np.concatenate(land.links.parameters)
    theta, *_ = np.linalg.lstsq(stacked, np.concatenate(guesses), rcond=None)
    theta = np.maximum(theta, land.links.floors)
    return theta, (variances, *(_variances(first, one, variances) for one in tasks[1:]))


def _guess(first: Ended, one: Made, known: FloatArray) -> FloatArray:
    old, layout = first.made.task.model.layout, one.task.model.layout
    theta = np.zeros(layout.size)
    theta[: layout.turns.stop] = known[: old.turns.stop]
    if layout.shapes == old.shapes:
        theta[layout.real_shape], theta[layout.imaginary_shape] = known[old.real_shape], known[old.imaginary_shape]
    if layout.groups == old.groups and layout.coarse == old.coarse:
        theta[layout.group_scales] = known[old.group_scales]
    for row, name in enumerate(one.names):
        if name in first.made.names:
            at = first.made.names.index(name)
            theta[layout.shifts.start + row] = known[old.shifts.start + at]
            theta[layout.dampings.start + row] = known[old.dampings.start + at]
    return theta


def _variances(first: Ended, one: Made, variances: Variances) -> Variances:
    """Those of the first spectrum, with the noise of this one."""
    noise = one.task.noise_sd**2 if one.task.noise_sd > 0.0 else variances.noise * (first.made.scale / one.scale) ** 2
    return replace(variances, noise=noise)


def _outcomes(
    first: Ended,
    tasks: Sequence[Made],
    land: Together,
    end: Climbed[SetState, SetVariances],
    there: tuple[SetBend, FloatArray],
) -> list[AttemptOutcome]:
    """What the end of the climb says of each spectrum."""
    bend, posterior = there
    outcomes = []
    for k, (one, problem, state, own) in enumerate(
        zip(tasks, land.problems, end.state.each, end.variances, strict=True)
    ):
        both = land.links.both[k]
        optimum = Optimum(
            state=state,
            variances=own,
            curvature=bend.each[k],
            posterior=both @ posterior @ both.T,
            iterations=end.iterations,
            converged=end.converged,
            message=end.message,
            objective=float("nan"),
            baseline_freedom=end.freedom,
        )
        left_out = first.outcome.left_out if k == 0 else np.zeros(one.task.values.shape[0], dtype=bool)
        outcomes.append(attempt_outcome(one.task, problem, optimum, left_out, first.outcome.lines if k == 0 else 0))
    return outcomes
