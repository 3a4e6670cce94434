"""Complex P-spline baseline: B-splines with a second-difference penalty (Eilers & Marx 1996, 10.1214/ss/1038425655).

Real and imaginary part share the smoothness. In the Demmler-Reinsch basis the normal matrix is the identity and the
penalty is diagonal, so that eliminating the baseline costs one product, and traces cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline
from scipy.linalg import eigh, solve_triangular
from scipy.sparse import csr_array

from pharmrs.records.arrays import FloatArray

_DEGREE = 3
_NULL_SPACE = 2  # constant and straight line are not penalised


@dataclass(frozen=True, slots=True)
class SplineBaseline:
    """`splines_t` sparse (k, n): B-splines, transposed; `rotation` (k, k): to the Demmler-Reinsch basis;
    `roughness` (k,): penalty of each Demmler-Reinsch function (the first two are 0)."""

    splines_t: csr_array
    splines: csr_array
    rotation: FloatArray
    roughness: FloatArray

    @property
    def size(self) -> int:
        """Number of spline functions of one part (real or imaginary)."""
        return int(self.roughness.shape[0])

    @property
    def penalised(self) -> int:
        """Rank of the penalty over both parts."""
        return 2 * (self.size - _NULL_SPACE)

    def roughness_both(self) -> FloatArray:
        """Penalty of the stacked (real, imaginary) coefficients, shape (2k,)."""
        return np.concatenate([self.roughness, self.roughness])

    def shrinkage(self, smoothness: float) -> FloatArray:
        """What the penalty leaves of each stacked coefficient of a least-squares fit, shape (2k,)."""
        return np.asarray(1.0 / (1.0 + smoothness * self.roughness_both()))

    def project(self, stacked: FloatArray) -> FloatArray:
        """Demmler-Reinsch coefficients of stacked (real; imaginary) columns: (2n, m) -> (2k, m)."""
        n = stacked.shape[0] // 2
        both = np.concatenate([stacked[:n], stacked[n:]], axis=1)
        inner = self.rotation.T @ (self.splines_t @ both)
        m = stacked.shape[1]
        return np.concatenate([inner[:, :m], inner[:, m:]], axis=0)

    def evaluate(self, coefficients: FloatArray) -> FloatArray:
        """Stacked baseline of stacked coefficients: (2k,) -> (2n,)."""
        k = self.size
        parts = self.splines @ (self.rotation @ np.stack([coefficients[:k], coefficients[k:]], axis=1))
        return np.concatenate([parts[:, 0], parts[:, 1]])


def make_baseline(ppm: FloatArray, knots_per_ppm: float) -> SplineBaseline:
    """Splines on an even chemical-shift grid `ppm` (n,)."""
    low, high = float(ppm.min()), float(ppm.max())
    intervals = max(round(knots_per_ppm * (high - low)), 4)
    inner = np.linspace(low, high, intervals + 1)
    width = inner[1] - inner[0]
    knots = np.concatenate([low - width * np.arange(_DEGREE, 0, -1), inner, high + width * np.arange(1, _DEGREE + 1)])
    splines = csr_array(BSpline.design_matrix(np.clip(ppm, low, high), knots, _DEGREE))
    k = splines.shape[1]
    gram = (splines.T @ splines).toarray()
    difference = np.diff(np.eye(k), 2, axis=0)
    lower = np.linalg.cholesky(gram + 1e-10 * np.trace(gram) / k * np.eye(k))
    whitened = solve_triangular(lower, difference.T, lower=True)
    roughness, vectors = eigh(whitened @ whitened.T)
    roughness = np.maximum(roughness, 0.0)
    roughness[:_NULL_SPACE] = 0.0
    rotation = solve_triangular(lower.T, vectors, lower=False)
    return SplineBaseline(splines_t=csr_array(splines.T), splines=splines, rotation=rotation, roughness=roughness)
