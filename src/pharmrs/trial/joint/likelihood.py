"""Likelihood of jointly normal values per person, some missing, some censored, each with its own measurement error."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from pharmrs.core.records.arrays import FloatArray, read_only
from pharmrs.trial.joint.truncated_normal import truncated_below

MISSING, MEASURED, BELOW, ABOVE = 0, 1, 2, 3
_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonValues:
    """Values of n persons in d places (treatment x quantity x time). Where `state` is MISSING the value is ignored.

    `value` (n, d): measurement, or the limit it lies BELOW or ABOVE; `noise` (n, d): variance of its measurement error;
    `design` (n, d, q): columns of the means.
    """

    value: FloatArray
    state: FloatArray
    noise: FloatArray
    design: FloatArray

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, read_only(getattr(self, item.name), np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihood:
    """Log likelihood with its derivatives by the means' coefficients (q,) and by the common covariance (d, d)."""

    value: float
    by_means: FloatArray
    by_covariance: FloatArray


def log_likelihood(data: PersonValues, means: FloatArray, covariance: FloatArray) -> Likelihood | None:
    """Of coefficients `means` (q,) and the covariance (d, d) that all persons share before measurement error.

    Derivatives by Fisher's identity: those of the complete data, expected given what is known of the censored values.
    None where the covariance is not positive definite.
    """
    center = data.design @ means
    full = covariance + data.noise[:, :, None] * np.eye(data.value.shape[1])
    used = data.state != MISSING
    hiding = np.flatnonzero((data.state >= BELOW).any(axis=1))  # for all others, what is used is what is measured
    try:
        given = _measured(data, center, full)
        residual, spread, censored = _expected(data, center, full, given)
        outer = given.inverse.copy()
        outer[hiding] = np.linalg.inv(_restricted(full[hiding], used[hiding]))
    except np.linalg.LinAlgError:
        return None
    slope = np.einsum("nij,nj->ni", outer, residual)
    both = used[:, :, None] & used[:, None, :]
    bend = slope[:, :, None] * slope[:, None, :] - outer
    bend[hiding] += outer[hiding] @ spread[hiding] @ outer[hiding]
    return Likelihood(
        value=float((given.log_density + censored).sum()),
        by_means=np.einsum("ndq,nd->q", data.design, slope),
        by_covariance=0.5 * np.where(both, bend, 0.0).sum(axis=0),
    )


def log_likelihoods(data: PersonValues, means: FloatArray, covariances: FloatArray) -> FloatArray:
    """Log likelihoods (sets,) of many coefficients (sets, q) with their covariances (sets, d, d) at once.

    Minus infinity for all where one of the covariances is not positive definite: ask for them one at a time.
    """
    sets, (n, d) = len(means), data.value.shape
    center = np.moveaxis(data.design @ means.T, 2, 0).reshape(-1, d)
    full = (covariances[:, None] + data.noise[:, :, None] * np.eye(d)).reshape(-1, d, d)
    many = PersonValues(
        value=np.tile(data.value, (sets, 1)), state=np.tile(data.state, (sets, 1)),
        noise=np.empty((sets * n, 0)), design=np.empty((sets * n, 0)),
    )  # fmt: skip
    try:
        given = _measured(many, center, full)
        censored = _expected(many, center, full, given)[2]
    except np.linalg.LinAlgError:
        return np.full(sets, -np.inf)
    return np.asarray((given.log_density + censored).reshape(sets, n).sum(axis=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """What the measured values of each person say: log density (n,), the inverse of their covariance (n, d, d), their
    residuals (n, d), and those over the covariance."""

    log_density: FloatArray
    inverse: FloatArray
    residual: FloatArray
    pull: FloatArray


def _measured(data: PersonValues, center: FloatArray, full: FloatArray) -> _Measured:
    measured = data.state == MEASURED
    residual = np.where(measured, data.value - center, 0.0)
    known = _restricted(full, measured)
    inverse = np.asarray(np.linalg.inv(known), dtype=float)
    log_det = 2 * np.log(np.diagonal(np.linalg.cholesky(known), axis1=1, axis2=2)).sum(axis=1)
    pull = np.einsum("nij,nj->ni", inverse, residual)
    log_density = -0.5 * (log_det + np.sum(residual * pull, axis=1) + measured.sum(axis=1) * _LOG_2PI)
    return _Measured(log_density=log_density, inverse=inverse, residual=residual, pull=pull)


def _restricted(full: FloatArray, kept: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> FloatArray:
    """The matrices with the places that are not kept made independent with variance 1, so that they say nothing."""
    both = kept[:, :, None] & kept[:, None, :]
    return np.where(both, full, 0.0) + np.where(kept, 0.0, 1.0)[:, :, None] * np.eye(kept.shape[1])


def _expected(
    data: PersonValues, center: FloatArray, full: FloatArray, given: _Measured
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Residuals with the expectation of the censored ones, their covariance, and the log probability of censoring of
    each person.
    """
    residual = given.residual.copy()
    spread = np.zeros_like(full)
    total = np.zeros(len(full))
    hidden = data.state >= BELOW
    measured = data.state == MEASURED
    counts = hidden.sum(axis=1)
    for count in np.unique(counts[counts > 0]):
        persons = np.flatnonzero(counts == count)
        places = np.nonzero(hidden[persons])[1].reshape(len(persons), count)
        row, at = persons[:, None], places
        cross = np.where(measured[persons][:, None, :], full[row, at], 0.0)
        mean = center[row, at] + np.einsum("ncd,nd->nc", cross, given.pull[persons])
        block = full[persons[:, None, None], at[:, :, None], at[:, None, :]]
        conditional = block - cross @ given.inverse[persons] @ np.swapaxes(cross, 1, 2)
        sign = np.where(data.state[row, at] == BELOW, 1.0, -1.0)  # above a limit: the mirror image
        flip = sign[:, :, None] * sign[:, None, :]
        found = truncated_below(sign * mean, flip * conditional, sign * data.value[row, at])
        total[persons] = found.log_probability
        residual[row, at] = sign * found.mean - center[row, at]
        spread[persons[:, None, None], at[:, :, None], at[:, None, :]] = flip * found.covariance
    return residual, spread, total
