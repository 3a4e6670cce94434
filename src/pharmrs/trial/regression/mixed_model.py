"""Linear mixed models with random intercepts, and the marginal model with compound symmetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.least_squares.coefficients import Coefficients, check_estimable, wald
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.regression.denominators import kenward_roger, satterthwaite
from pharmrs.trial.regression.variance_blocks import blocks_of
from pharmrs.trial.regression.variance_components import VarianceComponents, estimate_components

_LEAST_INFORMATION = 1e-10  # smallest over largest eigenvalue of the expected information on the components
SINGULAR = "a variance component is zero: the fit is that of the model without it"


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedFit:
    """A fitted mixed model. `components`: variance of each random intercept by name; `deviance`: -2 log likelihood
    (REML criterion when `restricted`). The coefficients come with Satterthwaite and with Kenward-Roger inference; under
    full maximum likelihood both are those of the normal distribution.
    """

    satterthwaite: Coefficients
    kenward_roger: Coefficients
    components: Mapping[str, float]
    residual_variance: float
    deviance: float
    restricted: bool
    singular: bool


def fit_mixed(
    outcome: FloatArray,
    design: FloatArray,
    terms: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    *,
    restricted: bool = True,
    bounded: bool = True,
    level: float = 0.95,
) -> MixedFit:
    """`outcome ~ design + (1 | group)` for every entry of `groups` (name -> label of each row).

    `bounded=False` lets the components be negative: one group then is GLS with compound symmetry, which can describe
    rows of a person that are less alike than those of different persons. `outcome` (rows,), `design` (rows, terms).
    Raises `NotEstimable` where the rows do not determine terms and variance components.
    """
    method = _name(groups, restricted, bounded)
    check_estimable(method, outcome, design, terms)
    _check_groups(method, groups, len(outcome))
    if _exact(outcome, design):
        raise NotEstimable(f"{method}: the terms reproduce the outcome exactly")
    blocks = blocks_of(list(groups.values()), len(outcome))
    fit = estimate_components(blocks, outcome, design, restricted=restricted, bounded=bounded)
    if not fit.converged:
        raise NotEstimable(f"{method}: the variance components did not converge")
    if not _told_apart(fit):
        raise NotEstimable(f"{method}: these rows do not tell the variance components apart")
    singular = len(fit.free) < len(fit.components)
    subjects = len(set(next(iter(groups.values()))))
    notes = (SINGULAR,) if singular else ()
    sat, kr = _inference(method, fit, terms, len(outcome), restricted, subjects, notes, level)
    return MixedFit(
        satterthwaite=sat,
        kenward_roger=kr,
        components=dict(zip(groups, map(float, fit.components[:-1]), strict=True)),
        residual_variance=float(fit.components[-1]),
        deviance=fit.at.deviance,
        restricted=restricted,
        singular=singular,
    )


def _told_apart(fit: VarianceComponents) -> bool:
    free = list(fit.free)
    values = np.linalg.eigvalsh(fit.at.expected[np.ix_(free, free)])
    return bool(values[0] > _LEAST_INFORMATION * values[-1])


def _inference(
    method: str,
    fit: VarianceComponents,
    terms: Sequence[str],
    n: int,
    restricted: bool,
    subjects: int,
    notes: tuple[str, ...],
    level: float,
) -> tuple[Coefficients, Coefficients]:
    se = np.sqrt(np.diag(fit.at.covariance))
    if not restricted:
        normal = wald(
            f"{method}, normal", terms, fit.at.estimate, se, np.inf, n=n, subjects=subjects, notes=notes, level=level
        )
        return normal, normal
    kr = kenward_roger(fit)
    return (
        wald(f"{method}, Satterthwaite", terms, fit.at.estimate, se, satterthwaite(fit),
             n=n, subjects=subjects, notes=notes, level=level),
        wald(f"{method}, Kenward-Roger", terms, fit.at.estimate, kr.se, kr.df,
             n=n, subjects=subjects, notes=notes, level=level),
    )  # fmt: skip


def _name(groups: Mapping[str, Sequence[str]], restricted: bool, bounded: bool) -> str:
    how = "REML" if restricted else "ML"
    if not bounded:
        return f"GLS with compound symmetry within {' and '.join(groups)}, {how}"
    return f"mixed model with random intercepts of {' and '.join(groups)}, {how}"


def _check_groups(method: str, groups: Mapping[str, Sequence[str]], rows: int) -> None:
    if not groups:
        raise ValueError("a mixed model needs at least one grouping")
    for name, labels in groups.items():
        if len(labels) != rows:
            raise ValueError(f"{name} must label each of the {rows} rows, has {len(labels)}")
        distinct = len(set(labels))
        if distinct < 2:
            raise NotEstimable(f"{method}: all rows have the same {name}")
        if distinct == rows:
            raise NotEstimable(f"{method}: no {name} has two rows, its variance cannot be told from the residual")


def _exact(outcome: FloatArray, design: FloatArray) -> bool:
    residual = outcome - design @ np.linalg.lstsq(design, outcome, rcond=None)[0]
    return float(residual @ residual) <= 1e-24 * float(outcome @ outcome)
