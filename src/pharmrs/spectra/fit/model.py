"""The forward model of the fit and its derivatives, in the fit window.

Y(v) = exp(i (phi0 + phi1 x)) sum_m c_m FT[ b_m(t) L(t) exp((2 pi i s_m - pi d_m) t) ](v) + baseline(v), x from -1 to 1
over the window. The amplitudes c and the baseline are linear and eliminated (variable projection, Golub & Pereyra 2003,
10.1088/0266-5611/19/2/201); the parameters here are the others. One transform per component serves the value, one more
serves both the shift and the damping derivative.

Broad components (macromolecules, lipids) do not share L(t): measured ones carry the line width of their own recording
already. They have their own damping and one common Gaussian factor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pharmrs.spectra.fit.line_shape import TIME_UNIT_S, TURNS, skew_slope, skewed, turns
from pharmrs.spectra.preprocess.band import Band

PHASE0, PHASE1, SHIFT, LORENTZ, QUADRATIC, SKEW, BROAD_QUADRATIC, SHARED = range(8)

_FINE = 32


@dataclass(frozen=True, slots=True)
class ParameterLayout:
    """Where each group of parameters sits in the parameter vector."""

    components: int
    shapes: int
    groups: int = 0
    coarse: int = 0

    @property
    def size(self) -> int:
        return SHARED + TURNS + 2 * (self.shapes + self.components) + self.groups

    @property
    def turns(self) -> slice:
        return slice(SHARED, SHARED + TURNS)

    @property
    def real_shape(self) -> slice:
        return slice(self.turns.stop, self.turns.stop + self.shapes)

    @property
    def imaginary_shape(self) -> slice:
        return slice(self.real_shape.stop, self.real_shape.stop + self.shapes)

    @property
    def sizes(self) -> IntArray:
        """The real and the imaginary function of the free form that change the size of a line."""
        return np.array([self.real_shape.start, self.imaginary_shape.start][: 2 * bool(self.shapes)], dtype=np.intp)

    @property
    def group_scales(self) -> slice:
        return slice(self.imaginary_shape.stop, self.imaginary_shape.stop + self.groups)

    @property
    def coarse_scales(self) -> slice:
        return slice(self.group_scales.start, self.group_scales.start + self.coarse)

    @property
    def fine_scales(self) -> slice:
        return slice(self.coarse_scales.stop, self.group_scales.stop)

    @property
    def shifts(self) -> slice:
        start = self.group_scales.stop
        return slice(start, start + self.components)

    @property
    def dampings(self) -> slice:
        start = self.shifts.stop
        return slice(start, start + self.components)


@dataclass(frozen=True, slots=True)
class Model:
    """Band, decimated basis `signals` (M, T) of unit norm in the window, free-form functions `shapes` (S, T), and the
    mask `broad` (M,); `groups` (G, T) parts of broad components that may deviate, `owners` (G,) their components,
    the first `coarse` of them those of the coarse division. T = K + 2 margin samples."""

    band: Band
    signals: ComplexArray
    shapes: FloatArray
    broad: BoolArray
    groups: ComplexArray
    owners: IntArray
    coarse: int

    @property
    def layout(self) -> ParameterLayout:
        return ParameterLayout(self.signals.shape[0], self.shapes.shape[0], self.groups.shape[0], self.coarse)

    def without(self, left_out: BoolArray) -> Model:
        """The model without the points of the window that are `left_out` (n,), not its ends."""
        return replace(self, band=self.band.without(left_out))

    def spectra(self, theta: FloatArray, unshaped: ComplexArray) -> ComplexArray:
        """Spectra of the components of amplitude 1 at `theta`, (M, n), of what `unshaped` gave there."""
        return np.asarray(self.band.model_spectrum(self.shaped(theta, unshaped)) * self.phase(theta))

    @property
    def abscissa(self) -> FloatArray:
        """x of the first-order phase, (n,), 1 at the upper end of the window."""
        ppm = self.band.ppm
        return np.asarray(2.0 * (ppm - ppm[-1]) / (ppm[0] - ppm[-1]) - 1.0, dtype=np.float64)

    def skewed_voigt(self, theta: FloatArray) -> ComplexArray:
        """V(t) H(t) E(t) at the decimated times, (T,)."""
        turned = np.exp(1j * (theta[self.layout.turns] @ turns(self.band.time_s)))
        return np.asarray(skewed(self.band.time_s, theta[LORENTZ], theta[QUADRATIC], theta[SKEW]) * turned)

    def rise(self, theta: FloatArray) -> float:
        """Largest logarithm of the line shape's magnitude, the free form apart: skew can outgrow the Voigt profile."""
        time_s = self.band.time_s
        bend = 0.5 * np.cbrt(3.0 * theta[SKEW]) ** 2 - theta[QUADRATIC]
        return float(np.max(bend * (time_s / TIME_UNIT_S) ** 2 - np.pi * theta[LORENTZ] * time_s))

    def line_shape(self, theta: FloatArray) -> ComplexArray:
        """L(t) without the common shift at the decimated times, (T,)."""
        layout = self.layout
        free = (theta[layout.real_shape] + 1j * theta[layout.imaginary_shape]) @ self.shapes
        return np.asarray(self.skewed_voigt(theta) * (1.0 + free))

    def broad_shape(self, theta: FloatArray) -> FloatArray:
        """Line shape of the broad components beside their own damping, (T,)."""
        return np.asarray(np.exp(-theta[BROAD_QUADRATIC] * (self.band.time_s / TIME_UNIT_S) ** 2))

    def unshaped(self, theta: FloatArray) -> ComplexArray:
        """Decimated signals with their shift and own damping, before the line shape, (M, T)."""
        layout = self.layout
        signals = self.signals
        if layout.groups:
            signals = signals.copy()
            for owner in np.unique(self.owners):
                theirs = self.owners == owner
                signals[owner] += np.expm1(theta[layout.group_scales][theirs]) @ self.groups[theirs]
        return np.asarray(signals * self.own_factor(theta))

    def own_factor(self, theta: FloatArray, which: slice | IntArray = slice(None)) -> ComplexArray:
        """Shift and own damping of each component, or of those at `which`, (M, T)."""
        layout = self.layout
        shifts_hz, dampings_hz = theta[layout.shifts][which], theta[layout.dampings][which]
        own = 2j * np.pi * (theta[SHIFT] + shifts_hz) - np.pi * dampings_hz
        return exponentials(own, self.band.time_s, self.band.count + self.band.margin)

    def shaped(self, theta: FloatArray, unshaped: ComplexArray) -> ComplexArray:
        """Decimated signals with everything but the phase, (M, T)."""
        shaped = unshaped * self.line_shape(theta)
        shaped[self.broad] = unshaped[self.broad] * self.broad_shape(theta)
        return np.asarray(shaped)

    def phase(self, theta: FloatArray) -> ComplexArray:
        """Phase factor over the window, (n,)."""
        return np.asarray(np.exp(1j * (theta[PHASE0] + theta[PHASE1] * self.abscissa)))

    def jacobian(
        self, theta: FloatArray, amplitudes: FloatArray, unshaped: ComplexArray, spectra: ComplexArray
    ) -> ComplexArray:
        """Derivatives of the metabolite model by the parameters, (n, parameters).

        `unshaped` (M, T) and `spectra` (M, n) as evaluated at `theta`.
        """
        layout, band = self.layout, self.band
        time_s, phase = band.time_s, self.phase(theta)
        weighted = amplitudes[:, None] * unshaped
        total, broad = weighted[~self.broad].sum(axis=0), weighted[self.broad].sum(axis=0)
        voigt, line_shape = self.skewed_voigt(theta), self.line_shape(theta)
        weighted[~self.broad] *= time_s * line_shape
        weighted[self.broad] *= time_s * self.broad_shape(theta)
        own = band.model_spectrum(weighted) * phase
        quadratic = (time_s / TIME_UNIT_S) ** 2
        value = amplitudes @ spectra
        jacobian = np.empty((band.ppm.shape[0], layout.size), dtype=complex)
        jacobian[:, PHASE0] = 1j * value
        jacobian[:, PHASE1] = 1j * self.abscissa * value
        jacobian[:, SHIFT] = 2j * np.pi * own.sum(axis=0)
        shared = np.concatenate(
            [
                [-broad * quadratic * self.broad_shape(theta)],
                total * line_shape * np.stack([-np.pi * time_s, -quadratic, skew_slope(time_s, theta[SKEW])]),
                total * voigt * self.shapes,
                1j * total * line_shape * turns(time_s),
                self._group_signals(theta, amplitudes),
            ]
        )
        formed = (band.model_spectrum(shared) * phase).T
        jacobian[:, BROAD_QUADRATIC] = formed[:, 0]
        jacobian[:, LORENTZ], jacobian[:, QUADRATIC] = formed[:, 1], formed[:, 2]
        jacobian[:, SKEW] = formed[:, 3]
        free = formed[:, 4 : 4 + layout.shapes]
        jacobian[:, layout.real_shape], jacobian[:, layout.imaginary_shape] = free, 1j * free
        after = 4 + layout.shapes + TURNS
        jacobian[:, layout.turns] = formed[:, 4 + layout.shapes : after]
        jacobian[:, layout.group_scales] = formed[:, after:]
        jacobian[:, layout.shifts] = 2j * np.pi * own.T
        jacobian[:, layout.dampings] = -np.pi * own.T
        return jacobian

    def _group_signals(self, theta: FloatArray, amplitudes: FloatArray) -> ComplexArray:
        """Signals of the groups as they stand in the model, (G, T)."""
        factor = self.own_factor(theta, self.owners) * self.broad_shape(theta)
        gains = amplitudes[self.owners] * np.exp(theta[self.layout.group_scales])
        return np.asarray(gains[:, None] * self.groups * factor)


def exponentials(rates: ComplexArray, time_s: FloatArray, even: int) -> ComplexArray:
    """exp(rate t), (M, T), for `rates` (M,) at `time_s` (T,), of which the first `even` are evenly spaced.

    A power of an even step is the product of a coarse and a fine one: a tenth of the exponentials.
    """
    steps = np.arange(_FINE) * (time_s[1] - time_s[0])
    coarse = np.exp(rates[:, None] * time_s[:even:_FINE])
    products = coarse[:, :, None] * np.exp(rates[:, None] * steps)[:, None, :]
    rest = np.exp(rates[:, None] * time_s[even:])
    return np.concatenate([products.reshape(rates.shape[0], coarse.shape[1] * _FINE)[:, :even], rest], axis=1)


def stack(values: ComplexArray) -> FloatArray:
    """Real parts over imaginary parts along the first axis: complex (n, ...) -> real (2n, ...)."""
    return np.concatenate([values.real, values.imag], axis=0)
