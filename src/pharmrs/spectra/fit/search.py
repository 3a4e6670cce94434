"""The search for the optimum of one fit: separable least squares with estimated prior variances."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.spectra.fit.baseline import SMOOTH
from pharmrs.spectra.fit.climb import Updated, climb
from pharmrs.spectra.fit.equations import (
    Curvature,
    Problem,
    State,
    baseline_pulls,
    curvature,
    evaluate,
    moving,
    plausible,
    prior_pulls,
    smoothed,
    stepped,
    with_variances,
)
from pharmrs.spectra.fit.ratios import penalty
from pharmrs.spectra.fit.uncertainty import inverse, of_pulls
from pharmrs.spectra.fit.variances import Variances, precision, updated

_WATCHED = ("real_shape_sd", "imaginary_shape_sd", "size_sd", "group_sd", "fine_group_sd", "skew_sd", "turn_sd_rad")


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the search ended."""

    state: State
    variances: Variances
    curvature: Curvature
    posterior: FloatArray
    iterations: int
    converged: bool
    message: str
    objective: float
    baseline_freedom: float


@dataclass(frozen=True, slots=True)
class Alone:
    """The landscape of one spectrum."""

    problem: Problem

    @property
    def max_iterations(self) -> int:
        return self.problem.settings.max_iterations

    def prior(self, variances: Variances) -> FloatArray:
        """Prior precision of each parameter."""
        return precision(self.problem.model.layout, variances, self.problem.model.broad, self.problem.settings)

    def evaluate(self, theta: FloatArray, variances: Variances, free: BoolArray | None) -> State:
        return evaluate(self.problem, theta, variances, free)

    def solved_again(self, state: State, variances: Variances) -> State:
        return with_variances(self.problem, state, variances)

    def bend(self, state: State, variances: Variances) -> Curvature:
        return curvature(self.problem, state, variances, self.prior(variances))

    def height(self, state: State, variances: Variances) -> float:
        return state.misfit / variances.noise + float(self.prior(variances) @ state.theta**2)

    def moving(self, state: State, gradient: FloatArray) -> BoolArray:
        return moving(self.problem.model.layout, state, gradient)

    def stepped(self, theta: FloatArray, step: FloatArray) -> FloatArray:
        return stepped(self.problem.model.layout, theta, step)

    def plausible(self, theta: FloatArray) -> bool:
        return plausible(self.problem.model, theta)

    def update(self, state: State, bend: Curvature, covariance: FloatArray, variances: Variances) -> Updated[Variances]:
        changed, freedom = update(self.problem, state, bend, covariance, variances, self.prior(variances))
        return Updated(changed, largest_change(variances, changed), freedom)

    def with_ratios_at(self, state: State) -> Alone:
        return Alone(replace(self.problem, ratio_penalty=penalty(self.problem.ratios, state.amplitudes)))


def search(problem: Problem, theta: FloatArray, variances: Variances) -> Optimum:
    """Minimise from `theta`; ends when steps and variances have settled, or says why it did not."""
    end, land = climb(Alone(problem), theta, variances)
    assert isinstance(land, Alone)
    problem, prior = land.problem, land.prior(end.variances)
    bend = curvature(problem, end.state, end.variances, prior)
    return Optimum(
        state=end.state,
        variances=end.variances,
        curvature=bend,
        posterior=posterior(problem, end.state, end.variances, prior, bend),
        iterations=end.iterations,
        converged=end.converged,
        message=end.message,
        objective=_evidence(problem, end.state, end.variances, prior, bend),
        baseline_freedom=end.freedom,
    )


def posterior(problem: Problem, state: State, variances: Variances, prior: FloatArray, bend: Curvature) -> FloatArray:
    """Covariance of amplitudes and parameters, with the uncertainty of the estimated variances, (M + parameters,)^2."""
    covariance = inverse(bend.hessian)
    pulls = [
        *baseline_pulls(problem, state, variances, bend.projected),
        *prior_pulls(problem.model.layout, state, prior, np.diag(covariance)),
    ]
    return covariance + of_pulls(covariance, pulls)


def _evidence(problem: Problem, state: State, variances: Variances, prior: FloatArray, bend: Curvature) -> float:
    """-2 log marginal likelihood up to a constant (Laplace), to compare optima of one problem."""
    n = problem.data.shape[0]
    penalties = problem.baseline.penalties(variances.smoothness)
    _, logdet = np.linalg.slogdet(bend.hessian)
    value = state.misfit / variances.noise + float(prior @ state.theta**2) + n * np.log(variances.noise)
    value -= 2.0 * float(np.linalg.slogdet(problem.baseline.solver(variances.smoothness))[1])
    value -= 2.0 * float(np.sum(np.log(penalties[penalties > 0])))
    return float(value + logdet - np.sum(np.log(prior[prior > 0])))


def update(
    problem: Problem,
    state: State,
    bend: Curvature,
    covariance: FloatArray,
    variances: Variances,
    prior: FloatArray,
) -> tuple[Variances, float]:
    """The variances after one update, and the freedom the baseline takes."""
    background = smoothed(problem, state, bend.projected, covariance, variances)
    spread = np.diag(covariance)[state.amplitudes.shape[0] :]
    used = float(state.free.sum()) + float(np.sum(spread > 0) - prior @ spread) + background.used
    noise = background.residual / max(problem.data.shape[0] - used, 1.0)
    changed = updated(variances, problem.model.layout, state.theta, spread, problem.model.broad, problem.settings)
    return replace(changed, smoothness=background.smoothness, noise=noise), background.freedom


def largest_change(before: Variances, after: Variances) -> float:
    """Largest relative change that matters: the log of each variance, the smoothness at a third."""
    change = abs(np.log(after.noise / before.noise))
    change += abs(np.log(after.smoothness[SMOOTH] / before.smoothness[SMOOTH])) / 3.0
    for name in ("shift_sd_hz", "damping_sd_hz"):
        change = max(change, abs(np.log(getattr(after, name) / getattr(before, name))))
    for name in _WATCHED:
        if max(getattr(after, name), getattr(before, name)) > 0.05:
            change = max(change, abs(np.log(getattr(after, name) / getattr(before, name))) / 3.0)
    return float(change)
