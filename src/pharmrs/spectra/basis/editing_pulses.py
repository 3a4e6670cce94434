"""Editing pulses: they select frequencies, not a slice, and invert the partners of what is observed.

The crushers around them let only that pass whose coherence order they leave as it is (Mescher 1998,
10.1002/(SICI)1099-1492(199810)11:6<266::AID-NBM530>3.0.CO;2-J): a spin inside the band loses its own signal, one
outside keeps it and has its coupling to partners inside the band refocused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np

from pharmrs.core.constants import WATER_PPM
from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.basis.shaped_pulses import pulse_operators
from pharmrs.spectra.basis.spin_operators import Hamiltonian
from pharmrs.spectra.records.shaped_pulse import ShapedPulse

_EDGE = 0.05  # of a Gaussian pulse where it is cut off: 14 ms invert 90 Hz
_STEPS = 256
_FINEST_TURN = 0.05  # of a turn in one step, of a band far from the receiver


def gaussian_pulse(duration_s: float) -> ShapedPulse:
    """A Gaussian inversion pulse cut off at a twentieth of its height; its bandwidth is 1.26 over its duration."""
    place = np.linspace(-1.0, 1.0, _STEPS)
    shape = np.exp(np.log(_EDGE) * place**2)
    peak_hz = 0.5 / (float(shape.mean()) * duration_s)
    return ShapedPulse(
        flip_deg=180.0, duration_s=duration_s, b1_hz=peak_hz * shape, source=f"Gaussian of {1e3 * duration_s:g} ms"
    )


def at_bands(pulse: ShapedPulse, bands_ppm: Sequence[float], mhz: float) -> ShapedPulse:
    """`pulse`, made for 0 Hz, moved to each of `bands_ppm` and added up; water is at 0 Hz."""
    offsets_hz = [(WATER_PPM.value - ppm) * mhz for ppm in bands_ppm]
    finer = max(1, ceil(max(map(abs, offsets_hz)) * pulse.step_s / _FINEST_TURN))
    b1_hz = np.repeat(pulse.b1_hz, finer)
    time_s = (np.arange(b1_hz.size) + 0.5) * pulse.duration_s / b1_hz.size - pulse.duration_s / 2
    moved = sum(np.exp(2j * np.pi * offset * time_s) for offset in offsets_hz)
    return replace(pulse, b1_hz=b1_hz * moved)


class EditingAction:
    """`pulse`, moved to its bands already, on every spin of the voxel alike."""

    def __init__(self, pulse: ShapedPulse) -> None:
        self._pulse = pulse
        self.before_s = self.after_s = pulse.duration_s / 2
        self._last: tuple[bytes, ComplexArray] | None = None  # both pulses of a sequence are alike

    def apply(
        self, density: ComplexArray, hamiltonian: Hamiltonian, offsets_hz: FloatArray, j_hz: FloatArray
    ) -> ComplexArray:
        """The density matrix (states, states) after the pulse."""
        system = offsets_hz.tobytes() + j_hz.tobytes()
        if self._last is None or self._last[0] != system:
            whole = pulse_operators(self._pulse, np.zeros(1), offsets_hz, j_hz)[0]
            self._last = (system, hamiltonian.to_eigenbasis(whole))
        operator = self._last[1]
        return np.asarray(operator @ density @ operator.conj().T)
