"""The search for the optimum of one fit: separable least squares with estimated prior variances.

Levenberg-Marquardt steps on the shared and single parameters with the amplitudes (non-negative) and the
baseline solved exactly inside each step; after each step the prior variances are updated (REML).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray
from pharmrs.spectra.fit.baseline import BLOCKS, SMOOTH, Background
from pharmrs.spectra.fit.model import BROAD_QUADRATIC, LORENTZ, QUADRATIC, Model, stack
from pharmrs.spectra.fit.nonnegative import solve_nonnegative
from pharmrs.spectra.fit.ratios import Ratios, penalty
from pharmrs.spectra.fit.uncertainty import inverse, of_prior_factor, of_prior_variance
from pharmrs.spectra.fit.variances import Variances, estimated_blocks, precision, updated, updated_smoothness
from pharmrs.spectra.records.fit import FitSettings

_TINY = 1e-12
_SETTLED_STEP = 0.05  # largest parameter step in units of its posterior SD at which the search ends
_SETTLED_GAIN = 0.01  # gain in -2 log posterior density
_SETTLED_VARIANCE = 0.02  # largest relative change of a variance
_DAMPING_TRIES = 10
# a negative Gaussian of the broad components would raise rounding errors at late times to signals
_NEVER_NEGATIVE = (LORENTZ, QUADRATIC, BROAD_QUADRATIC)
_LARGEST_MOVE_HZ = 100.0
_LARGEST_GAIN = 5.0  # of the logarithm of a group of macromolecules
_LARGEST_RISE = 60.0  # of the logarithm of a damping factor


@dataclass(frozen=True, slots=True)
class Problem:
    """What one fit works on: scaled data, model, baseline, declared ratios and the precision (M, M) they add now."""

    data: FloatArray
    model: Model
    baseline: Background
    settings: FitSettings
    data_projected: ComplexArray
    ratios: Ratios
    ratio_penalty: FloatArray


@dataclass(frozen=True, slots=True)
class State:
    """The model at one parameter vector, amplitudes and baseline solved."""

    theta: FloatArray
    amplitudes: FloatArray
    free: BoolArray
    unshaped: ComplexArray
    spectra: ComplexArray
    stacked: FloatArray
    projected: ComplexArray
    gram: FloatArray
    misfit: float


@dataclass(frozen=True, slots=True)
class Curvature:
    """Normal equations of amplitudes and parameters at a state, baseline eliminated, noise variance divided out."""

    hessian: FloatArray
    gradient: FloatArray
    projected: ComplexArray
    jacobian: ComplexArray


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


def evaluate(problem: Problem, theta: FloatArray, variances: Variances, free: BoolArray | None) -> State:
    """Model at `theta` with the best non-negative amplitudes and baseline."""
    model = problem.model
    unshaped = model.unshaped(theta)
    spectra = model.spectra(theta, unshaped)
    stacked = stack(spectra.T)
    parts = (unshaped, spectra, stacked, problem.baseline.project(stacked), stacked.T @ stacked)
    return _solved(problem, theta, parts, variances, free)


def with_variances(problem: Problem, state: State, variances: Variances) -> State:
    """The same parameters with amplitudes and baseline solved anew for other variances."""
    parts = (state.unshaped, state.spectra, state.stacked, state.projected, state.gram)
    return _solved(problem, state.theta, parts, variances, state.free)


def _solved(
    problem: Problem,
    theta: FloatArray,
    parts: tuple[ComplexArray, ComplexArray, FloatArray, ComplexArray, FloatArray],
    variances: Variances,
    free: BoolArray | None,
) -> State:
    unshaped, spectra, stacked, projected, gram = parts
    solver = problem.baseline.solver(variances.smoothness)
    solved = solver @ projected
    reduced = gram - (projected.conj().T @ solved).real
    reduced += variances.noise * problem.ratio_penalty
    reduced[np.diag_indices_from(reduced)] += 1e-9
    moment = stacked.T @ problem.data - (solved.conj().T @ problem.data_projected).real
    amplitudes, free = solve_nonnegative(reduced, moment, free)
    energy = float(problem.data @ problem.data)
    energy -= float(np.vdot(problem.data_projected, solver @ problem.data_projected).real)
    misfit = energy - 2.0 * float(amplitudes @ moment) + float(amplitudes @ reduced @ amplitudes)
    return State(theta, amplitudes, free, unshaped, spectra, stacked, projected, gram, misfit)


def baseline_coefficients(problem: Problem, state: State, variances: Variances) -> ComplexArray:
    """Coefficients of the background at a state, (k,)."""
    left = problem.data_projected - state.projected @ state.amplitudes
    return problem.baseline.solver(variances.smoothness) @ left


def curvature(problem: Problem, state: State, variances: Variances, prior: FloatArray) -> Curvature:
    """Gauss-Newton normal equations of (amplitudes, parameters) with priors on the parameters."""
    model, m = problem.model, state.amplitudes.shape[0]
    jacobian = model.jacobian(state.theta, state.amplitudes, state.unshaped, state.spectra)
    columns = np.concatenate([state.stacked, stack(jacobian)], axis=1)
    projected = np.concatenate([state.projected, problem.baseline.project(columns[:, m:])], axis=1)
    solved = problem.baseline.solver(variances.smoothness) @ projected
    residual = problem.data - state.stacked @ state.amplitudes
    residual_projected = problem.data_projected - state.projected @ state.amplitudes
    hessian = (columns.T @ columns - (projected.conj().T @ solved).real) / variances.noise
    gradient = (columns.T @ residual - (solved.conj().T @ residual_projected).real) / variances.noise
    hessian[np.diag_indices_from(hessian)] += _TINY * np.diag(hessian)
    index = m + np.arange(prior.shape[0])
    hessian[index, index] += prior
    hessian[:m, :m] += problem.ratio_penalty
    gradient[m:] -= prior * state.theta
    gradient[:m] -= problem.ratio_penalty @ state.amplitudes
    return Curvature(hessian, gradient, projected, jacobian)


def _moving(state: State, gradient: FloatArray) -> BoolArray:
    """Entries of (amplitudes, parameters) that may move: not at a bound that the gradient presses on."""
    m = state.amplitudes.shape[0]
    moving: BoolArray = np.concatenate([state.free, np.ones(state.theta.shape[0], dtype=bool)])
    for index in _NEVER_NEGATIVE:
        if state.theta[index] <= 0.0 and gradient[m + index] < 0.0:
            moving[m + index] = False
    return moving


def _stepped(theta: FloatArray, step: FloatArray) -> FloatArray:
    moved = theta + step
    for index in _NEVER_NEGATIVE:
        moved[index] = max(moved[index], 0.0)
    return moved


def _plausible(model: Model, theta: FloatArray) -> bool:
    """Whether these parameters keep every exponential finite and no line leaves its neighbourhood."""
    layout, longest_s = model.layout, float(model.band.time_s.max())
    rise = max(-np.pi * float(theta[layout.dampings].min()), 0.0) * longest_s + max(model.rise(theta), 0.0)
    moved_hz = float(np.max(np.abs(theta[layout.shifts])))
    gain = float(np.max(np.abs(theta[layout.group_scales]), initial=0.0))
    return (
        bool(np.all(np.isfinite(theta)))
        and rise < _LARGEST_RISE
        and moved_hz < _LARGEST_MOVE_HZ
        and gain < _LARGEST_GAIN
    )


def search(problem: Problem, theta: FloatArray, variances: Variances) -> Optimum:
    """Minimise from `theta`; ends when steps and variances have settled, or says why it did not."""
    prior = precision(problem.model.layout, variances, problem.model.broad, problem.settings)
    state = evaluate(problem, theta, variances, None)
    damping = 1e-2
    converged, message = False, "iteration limit"
    m = state.amplitudes.shape[0]
    iterations = 0
    while iterations < problem.settings.max_iterations:
        iterations += 1
        bend = curvature(problem, state, variances, prior)
        moving = _moving(state, bend.gradient)
        hessian, gradient = bend.hessian[np.ix_(moving, moving)], bend.gradient[moving]
        objective = state.misfit / variances.noise + float(prior @ state.theta**2)
        accepted, gained = None, 0.0
        for _ in range(_DAMPING_TRIES):
            loaded = hessian.copy()
            where = np.arange(int(state.free.sum()), loaded.shape[0])
            loaded[where, where] *= 1.0 + damping
            step = np.zeros(m + theta.shape[0])
            step[moving] = cho_solve(cho_factor(loaded, check_finite=False), gradient, check_finite=False)
            target = _stepped(state.theta, step[m:])
            if not _plausible(problem.model, target):
                damping = max(damping * 5.0, 1e-3)
                continue
            trial = evaluate(problem, target, variances, state.free)
            gained = objective - trial.misfit / variances.noise - float(prior @ trial.theta**2)
            if gained >= -1e-9 * abs(objective):
                accepted = trial
                damping = max(damping / 5.0, 1e-6)
                break
            damping = max(damping * 5.0, 1e-3)
        covariance = np.zeros_like(bend.hessian)
        covariance[np.ix_(moving, moving)] = inverse(hessian)
        spread = np.sqrt(np.maximum(np.diag(covariance)[m:], 1e-300))
        if accepted is None:
            moved = 0.0
        else:
            moved = float(np.max(np.abs(accepted.theta - state.theta) / spread))
            state = accepted
        changed, freedom = _update(problem, state, bend, covariance, variances, prior)
        change = _largest_change(variances, changed)
        variances = changed
        prior = precision(problem.model.layout, variances, problem.model.broad, problem.settings)
        problem = replace(problem, ratio_penalty=penalty(problem.ratios, state.amplitudes))
        state = with_variances(problem, state, variances)
        if change < _SETTLED_VARIANCE and (moved < _SETTLED_STEP or gained < _SETTLED_GAIN):
            converged, message = True, "settled"
            break
    bend = curvature(problem, state, variances, prior)
    return Optimum(
        state=state,
        variances=variances,
        curvature=bend,
        posterior=_posterior(problem, state, variances, prior, bend),
        iterations=iterations,
        converged=converged,
        message=message,
        objective=_evidence(problem, state, variances, prior, bend),
        baseline_freedom=freedom,
    )


def _posterior(problem: Problem, state: State, variances: Variances, prior: FloatArray, bend: Curvature) -> FloatArray:
    """Covariance of amplitudes and parameters, with the uncertainty of the estimated variances, (M + parameters,)^2."""
    covariance, m = inverse(bend.hessian), state.amplitudes.shape[0]
    baseline = problem.baseline
    solver = baseline.solver(variances.smoothness)
    coefficients = baseline_coefficients(problem, state, variances)
    solved = solver @ bend.projected
    penalties = baseline.penalties(variances.smoothness)
    added = np.zeros_like(covariance)
    for block in range(BLOCKS):
        chosen = baseline.of(block)
        weights = penalties[chosen]
        change = (solved[chosen].conj().T @ (weights * coefficients[chosen])).real / variances.noise
        freedom = 2.0 * (float(chosen.sum()) - float(weights @ np.diag(solver).real[chosen]))
        added += of_prior_factor(covariance, change, freedom)
    for where, weight in estimated_blocks(problem.model.layout):
        places = m + np.arange(where.start, where.stop)
        added += of_prior_variance(covariance, prior[where], state.theta[where], places, weight)
    return np.asarray(covariance + added)


def _evidence(problem: Problem, state: State, variances: Variances, prior: FloatArray, bend: Curvature) -> float:
    """-2 log marginal likelihood up to a constant (Laplace), to compare optima of one problem."""
    n = problem.data.shape[0]
    penalties = problem.baseline.penalties(variances.smoothness)
    _, logdet = np.linalg.slogdet(bend.hessian)
    value = state.misfit / variances.noise + float(prior @ state.theta**2) + n * np.log(variances.noise)
    value -= 2.0 * float(np.linalg.slogdet(problem.baseline.solver(variances.smoothness))[1])
    value -= 2.0 * float(np.sum(np.log(penalties[penalties > 0])))
    return float(value + logdet - np.sum(np.log(prior[prior > 0])))


def _update(
    problem: Problem,
    state: State,
    bend: Curvature,
    covariance: FloatArray,
    variances: Variances,
    prior: FloatArray,
) -> tuple[Variances, float]:
    baseline, m = problem.baseline, state.amplitudes.shape[0]
    solver = baseline.solver(variances.smoothness)
    coefficients = solver @ (problem.data_projected - state.projected @ state.amplitudes)
    solved = solver @ bend.projected
    # variance of the real plus that of the imaginary part of each coefficient
    spread = 2.0 * variances.noise * np.diag(solver).real
    spread += np.einsum("ij,jk,ik->i", solved, covariance, solved.conj(), optimize=True).real
    penalties = baseline.penalties(variances.smoothness) / variances.noise
    traces, smoothness = np.zeros(BLOCKS), []
    for block in range(BLOCKS):
        chosen = baseline.of(block)
        traces[block] = float(penalties[chosen] @ spread[chosen])
        energy = float(penalties[chosen] @ np.abs(coefficients[chosen]) ** 2)
        rank = 2 * int(np.count_nonzero(chosen))
        smoothness.append(updated_smoothness(variances.smoothness[block], energy, traces[block], rank))
    residual = problem.data - state.stacked @ state.amplitudes - baseline.evaluate(coefficients)
    posterior = np.diag(covariance)[m:]
    freedom = 2.0 * float(np.count_nonzero(baseline.block == SMOOTH)) - traces[SMOOTH]
    used = (
        float(state.free.sum())
        + float(np.sum(posterior > 0) - prior @ posterior)
        + 2.0 * baseline.size
        - float(traces.sum())
    )
    noise = float(residual @ residual) / max(residual.shape[0] - used, 1.0)
    changed = updated(variances, problem.model.layout, state.theta, posterior, problem.model.broad, problem.settings)
    return replace(changed, smoothness=tuple(smoothness), noise=noise), freedom


def _largest_change(before: Variances, after: Variances) -> float:
    """Largest relative change that matters: the log of each variance, the smoothness at a third."""
    change = abs(np.log(after.noise / before.noise))
    change += abs(np.log(after.smoothness[SMOOTH] / before.smoothness[SMOOTH])) / 3.0
    for name in ("shift_sd_hz", "damping_sd_hz"):
        change = max(change, abs(np.log(getattr(after, name) / getattr(before, name))))
    for name in ("real_shape_sd", "imaginary_shape_sd", "group_sd", "fine_group_sd", "skew_sd"):
        if max(getattr(after, name), getattr(before, name)) > 0.05:
            change = max(change, abs(np.log(getattr(after, name) / getattr(before, name))) / 3.0)
    return float(change)
