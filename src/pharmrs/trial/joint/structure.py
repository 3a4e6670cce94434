"""How metabolite and biomarker of a participant go together: the covariance of the joint model.

Per treatment k of a participant, before measurement error and around the means:
  dM = z1,  dB = b_k z1 + z2,  M0 = c1k z1 + c2k z2 + z3 + a,  B0 = c3k z1 + c4k z2 + c5k z3 / SD(z3) + z4 + b,
z1 = p + q1 and z2 = u + q2 share p and u between the treatments of a participant, and (a, b) are the participant's
own levels. b_k is the regression slope of the biomarker's change on the metabolite's. Nothing is assumed about how
baselines go with changes, so regression to the mean costs no bias. c5k is taken per SD of z3, which
may be zero: a slope on z3 would then run to infinity. The SDs of z1 to z4 are each treatment's own: a drug that moves
the metabolite more, or leaves the biomarker more scattered, must not lend its spread to the other arm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray

PLACES = 4  # of each treatment: metabolite before and after, biomarker before and after
_TO_PLACES = np.array([[0.0, 0, 1, 0], [1, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 1]])  # from (dM, dB, M0, B0)
_BASELINES, _WITHIN, _BETWEEN = 5, 4, 5


@dataclass(frozen=True, slots=True)
class Structure:
    """`treatments`: how many; `shared`: participants get several of them, so that what they share can be told."""

    treatments: int
    shared: bool

    @property
    def size(self) -> int:
        """Number of parameters: slopes (reference, then differences), baselines, SDs within, factors between."""
        return self.treatments * (1 + _BASELINES + _WITHIN) + (_BETWEEN if self.shared else 0)

    @property
    def first_spread(self) -> int:
        """Where the SDs begin; before them stand slopes and the baselines' regressions on the changes."""
        return self.treatments * (1 + _BASELINES)

    def start(self, slope: float) -> FloatArray:
        """A starting point for standardised data."""
        regressions = [-0.4, 0.0, 0.0, -0.4, 0.0]
        between = [0.2, 0.2, 0.5, 0.0, 0.5] if self.shared else []
        slopes = [slope, *[0.0] * (self.treatments - 1)]
        within = [0.8, 0.8, 0.7, 0.7] * self.treatments
        return np.array([*slopes, *regressions * self.treatments, *within, *between])

    def loadings(self, parameters: FloatArray) -> FloatArray:
        """Loadings (4 treatments, factors) on independent standard factors; the covariance is their product."""
        k = self.treatments
        within, between = self._spreads(parameters)
        columns = PLACES * k + (4 if self.shared else 0)
        found = np.zeros((PLACES * k, columns))
        for arm, placed in enumerate(self._placed(parameters)):
            rows = slice(PLACES * arm, PLACES * (arm + 1))
            found[rows, rows] = placed * within[arm]
            found[rows, PLACES * arm + 2] += _TO_PLACES[:, 3] * parameters[k + _BASELINES * arm + 4]
            if self.shared:
                found[rows, -4] = placed[:, 0] * between[0]
                found[rows, -3] = placed[:, 1] * between[1]
                found[rows, -2] = _TO_PLACES[:, 2] * between[2] + _TO_PLACES[:, 3] * between[3]
                found[rows, -1] = _TO_PLACES[:, 3] * between[4]
        return found

    def covariance(self, parameters: FloatArray) -> FloatArray:
        """Covariance (4 treatments, 4 treatments) of all values of a participant before measurement error."""
        factors = self.loadings(parameters)
        return np.asarray(factors @ factors.T)

    def gradient(self, parameters: FloatArray, by_covariance: FloatArray) -> FloatArray:
        """Derivatives by the parameters, given those by the covariance (the chain rule through the loadings)."""
        k = self.treatments
        by_loadings = 2 * by_covariance @ self.loadings(parameters)
        first = k * (1 + _BASELINES)
        within, between = self._spreads(parameters)
        found = np.zeros(self.size)
        for arm, placed in enumerate(self._placed(parameters)):
            rows = slice(PLACES * arm, PLACES * (arm + 1))
            block = by_loadings[rows, rows]
            by_placed = block * within[arm]
            found[first + _WITHIN * arm : first + _WITHIN * (arm + 1)] = np.sum(block * placed, axis=0)
            if self.shared:
                shared = by_loadings[rows, -4:]
                by_placed[:, :2] += shared[:, :2] * between[:2]
                places = [placed[:, 0], placed[:, 1], _TO_PLACES[:, 2], _TO_PLACES[:, 3], _TO_PLACES[:, 3]]
                found[-_BETWEEN:] += np.sum(shared[:, [0, 1, 2, 2, 3]] * np.column_stack(places), axis=0)
            by_mix = _TO_PLACES.T @ by_placed
            found[0] += by_mix[1, 0]
            if arm:
                found[arm] = by_mix[1, 0]
            own = k + _BASELINES * arm
            found[own : own + 4] = by_mix[[2, 2, 3, 3], [0, 1, 0, 1]]
            found[own + 4] = _TO_PLACES[:, 3] @ block[:, 2]
        return found

    def _placed(self, parameters: FloatArray) -> list[FloatArray]:
        """Per treatment: how (z1, z2, z3, z4) enter its four places; c5 is added to their loadings."""
        k = self.treatments
        slopes = [parameters[0], *(parameters[0] + parameters[1:k])]
        found = []
        for slope, (c1, c2, c3, c4, _) in zip(slopes, parameters[k : k * (1 + _BASELINES)].reshape(k, -1), strict=True):
            mix = np.array([[1.0, 0, 0, 0], [slope, 1, 0, 0], [c1, c2, 1, 0], [c3, c4, 0, 1]])
            found.append(_TO_PLACES @ mix)
        return found

    def _spreads(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """SDs within each treatment (treatments, z1 to z4), and factors between participants (p, u, a, a on b, b)."""
        first = self.treatments * (1 + _BASELINES)
        last = first + _WITHIN * self.treatments
        return parameters[first:last].reshape(self.treatments, _WITHIN), parameters[last:]
