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
from scipy.special import wofz

from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray, IntArray, read_only

_ORDER = 3  # of the derivative that is penalised
_UNIT_S = 0.005  # time at which a function's penalty is 1
_GAP = 1.0  # of the window's width: after window and gap the functions repeat
_FREE = 1e-9  # penalty of the constant
_LINE = 1e-3  # penalty of a line
_SEEN = 1e7  # functions of a higher penalty cannot be seen in the window
_UNPENALISED = 1e-5
_WATER_HALF_WIDTH_PPM, _WATER_DISTANCE_PPM = 0.025, 0.15
FOREIGN_PPM, _FOREIGN_STEP_PPM, _FOREIGN_WIDTH_PPM = (0.65, 1.75), 0.07, 0.12
# Lines of lipids among those of metabolites, and their area over that of the methylene line, as LCModel expects it
# (Lip20 over Lip13 0.15; Provencher 1993, 10.1002/mrm.1910300604, and its manual)
SATELLITES_PPM, _SATELLITE_SHARES = (2.04, 2.25, 2.8), (0.10, 0.05, 0.065)
_METHYLENE_PPM = (1.2, 1.36)
_SATELLITE_PENALTY = 4.0  # beyond that, half the height
_RIDGE = 1e-9
SMOOTH, FOREIGN, BESIDE = 0, 1, 2  # blocks
BLOCKS = 2  # whose factor is estimated; that of what stands beside is 1


@dataclass(frozen=True, slots=True)
class UnmodelledLine:
    """A Lorentzian line that no component describes: its chemical shift and half its width at half maximum."""

    ppm: float
    half_width_ppm: float


@dataclass(frozen=True, slots=True)
class LinearBackground:
    """Linear signals beside the components: `functions` (n, k) over the fitted points, complex coefficients each.

    `everywhere`: the same over the whole window, gaps included; `adjoint` (k, n); `gram` (k, k) of `functions`;
    `roughness` (k,): penalty of each; `block` (k,): the `Block` it belongs to, whose penalties share one factor.
    """

    functions: ComplexArray
    everywhere: ComplexArray
    adjoint: ComplexArray
    gram: ComplexArray
    roughness: FloatArray
    block: IntArray

    @property
    def size(self) -> int:
        """Number of functions; each has a real and an imaginary coefficient."""
        return int(self.roughness.shape[0])

    def of(self, block: int) -> BoolArray:
        """The functions of `block` that have a penalty, (k,)."""
        return np.asarray((self.block == block) & (self.roughness > 0.0))

    def penalties(self, smoothness: tuple[float, ...]) -> FloatArray:
        """Penalty of each function (k,), `smoothness` (blocks,) being the factors of the blocks."""
        return np.asarray(np.append(smoothness, 1.0)[self.block] * self.roughness)

    def solver(self, smoothness: tuple[float, ...]) -> ComplexArray:
        """(gram + penalties)^-1, (k, k): the coefficients of projected data."""
        matrix = self.gram + np.diag(self.penalties(smoothness) + _RIDGE)
        return np.asarray(np.linalg.inv(matrix))

    def project(self, stacked: FloatArray) -> ComplexArray:
        """Inner products of stacked (real; imaginary) columns with the functions: (2n, m) -> (k, m)."""
        n = stacked.shape[0] // 2
        return np.asarray(self.adjoint @ (stacked[:n] + 1j * stacked[n:]))

    def evaluate(self, coefficients: ComplexArray) -> FloatArray:
        """Stacked signal of coefficients: (k,) -> (2n,)."""
        values = self.functions @ coefficients
        return np.concatenate([values.real, values.imag])

    def beside(self, signals: ComplexArray, penalties: FloatArray) -> LinearBackground:
        """With `signals` (n, s) over the whole window as further functions of `penalties` (s,) that stay as they are;
        for a window without gaps."""
        functions = np.concatenate([self.functions, signals], axis=1)
        return LinearBackground(
            functions=read_only(functions, np.complex128),
            everywhere=read_only(functions, np.complex128),
            adjoint=read_only(functions.conj().T.copy(), np.complex128),
            gram=read_only(functions.conj().T @ functions, np.complex128),
            roughness=read_only(np.concatenate([self.roughness, penalties]), np.float64),
            block=read_only(np.concatenate([self.block, np.full(penalties.shape[0], BESIDE)]), np.intp),
        )

    def across_gaps(self, coefficients: ComplexArray, block: int | None = None) -> ComplexArray:
        """Signal of coefficients over the whole window, or that of a block: (k,) -> complex (n + left out,)."""
        chosen = slice(None) if block is None else self.block == block
        return np.asarray(self.everywhere[:, chosen] @ coefficients[chosen])


def water_tail(ppm: FloatArray, water_ppm: float) -> tuple[UnmodelledLine, ...]:
    """The tail of water at `water_ppm`; none where it stands in the window or right at its edge."""
    distance = max(water_ppm - float(ppm[0]), float(ppm[-1]) - water_ppm)
    return (UnmodelledLine(water_ppm, _WATER_HALF_WIDTH_PPM),) if distance > _WATER_DISTANCE_PPM else ()


