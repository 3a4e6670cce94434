"""The line shape all metabolites share, as a damping function of time.

L(t) = exp(2 pi i s t) V(t) H(t) E(t) [ 1 + sum_k (a_k + i b_k) f_k(t) ], V(t) = exp(-pi l t - q u^2), u = t / 50 ms:
a common shift, a Voigt profile, skew, eddy currents, and a free form for what else asymmetric shim does.

H(t) = exp(x^2/2 - i x) / (1 - i x), x = (3 c)^(1/3) u, is what an exponential tail of frequencies does (Grushka 1972,
10.1021/ac60319a011) beyond its mean and its variance, which belong to s and q. log H = -i c u^3 + O(u^4), so c is the
third cumulant, of either sign, and the derivative by c is smooth at c = 0. One parameter says what several free ones
would have to.

E(t) = exp(i sum_j p_j (1 - exp(-t / T_j))) is what a field that decays does: it turns a line and takes nothing off it.
Without it skew and free form describe the turn, and with them goes the line's area, by up to 17 % on simulated eddy
currents of 1.5 Hz. Slower ones are a shift, faster ones a phase. The SD of the p_j is estimated as well.

The f_k are cubic splines that bend away from 0 one after the other and then go on as straight lines, so with
independent coefficients N(0, tau^2) the free form is an integrated random walk: smooth, and growing with time as
deviations from a Voigt profile do. Value, slope and curvature at t = 0 are those of the Voigt profile: L(0) = 1 and
amplitudes keep their meaning. The sum is not in the exponent because the damping function of a badly shimmed voxel
passes through zero, where a logarithm cannot follow. tau and the spread of c are estimated from the data (REML) with a
preference for small values, which give the Voigt profile back.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import BSpline

from pharmrs.core.records.arrays import ComplexArray, FloatArray

TIME_UNIT_S = 0.05
TYPICAL_WIDTH_HZ = 5.0
_DEGREE = 3
_TURN_TIMES_S = (0.02, 0.07)  # T_j
TURNS = len(_TURN_TIMES_S)


def free_form(time_s: FloatArray, knot_s: float, extent_s: float) -> FloatArray:
    """The functions f_k at `time_s` (T,), shape (n_functions, T); empty for `knot_s` = 0.

    The span of `bends`, turned: only the first function changes the mean of a line over time, weighted with its
    energy, and it takes off. It is what could multiply or turn every amplitude, with the widths or the phase paying for
    it, and what a line of two shims needs: it has an SD of its own, which the data choose.
    """
    shapes = bends(time_s, knot_s, extent_s)
    if shapes.shape[0] == 0:
        return shapes
    weight = np.where(time_s >= 0.0, np.exp(-2.0 * np.pi * TYPICAL_WIDTH_HZ * np.abs(time_s)), 0.0)
    means = shapes @ weight
    rotation, _ = np.linalg.qr(np.column_stack([means, np.eye(means.size)[:, 1:]]))
    rotation[:, 0] *= -np.sign(rotation[:, 0] @ means)
    return np.asarray(rotation.T @ shapes)


def bends(time_s: FloatArray, knot_s: float, extent_s: float) -> FloatArray:
    """Functions that bend away from 0 one after the other, (n_functions, T).

    The k-th is the sum over j >= k of (j - k + 1) B_j, B_j the cubic B-spline that starts at j `knot_s`; the last one
    bends before `extent_s`.
    """
    count = max(round(extent_s / knot_s) - _DEGREE, 0) if knot_s > 0.0 else 0
    if count == 0:
        return np.zeros((0, time_s.shape[0]))
    after_s = np.maximum(time_s, 0.0)
    pieces = int(np.ceil(after_s.max() / knot_s)) + 1
    splines = np.zeros((pieces, time_s.shape[0]))
    for j in range(pieces):
        basis = BSpline.basis_element(knot_s * np.arange(j, j + _DEGREE + 2), extrapolate=False)
        splines[j] = np.nan_to_num(basis(after_s))
    ramps = np.arange(1, pieces + 1)[:, None] * knot_s / TIME_UNIT_S
    return np.stack([np.sum(splines[k:] * ramps[: pieces - k], axis=0) for k in range(count)])


def skewed(time_s: FloatArray, lorentz_hz: float, quadratic: float, skew: float) -> ComplexArray:
    """V(t) H(t), the Voigt profile of skewed shim, at `time_s` (T,)."""
    u = time_s / TIME_UNIT_S
    x = np.cbrt(3.0 * skew) * u
    fall = -np.pi * lorentz_hz * time_s - quadratic * u**2 + 0.5 * x**2 - 1j * x
    return np.asarray(np.exp(fall) / (1.0 - 1j * x))


def turns(time_s: FloatArray) -> FloatArray:
    """Phase in radians that eddy currents of each time constant turn a line by until `time_s` (T,), (TURNS, T)."""
    return np.asarray(1.0 - np.exp(-np.maximum(time_s, 0.0) / np.array(_TURN_TIMES_S)[:, None]))


def skew_slope(time_s: FloatArray, skew: float) -> ComplexArray:
    """Derivative of log H(t) by `skew`, (T,)."""
    u = time_s / TIME_UNIT_S
    return np.asarray(-1j * u**3 / (1.0 - 1j * np.cbrt(3.0 * skew) * u))


def quadratic_of_gauss(gauss_hz: float) -> float:
    """Coefficient q of -q u^2 for a Gaussian of FWHM `gauss_hz`."""
    return float((np.pi * gauss_hz * TIME_UNIT_S) ** 2 / (4.0 * np.log(2.0)))


def gauss_of_quadratic(quadratic: float) -> float:
    """FWHM in Hz of the Gaussian whose damping is exp(-q u^2)."""
    return float(np.sqrt(max(quadratic, 0.0) * 4.0 * np.log(2.0)) / (np.pi * TIME_UNIT_S))


def full_width_hz(damping: ComplexArray, time_s: FloatArray) -> float:
    """FWHM in Hz of the line whose complex damping function is `damping` at even `time_s` from 0 (both (K,)).

    The width is that of the absorption line after zero-filling 16 times, between its half-height crossings.
    """
    signal = np.array(damping, dtype=complex)
    signal[0] *= 0.5
    size = 16 * signal.shape[0]
    line = np.fft.fftshift(np.fft.fft(signal, size)).real
    step_hz = 1.0 / (size * (time_s[1] - time_s[0]))
    top = int(np.argmax(line))
    half = 0.5 * line[top]
    below_right = np.flatnonzero(line[top:] < half)
    below_left = np.flatnonzero(line[top::-1] < half)
    if not below_right.size or not below_left.size:
        return float("nan")
    right, left = int(below_right[0]), int(below_left[0])
    right_hz = right - (half - line[top + right]) / (line[top + right - 1] - line[top + right])
    left_hz = left - (half - line[top - left]) / (line[top - left + 1] - line[top - left])
    return float((right_hz + left_hz) * step_hz)
