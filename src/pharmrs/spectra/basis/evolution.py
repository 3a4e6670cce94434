"""A spin system through a pulse sequence to its signal, by density matrix.

Signals are Tr(density F+), scaled such that one proton after an ideal 90 degree pulse starts at 1: so a spin echo of
uncoupled protons starts at their number and a stimulated echo at half of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.basis.sequences import PulseSequence
from pharmrs.spectra.basis.spin_operators import Hamiltonian, coherence_order, diagonalise, product_rotation, spin_z
from pharmrs.spectra.basis.spin_parts import proton_systems
from pharmrs.spectra.records.spin_system import SpinPart

_FINE = 64
_NEGLIGIBLE = 1e-9  # of the strongest transition


class PulseAction(Protocol):
    """What a pulse does: to a density matrix in the eigenbasis, and how long before and after its centre it lasts."""

    before_s: float
    after_s: float

    def apply(
        self, density: ComplexArray, hamiltonian: Hamiltonian, offsets_hz: FloatArray, j_hz: FloatArray
    ) -> ComplexArray:
        """The density matrix (states, states) after the pulse, averaged over the slice."""
        ...


class IdealPulse:
    """An instantaneous rotation of every spin about x."""

    before_s = after_s = 0.0

    def __init__(self, flip_deg: float) -> None:
        half = np.deg2rad(flip_deg) / 2
        self._single = np.array([[np.cos(half), -1j * np.sin(half)], [-1j * np.sin(half), np.cos(half)]])

    def apply(
        self, density: ComplexArray, hamiltonian: Hamiltonian, offsets_hz: FloatArray, j_hz: FloatArray
    ) -> ComplexArray:
        """The density matrix (states, states) after the pulse."""
        whole = product_rotation(np.broadcast_to(self._single, (hamiltonian.spins, 2, 2)))
        operator = hamiltonian.to_eigenbasis(whole)
        return np.asarray(operator @ density @ operator.conj().T)


def transitions(
    offsets_hz: FloatArray, j_hz: FloatArray, sequence: PulseSequence, actions: Sequence[PulseAction]
) -> tuple[FloatArray, ComplexArray]:
    """Frequencies (Hz) and complex amplitudes of the lines of coupled protons at the start of sampling.

    `offsets_hz`: (spins,), relative to the receiver. The amplitudes are those of the pathway, before `receiver_phase`.
    """
    spins = offsets_hz.shape[0]
    hamiltonian, orders = diagonalise(offsets_hz, j_hz), coherence_order(spins)
    density = np.diag(spin_z(spins).sum(axis=0)).astype(np.complex128)  # commutes with the Hamiltonian
    following = [*(action.before_s for action in actions[1:]), 0.0]
    for pulse, action, next_s in zip(sequence.pulses, actions, following, strict=True):
        density = action.apply(density, hamiltonian, offsets_hz, j_hz)
        density = np.where(orders == pulse.order, density, 0.0)
        density = hamiltonian.evolve(density, pulse.interval_s - action.after_s - next_s)
    raising = hamiltonian.to_eigenbasis(_raising(spins).astype(np.complex128))
    rows, columns = np.nonzero(orders == -1)
    amplitudes = density[rows, columns] * raising[columns, rows] * 2.0 / 2 ** (spins - 1)
    frequencies = hamiltonian.energies_hz[columns] - hamiltonian.energies_hz[rows]
    kept = np.abs(amplitudes) > _NEGLIGIBLE * max(float(np.abs(amplitudes).max(initial=0.0)), 1e-300)
    return np.asarray(frequencies[kept]), np.asarray(amplitudes[kept])


def receiver_phase(sequence: PulseSequence, actions: Sequence[PulseAction]) -> complex:
    """The factor (magnitude 1) that makes the signal of a single proton at the receiver frequency real, positive."""
    _, amplitudes = transitions(np.zeros(1), np.zeros((1, 1)), sequence, actions)
    total = complex(amplitudes.sum())
    return abs(total) / total


def proton_amplitude(sequence: PulseSequence, actions: Sequence[PulseAction]) -> float:
    """Initial amplitude of one uncoupled proton: 1 for ideal spin echoes, 1/2 for an ideal stimulated echo."""
    return abs(complex(transitions(np.zeros(1), np.zeros((1, 1)), sequence, actions)[1].sum()))


def part_lines(
    part: SpinPart, mhz: float, receiver_ppm: float, sequence: PulseSequence, actions: Sequence[PulseAction]
) -> tuple[FloatArray, ComplexArray]:
    """Frequencies (Hz) and amplitudes of all lines of `part`; higher ppm is lower frequency (NIfTI-MRS)."""
    frequencies, amplitudes = [], []
    for system in proton_systems(part, mhz, receiver_ppm):
        found, strength = transitions(system.offsets_hz, system.j_hz, sequence, actions)
        frequencies.append(found)
        amplitudes.append(system.weight * strength)
    return np.concatenate(frequencies), np.concatenate(amplitudes)


def sampled(
    frequencies_hz: FloatArray, amplitudes: ComplexArray, dwell_s: float, points: int, width_hz: float
) -> ComplexArray:
    """Signal of damped lines of Lorentzian full width `width_hz`, shape (points,).

    exp(i w (a + 64 b) dt) is a product of two factors, so that the sum over lines is one product of small matrices.
    """
    blocks = -(-points // _FINE)
    rate = 2j * np.pi * frequencies_hz - np.pi * width_hz
    fine = np.exp(np.outer(rate, np.arange(_FINE) * dwell_s))
    coarse = amplitudes[:, None] * np.exp(np.outer(rate, np.arange(blocks) * _FINE * dwell_s))
    return np.asarray((coarse.T @ fine).reshape(-1)[:points], dtype=np.complex128)


def _raising(spins: int) -> FloatArray:
    """F+ in the product basis, shape (states, states)."""
    states = np.arange(2**spins)
    matrix = np.zeros((states.size, states.size))
    for k in range(spins):
        down = states[states >> k & 1 == 1]
        matrix[down ^ (1 << k), down] = 1.0
    return matrix
