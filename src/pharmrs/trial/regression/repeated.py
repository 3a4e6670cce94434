"""Repeated measurements after each treatment (MMRM) by REML: an unstructured covariance of the time points, or AR(1).

Mallinckrodt et al. 2008, 10.1177/009286150804200402. Rows of a visit (the time points after one treatment) covary by
that structure; where a person has several visits, all of his rows share a variance too. The unstructured covariance is
linear in its elements, so that the components of `variance_components` serve; AR(1) is searched over its correlation,
and Kenward and Roger's adjustment has the second derivatives of its covariance (10.2307/2533558).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from pharmrs.core.records.arrays import BoolArray, FloatArray, IntArray
from pharmrs.trial.least_squares.coefficients import Coefficients, check_estimable, wald
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.regression.denominators import kenward_roger
from pharmrs.trial.regression.variance_blocks import Blocks
from pharmrs.trial.regression.variance_components import VarianceComponents, estimate_components, evaluate

UNSTRUCTURED, AR1 = "unstructured", "ar1"
_START_CORRELATION = 0.3
_LARGEST_CORRELATION = 0.999
_LEAST_INFORMATION = 1e-10

Kernel = Callable[[IntArray, IntArray], FloatArray]  # visits and times (blocks, size) -> (blocks, size, size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """Rows of repeated measurements: `subjects` and `visits` name the person and the treatment period of each row,
    `times` (rows,) its time point by position 0, 1, ... in order of time, each at most once a visit.
    """

    outcome: FloatArray
    design: FloatArray
    terms: tuple[str, ...]
    subjects: tuple[str, ...]
    visits: tuple[str, ...]
    times: IntArray

    @property
    def several(self) -> bool:
        """Whether a person has more than one visit."""
        return len(set(zip(self.subjects, self.visits, strict=True))) > len(set(self.subjects))


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedFit:
    """`coefficients` and `combined` (the asked combinations) with Kenward-Roger inference; `covariance` (times, times)
    of the rows of a visit, without `between`, the variance that all rows of a person share; `deviance`: the REML
    criterion; `correlation`: of neighbouring times under AR(1).
    """

    coefficients: Coefficients
    combined: Coefficients | None
    covariance: FloatArray
    between: float
    deviance: float
    correlation: float = float("nan")


def fit_repeated(
    rows: Repeated,
    structure: str = UNSTRUCTURED,
    *,
    combinations: FloatArray | None = None,
    names: Sequence[str] = (),
    level: float = 0.95,
) -> RepeatedFit:
    """`outcome ~ design` with the covariance `structure`. `combinations` (len(names), terms). Raises `NotEstimable`."""
    method = f"repeated measures, {structure} covariance, REML"
    check_estimable(method, rows.outcome, rows.design, rows.terms)
    people = PersonRows.of(rows.subjects)
    count = int(rows.times.max()) + 1
    pairs = list(itertools.combinations_with_replacement(range(count), 2))  # the last is a variance, above zero
    needed, parameters = (count + 1, len(pairs)) if structure == UNSTRUCTURED else (3, 2)
    if len(people) <= needed + rows.several:
        raise NotEstimable(f"{method}: {len(people)} participants for {parameters + rows.several} variances")
    fit, curved, covariance, rho = (_unstructured if structure == UNSTRUCTURED else _ar1)(rows, people, count)
    values = np.linalg.eigvalsh(fit.at.expected)
    if not fit.converged or not values[0] > _LEAST_INFORMATION * values[-1]:
        raise NotEstimable(f"{method}: these rows do not tell the variances and covariances apart")

    def coefficients(which: Sequence[str], weights: FloatArray) -> Coefficients:
        kr = kenward_roger(fit, weights, curved)
        return wald(method, which, weights @ fit.at.estimate, kr.se, kr.df, n=len(rows.outcome), subjects=len(people),
                    level=level)  # fmt: skip

    return RepeatedFit(
        coefficients=coefficients(rows.terms, np.eye(len(rows.terms))),
        combined=None if combinations is None else coefficients(names, combinations), covariance=covariance,
        between=float(fit.components[0]) if rows.several else 0.0, deviance=fit.at.deviance, correlation=rho,
    )  # fmt: skip


_Fitted = tuple[VarianceComponents, FloatArray | None, FloatArray, float]


def _unstructured(rows: Repeated, people: PersonRows, count: int) -> _Fitted:
    pairs = list(itertools.combinations_with_replacement(range(count), 2))
    kernels = [*([_all_rows] if rows.several else []), *(_element(a, b) for a, b in pairs)]
    start = [*([0.3] if rows.several else []), *(1.0 if a == b else _START_CORRELATION for a, b in pairs)]
    fit = estimate_components(
        _blocks(rows, people, kernels), rows.outcome, rows.design, bounded=False, starts=[start]
    )  # fmt: skip
    if rows.several and fit.components[0] < 0:  # a variance is none below zero; Kenward-Roger keeps it all the same
        alone = estimate_components(
            _blocks(rows, people, kernels[1:]), rows.outcome, rows.design, bounded=False, starts=[start[1:]]
        )
        components = np.array([0.0, *alone.components])
        at = evaluate(components, _blocks(rows, people, kernels), rows.outcome, rows.design, restricted=True)
        assert at is not None  # the search ended there
        fit = VarianceComponents(components=components, free=alone.free, at=at, converged=alone.converged)
    covariance = np.zeros((count, count))
    for (a, b), value in zip(pairs, fit.components[rows.several :], strict=True):
        covariance[a, b] = covariance[b, a] = value
    return fit, None, covariance, float("nan")


def _ar1(rows: Repeated, people: PersonRows, count: int) -> _Fitted:
    own = [_all_rows] if rows.several else []

    def at(rho: float) -> VarianceComponents:
        blocks = _blocks(rows, people, [*own, _power(rho, 0)])
        return estimate_components(blocks, rows.outcome, rows.design)

    found = optimize.minimize_scalar(
        lambda rho: at(rho).at.deviance, bounds=(-_LARGEST_CORRELATION, _LARGEST_CORRELATION), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    rho, best = float(found.x), at(float(found.x))
    variance = float(best.components[-1])
    # V at its optimum with a kernel for each first derivative, those that V is made of last, and each second derivative
    kernels = [*own, _power(rho, 1, variance), _power(rho, 0), _power(rho, 2, variance), _power(rho, 1)]
    components = np.array([*best.components[:-1], 0.0, variance, 0.0, 0.0])
    whole = evaluate(components, _blocks(rows, people, kernels), rows.outcome, rows.design, restricted=True)
    assert whole is not None  # the search ended there
    size = len(own) + 2
    curved = np.zeros((size, size, *whole.first.shape[1:]))
    by_rho, by_variance = size - 2, size - 1
    curved[by_rho, by_rho] = whole.first[size]
    curved[by_rho, by_variance] = curved[by_variance, by_rho] = whole.first[size + 1]
    kept = slice(0, size)
    at_best = replace(
        whole, gradient=whole.gradient[kept], expected=whole.expected[kept, kept], observed=whole.observed[kept, kept],
        first=whole.first[kept], second=whole.second[kept, kept],
    )  # fmt: skip
    fit = VarianceComponents(
        components=components[kept], free=tuple(range(size)), at=at_best, converged=best.converged and found.success
    )
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    return fit, curved, variance * rho**apart, rho


def _all_rows(visits: IntArray, times: IntArray) -> FloatArray:
    return np.ones((*times.shape, times.shape[1]))


def _element(a: int, b: int) -> Kernel:
    """Of the covariance of the time points `a` and `b` of a visit."""

    def kernel(visits: IntArray, times: IntArray) -> FloatArray:
        here = (times[:, :, None] == a) & (times[:, None, :] == b)
        return np.where((here | np.swapaxes(here, 1, 2)) & _same(visits), 1.0, 0.0)

    return kernel


def _power(rho: float, derivative: int, scale: float = 1.0) -> Kernel:
    """AR(1)'s correlation rho^d of a visit, d the steps between two time points, or its first or second derivative."""

    def kernel(visits: IntArray, times: IntArray) -> FloatArray:
        d = np.abs(times[:, :, None] - times[:, None, :])
        factor = (np.ones_like(d), d, d * (d - 1))[derivative]
        return np.where(_same(visits), scale * factor * rho ** np.maximum(d - derivative, 0).astype(float), 0.0)

    return kernel


def _same(visits: IntArray) -> BoolArray:
    return np.asarray(visits[:, :, None] == visits[:, None, :])


def _blocks(rows: Repeated, people: PersonRows, kernels: Sequence[Kernel]) -> tuple[Blocks, ...]:
    """The rows of each person with a kernel for each parameter of the covariance, by their number."""
    labels = np.unique(np.asarray(rows.visits, dtype=str), return_inverse=True)[1]
    found = []
    for size in np.unique(people.sizes).tolist():
        own = np.array([people.rows(person) for person in np.flatnonzero(people.sizes == size)])
        found.append(Blocks(own, np.stack([kernel(labels[own], rows.times[own]) for kernel in kernels])))
    return tuple(found)
