"""Complex baseline: smooth over the window, and causal.

Smoothness is that of P-splines with a third-difference penalty (Eilers & Marx 1996, 10.1214/ss/1038425655), written in
the time domain: broad signals have decayed soon, and the penalty on the k-th derivative of a spectrum is one on t^k
times its signal. Writing it there costs nothing and says one thing more: a recorded signal has no points before its
first. Real and imaginary part of a smooth background are therefore not free of each other (Kramers and Kronig), which
halves what the baseline can take up by mistake. Functions are orthonormal in the window and each has one penalty
(Demmler-Reinsch), so that eliminating the baseline costs one product, and traces cost nothing.

Water stands outside the window and its tail is not smooth at the edge: a line of free amplitude and phase describes it.
So does one for the tails of whatever stands in a gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray, read_only

_ORDER = 3  # of the derivative that is penalised
_UNIT = 1.5  # cycles/ppm (5 ms at 7 T) at which a function's penalty is 1
_GAP = 1.0  # of the window's width: after window and gap the functions repeat
_FREE = 1e-9  # penalty of the constant
_LINE = 1e-3  # penalty of a line
_SEEN = 1e7  # functions of a higher penalty cannot be seen in the window
_UNPENALISED = 1e-5
_WATER_HALF_WIDTH_PPM, _WATER_DISTANCE_PPM = 0.025, 0.15


@dataclass(frozen=True, slots=True)
class Line:
    """A Lorentzian line that no component describes: its chemical shift and half its width at half maximum."""

    ppm: float
    half_width_ppm: float


@dataclass(frozen=True, slots=True)
class CausalBaseline:
    """`functions` (n, k): orthonormal over the fitted points; `adjoint` (k, n); `roughness` (k,): penalty of each.

    `everywhere`: the same functions over the whole window, gaps included.
    """

    functions: ComplexArray
    everywhere: ComplexArray
    adjoint: ComplexArray
    roughness: FloatArray

    @property
    def size(self) -> int:
        """Number of functions; each has a real and an imaginary coefficient."""
        return int(self.roughness.shape[0])

    @property
    def penalised(self) -> int:
        """Rank of the penalty over both parts."""
        return 2 * int(np.count_nonzero(self.roughness))

    def roughness_both(self) -> FloatArray:
        """Penalty of the stacked (real, imaginary) coefficients, shape (2k,)."""
        return np.concatenate([self.roughness, self.roughness])

    def shrinkage(self, smoothness: float) -> FloatArray:
        """What the penalty leaves of each stacked coefficient of a least-squares fit, shape (2k,)."""
        return np.asarray(1.0 / (1.0 + smoothness * self.roughness_both()))

    def project(self, stacked: FloatArray) -> FloatArray:
        """Coefficients of stacked (real; imaginary) columns: (2n, m) -> (2k, m)."""
        n = stacked.shape[0] // 2
        inner = self.adjoint @ (stacked[:n] + 1j * stacked[n:])
        return np.concatenate([inner.real, inner.imag], axis=0)

    def evaluate(self, coefficients: FloatArray) -> FloatArray:
        """Stacked baseline of stacked coefficients: (2k,) -> (2n,)."""
        values = self.functions @ self._complex(coefficients)
        return np.concatenate([values.real, values.imag])

    def across_gaps(self, coefficients: FloatArray) -> ComplexArray:
        """Baseline of stacked coefficients over the whole window: (2k,) -> complex (n + left out,)."""
        return np.asarray(self.everywhere @ self._complex(coefficients))

    def _complex(self, coefficients: FloatArray) -> ComplexArray:
        return np.asarray(coefficients[: self.size] + 1j * coefficients[self.size :])


def water_tail(ppm: FloatArray, water_ppm: float) -> tuple[Line, ...]:
    """The tail of water at `water_ppm`; none where it stands in the window or right at its edge."""
    distance = max(water_ppm - float(ppm[0]), float(ppm[-1]) - water_ppm)
    return (Line(water_ppm, _WATER_HALF_WIDTH_PPM),) if distance > _WATER_DISTANCE_PPM else ()


def make_baseline(
    ppm: FloatArray, knots_per_ppm: float, lines: tuple[Line, ...] = (), left_out: BoolArray | None = None
) -> CausalBaseline:
    """The baseline on an even, descending chemical-shift grid `ppm` (n,), orthonormal where it is not `left_out` (n,).

    Its finest detail is that of a spline with `knots_per_ppm`. `lines` of free amplitude and phase are added.
    """
    gaps = b"" if left_out is None else left_out.tobytes()
    return _made(ppm.shape[0], float(ppm[0]), float(ppm[-1]), knots_per_ppm, lines, gaps)


@lru_cache(maxsize=8)
def _made(
    n: int, high: float, low: float, knots_per_ppm: float, lines: tuple[Line, ...], gaps: bytes
) -> CausalBaseline:
    ppm = np.linspace(high, low, n)
    fitted = ~np.frombuffer(gaps or bytes(n), dtype=bool)
    repeat = (high - low) * (1.0 + _GAP)
    cycles = np.arange(int(0.5 * knots_per_ppm * repeat) + 1) / repeat
    columns = [np.exp(2j * np.pi * (ppm - high)[:, None] * cycles)]
    penalties = [np.maximum((cycles / _UNIT) ** (2 * _ORDER), _FREE)]
    for line in lines:
        values = 1.0 / (line.half_width_ppm + 1j * (line.ppm - ppm))
        columns.append((values / np.max(np.abs(values[fitted])))[:, None])
        penalties.append(np.array([_LINE]))
    weighted = np.concatenate(columns, axis=1) / np.sqrt(n * np.concatenate(penalties))
    functions, values, mixed = np.linalg.svd(weighted[fitted], full_matrices=False)
    roughness = 1.0 / np.maximum(values, 1e-30) ** 2
    seen = roughness < _SEEN
    everywhere = weighted @ (mixed.conj().T / np.maximum(values, 1e-30))[:, seen]
    roughness = np.where(roughness > _UNPENALISED, roughness, 0.0)[seen]
    functions = functions[:, seen]
    return CausalBaseline(
        functions=read_only(functions, np.complex128),
        everywhere=read_only(everywhere, np.complex128),
        adjoint=read_only(functions.conj().T.copy(), np.complex128),
        roughness=read_only(roughness, np.float64),
    )
