"""Coil combination: noise-whitened, weights from the dominant singular vector of a reference.

Whitened SVD (Rodgers & Robson 2010, 10.1002/mrm.22230; Bydder 2008, 10.1016/j.mri.2007.12.006): the combination of
highest S/N for correlated noise. The same weights combine every recording of the scan, so ratios to water are kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.records.acquisition import Fids

_EARLY_SHARE = 0.25  # of the FID, where the reference has signal
_TAIL_SHARE = 0.25  # of the FID, where only noise is left
_ALL_REAL_RANK = 1e-8  # relative eigenvalue below which a coil combination carries no noise of its own


@dataclass(frozen=True, slots=True)
class CoilWeights:
    """`weights` (coils,) complex; `explained`: share of the reference's energy in the chosen mode; `gains` (coils,)
    magnitude of each coil's sensitivity over its noise, largest 1."""

    weights: ComplexArray
    explained: float
    gains: FloatArray


def noise_covariance(fids: Fids) -> ComplexArray:
    """Noise covariance between coils, (coils, coils), from the end of the FIDs.

    What all transients share is signal and is taken out where there is more than one transient.
    """
    tail = fids.data[-max(int(fids.points * _TAIL_SHARE), 2) :]
    if fids.transients > 1:
        tail = (tail - tail.mean(axis=2, keepdims=True)) * np.sqrt(fids.transients / (fids.transients - 1))
    samples = np.moveaxis(tail, 1, 2).reshape(-1, fids.coils)
    return samples.T @ samples.conj() / samples.shape[0]


def coil_weights(reference: Fids, noise: ComplexArray) -> CoilWeights:
    """Weights from `reference` (its mean transient) and the noise covariance (coils, coils).

    Weighted sum over coils: `combine`. Sensitivity along the weights is 1 (sum of w times sensitivity), phase that of
    the strongest coil.
    """
    signal = in_phase(reference.data).mean(axis=2)[: max(int(reference.points * _EARLY_SHARE), 2)]
    # noise SD of each coil divided out first: which combinations are usable must not depend on the coils' gains
    spread = np.sqrt(np.maximum(np.real(np.diag(noise)), 0.0))
    spread[spread == 0.0] = 1.0
    values, vectors = np.linalg.eigh(noise / np.outer(spread, spread))
    usable = values > _ALL_REAL_RANK * values[-1] if values[-1] > 0 else np.ones_like(values, dtype=bool)
    if values[-1] <= 0:  # noiseless simulation
        values = np.ones_like(values)
    # (coils, modes): signal @ whitening is white
    whitening = vectors[:, usable].conj() / np.sqrt(values[usable]) / spread[:, None]
    left, singular, right = np.linalg.svd(signal @ whitening, full_matrices=False)
    weights = whitening @ right[0].conj()
    sensitivity = left[:, 0].conj() @ signal
    strongest = int(np.argmax(np.abs(sensitivity)))
    scale = (sensitivity @ weights) * np.conj(sensitivity[strongest]) / np.abs(sensitivity[strongest])
    norm = np.linalg.norm(sensitivity)
    gains = np.abs(sensitivity) / spread
    return CoilWeights(
        weights=weights * norm / scale,
        explained=float(singular[0] ** 2 / np.sum(singular**2)),
        gains=gains / gains.max(),
    )


def in_phase(transients: ComplexArray) -> ComplexArray:
    """Transients (..., transients) of a reference turned to the phase of the first: phase cycles must not cancel."""
    early = transients[: max(int(transients.shape[0] * _EARLY_SHARE), 2)]
    inner = np.sum(early * early[..., :1].conj(), axis=tuple(range(early.ndim - 1)))
    return np.asarray(transients * np.exp(-1j * np.angle(inner)))


def combine(fids: Fids, weights: ComplexArray) -> ComplexArray:
    """Combined transients, (points, transients)."""
    return np.asarray(np.einsum("pct,c->pt", fids.data, weights))
