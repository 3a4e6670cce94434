"""The joint model of metabolite and biomarker: all participants, censored values, each value's own measurement error.

Maximum likelihood of log-normal levels; the coupling is the slope of the biomarker's log-ratio change on the
metabolite's, free of known measurement error, with profile-likelihood intervals (Venzon & Moolgavkar 1988,
10.2307/2347496). Missing values are ignorable given the model (Little & Rubin 2019, 10.1002/9781119482260).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats
from scipy.linalg import solve_triangular

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.joint.data import JointData, joint_data
from pharmrs.trial.joint.likelihood import MISSING, log_likelihood
from pharmrs.trial.joint.structure import Structure
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.records.changes import ChangeTable

METHOD = "joint model"
_FEWEST_OVER_TERMS = 4  # pairs beyond the coefficients of the change regression
_GRADIENT_TOLERANCE = 1e-3  # of the log likelihood per standard error; what is left to climb is half its square
_LARGEST_GRADIENT = 1e-3  # per pair: a search that ended above it has not converged
_WORST = 1e12
_MOST_EXPANSIONS = 30
_FARTHEST = 30.0  # standardised units; a profile that is still flat there has no limit
_MOST_STARTS = 4
_BETTER = 0.01  # log likelihood by which a profile may pass the maximum before that was none
_VALUES_PER_PARAMETER = 2.5  # values that are known, also by their limit, for each parameter of the model


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfiledEffect:
    """One coefficient with its profile interval and likelihood-ratio p; NaN limits where the profile does not close.

    `treatment`: the arm it is about.
    """

    term: str
    treatment: str
    estimate: float
    ci_low: float
    ci_high: float
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JointFit:
    """`slope`: reference treatment; `interactions`: difference of slopes per other treatment; `treatment_effects`: on
    the changes (log ratios). `df`: degrees of freedom of the small-sample threshold of the likelihood ratio.
    """

    slope: ProfiledEffect
    interactions: tuple[ProfiledEffect, ...]
    treatment_effects: tuple[ProfiledEffect, ...]
    log_likelihood: float
    df: int
    subjects: int
    pairs: int
    complete: int
    censored: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JointProblem:
    """The likelihood of these data: coefficients of the means first, then the parameters of the structure."""

    data: JointData
    structure: Structure

    @property
    def means(self) -> int:
        return len(self.data.mean_terms)

    def negative(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Negative log likelihood and its gradient; a large number where the covariance is not positive definite."""
        split = self.means
        found = log_likelihood(self.data.values, parameters[:split], self.structure.covariance(parameters[split:]))
        if found is None or not np.isfinite(found.value):
            return _WORST, np.zeros_like(parameters)
        by_structure = self.structure.gradient(parameters[split:], found.by_covariance)
        return -found.value, -np.concatenate([found.by_means, by_structure])

    def maximise(
        self, start: FloatArray, held: int | None = None, curvature: FloatArray | None = None
    ) -> tuple[float, FloatArray]:
        """Log likelihood and parameters at the maximum, parameter `held` kept at its start. Raises NotEstimable.

        `curvature`: second derivatives near by, which make a quasi-Newton search short.
        """
        free = np.array([place for place in range(len(start)) if place != held])
        parameters = start.copy()

        def objective(inner: FloatArray) -> tuple[float, FloatArray]:
            full = parameters.copy()
            full[free] = inner
            value, gradient = self.negative(full)
            return value, gradient[free]

        begin, solved = start[free], None
        if curvature is not None:
            solved = _short_search(objective, begin, curvature[np.ix_(free, free)])
            begin = solved.x
        if solved is None or not self._settled(solved):  # also where the short search lost its way
            solved = optimize.minimize(objective, begin, jac=True, method="L-BFGS-B",
                                       options={"maxiter": 1000, "maxcor": 30, "ftol": 1e-13})  # fmt: skip
            if curvature is None and not self._settled(solved):
                parameters[free] = solved.x  # stopped on a slope that its steps cannot follow: with curvature they can
                return self.maximise(parameters, held, self.curvature(parameters))
        if not self._settled(solved):
            raise NotEstimable(f"{METHOD}: the likelihood has no maximum that the search could find")
        parameters[free] = solved.x
        return -float(solved.fun), parameters

    def _settled(self, solved: optimize.OptimizeResult) -> bool:
        flat = float(np.max(np.abs(solved.jac))) <= _LARGEST_GRADIENT * self.data.pairs
        return bool(solved.fun < _WORST and flat)

    def curvature(self, parameters: FloatArray) -> FloatArray:
        """Second derivatives of the negative log likelihood, made safely positive definite."""
        step = 1e-4
        rows = [
            (self.negative(parameters + move)[1] - self.negative(parameters - move)[1]) / (2 * step)
            for move in step * np.eye(len(parameters))
        ]
        values, vectors = np.linalg.eigh(np.add(rows, np.transpose(rows)) / 2)
        least = max(1e-2, 1e-9 * float(values[-1]))  # rounding must not make the inverse indefinite
        return np.asarray((vectors * np.maximum(values, least)) @ vectors.T)


