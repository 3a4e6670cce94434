"""Degrees of freedom of fixed effects in a mixed model: Satterthwaite, and Kenward & Roger with their covariance.

Satterthwaite 1946, 10.2307/3002019, with the observed information (as lmerTest, 10.18637/jss.v082.i13); Kenward &
Roger 1997, 10.2307/2533558, with the expected information (as pbkrtest, 10.18637/jss.v059.i09).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.regression.variance_components import VarianceComponents


@dataclass(frozen=True, slots=True, kw_only=True)
class KenwardRoger:
    """Adjusted standard errors and degrees of freedom, one per coefficient."""

    se: FloatArray
    df: FloatArray


def satterthwaite(fit: VarianceComponents) -> FloatArray:
    """Degrees of freedom of each coefficient; NaN where the information on the components is singular."""
    free = list(fit.free)
    information = fit.at.observed[np.ix_(free, free)]
    phi = fit.at.covariance
    variance = np.diag(phi)
    try:
        spread = 2 * np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return np.full(len(variance), np.nan)
    slopes = np.array([np.diag(phi @ fit.at.first[k] @ phi) for k in free])  # d (X' V^-1 X)^-1 / d s_k
    noise = np.einsum("ki,kl,li->i", slopes, spread, slopes)
    return np.where(noise > 0, 2 * variance**2 / np.where(noise > 0, noise, 1.0), np.nan)


def kenward_roger(
    fit: VarianceComponents, combinations: FloatArray | None = None, curved: FloatArray | None = None
) -> KenwardRoger:
    """Kenward-Roger standard errors and degrees of freedom of each coefficient, or of `combinations` (rows, terms).

    `curved` (k, k, p, p): X' V^-1 (d2 V / ds_k ds_l) V^-1 X, where V is not linear in its parameters.

    A component at zero stays in, as in pbkrtest: that it was estimated at all costs degrees of freedom. Where the rows
    do not tell the components apart there, those above zero alone are used.
    """
    phi = fit.at.covariance
    every = range(len(fit.components))
    values = np.linalg.eigvalsh(fit.at.expected)
    free = list(every) if values[0] > 1e-10 * values[-1] else list(fit.free)
    first, second = -fit.at.first[free], fit.at.second[np.ix_(free, free)]  # P_k and Q_kl
    w = np.asarray(2 * np.linalg.inv(fit.at.expected[np.ix_(free, free)]), dtype=float)
    bent = np.zeros_like(second) if curved is None else curved[np.ix_(free, free)]
    count = range(len(free))
    added = sum(
        (w[k, m] * (second[k, m] - first[k] @ phi @ first[m] - bent[k, m] / 4) for k in count for m in count),
        np.zeros_like(phi),
    )
    adjusted = phi + 2 * phi @ added @ phi
    middle = [phi @ piece @ phi for piece in first]
    wanted = np.eye(len(phi)) if combinations is None else combinations
    df = np.array([_freedom(one, phi, middle, w) for one in wanted])
    return KenwardRoger(se=np.sqrt(np.einsum("ti,ij,tj->t", wanted, adjusted, wanted)), df=df)


def _freedom(one: FloatArray, phi: FloatArray, middle: Sequence[FloatArray], w: FloatArray) -> float:
    """Degrees of freedom of one combination, where A1 = A2 = A: their F approximation has 2 / A."""
    share = np.array([one @ piece @ one for piece in middle]) / float(one @ phi @ one)
    a = float(share @ w @ share)
    return 2 / a if a > 0 else float("nan")
