"""The way to the optimum, whatever is fitted: one spectrum, or several that share parameters.

Levenberg-Marquardt steps on (amplitudes, parameters) with the amplitudes solved exactly inside each step; after each
step the variances are updated (REML). What the numbers mean is the business of the `Landscape`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.spectra.fit.uncertainty import inverse

_SETTLED_STEP = 0.05  # largest parameter step in units of its posterior SD at which the search ends
_SETTLED_GAIN = 0.01  # gain in -2 log posterior density
_SETTLED_VARIANCE = 0.02  # largest relative change of a variance
_DAMPING_TRIES = 10


class PointOfClimb(Protocol):
    """Parameters with amplitudes solved; `free`: amplitudes that are not at their bound."""

    @property
    def theta(self) -> FloatArray: ...
    @property
    def amplitudes(self) -> FloatArray: ...
    @property
    def free(self) -> BoolArray: ...


class Bend(Protocol):
    """Normal equations of (amplitudes, parameters)."""

    @property
    def hessian(self) -> FloatArray: ...
    @property
    def gradient(self) -> FloatArray: ...


PlaceT = TypeVar("PlaceT", bound=PointOfClimb)
BendT = TypeVar("BendT", bound=Bend)
VariancesT = TypeVar("VariancesT")


@dataclass(frozen=True, slots=True)
class Updated(Generic[VariancesT]):
    """Variances after an update, their largest change that matters, and the freedom the baseline takes."""

    variances: VariancesT
    change: float
    freedom: float


class Landscape(Protocol[PlaceT, BendT, VariancesT]):
    """What is climbed: -2 log posterior density of the parameters, and how it bends."""

    @property
    def max_iterations(self) -> int: ...
    def evaluate(self, theta: FloatArray, variances: VariancesT, free: BoolArray | None) -> PlaceT: ...
    def solved_again(self, state: PlaceT, variances: VariancesT) -> PlaceT: ...
    def bend(self, state: PlaceT, variances: VariancesT) -> BendT: ...
    def height(self, state: PlaceT, variances: VariancesT) -> float: ...
    def moving(self, state: PlaceT, gradient: FloatArray) -> BoolArray: ...
    def stepped(self, theta: FloatArray, step: FloatArray) -> FloatArray: ...
    def plausible(self, theta: FloatArray) -> bool: ...
    def update(
        self, state: PlaceT, bend: BendT, covariance: FloatArray, variances: VariancesT
    ) -> Updated[VariancesT]: ...
    def with_ratios_at(self, state: PlaceT) -> Landscape[PlaceT, BendT, VariancesT]: ...


@dataclass(frozen=True, slots=True)
class Climbed(Generic[PlaceT, VariancesT]):
    """Where the climb ended."""

    state: PlaceT
    variances: VariancesT
    iterations: int
    converged: bool
    message: str
    freedom: float


def climb(
    land: Landscape[PlaceT, BendT, VariancesT], theta: FloatArray, variances: VariancesT
) -> tuple[Climbed[PlaceT, VariancesT], Landscape[PlaceT, BendT, VariancesT]]:
    """Minimise from `theta`; ends when steps and variances have settled, or says why it did not.

    Returns the end and the landscape there (declared ratios are priors that follow the amplitudes).
    """
    state = land.evaluate(theta, variances, None)
    damping, freedom = 1e-2, 0.0
    for iteration in range(1, land.max_iterations + 1):
        bend = land.bend(state, variances)
        moving = land.moving(state, bend.gradient)
        hessian = bend.hessian[np.ix_(moving, moving)]
        accepted, gained, damping = _step(land, state, variances, (moving, hessian, bend.gradient[moving]), damping)
        covariance = np.zeros_like(bend.hessian)
        covariance[np.ix_(moving, moving)] = inverse(hessian)
        spread = np.sqrt(np.maximum(np.diag(covariance)[state.amplitudes.shape[0] :], 1e-300))
        moved = 0.0
        if accepted is not None:
            moved = float(np.max(np.abs(accepted.theta - state.theta) / spread))
            state = accepted
        changed = land.update(state, bend, covariance, variances)
        variances, freedom = changed.variances, changed.freedom
        land = land.with_ratios_at(state)
        state = land.solved_again(state, variances)
        if changed.change < _SETTLED_VARIANCE and (moved < _SETTLED_STEP or gained < _SETTLED_GAIN):
            return Climbed(state, variances, iteration, True, "settled", freedom), land
    return Climbed(state, variances, land.max_iterations, False, "iteration limit", freedom), land


def _step(
    land: Landscape[PlaceT, BendT, VariancesT],
    state: PlaceT,
    variances: VariancesT,
    equations: tuple[BoolArray, FloatArray, FloatArray],
    damping: float,
) -> tuple[PlaceT | None, float, float]:
    """The state after a step that gains (None: no such step), the gain and the damping for the next one."""
    moving, hessian, gradient = equations
    m, height, gained = state.amplitudes.shape[0], land.height(state, variances), 0.0
    for _ in range(_DAMPING_TRIES):
        loaded = hessian.copy()
        where = np.arange(int(state.free.sum()), loaded.shape[0])
        loaded[where, where] *= 1.0 + damping
        step = np.zeros(m + state.theta.shape[0])
        step[moving] = cho_solve(cho_factor(loaded, check_finite=False), gradient, check_finite=False)
        target = land.stepped(state.theta, step[m:])
        if not land.plausible(target):
            damping = max(damping * 5.0, 1e-3)
            continue
        trial = land.evaluate(target, variances, state.free)
        gained = height - land.height(trial, variances)
        if gained >= -1e-9 * abs(height):
            return trial, gained, max(damping / 5.0, 1e-6)
        damping = max(damping * 5.0, 1e-3)
    return None, gained, damping
