"""Least squares under many sets of weights or designs at once: what the bootstrap and permutations are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.records.arrays import BoolArray, FloatArray

_SINGULAR = 1e-10  # smallest over largest eigenvalue of the scaled normal equations


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchedFits:
    """`estimate` (b, terms) and `se` (b, terms), cluster-robust; `usable` (b,): False where the design was singular."""

    estimate: FloatArray
    se: FloatArray
    usable: BoolArray


def batched_least_squares(
    outcome: FloatArray, designs: FloatArray, members: FloatArray, weights: FloatArray | None = None
) -> BatchedFits:
    """Fits of b designs (b, rows, terms), or of one design (1, rows, terms) under b weights (b, rows).

    `outcome` (rows,) or (b, rows); `members` (clusters, rows): 1 where a row belongs to the cluster. Standard errors
    are CR0 with the factor clusters / (clusters - 1) (n - 1) / (n - terms).
    """
    responses = np.broadcast_to(outcome, (len(designs), outcome.shape[-1])) if outcome.ndim == 1 else outcome
    weighted = designs if weights is None else designs * weights[:, :, None]
    normal = np.swapaxes(weighted, 1, 2) @ designs
    length = np.sqrt(np.maximum(np.diagonal(normal, axis1=1, axis2=2), 1e-300))
    scaled = normal / (length[:, :, None] * length[:, None, :])
    values = np.linalg.eigvalsh(scaled)
    usable = values[:, 0] > _SINGULAR * values[:, -1]
    safe = np.where(usable[:, None, None], scaled, np.eye(scaled.shape[1]))
    inverse = np.linalg.inv(safe) / (length[:, :, None] * length[:, None, :])
    estimate = np.einsum("bij,bnj,bn->bi", inverse, weighted, np.broadcast_to(responses, weighted.shape[:2]))
    residual = responses - np.einsum(
        "bni,bi->bn", np.broadcast_to(designs, (len(estimate), *designs.shape[1:])), estimate
    )
    scores = np.einsum("gn,bni,bn->bgi", members, weighted, residual)
    turned = np.einsum("bij,bgj->bgi", inverse, scores)
    groups, n, terms = len(members), designs.shape[1], designs.shape[2]
    factor = groups / (groups - 1) * (n - 1) / max(n - terms, 1)
    se = np.sqrt(factor * np.sum(turned**2, axis=1))
    return BatchedFits(estimate=estimate, se=se, usable=np.asarray(usable))


def membership(subjects: tuple[str, ...]) -> FloatArray:
    """Indicator (participants, rows), participants in alphabetical order."""
    names = sorted(set(subjects))
    return np.asarray(np.array(names)[:, None] == np.array(subjects)[None, :], dtype=float)