def _short_search(
    objective: Callable[[FloatArray], tuple[float, FloatArray]], begin: FloatArray, curvature: FloatArray
) -> optimize.OptimizeResult:
    """Quasi-Newton from `begin` in units of standard errors, so that 35 or 5,000 participants take as few steps."""
    root = np.linalg.cholesky(curvature)

    def scaled(moves: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = objective(begin + solve_triangular(root, moves, lower=True, trans="T"))
        return value, solve_triangular(root, gradient, lower=True)

    start = np.zeros_like(begin)
    solved = optimize.minimize(scaled, start, jac=True, method="BFGS", options={"gtol": _GRADIENT_TOLERANCE})
    solved.x, solved.jac = begin + solve_triangular(root, solved.x, lower=True, trans="T"), root @ solved.jac
    return solved


def fit_joint(
    changes: ChangeTable, *, adjust_clock: bool, level: float = 0.95, effects: bool = True, intervals: bool = True
) -> JointFit:
    """Fit the joint model to all rows of `changes`, complete or not. Raises `NotEstimable` with the reason.

    `adjust_clock`: a slope of the log biomarker over the sampling time; `effects`: also the treatment effects;
    `intervals`: profile them all (without: estimates only). The likelihood ratio is judged by n log(1 + t^2 / df),
    exact in a normal regression of n pairs, instead of chi2.
    """
    problem, parameters = joint_problem(changes, adjust_clock=adjust_clock)
    for _ in range(_MOST_STARTS):
        best, parameters = problem.maximise(parameters)
        try:
            return _profiled(problem, best, parameters, level if intervals else 0.0, effects)
        except _BetterFit as better:
            parameters = better.parameters
    raise NotEstimable(f"{METHOD}: the likelihood has several maxima, and the search did not find the highest")


def joint_problem(changes: ChangeTable, *, adjust_clock: bool) -> tuple[JointProblem, FloatArray]:
    """The model of these data and a starting point of its parameters. Raises `NotEstimable`."""
    data = _checked(changes, adjust_clock)
    problem = JointProblem(data, Structure(treatments=len(data.treatments), shared=data.shared))
    known = int(np.sum(data.values.state != MISSING))
    parameters = _start(data, problem.structure)
    if known < _VALUES_PER_PARAMETER * len(parameters):
        raise NotEstimable(
            f"{METHOD}: {known} values for {len(parameters)} parameters, {_VALUES_PER_PARAMETER:g} each are the least"
        )
    return problem, parameters


def _profiled(problem: JointProblem, best: float, parameters: FloatArray, level: float, effects: bool) -> JointFit:
    """Every effect with its profile around the maximum. Raises `_BetterFit` where a profile leads above it."""
    data = problem.data
    split, count = problem.means, len(data.treatments)
    df = data.pairs - _change_terms(data)
    ratio = data.scale_biomarker / data.scale_metabolite
    profile = _Profiler(problem, best, parameters, data.pairs, df, level)
    slope = profile.effect(f"slope under {data.treatments[0]}", data.treatments[0], split, ratio)
    interactions = tuple(
        profile.effect(f"slope difference, {data.treatments[k]}", data.treatments[k], split + k, ratio)
        for k in range(1, count)
    )
    unit = {"metabolite": data.scale_metabolite, "biomarker": data.scale_biomarker}
    treatment_effects = tuple(
        profile.effect(term, arm, data.mean_terms.index(term), unit[quantity])
        for quantity in unit
        for arm in data.treatments[1:]
        for term in [f"{quantity} change: {arm}"]
        if effects
    )
    open_ended = [
        one.term for one in (slope, *interactions) if level and not np.isfinite([one.ci_low, one.ci_high]).all()
    ]
    notes = tuple(f"the data do not limit the {term} on both sides: no interval" for term in open_ended)
    return JointFit(
        slope=slope, interactions=interactions, treatment_effects=treatment_effects,
        log_likelihood=best, df=df, subjects=data.subjects, pairs=data.pairs, complete=data.complete,
        censored=data.censored,
        notes=data.notes + _boundary_notes(problem.structure, parameters[split:]) + notes,
    )  # fmt: skip


def _checked(changes: ChangeTable, adjust_clock: bool) -> JointData:
    if len(changes) == 0:
        raise NotEstimable(f"{METHOD}: no rows")
    if changes.repeated:
        raise NotEstimable(f"{METHOD}: it has one place for each treatment, and participants got one more than once")
    data = joint_data(changes, adjust_clock=adjust_clock)
    if data is None:
        raise NotEstimable(f"{METHOD}: metabolite or biomarker missing, censored, constant or below 0 throughout")
    least = _change_terms(data) + _FEWEST_OVER_TERMS
    if data.pairs < least:
        raise NotEstimable(f"{METHOD}: {data.pairs} pairs with metabolite and biomarker changes, {least} are the least")
    informed = _informed_by_treatment(changes)
    empty = [name for name, number in informed.items() if number < 3]
    if empty:
        raise NotEstimable(f"{METHOD}: fewer than 3 pairs under {', '.join(empty)}: no slope")
    return data


def _informed_by_treatment(changes: ChangeTable) -> dict[str, int]:
    """Rows with both metabolites and both biomarkers measured, per treatment: a slope needs three."""
    known = (changes.metabolite > 0).all(axis=1) & (changes.biomarker > 0).all(axis=1)
    return {name: int(np.sum(known & changes.of_treatment(name))) for name in changes.treatments}


def _change_terms(data: JointData) -> int:
    """Coefficients of the regression of the biomarker's change: intercepts and slopes, and the periods."""
    return 2 * len(data.treatments) + data.periods


def _start(data: JointData, structure: Structure) -> FloatArray:
    design, value, state = data.values.design, data.values.value, data.values.state
    known = state == 1
    means = np.linalg.lstsq(design[known], value[known], rcond=None)[0]
    return np.concatenate([means, structure.start(0.0)])


def _boundary_notes(structure: Structure, parameters: FloatArray) -> tuple[str, ...]:
    if not structure.shared:
        return ("one treatment per participant: nothing shared between treatments can be told apart",)
    between = np.abs(parameters[-5:-3])
    names = ("metabolite's", "biomarker's")
    return tuple(
        f"participants do not share a part of the {name} change (variance at zero)"
        for name, sd in zip(names, between, strict=True)
        if sd < 1e-3
    )


class _BetterFit(Exception):
    """A profile led above the maximum: what was found is none. `parameters`: where it led."""

    def __init__(self, parameters: FloatArray) -> None:
        super().__init__()
        self.parameters = parameters


class _Profiler:
    """Profile likelihood of single parameters around the maximum."""

    def __init__(
        self, problem: JointProblem, best: float, parameters: FloatArray, pairs: int, df: int, level: float
    ) -> None:
        self.problem, self.best, self.parameters, self.pairs, self.df = problem, best, parameters, pairs, df
        self.curvature = problem.curvature(parameters) if level > 0 else np.eye(len(parameters))
        t = float(stats.t.ppf(0.5 + level / 2, df))
        self.threshold = float(np.sqrt(pairs * np.log1p(t * t / df)))

    def effect(self, term: str, treatment: str, place: int, unit: float) -> ProfiledEffect:
        """Estimate, interval and p of one parameter, in `unit`s per standardised unit."""
        estimate = float(self.parameters[place])
        if self.threshold == 0:
            nan = float("nan")
            return ProfiledEffect(
                term=term, treatment=treatment, estimate=estimate * unit, ci_low=nan, ci_high=nan, p=nan
            )
        low, high = self._limit(place, -1.0), self._limit(place, 1.0)
        try:
            root = self._root(place, 0.0)
        except NotEstimable:  # the estimate and its interval stand; the likelihood at zero could not be found
            root = float("nan")
        t = float(np.sqrt(self.df * np.expm1(root**2 / self.pairs)))
        p = float(2 * stats.t.sf(t, self.df))
        return ProfiledEffect(
            term=term, treatment=treatment, estimate=estimate * unit, ci_low=low * unit, ci_high=high * unit, p=p
        )

    def _root(self, place: int, at: float) -> float:
        """Square root of the likelihood ratio with the parameter held at `at`."""
        free = np.array([other for other in range(len(self.parameters)) if other != place])
        start = self.parameters.copy()
        # where a quadratic likelihood would have its maximum
        along = np.linalg.solve(self.curvature[np.ix_(free, free)], self.curvature[free, place])
        start[free] -= along * (at - start[place])
        start[place] = at
        value, found = self.problem.maximise(start, held=place, curvature=self.curvature)
        if value > self.best + _BETTER:
            raise _BetterFit(found)
        return float(np.sqrt(max(0.0, 2 * (self.best - value))))

    def _limit(self, place: int, side: float) -> float:
        """Where the root reaches the threshold: secant steps, the root being nearly linear; NaN if it never does."""
        estimate = float(self.parameters[place])
        distance = self.threshold * float(np.sqrt(np.linalg.inv(self.curvature)[place, place]))
        inner, inner_root = 0.0, 0.0
        outer, outer_root = np.inf, np.inf
        for _ in range(_MOST_EXPANSIONS):
            try:
                root = self._root(place, estimate + side * distance)
            except NotEstimable:
                return float("nan")
            if abs(root - self.threshold) < 1e-3 * self.threshold:
                break
            if root < self.threshold:
                inner, inner_root = distance, root
            else:
                outer, outer_root = distance, root
            if np.isfinite(outer):
                share = (self.threshold - inner_root) / (outer_root - inner_root)
                distance = inner + (outer - inner) * min(max(share, 0.02), 0.98)
            else:
                distance *= min(max(self.threshold / max(root, 1e-6), 1.05), 3.0)
            if distance > _FARTHEST:
                return float("nan")
        return estimate + side * distance
