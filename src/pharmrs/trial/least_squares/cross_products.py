"""Least squares from cross-products, for many designs at once: Gauss-Jordan sweeps that run along all of them.

Beaton 1964 (the sweep operator); Goodnight 1979, 10.1080/00031305.1979.10482685.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import BoolArray, FloatArray

_ALIASED = 1e-9  # share of a column's sum of squares left after the columns before it
_TINY = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptFits:
    """`estimate` (b, k), `inverse` (b, k, k) of the normal equations, `rss` (b,), `log_det` (b,) of the normal
    equations; `usable` (b,): False where the columns are not independent.
    """

    estimate: FloatArray
    inverse: FloatArray
    rss: FloatArray
    log_det: FloatArray
    usable: BoolArray


def sweep(products: FloatArray) -> SweptFits:
    """Fits of b cross-product matrices (b, k + 1, k + 1) of k columns and, last, the outcome."""
    k = products.shape[1] - 1
    length = np.sqrt(np.maximum(np.diagonal(products, axis1=1, axis2=2), _TINY))
    length[:, k] = 1.0
    work = products / (length[:, :, None] * length[:, None, :])
    usable = np.ones(len(work), dtype=bool)
    log_det = 2 * np.sum(np.log(length[:, :k]), axis=1)
    for j in range(k):
        usable &= work[:, j, j] > _ALIASED
        pivot = np.where(usable, work[:, j, j], 1.0)
        log_det += np.log(pivot)
        row = work[:, j, :] / pivot[:, None]
        column = work[:, :, j].copy()
        work = work - column[:, :, None] * row[:, None, :]
        work[:, j, :] = row
        work[:, :, j] = -column / pivot[:, None]
        work[:, j, j] = 1 / pivot
    inner = length[:, :k]
    return SweptFits(
        estimate=work[:, :k, k] / inner,
        inverse=work[:, :k, :k] / (inner[:, :, None] * inner[:, None, :]),
        rss=np.maximum(work[:, k, k], 0.0),
        log_det=log_det,
        usable=usable,
    )
