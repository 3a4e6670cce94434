"""Degrees of freedom of fixed effects in a mixed model: Satterthwaite, and Kenward & Roger with their covariance.

Satterthwaite 1946, 10.2307/3002019, with the observed information (as lmerTest, 10.18637/jss.v082.i13); Kenward &
Roger 1997, 10.2307/2533558, with the expected information (as pbkrtest, 10.18637/jss.v059.i09).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.records.arrays import FloatArray
from pharmrs.stats.variance_components import VarianceComponents


@dataclass(frozen=True, slots=True, kw_only=True)
class KenwardRoger:
    """Adjusted standard errors and degrees of freedom, one per coefficient."""

    se: FloatArray
    df: FloatArray


def satterthwaite(fit: VarianceComponents, kernels: Sequence[FloatArray], design: FloatArray) -> FloatArray:
    """Degrees of freedom of each coefficient; NaN where the information on the components is singular."""
    free = list(fit.free)
    information = fit.at.observed[np.ix_(free, free)]
    variance = np.diag(fit.at.covariance)
    try:
        spread = 2 * np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return np.full(len(variance), np.nan)
    slopes = np.array([np.diag(_derivative(fit, kernels[k], design)) for k in free])
    noise = np.einsum("ki,kl,li->i", slopes, spread, slopes)
    return np.where(noise > 0, 2 * variance**2 / np.where(noise > 0, noise, 1.0), np.nan)


def _derivative(fit: VarianceComponents, kernel: FloatArray, design: FloatArray) -> FloatArray:
    """d (X' V^-1 X)^-1 / d s_k."""
    pulled = fit.at.inverse @ design @ fit.at.covariance
    return np.asarray(pulled.T @ kernel @ pulled)


def kenward_roger(fit: VarianceComponents, kernels: Sequence[FloatArray], design: FloatArray) -> KenwardRoger:
    """Kenward-Roger standard errors and degrees of freedom of each coefficient (components at zero are left out)."""
    phi, inverse = fit.at.covariance, fit.at.inverse
    used = [kernels[k] for k in fit.free]
    weighted = inverse @ design
    spread = [kernel @ inverse for kernel in used]
    pushed = [kernel @ weighted for kernel in used]
    first = [-(weighted.T @ push) for push in pushed]  # P_k
    second = [[a.T @ inverse @ b for b in pushed] for a in pushed]  # Q_kl
    count = range(len(used))
    information = np.array(
        [
            [
                np.sum(spread[k].T * spread[m]) - 2 * np.sum(phi * second[k][m])
                + np.sum((phi @ first[k]) * (first[m] @ phi))
                for m in count
            ]
            for k in count
        ]
    )  # fmt: skip
    w = 2 * np.linalg.inv(information)
    added = sum(
        (w[k, m] * (second[k][m] - first[k] @ phi @ first[m]) for k in count for m in count), np.zeros_like(phi)
    )
    adjusted = phi + 2 * phi @ added @ phi
    middle = [phi @ piece @ phi for piece in first]
    df = np.array([_freedom(column, phi, middle, w) for column in range(len(phi))])
    return KenwardRoger(se=np.sqrt(np.diag(adjusted)), df=df)


def _freedom(column: int, phi: FloatArray, middle: Sequence[FloatArray], w: FloatArray) -> float:
    """Degrees of freedom of one coefficient: with one contrast, where A1 = A2 = A, their F approximation has 2 / A."""
    share = np.array([piece[column, column] for piece in middle]) / phi[column, column]
    a = float(share @ w @ share)
    return 2 / a if a > 0 else float("nan")
