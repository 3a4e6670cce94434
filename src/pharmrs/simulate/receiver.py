"""The receiver: coils with complex gains and correlated noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """`gains` complex (coils,), and `mixing` complex (coils, coils) with mixing mixing^H half the noise covariance."""

    gains: ComplexArray
    mixing: ComplexArray

    @property
    def noise_sd(self) -> FloatArray:
        """SD of the noise of each coil, per real or imaginary part, shape (coils,)."""
        return np.asarray(np.sqrt(np.sum(np.abs(self.mixing) ** 2, axis=1)), dtype=np.float64)


def draw_receiver(rng: np.random.Generator, coils: int, correlation: float, combined_noise_sd: float) -> Receiver:
    """Random coils whose optimal (noise-whitened) combination to unit gain has noise `combined_noise_sd` per real part.

    Neighbouring coils have noise correlation `correlation`, falling off geometrically with distance.
    """
    gains = rng.uniform(0.5, 1.5, coils) * np.exp(1j * rng.uniform(-np.pi, np.pi, coils))
    spread = rng.uniform(0.8, 1.25, coils)
    lag = np.subtract.outer(np.arange(coils), np.arange(coils))
    turn = np.exp(1j * np.subtract.outer(np.angle(gains), np.angle(gains)) * 0.5)
    covariance = np.outer(spread, spread) * correlation ** np.abs(lag) * turn
    # variance of the best linear combination with unit gain: 1 / (g^H C^-1 g)
    best = 1.0 / float(np.real(gains.conj() @ np.linalg.solve(covariance, gains)))
    mixing = np.linalg.cholesky(covariance * combined_noise_sd**2 / best)
    return Receiver(gains=gains, mixing=np.asarray(mixing, dtype=np.complex128))


def record(signals: ComplexArray, receiver: Receiver, rng: np.random.Generator) -> ComplexArray:
    """Signals (points, transients) as the coils hear them: (points, coils, transients), noise added."""
    points, transients = signals.shape
    coils = receiver.gains.size
    white = rng.standard_normal((2, coils, points * transients))
    noise = (receiver.mixing @ (white[0] + 1j * white[1])).reshape(coils, points, transients)
    return np.asarray(signals[:, None, :] * receiver.gains[:, None] + noise.transpose(1, 0, 2), dtype=np.complex128)
