"""Spins 1/2 in the product basis: operators, Hamiltonian, and its eigenstates block by block.

State s of n spins is a number of n bits; bit k set means that spin k is down (Iz = -1/2). Frequencies in Hz.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray, IntArray

MOST_SPINS = 9  # dense matrices of 512 x 512; the metabolites have up to seven


@lru_cache(maxsize=MOST_SPINS)
def spin_z(spins: int) -> FloatArray:
    """Eigenvalue of Iz of every spin in every product state, shape (spins, 2**spins)."""
    states = np.arange(2**spins)
    return np.array([0.5 - (states >> k & 1) for k in range(spins)], dtype=np.float64)


@lru_cache(maxsize=MOST_SPINS)
def coherence_order(spins: int) -> IntArray:
    """Coherence order of every element of the density matrix, shape (2**spins, 2**spins)."""
    total = spin_z(spins).sum(axis=0)
    return np.asarray(np.rint(np.subtract.outer(total, total)), dtype=np.intp)


def product_rotation(single: ComplexArray) -> ComplexArray:
    """Tensor product of one 2x2 matrix per spin: shape (..., spins, 2, 2) to (..., 2**spins, 2**spins)."""
    spins = single.shape[-3]
    lead = single.shape[:-3]
    result = np.ones((*lead, 1, 1), dtype=np.complex128)
    for k in reversed(range(spins)):  # bit k of the state belongs to spin k, so the last spin is outermost
        size = 2 * result.shape[-1]
        result = np.einsum("...ab,...cd->...acbd", result, single[..., k, :, :]).reshape(*lead, size, size)
    return result


def coupling_matrix(j_hz: FloatArray) -> FloatArray:
    """sum of J_kl I_k . I_l over all pairs, shape (2**spins, 2**spins), real and symmetric."""
    spins = j_hz.shape[0]
    z, states = spin_z(spins), np.arange(2**spins)
    matrix = np.zeros((states.size, states.size))
    for k in range(spins):
        for m in range(k):
            if j_hz[k, m] == 0.0:
                continue
            matrix[states, states] += j_hz[k, m] * z[k] * z[m]
            opposite = states[z[k] != z[m]]
            matrix[opposite, opposite ^ (1 << k | 1 << m)] += 0.5 * j_hz[k, m]
    return matrix


@dataclass(frozen=True, slots=True)
class Hamiltonian:
    """Eigenstates of shifts and couplings: `energies_hz` (states,), `vectors` (states, states), real orthogonal.

    Eigenstates of the same total Iz stand where the product states of that Iz stand, so that coherence orders are the
    same in both bases.
    """

    spins: int
    energies_hz: FloatArray
    vectors: FloatArray

    def to_eigenbasis(self, operator: ComplexArray) -> ComplexArray:
        """`operator` (..., states, states) of the product basis in the basis of the eigenstates."""
        return np.asarray(self.vectors.T @ operator @ self.vectors)

    def evolve(self, density: ComplexArray, seconds: float) -> ComplexArray:
        """`density` (states, states), in the eigenbasis, after free evolution."""
        phase = np.exp(-2j * np.pi * self.energies_hz * seconds)
        return np.asarray(phase[:, None] * density * phase.conj())


def diagonalise(offsets_hz: FloatArray, j_hz: FloatArray) -> Hamiltonian:
    """Hamiltonian sum v_k Iz_k + sum J_kl I_k . I_l; total Iz is conserved, so blocks of equal Iz are solved alone."""
    spins = offsets_hz.shape[0]
    matrix = coupling_matrix(j_hz)
    matrix[np.diag_indices_from(matrix)] += offsets_hz @ spin_z(spins)
    total = spin_z(spins).sum(axis=0)
    energies, vectors = np.empty(total.size), np.zeros_like(matrix)
    for value in np.unique(total):
        block = np.flatnonzero(total == value)
        energies[block], vectors[np.ix_(block, block)] = np.linalg.eigh(matrix[np.ix_(block, block)])
    return Hamiltonian(spins, energies, vectors)
