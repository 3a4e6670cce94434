"""Two sets of values of the same scans against each other.

Bland & Altman 1986 (10.1016/S0140-6736(86)90837-8): mean difference and limits of agreement, 1.96 SD around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_FEWEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramAgreement:
    """`count` scans; mean of second minus first in per cent of the mean of both, its limits, Pearson's correlation."""

    metabolite: str
    scale: str
    count: int
    difference_percent: float
    lower_percent: float
    upper_percent: float
    correlation: float


def agreement(metabolite: str, scale: str, first: list[float], second: list[float]) -> ProgramAgreement | None:
    """None for fewer than three pairs that are not both zero."""
    pairs = np.array([(a, b) for a, b in zip(first, second, strict=True) if np.isfinite(a + b) and a + b > 0])
    if len(pairs) < _FEWEST:
        return None
    relative = 200.0 * (pairs[:, 1] - pairs[:, 0]) / pairs.sum(axis=1)
    mean, spread = float(relative.mean()), float(relative.std(ddof=1))
    spreads = pairs.std(axis=0)
    return ProgramAgreement(
        metabolite=metabolite,
        scale=scale,
        count=len(pairs),
        difference_percent=mean,
        lower_percent=mean - 1.96 * spread,
        upper_percent=mean + 1.96 * spread,
        correlation=float(np.corrcoef(pairs.T)[0, 1]) if spreads.min() > 0 else float("nan"),
    )
