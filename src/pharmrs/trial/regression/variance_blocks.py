"""Rows that share a random intercept, as blocks: rows of different participants are independent.

A covariance of n rows is never formed: with blocks of a few rows each, everything REML needs is a sum over blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from pharmrs.core.records.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks of one size: `rows` (blocks, size); `kernels` (components, blocks, size, size), the identity last."""

    rows: IntArray
    kernels: FloatArray


def blocks_of(groups: Sequence[Sequence[str]], count: int) -> tuple[Blocks, ...]:
    """The blocks of `count` rows, by size; `groups`: label of each row for every random intercept."""
    codes = [np.unique(np.asarray(labels, dtype=str), return_inverse=True)[1] for labels in groups]
    linked = sparse.hstack([sparse.csr_array((np.ones(count), (np.arange(count), code))) for code in codes])
    together = connected_components(sparse.csr_array(linked @ linked.T), directed=False)[1]
    order = np.argsort(together, kind="stable")
    sizes = np.bincount(together)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    found = []
    for size in np.unique(sizes).tolist():
        rows = order[starts[sizes == size][:, None] + np.arange(size)]
        same = [(code[rows][:, :, None] == code[rows][:, None, :]).astype(float) for code in codes]
        found.append(Blocks(rows, np.stack([*same, np.broadcast_to(np.eye(size), same[0].shape)])))
    return tuple(found)
