"""Attempts at one fit: further starts where the first is not beyond suspicion, gaps where the data ask for them.

Optima are compared by their evidence (Laplace). Points in a gap count there as Gaussian with the variance they have,
so that leaving points out must pay for itself, and optima with different gaps can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.constants import WATER_PPM
from pharmrs.core.errors import FitFailure
from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray
from pharmrs.spectra.fit.baseline import FOREIGN, SMOOTH, UnmodelledLine, make_baseline, water_tail
from pharmrs.spectra.fit.equations import Problem, baseline_coefficients
from pharmrs.spectra.fit.gaps import LARGEST_SHARE, lines_in, unexplained
from pharmrs.spectra.fit.line_shape import full_width_hz, quadratic_of_gauss
from pharmrs.spectra.fit.model import LORENTZ, PHASE0, QUADRATIC, SHIFT, Model, stack
from pharmrs.spectra.fit.ratios import Ratios
from pharmrs.spectra.fit.search import Optimum, search
from pharmrs.spectra.fit.starting_values import Start
from pharmrs.spectra.fit.variances import Variances
from pharmrs.spectra.records.fit import FitSettings

_FIRST_SMOOTHNESS, _STIFF, _FIRST_NOISE, _FIRST_SHAPE_SD = 10.0, 1000.0, 0.01, 0.1
_FIRST_FOREIGN = 1.0
_MISFIT_FACTOR = 1.5  # residual over noise at which another starting point is tried
_LOOSE_SHARE = 0.6  # of the baseline's freedom: a baseline that takes more is suspected of having eaten signal
_MOST_STARTS = 3
_MOST_ROUNDS = 4  # of finding gaps
WITHOUT_BROAD = 4.0  # times as much detail, where the baseline has to do for the macromolecules too


@dataclass(frozen=True, slots=True)
class Task:
    """What is fitted: scaled spectrum (n,) over the whole window, its model, and the noise (SD of each part, or 0)."""

    values: ComplexArray
    model: Model
    settings: FitSettings
    ratios: Ratios
    noise_sd: float

    def problem(self, left_out: BoolArray, lines: tuple[UnmodelledLine, ...]) -> Problem:
        """The problem without the points `left_out` (n,), with `lines` of which only the tails are seen."""
        model = self.model.without(left_out) if left_out.any() else self.model
        detail_s = self.settings.baseline_detail_s * (1.0 if self.model.broad.any() else WITHOUT_BROAD)
        gaps = left_out if left_out.any() else None
        ppm = self.model.band.ppm
        baseline = make_baseline(
            ppm, self.model.band.hz_per_ppm, detail_s, water_tail(ppm, WATER_PPM.value) + lines, gaps
        )
        data, count = stack(self.values[~left_out]), self.model.signals.shape[0]
        return Problem(
            data=data,
            model=model,
            baseline=baseline,
            settings=self.settings,
            data_projected=baseline.project(data[:, None])[:, 0],
            ratios=self.ratios,
            ratio_penalty=np.zeros((count, count)),
        )


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """An optimum and what it says of the whole window: `components` (M, n), `baseline`, `foreign` (part of it: lipids),
    `left_out` (n,).

    `lines`: how many stand in gaps. `objective`: -2 log evidence, comparable between outcomes of one task.
    """

    problem: Problem
    optimum: Optimum
    components: ComplexArray
    baseline: ComplexArray
    foreign: ComplexArray
    left_out: BoolArray
    lines: int
    objective: float


def best_attempt(task: Task, starts: list[Start]) -> AttemptOutcome:
    """The outcome of highest evidence; one start is enough when nothing about its optimum is suspicious.

    Raises FitFailure when the normal equations could not be solved from any start.
    """
    best: AttemptOutcome | None = None
    for start, smoothness in [(starts[0], _FIRST_SMOOTHNESS), *((start, _STIFF) for start in starts[:_MOST_STARTS])]:
        try:
            outcome = _with_gaps(task, start, smoothness)
        except (np.linalg.LinAlgError, ArithmeticError):
            continue
        if best is None or _rank(outcome) > _rank(best):
            best = outcome
        if not _suspicious(task, best):
            break
    if best is None:
        raise FitFailure("the normal equations could not be solved from any starting point")
    return best


def _rank(outcome: AttemptOutcome) -> tuple[bool, float]:
    return outcome.optimum.converged, -outcome.objective


def _suspicious(task: Task, outcome: AttemptOutcome) -> bool:
    optimum = outcome.optimum
    misfit = np.sqrt(optimum.variances.noise) > _MISFIT_FACTOR * task.noise_sd
    lines = 2.0 * outcome.lines
    smooth = 2.0 * float(np.count_nonzero(outcome.problem.baseline.block == SMOOTH))
    loose = bool(optimum.baseline_freedom - lines >= _LOOSE_SHARE * (smooth - lines))
    return not optimum.converged or bool(misfit) or loose


def _with_gaps(task: Task, start: Start, smoothness: float) -> AttemptOutcome:
    """The optimum from one start, without the points that only a gap can do justice to."""
    best = _searched(task, start, smoothness, np.zeros(task.values.shape[0], dtype=bool), ())
    for _ in range(_MOST_ROUNDS):
        wanted, lines = _gaps(task, best)
        if np.array_equal(wanted, best.left_out) or wanted.mean() > LARGEST_SHARE:
            break
        outcome = _searched(task, start, smoothness, wanted, lines)
        if _rank(outcome) < _rank(best):
            break
        best = outcome
    return best


def again(task: Task, theta: FloatArray, variances: Variances, left_out: BoolArray) -> AttemptOutcome:
    """The optimum from the parameters and variances of another, without the points `left_out` (n,)."""
    nothing = np.zeros(task.values.shape[0], dtype=complex)
    width_ppm = task.model.band.step_hz / task.model.band.hz_per_ppm
    lines = lines_in(left_out, task.values, nothing, task.model.band.ppm, 2.0 * width_ppm)
    return _ended(task, task.problem(left_out, lines), theta, variances, left_out, lines)


def _searched(
    task: Task, start: Start, smoothness: float, left_out: BoolArray, lines: tuple[UnmodelledLine, ...]
) -> AttemptOutcome:
    problem = task.problem(left_out, lines)
    theta = np.zeros(problem.model.layout.size)
    theta[PHASE0], theta[SHIFT] = start.phase_rad, start.shift_hz
    theta[LORENTZ], theta[QUADRATIC] = 0.5 * start.width_hz, quadratic_of_gauss(0.6 * start.width_hz)
    variances = Variances(
        smoothness=(smoothness, _FIRST_FOREIGN),
        noise=_FIRST_NOISE,
        real_shape_sd=_FIRST_SHAPE_SD,
        imaginary_shape_sd=_FIRST_SHAPE_SD,
        group_sd=_FIRST_SHAPE_SD,
        fine_group_sd=_FIRST_SHAPE_SD,
        skew_sd=_FIRST_SHAPE_SD,
        turn_sd_rad=_FIRST_SHAPE_SD,
        size_sd=_FIRST_SHAPE_SD,
        shift_sd_hz=problem.settings.shift_sd_hz,
        damping_sd_hz=problem.settings.damping_sd_hz,
    )
    return _ended(task, problem, theta, variances, left_out, lines)


def _ended(
    task: Task,
    problem: Problem,
    theta: FloatArray,
    variances: Variances,
    left_out: BoolArray,
    lines: tuple[UnmodelledLine, ...],
) -> AttemptOutcome:
    return attempt_outcome(task, problem, search(problem, theta, variances), left_out, len(lines))


def attempt_outcome(task: Task, problem: Problem, optimum: Optimum, left_out: BoolArray, lines: int) -> AttemptOutcome:
    """What an optimum says of the whole window."""
    state = optimum.state
    spectra = task.model.spectra(state.theta, state.unshaped) if left_out.any() else state.spectra
    components = state.amplitudes[:, None] * spectra
    coefficients = baseline_coefficients(problem, state, optimum.variances)
    baseline = problem.baseline.across_gaps(coefficients)
    foreign = problem.baseline.across_gaps(coefficients, FOREIGN)
    apart = (task.values - components.sum(axis=0) - baseline)[left_out]
    objective = optimum.objective
    if apart.size:
        objective += 2.0 * apart.size * (1.0 + float(np.log(0.5 * np.mean(np.abs(apart) ** 2))))
    return AttemptOutcome(problem, optimum, components, baseline, foreign, left_out, lines, objective)


def _gaps(task: Task, outcome: AttemptOutcome) -> tuple[BoolArray, tuple[UnmodelledLine, ...]]:
    """Points of the window that a gap does justice to, (n,), and the lines in the gaps."""
    band, theta = task.model.band, outcome.optimum.state.theta
    width_hz = full_width_hz(task.model.line_shape(theta)[: band.count], band.time_s[: band.count])
    if not np.isfinite(width_hz):
        width_hz = band.step_hz
    left = task.values - outcome.components.sum(axis=0)
    found = unexplained(
        left - outcome.baseline, task.values - outcome.baseline, task.noise_sd, round(width_hz / band.step_hz)
    )
    wanted = outcome.left_out | found
    return wanted, lines_in(wanted, left, outcome.baseline, band.ppm, 0.5 * width_hz / band.hz_per_ppm)
