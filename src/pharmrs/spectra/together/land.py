"""The landscape of several spectra: the equations of each, carried over to the numbers of the set and added up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.spectra.fit.climb import Updated
from pharmrs.spectra.fit.equations import (
    RIDGE,
    Curvature,
    Problem,
    Smoothed,
    State,
    baseline_pulls,
    curvature,
    modelled,
    normal_equations,
    plausible,
    smoothed,
)
from pharmrs.spectra.fit.nonnegative import solve_nonnegative
from pharmrs.spectra.fit.ratios import Ratios, penalty
from pharmrs.spectra.fit.search import largest_change
from pharmrs.spectra.fit.uncertainty import inverse, of_pulls
from pharmrs.spectra.fit.variances import Variances, precision, updated
from pharmrs.spectra.together.sharing import Links

SetVariances = tuple[Variances, ...]
_POOLED = ("real_shape_sd", "imaginary_shape_sd", "size_sd", "skew_sd", "turn_sd_rad", "shift_sd_hz", "damping_sd_hz")
_POOLED_GROUPS = ("group_sd", "fine_group_sd")


@dataclass(frozen=True, slots=True)
class SetState:
    """Numbers of the set with the amplitudes solved; `each`: the spectra there. `misfit` in units of the noise of the
    first spectrum."""

    theta: FloatArray
    amplitudes: FloatArray
    free: BoolArray
    each: tuple[State, ...]
    misfit: float


@dataclass(frozen=True, slots=True)
class SetBend:
    """Normal equations of the numbers of the set; `each`: those of the spectra, without priors."""

    hessian: FloatArray
    gradient: FloatArray
    each: tuple[Curvature, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """`problems`: without ratios of their own; `ratios`: of the amplitudes of the set, and the precision they add.
    `alike`: all spectra are of one kind, so that one smoothness of the background is estimated from all of them."""

    problems: tuple[Problem, ...]
    links: Links
    ratios: Ratios
    ratio_penalty: FloatArray
    alike: bool = False

    @property
    def max_iterations(self) -> int:
        return self.problems[0].settings.max_iterations

    def prior(self, variances: SetVariances) -> FloatArray:
        """Prior precision of each parameter of the set: of those it stands for, the mean."""
        total, count = np.zeros(self.links.floors.shape[0]), np.zeros(self.links.floors.shape[0])
        for problem, one, turned in zip(self.problems, variances, self.links.parameters, strict=True):
            used = (turned != 0.0).astype(float)
            total += precision(problem.model.layout, one, problem.model.broad, problem.settings) @ used
            count += used.sum(axis=0)
        return np.asarray(total / count)

    def evaluate(self, theta: FloatArray, variances: SetVariances, free: BoolArray | None) -> SetState:
        each = []
        for problem, turned in zip(self.problems, self.links.parameters, strict=True):
            local = theta if self.links.trivial else turned @ theta
            each.append(State(local, np.zeros(0), np.zeros(0, dtype=bool), *modelled(problem, local), 0.0))
        return self._solved(theta, each, variances, free)

    def solved_again(self, state: SetState, variances: SetVariances) -> SetState:
        return self._solved(state.theta, list(state.each), variances, state.free)

    def _solved(
        self, theta: FloatArray, each: list[State], variances: SetVariances, free: BoolArray | None
    ) -> SetState:
        count, noise = self.links.signed.shape[0], variances[0].noise
        gram, moment, energy = np.zeros((count, count)), np.zeros(count), 0.0
        for problem, one, own, chosen in zip(self.problems, each, variances, self.links.amplitudes, strict=True):
            own_energy, own_moment, reduced = normal_equations(problem, one.stacked, one.projected, one.gram, own)
            weight = noise / own.noise
            if self.links.trivial:
                gram, moment, energy = reduced, own_moment, own_energy
            else:
                gram += weight * (chosen.T @ reduced @ chosen)
                moment += weight * (chosen.T @ own_moment)
                energy += weight * own_energy
        gram += noise * self.ratio_penalty
        gram[np.diag_indices_from(gram)] += RIDGE
        amplitudes, free = solve_nonnegative(gram, moment, free, self.links.signed)
        misfit = energy - 2.0 * float(amplitudes @ moment) + float(amplitudes @ gram @ amplitudes)
        placed = [
            replace(one, amplitudes=chosen @ amplitudes, free=np.abs(chosen) @ free > 0.0)
            for one, chosen in zip(each, self.links.amplitudes, strict=True)
        ]
        return SetState(theta, amplitudes, free, tuple(placed), misfit)

    def bend(self, state: SetState, variances: SetVariances) -> SetBend:
        m, trivial = state.amplitudes.shape[0], self.links.trivial
        size = m + state.theta.shape[0]
        hessian, gradient, each = np.zeros((size, size)), np.zeros(size), []
        for problem, one, own, both in zip(self.problems, state.each, variances, self.links.both, strict=True):
            bend = curvature(problem, one, own, np.zeros(one.theta.shape[0]))
            hessian += bend.hessian if trivial else both.T @ bend.hessian @ both
            gradient += bend.gradient if trivial else both.T @ bend.gradient
            each.append(bend)
        prior, index = self.prior(variances), np.arange(m, size)
        hessian[index, index] += prior
        hessian[:m, :m] += self.ratio_penalty
        gradient[m:] -= prior * state.theta
        gradient[:m] -= self.ratio_penalty @ state.amplitudes
        return SetBend(hessian, gradient, tuple(each))

    def height(self, state: SetState, variances: SetVariances) -> float:
        return state.misfit / variances[0].noise + float(self.prior(variances) @ state.theta**2)

    def moving(self, state: SetState, gradient: FloatArray) -> BoolArray:
        """Entries that may move: not at a bound that the gradient presses on."""
        pressed = (state.theta <= self.links.floors) & (gradient[state.amplitudes.shape[0] :] < 0.0)
        return np.concatenate([state.free, ~pressed])

    def stepped(self, theta: FloatArray, step: FloatArray) -> FloatArray:
        return np.maximum(theta + step, self.links.floors)

    def plausible(self, theta: FloatArray) -> bool:
        return all(
            plausible(problem.model, turned @ theta)
            for problem, turned in zip(self.problems, self.links.parameters, strict=True)
        )

    def update(
        self, state: SetState, bend: SetBend, covariance: FloatArray, variances: SetVariances
    ) -> Updated[SetVariances]:
        spread = np.diag(covariance)[state.amplitudes.shape[0] :]
        used = float(state.free.sum()) + float(np.sum(spread > 0) - self.prior(variances) @ spread)
        curvatures: list[tuple[Smoothed, FloatArray, float]] = []
        everyone = zip(self.problems, state.each, bend.each, variances, self.links.both, strict=True)
        for problem, one, own_bend, own, both in everyone:
            local = covariance if self.links.trivial else both @ covariance @ both.T
            background = smoothed(problem, one, own_bend.projected, local, own)
            curvatures.append((background, np.diag(local), float(np.sum(local * own_bend.hessian))))
        shares = np.array([share for _, _, share in curvatures])
        shares = shares / shares.sum()
        changed = []
        for problem, one, own, (background, local_spread, _), share in zip(
            self.problems, state.each, variances, curvatures, shares, strict=True
        ):
            taken = used * share + background.used
            noise = background.residual / max(problem.data.shape[0] - taken, 1.0)
            layout, count = problem.model.layout, one.amplitudes.shape[0]
            fresh = updated(own, layout, one.theta, local_spread[count:], problem.model.broad, problem.settings)
            changed.append(replace(fresh, smoothness=background.smoothness, noise=noise))
        after = self._pooled(changed)
        change = max(largest_change(old, new) for old, new in zip(variances, after, strict=True))
        return Updated(after, change, curvatures[0][0].freedom)

    def _pooled(self, each: list[Variances]) -> SetVariances:
        """SDs of parameters are those of one person in one scanner: the geometric mean over the spectra."""
        fields: dict[str, Any] = {}
        for name in (*_POOLED, *_POOLED_GROUPS):
            used = [
                getattr(one, name)
                for one, problem in zip(each, self.problems, strict=True)
                if name not in _POOLED_GROUPS or problem.model.layout.groups
            ]
            if len(used) > 1:
                fields[name] = float(np.exp(np.mean(np.log(used))))
        if self.alike:
            factors = np.exp(np.mean(np.log([one.smoothness for one in each]), axis=0))
            fields["smoothness"] = tuple(float(factor) for factor in factors)
        return tuple(replace(one, **fields) for one in each)

    def with_ratios_at(self, state: SetState) -> Together:
        return replace(self, ratio_penalty=penalty(self.ratios, state.amplitudes))

    def posterior(self, state: SetState, variances: SetVariances, bend: SetBend) -> FloatArray:
        """Covariance of amplitudes and parameters of the set, the uncertainty of the estimated variances included."""
        covariance = inverse(bend.hessian)
        pulls = [
            (both.T @ change, freedom)
            for problem, one, own_bend, own, both in zip(
                self.problems, state.each, bend.each, variances, self.links.both, strict=True
            )
            for change, freedom in baseline_pulls(problem, one, own, own_bend.projected)
        ]
        m, prior, spread = state.amplitudes.shape[0], self.prior(variances), np.diag(covariance)
        for columns, weight in self.links.blocks:
            change = np.zeros(covariance.shape[0])
            change[m + columns] = prior[columns] * state.theta[columns]
            pulls.append((change, columns.size - float(prior[columns] @ spread[m + columns]) + weight))
        return np.asarray(covariance + of_pulls(covariance, pulls))
