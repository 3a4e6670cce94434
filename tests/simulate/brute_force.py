"""A second, slow simulation that shares nothing with the program's: Pauli matrices, matrix exponentials, isochromats.

Crushers are what they are on the scanner: a phase that depends on position, averaged over positions.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

X = np.array([[0, 1], [1, 0]]) / 2
Y = np.array([[0, -1j], [1j, 0]]) / 2
Z = np.array([[1, 0], [0, -1]]) / 2


def operator(single: np.ndarray, spin: int, spins: int) -> np.ndarray:
    whole = np.eye(1)
    for k in range(spins):
        whole = np.kron(whole, single if k == spin else np.eye(2))
    return whole


class System:
    def __init__(self, offsets_hz: np.ndarray, j_hz: np.ndarray) -> None:
        n = len(offsets_hz)
        self.x, self.y, self.z = (sum(operator(one, k, n) for k in range(n)) for one in (X, Y, Z))
        self.hamiltonian = sum(v * operator(Z, k, n) for k, v in enumerate(offsets_hz)).astype(complex)
        for k in range(n):
            for m in range(k):
                for one in (X, Y, Z):
                    self.hamiltonian += j_hz[k, m] * operator(one, k, n) @ operator(one, m, n)
        self.norm = 2.0 / 2 ** (n - 1)

    def rotate(self, density: np.ndarray, angle_deg: float, axis: str = "x") -> np.ndarray:
        pulse = expm(-1j * np.deg2rad(angle_deg) * getattr(self, axis))
        return pulse @ density @ pulse.conj().T

    def wait(self, density: np.ndarray, seconds: float, crusher_rad: float = 0.0) -> np.ndarray:
        step = expm(-2j * np.pi * self.hamiltonian * seconds - 1j * crusher_rad * self.z)
        return step @ density @ step.conj().T

    def observe(self, density: np.ndarray, dwell_s: float, points: int) -> np.ndarray:
        raising, step = self.x + 1j * self.y, expm(-2j * np.pi * self.hamiltonian * dwell_s)
        signal = []
        for _ in range(points):
            signal.append(self.norm * np.trace(density @ raising))
            density = step @ density @ step.conj().T
        return np.array(signal)


def crushers(count: int) -> np.ndarray:
    return 2 * np.pi * np.arange(count) / count


def steam(system: System, te_s: float, tm_s: float, dwell_s: float, points: int) -> np.ndarray:
    """Equal crushers in both halves of TE and a spoiler in TM, averaged over a grid of phases."""
    signal = np.zeros(points, dtype=complex)
    for crusher in crushers(8):
        for spoiler in crushers(8):
            density = system.wait(system.rotate(system.z, 90), te_s / 2, crusher)
            density = system.wait(system.rotate(density, 90), tm_s, spoiler)
            density = system.wait(system.rotate(density, 90), te_s / 2, crusher)
            signal += system.observe(density, dwell_s, points) / 64
    return signal


def press(system: System, te_s: float, dwell_s: float, points: int) -> np.ndarray:
    """Without crushers: perfect refocusing pulses leave nothing to crush."""
    density = system.wait(system.rotate(system.z, 90), te_s / 4)
    density = system.wait(system.rotate(density, 180, "y"), te_s / 2)
    return system.observe(system.wait(system.rotate(density, 180, "y"), te_s / 4), dwell_s, points)
