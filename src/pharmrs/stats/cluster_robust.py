"""Least squares with standard errors that allow unequal variances (HC) and several rows of one person (CR).

MacKinnon & White 1985, 10.1016/0304-4076(85)90158-7 (HC1, HC3); Liang & Zeger 1986, 10.1093/biomet/73.1.13 (CR0);
Bell & McCaffrey 2002 and Pustejovsky & Tipton 2018, 10.1080/07350015.2016.1247004 (CR2, Satterthwaite).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pharmrs.records.arrays import FloatArray
from pharmrs.stats.coefficients import Coefficients, check_estimable, wald
from pharmrs.stats.not_estimable import NotEstimable

HETEROSCEDASTIC = ("HC0", "HC1", "HC2", "HC3")
CLUSTERED = ("CR0", "CR1", "CR2")
_EXPLAINED_BY_ONE = 1e-10  # eigenvalue of I - H_gg below which a person determines a coefficient alone


def robust_least_squares(
    outcome: FloatArray,
    design: FloatArray,
    terms: Sequence[str],
    kind: str,
    clusters: Sequence[str] = (),
    level: float = 0.95,
) -> Coefficients:
    """Ordinary least squares with the robust covariance `kind`.

    `clusters` (rows,) names the person of each row, required for CR0, CR1, CR2. Degrees of freedom: rows minus
    coefficients for HC, clusters minus one for CR0 and CR1, Satterthwaite for CR2.
    """
    method = f"OLS, {kind}"
    if kind not in HETEROSCEDASTIC + CLUSTERED:
        raise ValueError(f"kind must be one of {HETEROSCEDASTIC + CLUSTERED}, is {kind!r}")
    check_estimable(method, outcome, design, terms)
    inverse = np.asarray(np.linalg.inv(design.T @ design), dtype=float)
    estimate = inverse @ (design.T @ outcome)
    residual = outcome - design @ estimate
    n, p = design.shape
    if kind in HETEROSCEDASTIC:
        covariance = _hc_covariance(residual, design, inverse, kind)
        return wald(method, terms, estimate, np.sqrt(np.diag(covariance)), n - p, n=n, level=level)
    members = _members(clusters, n)
    if len(members) < 2:
        raise NotEstimable(f"{method}: all rows belong to one participant")
    if kind == "CR2":
        covariance, freedom, alone = _cr2(residual, design, inverse, members)
        notes = (f"{alone} participants determine a coefficient alone",) if alone else ()
        return wald(
            method,
            terms,
            estimate,
            np.sqrt(np.diag(covariance)),
            freedom,
            n=n,
            subjects=len(members),
            notes=notes,
            level=level,
        )
    scores = np.array([design[rows].T @ residual[rows] for rows in members])
    covariance = inverse @ (scores.T @ scores) @ inverse
    groups = len(members)
    if kind == "CR1":
        covariance = covariance * (groups / (groups - 1) * (n - 1) / (n - p))
    return wald(method, terms, estimate, np.sqrt(np.diag(covariance)), groups - 1, n=n, subjects=groups, level=level)


def _hc_covariance(residual: FloatArray, design: FloatArray, inverse: FloatArray, kind: str) -> FloatArray:
    n, p = design.shape
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    weight = residual**2
    if kind == "HC1":
        weight = weight * n / (n - p)
    elif kind != "HC0":
        # a row with leverage 1 has residual 0 and says nothing about the variance
        weight = weight / np.maximum(1 - leverage, 1e-12) ** (1 if kind == "HC2" else 2)
    return np.asarray(inverse @ ((design * weight[:, None]).T @ design) @ inverse)


def _members(clusters: Sequence[str], rows: int) -> list[NDArray[np.intp]]:
    if len(clusters) != rows:
        raise ValueError(f"clusters must name the participant of each of the {rows} rows, has {len(clusters)}")
    _, codes = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    return [np.flatnonzero(codes == code) for code in range(int(codes.max()) + 1)]


def _cr2(
    residual: FloatArray, design: FloatArray, inverse: FloatArray, members: list[NDArray[np.intp]]
) -> tuple[FloatArray, FloatArray, int]:
    """Covariance, Satterthwaite degrees of freedom per coefficient, and how many persons fix a coefficient alone."""
    n, p = design.shape
    scores = np.empty((len(members), p))
    pieces = np.empty((len(members), p, n))  # p_g of Pustejovsky & Tipton, eq. 7, for every coefficient
    alone = 0
    for place, rows in enumerate(members):
        own = design[rows]
        values, vectors = np.linalg.eigh(np.eye(len(rows)) - own @ inverse @ own.T)
        usable = values > _EXPLAINED_BY_ONE
        alone += int(not usable.all())
        root = np.where(usable, 1 / np.sqrt(np.where(usable, values, 1.0)), 0.0)
        adjusted = inverse @ own.T @ (vectors * root) @ vectors.T
        scores[place] = adjusted @ residual[rows]
        unit = np.zeros((len(rows), n))
        unit[np.arange(len(rows)), rows] = 1.0
        pieces[place] = adjusted @ (unit - own @ inverse @ design.T)
    freedom = np.empty(p)
    for column in range(p):
        gram = pieces[:, column] @ pieces[:, column].T
        freedom[column] = np.trace(gram) ** 2 / np.sum(gram**2)
    return scores.T @ scores, freedom, alone
