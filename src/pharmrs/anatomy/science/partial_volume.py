"""Expected share of each tissue given the brightness alone: pure classes and mixtures of neighbours in brightness.

The density of brightness is modelled as three pure Gaussians and two mixtures, CSF with grey and grey with white
matter, whose shares are uniform (Santago and Gage 1993, 10.1109/42.241887). Means and SDs are given, only the five
weights are fitted, by EM on the histogram: so pure classes cannot wander into the mixtures, which is how such models
fail on real images. The result is a function of brightness.
"""

from __future__ import annotations

import numpy as np

from pharmrs.anatomy.records.images import ImageArray
from pharmrs.anatomy.science.mixture import Classes, Mask, filled
from pharmrs.core.records.arrays import FloatArray

_BINS = 400
_SHARES = (np.arange(50) + 0.5) / 50
_ITERATIONS = 200
_REACH_SD = 4.0


def partial_volumes(data: ImageArray, inside: Mask, pure: Classes) -> tuple[ImageArray, ...]:
    """Expected share of CSF, grey matter and white matter `inside`, 0 elsewhere."""
    low = pure.means[0] - _REACH_SD * pure.sds[0]
    high = pure.means[2] + _REACH_SD * pure.sds[2]
    edges = np.linspace(low, high, _BINS + 1)
    centres = 0.5 * (edges[1:] + edges[:-1])
    values = np.clip(data[inside], low, high)
    counts = np.histogram(values, edges)[0].astype(np.float64)
    density, shares = _components(centres, pure)
    weights = _weights(density, counts)
    posterior = weights[:, None] * density
    posterior /= posterior.sum(axis=0)
    expected = np.einsum("kb,ktb->tb", posterior, shares)
    return tuple(filled(np.interp(values, centres, one).astype(np.float32), inside) for one in expected)


def _components(centres: FloatArray, pure: Classes) -> tuple[FloatArray, FloatArray]:
    """Density of the five components at each brightness, (5, n), and the shares of the tissues there, (5, 3, n)."""
    density, shares = [], []
    for one in range(3):
        density.append(_normal(centres, pure.means[one], pure.sds[one]))
        shares.append(np.repeat(np.eye(3)[one][:, None], centres.size, axis=1))
    for dark in range(2):
        mean = pure.means[dark] + _SHARES * (pure.means[dark + 1] - pure.means[dark])
        sd = pure.sds[dark] + _SHARES * (pure.sds[dark + 1] - pure.sds[dark])
        each = _normal(centres[None, :], mean[:, None], sd[:, None])
        bright = (each * _SHARES[:, None]).sum(axis=0) / each.sum(axis=0)
        mixed = np.zeros((3, centres.size))
        mixed[dark], mixed[dark + 1] = 1.0 - bright, bright
        density.append(each.mean(axis=0))
        shares.append(mixed)
    return np.array(density), np.array(shares)


def _weights(density: FloatArray, counts: FloatArray) -> FloatArray:
    weights = np.full(len(density), 1.0 / len(density))
    for _ in range(_ITERATIONS):
        posterior = weights[:, None] * density
        posterior /= posterior.sum(axis=0)
        updated = (posterior * counts).sum(axis=1) / counts.sum()
        settled = np.abs(updated - weights).max() < 1e-6
        weights = updated
        if settled:
            break
    return np.asarray(weights)


def _normal(x: FloatArray, mean: FloatArray | float, sd: FloatArray | float) -> FloatArray:
    # the floor keeps every brightness possible, far from all classes too
    return np.asarray(np.exp(-0.5 * ((x - mean) / sd) ** 2) / sd + 1e-12)
