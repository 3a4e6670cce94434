"""Shaped, slice-selective pulses: average over the positions in the slice.

Each pulse of a localisation sequence selects along an axis of its own and crushers keep one coherence pathway, so the
density matrix can be averaged over positions pulse by pulse: n positions a pulse instead of n^3 (Zhang 2017,
10.1002/mp.12375; Landheer 2021, 10.1002/nbm.4129). A position is its offset f in Hz under the slice gradient.

During a pulse every spin turns on its own (shift, gradient, B1: exact), and couplings act between short stretches of
the pulse (Strang splitting; its error falls with the square of the stretch).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.basis.spin_operators import Hamiltonian, coherence_order, diagonalise, product_rotation, spin_z
from pharmrs.spectra.records.shaped_pulse import ShapedPulse

_STRETCH_S = 2.5e-4
_POSITIONS = 32  # in the nominal slice
_OUTSIDE = 0.002  # of the highest response: where the slice is taken to end
_BATCH_ELEMENTS = 2**19  # of the operators held at once


def turned(b1_hz: ComplexArray, step_s: float, offsets_hz: FloatArray) -> ComplexArray:
    """Rotation of a single spin by the steps `b1_hz` at each of `offsets_hz`, shape (*offsets, 2, 2)."""
    up, down = np.ones(offsets_hz.shape, complex), np.zeros(offsets_hz.shape, complex)
    for b1 in b1_hz:
        rate = np.hypot(offsets_hz, abs(b1))
        angle = np.pi * step_s * rate
        scale = np.sin(angle) / np.where(rate > 0, rate, 1.0)
        a, b = np.cos(angle) - 1j * scale * offsets_hz, -1j * scale * b1
        up, down = a * up - np.conj(b) * down, b * up + np.conj(a) * down
    return np.stack([np.stack([up, -down.conj()], -1), np.stack([down, up.conj()], -1)], -2)


@dataclass(frozen=True, slots=True)
class _Profile:
    """Response of an uncoupled spin at `offsets_hz`: the share of the wanted coherence order, complex."""

    offsets_hz: FloatArray
    response: ComplexArray

    def bandwidth_hz(self) -> float:
        """Full width at half maximum, taken from the outermost crossings."""
        strength = np.abs(self.response)
        above = self.offsets_hz[strength >= 0.5 * strength.max()]
        return float(above[-1] - above[0]) + float(self.offsets_hz[1] - self.offsets_hz[0])

    def reach_hz(self) -> tuple[float, float]:
        """Between which offsets the response is not negligible."""
        strength = np.abs(self.response)
        above = self.offsets_hz[strength >= _OUTSIDE * strength.max()]
        return float(above[0]), float(above[-1])

    def delay_s(self, longest_s: float, sign: float) -> float:
        """The time of free precession that the response looks like: which, taken back, adds it up to the most."""
        times = np.linspace(0.0, longest_s, 2001)
        sums = np.abs(np.exp(2j * np.pi * sign * np.outer(times, self.offsets_hz)) @ self.response)
        return float(times[np.argmax(sums)])


class ShapedAction:
    """`pulse` between coherence orders `order_in` and `order_out`, averaged over its slice.

    The part of an excitation (or of the storage pulse of STEAM) during which transverse magnetisation precesses is
    refocused for the slice gradient, and counted as part of the neighbouring interval for chemical shifts.
    """

    def __init__(self, pulse: ShapedPulse, order_in: int, order_out: int) -> None:
        self._pulse, self._order_in, self._order_out = pulse, order_in, order_out
        profile = _profile(pulse, order_in, order_out)
        self._bandwidth_hz, self._reach_hz = profile.bandwidth_hz(), profile.reach_hz()
        self._turn_s = 0.0
        if order_in != 0 and order_out != 0:
            self.before_s = self.after_s = pulse.duration_s / 2
        elif order_in == 0:
            self._turn_s = self.after_s = profile.delay_s(pulse.duration_s, float(order_out))
            self.before_s = pulse.duration_s - self.after_s
        else:
            self._turn_s = self.before_s = profile.delay_s(pulse.duration_s, float(order_in))
            self.after_s = pulse.duration_s - self.before_s

    @property
    def bandwidth_hz(self) -> float:
        return self._bandwidth_hz

    def apply(
        self, density: ComplexArray, hamiltonian: Hamiltonian, offsets_hz: FloatArray, j_hz: FloatArray
    ) -> ComplexArray:
        """The density matrix (states, states) after the pulse, of one nominal slice."""
        spacing = self._bandwidth_hz / _POSITIONS
        first = (self._reach_hz[0] - float(offsets_hz.max())) / spacing
        last = (self._reach_hz[1] - float(offsets_hz.min())) / spacing
        positions = spacing * np.arange(np.floor(first), np.ceil(last) + 1)
        order = self._order_out if self._order_in == 0 else self._order_in
        weights = np.exp(2j * np.pi * positions * self._turn_s * order) / _POSITIONS
        before = hamiltonian.vectors @ density @ hamiltonian.vectors.T
        after = np.zeros_like(before)
        batch = max(1, _BATCH_ELEMENTS // before.size)
        for start in range(0, positions.size, batch):
            here = slice(start, start + batch)
            operators = pulse_operators(self._pulse, positions[here], offsets_hz, j_hz)
            left = (weights[here, None, None] * operators) @ before
            # sum over positions and columns in one product: (states, n * states) (n * states, states)
            states = before.shape[0]
            after += left.swapaxes(0, 1).reshape(states, -1) @ operators.conj().swapaxes(1, 2).reshape(-1, states)
        after = np.where(coherence_order(hamiltonian.spins) == self._order_out, after, 0.0)
        return hamiltonian.to_eigenbasis(after)


def pulse_operators(
    pulse: ShapedPulse, positions_hz: FloatArray, offsets_hz: FloatArray, j_hz: FloatArray
) -> ComplexArray:
    """`pulse` as operators of the product basis, shape (positions, states, states)."""
    stretches = np.array_split(pulse.b1_hz, max(1, ceil(pulse.duration_s / _STRETCH_S)))
    couplings = diagonalise(np.zeros_like(offsets_hz), j_hz)
    step_s, places = pulse.step_s, positions_hz[:, None] + offsets_hz
    states = couplings.energies_hz.size
    result = np.broadcast_to(np.eye(states, dtype=complex), (positions_hz.size, states, states)).copy()
    pending_s = 0.0
    for stretch in stretches:
        half_s = step_s * stretch.size / 2
        _couple(result, couplings, pending_s + half_s)
        result = _turn_spins(result, turned(stretch, step_s, places))
        pending_s = half_s
    _couple(result, couplings, pending_s)
    return result


def _couple(matrices: ComplexArray, couplings: Hamiltonian, seconds: float) -> None:
    """Multiply `matrices` (n, states, states) from the left, in place, by evolution under the couplings alone.

    Total Iz is conserved, so every block of equal Iz is multiplied alone: a fifth of the work for seven spins.
    """
    total = spin_z(couplings.spins).sum(axis=0)
    for value in np.unique(total):
        block = np.flatnonzero(total == value)
        vectors = couplings.vectors[np.ix_(block, block)]
        step = (vectors * np.exp(-2j * np.pi * couplings.energies_hz[block] * seconds)) @ vectors.T
        matrices[:, block] = step @ matrices[:, block]


def _turn_spins(matrices: ComplexArray, single: ComplexArray) -> ComplexArray:
    """`matrices` (n, states, states) from the left by one rotation per spin, `single` (n, spins, 2, 2).

    As a product of two: that of the lower half of the spins and that of the upper half.
    """
    count, states, _ = matrices.shape
    spins = single.shape[1]
    lower = product_rotation(single[:, : spins // 2])
    upper = product_rotation(single[:, spins // 2 :])
    few, many = lower.shape[-1], upper.shape[-1]
    apart = (upper @ matrices.reshape(count, many, few * states)).reshape(count, many, few, states)
    return np.asarray((lower[:, None] @ apart).reshape(count, states, states))


def _profile(pulse: ShapedPulse, order_in: int, order_out: int) -> _Profile:
    """Response over a band that surely holds the slice: 40 time-bandwidth units, resolved to a twentieth of one."""
    unit = 1.0 / pulse.duration_s
    offsets = np.arange(-800, 801) * unit / 20
    offsets = offsets * max(1.0, float(np.abs(pulse.b1_hz).max()) * pulse.duration_s / 10)
    rotation = turned(pulse.b1_hz, pulse.step_s, offsets)
    a, b = rotation[:, 0, 0], rotation[:, 1, 0]
    if order_in != 0 and order_out != 0:
        response = b**2 if order_out < 0 else b.conj() ** 2
    elif order_in == 0:
        response = a.conj() * b if order_out < 0 else a * b.conj()
    else:
        response = -a * b if order_in > 0 else -(a * b).conj()
    return _Profile(offsets, response)