def make_baseline(
    ppm: FloatArray,
    mhz: float,
    detail_s: float,
    lines: tuple[UnmodelledLine, ...] = (),
    left_out: BoolArray | None = None,
    *,
    foreign: bool = True,
) -> LinearBackground:
    """The background on an even, descending chemical-shift grid `ppm` (n,), without the points `left_out` (n,).

    `mhz`: spectrometer frequency; `detail_s`: latest time of the baseline's signals. `lines` of free amplitude and
    phase are added to the baseline; `foreign`: whether lipids from outside the voxel are looked for.
    """
    gaps = b"" if left_out is None else left_out.tobytes()
    return _made(ppm.shape[0], float(ppm[0]), float(ppm[-1]), round(mhz, 6), detail_s, lines, gaps, foreign)


@lru_cache(maxsize=8)
def _made(
    n: int,
    high: float,
    low: float,
    mhz: float,
    detail_s: float,
    lines: tuple[UnmodelledLine, ...],
    gaps: bytes,
    foreign: bool,
) -> LinearBackground:
    ppm = np.linspace(high, low, n)
    fitted = ~np.frombuffer(gaps or bytes(n), dtype=bool)
    smooth, roughness = _smooth(ppm, mhz, detail_s, lines, fitted)
    others, penalties = _foreign(ppm) if foreign else (np.zeros((n, 0), dtype=complex), np.zeros(0))
    everywhere = np.concatenate([smooth, others], axis=1)
    functions = everywhere[fitted]
    return LinearBackground(
        functions=read_only(functions, np.complex128),
        everywhere=read_only(everywhere, np.complex128),
        adjoint=read_only(functions.conj().T.copy(), np.complex128),
        gram=read_only(functions.conj().T @ functions, np.complex128),
        roughness=read_only(np.concatenate([roughness, penalties]), np.float64),
        block=read_only(np.repeat([SMOOTH, FOREIGN], [roughness.size, others.shape[1]]), np.intp),
    )


def _smooth(
    ppm: FloatArray, mhz: float, detail_s: float, lines: tuple[UnmodelledLine, ...], fitted: BoolArray
) -> tuple[ComplexArray, FloatArray]:
    """Functions over the whole window (n, k), orthonormal over the `fitted` points (n,), and their penalties (k,)."""
    n, high = ppm.shape[0], ppm[0]
    repeat = (high - ppm[-1]) * (1.0 + _GAP)
    cycles = np.arange(int(detail_s * mhz * repeat) + 1) / repeat
    columns = [np.exp(2j * np.pi * (ppm - high)[:, None] * cycles)]
    penalties = [np.maximum((cycles / (_UNIT_S * mhz)) ** (2 * _ORDER), _FREE)]
    for line in lines:
        values = 1.0 / (line.half_width_ppm + 1j * (line.ppm - ppm))
        columns.append((values / np.max(np.abs(values[fitted])))[:, None])
        penalties.append(np.array([_LINE]))
    weighted = np.concatenate(columns, axis=1) / np.sqrt(n * np.concatenate(penalties))
    _, values, mixed = np.linalg.svd(weighted[fitted], full_matrices=False)
    roughness = 1.0 / np.maximum(values, 1e-30) ** 2
    seen = roughness < _SEEN
    everywhere = weighted @ (mixed.conj().T / np.maximum(values, 1e-30))[:, seen]
    return everywhere, np.where(roughness > _UNPENALISED, roughness, 0.0)[seen]


def _foreign(ppm: FloatArray) -> tuple[ComplexArray, FloatArray]:
    """Causal Gaussian lines that lipids are made of, (n, k), and their penalties (k,).

    Lines outside the window are left out. Norms are those of the whole lines, wherever the window ends. What lies near
    the methylene line brings the other lines of lipids along: those under NAA and Glu are told by it, not by the data
    alone, where they would be taken for NAA.
    """
    regular = np.arange(FOREIGN_PPM[0], FOREIGN_PPM[1] + 1e-9, _FOREIGN_STEP_PPM)
    centres = np.concatenate([regular, SATELLITES_PPM])
    penalties = np.concatenate([np.ones(regular.size), np.full(len(SATELLITES_PPM), _SATELLITE_PENALTY)])
    # the transform of exp(-(a t)^2) from 0 on
    lines = wofz(2.0 * np.sqrt(np.log(2.0)) * (ppm[:, None] - centres) / _FOREIGN_WIDTH_PPM)
    lines /= np.linalg.norm(lines, axis=0)
    methylene = (centres > _METHYLENE_PPM[0]) & (centres < _METHYLENE_PPM[1])
    lines[:, methylene] += (lines[:, regular.size :] @ np.array(_SATELLITE_SHARES))[:, None]
    inside = (centres > ppm[-1]) & (centres < ppm[0])
    return np.asarray(lines[:, inside]), penalties[inside]
