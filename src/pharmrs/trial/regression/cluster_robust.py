"""Least squares with standard errors that allow unequal variances (HC) and several rows of one person (CR).

MacKinnon & White 1985, 10.1016/0304-4076(85)90158-7 (HC1, HC3); Liang & Zeger 1986, 10.1093/biomet/73.1.13 (CR0);
Bell & McCaffrey 2002 and Pustejovsky & Tipton 2018, 10.1080/07350015.2016.1247004 (CR2, Satterthwaite).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.least_squares.coefficients import Coefficients, check_estimable, wald
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows

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
    coefficients for HC, clusters minus one for CR0 and CR1, Satterthwaite for CR2. `outcome` (rows,), `design` (rows,
    terms). Raises `NotEstimable` where the rows do not determine the terms, ValueError for unknown kinds and lengths.
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
    people = _people(clusters, n)
    groups = len(people)
    if groups < 2:
        raise NotEstimable(f"{method}: all rows belong to one participant")
    if kind == "CR2":
        covariance, freedom, alone = _cr2(residual, design, inverse, people)
        notes = (f"{alone} of the participants determine a coefficient alone",) if alone else ()
        se = np.sqrt(np.diag(covariance))
        return wald(method, terms, estimate, se, freedom, n=n, subjects=groups, notes=notes, level=level)
    covariance = _squared(people.sums(design * residual[:, None]) @ inverse)
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
    return _squared(design * np.sqrt(weight)[:, None] @ inverse)


def _squared(scores: FloatArray) -> FloatArray:
    """A sandwich as the square of its half: rounding cannot make a variance negative where a row or two fit exactly."""
    return np.asarray(scores.T @ scores)


def _people(clusters: Sequence[str], rows: int) -> PersonRows:
    if len(clusters) != rows:
        raise ValueError(f"clusters must name the participant of each of the {rows} rows, has {len(clusters)}")
    return PersonRows.of(clusters)


def _cr2(
    residual: FloatArray, design: FloatArray, inverse: FloatArray, people: PersonRows
) -> tuple[FloatArray, FloatArray, int]:
    """Covariance, Satterthwaite degrees of freedom per coefficient, and how many persons fix a coefficient alone.

    The degrees of freedom are tr(G)^2 / tr(G G) of G_gh = p_g' p_h, where p_g of a coefficient (Pustejovsky & Tipton,
    eq. 7) is what a person adds, a_g, in his own rows less its projection on the design. G = diag(a_g' a_g) - U M U'
    with u_g = X_g' a_g and M = (X'X)^-1, so that no matrix of persons by persons or rows is formed.
    """
    scores = np.empty((len(people), design.shape[1]))
    length = np.empty_like(scores)  # a_g' a_g for every coefficient
    pull = np.empty((len(people), design.shape[1], design.shape[1]))  # u_g of every coefficient, in its rows
    alone = 0
    for place in range(len(people)):
        rows = people.rows(place)
        own = design[rows]
        values, vectors = np.linalg.eigh(np.eye(len(rows)) - own @ inverse @ own.T)
        usable = values > _EXPLAINED_BY_ONE
        alone += int(not usable.all())
        root = np.where(usable, 1 / np.sqrt(np.where(usable, values, 1.0)), 0.0)
        adjusted = inverse @ own.T @ (vectors * root) @ vectors.T
        scores[place] = adjusted @ residual[rows]
        length[place] = np.sum(adjusted**2, axis=1)
        pull[place] = adjusted @ own
    within = np.einsum("gci,ij,gcj->gc", pull, inverse, pull)
    whole = inverse @ np.einsum("gci,gcj->cij", pull, pull)
    trace = np.sum(length - within, axis=0)
    squares = np.sum(length**2 - 2 * length * within, axis=0) + np.einsum("cij,cji->c", whole, whole)
    freedom = np.where(squares > 0, trace**2 / np.where(squares > 0, squares, 1.0), np.nan)
    return scores.T @ scores, freedom, alone
