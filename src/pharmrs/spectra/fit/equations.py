"""The equations of one fit: amplitudes and baseline solved inside, parameters and variances outside.

What one spectrum tells at given parameters: alone it is all there is (`search`), with others it is one share of many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray
from pharmrs.spectra.fit.baseline import BLOCKS, SMOOTH, LinearBackground
from pharmrs.spectra.fit.model import BROAD_QUADRATIC, LORENTZ, QUADRATIC, Model, ParameterLayout, stack
from pharmrs.spectra.fit.nonnegative import solve_nonnegative
from pharmrs.spectra.fit.ratios import Ratios
from pharmrs.spectra.fit.variances import Variances, estimated_blocks, updated_smoothness
from pharmrs.spectra.records.fit import FitSettings

_TINY = 1e-12
RIDGE = 1e-9
# a negative Gaussian of the broad components would raise rounding errors at late times to signals
_NEVER_NEGATIVE = (LORENTZ, QUADRATIC, BROAD_QUADRATIC)
# Two shims and drift take off a line's size; what adds to it restores a narrow peak on a Voigt profile turned pedestal
_MOST_ADDED = 0.05
_LARGEST_MOVE_HZ = 100.0
_LARGEST_GAIN = 5.0  # of the logarithm of a group of macromolecules
_LARGEST_RISE = 60.0  # of the logarithm of a damping factor


@dataclass(frozen=True, slots=True)
class Problem:
    """What one fit works on: scaled data, model, baseline, declared ratios and the precision (M, M) they add now."""

    data: FloatArray
    model: Model
    baseline: LinearBackground
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


Parts = tuple[ComplexArray, ComplexArray, FloatArray, ComplexArray, FloatArray]


def modelled(problem: Problem, theta: FloatArray) -> Parts:
    """What depends on the parameters alone: unshaped signals, spectra, the same stacked, projected, and their Gram
    matrix."""
    unshaped = problem.model.unshaped(theta)
    spectra = problem.model.spectra(theta, unshaped)
    stacked = stack(spectra.T)
    return unshaped, spectra, stacked, problem.baseline.project(stacked), stacked.T @ stacked


def evaluate(problem: Problem, theta: FloatArray, variances: Variances, free: BoolArray | None) -> State:
    """Model at `theta` with the best non-negative amplitudes and baseline."""
    return _solved(problem, theta, modelled(problem, theta), variances, free)


def with_variances(problem: Problem, state: State, variances: Variances) -> State:
    """The same parameters with amplitudes and baseline solved anew for other variances."""
    parts = (state.unshaped, state.spectra, state.stacked, state.projected, state.gram)
    return _solved(problem, state.theta, parts, variances, state.free)


def _solved(
    problem: Problem,
    theta: FloatArray,
    parts: Parts,
    variances: Variances,
    free: BoolArray | None,
) -> State:
    unshaped, spectra, stacked, projected, gram = parts
    energy, moment, reduced = normal_equations(problem, stacked, projected, gram, variances)
    reduced += variances.noise * problem.ratio_penalty
    reduced[np.diag_indices_from(reduced)] += RIDGE
    amplitudes, free = solve_nonnegative(reduced, moment, free)
    misfit = energy - 2.0 * float(amplitudes @ moment) + float(amplitudes @ reduced @ amplitudes)
    return State(theta, amplitudes, free, unshaped, spectra, stacked, projected, gram, misfit)


def normal_equations(
    problem: Problem, stacked: FloatArray, projected: ComplexArray, gram: FloatArray, variances: Variances
) -> tuple[float, FloatArray, FloatArray]:
    """Energy of the data, moments (M,) and Gram matrix (M, M) of the components, the background eliminated."""
    solver = problem.baseline.solver(variances.smoothness)
    solved = solver @ projected
    reduced = gram - (projected.conj().T @ solved).real
    moment = stacked.T @ problem.data - (solved.conj().T @ problem.data_projected).real
    energy = float(problem.data @ problem.data)
    energy -= float(np.vdot(problem.data_projected, solver @ problem.data_projected).real)
    return energy, moment, reduced


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


def floors(layout: ParameterLayout) -> FloatArray:
    """The least that each parameter may be, (parameters,)."""
    least = np.full(layout.size, -np.inf)
    least[list(_NEVER_NEGATIVE)] = 0.0
    least[layout.sizes[:1]] = -_MOST_ADDED
    return least


def moving(layout: ParameterLayout, state: State, gradient: FloatArray) -> BoolArray:
    """Entries of (amplitudes, parameters) that may move: not at a bound that the gradient presses on."""
    pressed = (state.theta <= floors(layout)) & (gradient[state.amplitudes.shape[0] :] < 0.0)
    return np.concatenate([state.free, ~pressed])


def stepped(layout: ParameterLayout, theta: FloatArray, step: FloatArray) -> FloatArray:
    return np.maximum(theta + step, floors(layout))


def plausible(model: Model, theta: FloatArray) -> bool:
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


@dataclass(frozen=True, slots=True)
class Smoothed:
    """What one spectrum tells of its background and noise: the new factors, the degrees of freedom that the background
    takes (`used`; `freedom` those of the smooth part), and the energy of the residual."""

    smoothness: tuple[float, ...]
    used: float
    freedom: float
    residual: float


def smoothed(
    problem: Problem, state: State, projected: ComplexArray, covariance: FloatArray, variances: Variances
) -> Smoothed:
    """The update of the background; `covariance` of amplitudes and parameters."""
    baseline = problem.baseline
    solver = baseline.solver(variances.smoothness)
    coefficients = solver @ (problem.data_projected - state.projected @ state.amplitudes)
    solved = solver @ projected
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
    return Smoothed(
        smoothness=tuple(smoothness),
        used=2.0 * baseline.size - float(traces.sum()),
        freedom=2.0 * float(np.count_nonzero(baseline.block == SMOOTH)) - traces[SMOOTH],
        residual=float(residual @ residual),
    )


def baseline_pulls(
    problem: Problem, state: State, variances: Variances, projected: ComplexArray
) -> list[tuple[FloatArray, float]]:
    """For each estimated factor of the background: what it does to the right-hand side of the normal equations, and the
    degrees of freedom it is estimated with."""
    baseline = problem.baseline
    solver = baseline.solver(variances.smoothness)
    coefficients = baseline_coefficients(problem, state, variances)
    solved = solver @ projected
    penalties = baseline.penalties(variances.smoothness)
    pulls = []
    for block in range(BLOCKS):
        chosen = baseline.of(block)
        weights = penalties[chosen]
        change = (solved[chosen].conj().T @ (weights * coefficients[chosen])).real / variances.noise
        pulls.append((change, 2.0 * (float(chosen.sum()) - float(weights @ np.diag(solver).real[chosen]))))
    return pulls


def prior_pulls(
    layout: ParameterLayout, state: State, prior: FloatArray, spread: FloatArray
) -> list[tuple[FloatArray, float]]:
    """The same for each estimated SD of parameters; `spread` (M + parameters,): posterior variances."""
    m, pulls = state.amplitudes.shape[0], []
    for where, weight in estimated_blocks(layout):
        change = np.zeros(m + layout.size)
        places = m + where
        change[places] = prior[where] * state.theta[where]
        pulls.append((change, where.size - float(prior[where] @ spread[places]) + weight))
    return pulls
