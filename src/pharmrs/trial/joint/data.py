"""The paired changes as the joint model sees them: logarithms of every level, per participant, in fixed places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.joint.likelihood import ABOVE, BELOW, MEASURED, MISSING, PersonValues
from pharmrs.trial.joint.structure import PLACES
from pharmrs.trial.records.changes import ChangeTable


@dataclass(frozen=True, slots=True, kw_only=True)
class JointData:
    """Standardised values with what undoes it. `mean_terms`: name of each mean coefficient.

    `scale_metabolite`, `scale_biomarker`: log units per standardised unit; `pairs`: participant x treatment rows with
    both metabolites and at least a limit for both biomarkers; `complete`: of those, with both biomarkers measured;
    `periods`: coefficients of the period in each mean.
    """

    values: PersonValues
    mean_terms: tuple[str, ...]
    treatments: tuple[str, ...]
    scale_metabolite: float
    scale_biomarker: float
    subjects: int
    pairs: int
    complete: int
    censored: int
    shared: bool
    periods: int
    notes: tuple[str, ...]


def joint_data(changes: ChangeTable, *, adjust_clock: bool) -> JointData | None:
    """Logarithms of all usable values; None where fewer than two metabolites or biomarkers are known.

    A row without any value says nothing, and whether it was written down changes nothing.
    """
    limited = np.isfinite(changes.biomarker_limit) & (changes.biomarker_censored != 0)
    changes = changes.where((np.isfinite(changes.metabolite) | np.isfinite(changes.biomarker) | limited).any(axis=1))
    if len(changes) == 0:
        return None
    metabolite = _log(changes.metabolite)
    biomarker = _log(np.where(changes.biomarker_censored == 0, changes.biomarker, changes.biomarker_limit))
    state_b = np.where(changes.biomarker_censored < 0, BELOW, np.where(changes.biomarker_censored > 0, ABOVE, MEASURED))
    state_b = np.where(np.isfinite(biomarker), state_b, MISSING)
    state_m = np.where(np.isfinite(metabolite), MEASURED, MISSING)
    if (state_m == MEASURED).sum() < 2 or (state_b == MEASURED).sum() < 2:
        return None
    center_m, scale_m = _spread(metabolite[state_m == MEASURED])
    center_b, scale_b = _spread(biomarker[state_b == MEASURED])
    if scale_m == 0 or scale_b == 0:
        return None
    value = np.hstack([(metabolite - center_m) / scale_m, (biomarker - center_b) / scale_b])
    noise = np.hstack(
        [
            _relative(changes.metabolite_sd, changes.metabolite) / scale_m,
            np.where(state_b == MEASURED, _relative(changes.biomarker_sd, changes.biomarker), 0.0) / scale_b,
        ]
    )
    state = np.hstack([state_m, state_b])
    design, terms, periods, notes = _means(changes, adjust_clock)
    informed = (state_m == MEASURED).all(axis=1) & (state_b != MISSING).all(axis=1) & (state_b == MEASURED).any(axis=1)
    measured = (state_m == MEASURED).all(axis=1) & (state_b == MEASURED).all(axis=1)
    per_person = _per_person(changes, np.where(state == MISSING, 0.0, value), state, noise, design)
    arms = max(changes.subject.count(name) for name in set(changes.subject))
    return JointData(
        values=per_person, mean_terms=terms, treatments=changes.treatments, scale_metabolite=scale_m,
        scale_biomarker=scale_b, subjects=len(set(changes.subject)), pairs=int(informed.sum()),
        complete=int(measured.sum()), censored=int(np.sum(state_b >= BELOW)), shared=arms > 1,
        periods=periods, notes=notes,
    )  # fmt: skip


def _log(values: FloatArray) -> FloatArray:
    return np.asarray(np.log(np.where(values > 0, values, np.nan)))


def _spread(values: FloatArray) -> tuple[float, float]:
    return float(np.mean(values)), float(np.std(values))


def _relative(sd: FloatArray, values: FloatArray) -> FloatArray:
    """SD of the logarithm, first order; 0 where no SD is given (the error then stays in the model's variances)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(sd / values, nan=0.0, posinf=0.0, neginf=0.0)


def _means(changes: ChangeTable, adjust_clock: bool) -> tuple[FloatArray, tuple[str, ...], int, tuple[str, ...]]:
    """Columns of the means, shape (rows, 4, terms), their names, how many are periods' in each, and remarks."""
    rows = len(changes)
    treated = [np.array([name == level for name in changes.treatment], dtype=float) for level in changes.treatments[1:]]
    columns: list[tuple[str, FloatArray]] = []
    notes: list[str] = []
    known = bool(np.isfinite(changes.period).all())
    periods = [(f"period {k:g}", (changes.period == k) - 0.5) for k in np.unique(changes.period)[1:]] if known else []
    if not periods:
        unknown = int(np.sum(~np.isfinite(changes.period)))
        why = f"not known for {unknown} of {rows} rows with values" if unknown else "the same for every row"
        notes.append(f"no period terms: the period is {why}")
    for quantity, first in (("metabolite", 0), ("biomarker", 2)):
        both, after = np.zeros((rows, PLACES)), np.zeros((rows, PLACES))
        both[:, first : first + 2] = 1.0
        after[:, first + 1] = 1.0
        columns += [(f"{quantity} level", both), (f"{quantity} change", after)]
        columns += [
            (f"{quantity} change: {level}", after * indicator[:, None])
            for level, indicator in zip(changes.treatments[1:], treated, strict=True)
        ]
        for name, period in periods:
            columns += [(f"{quantity} level: {name}", both * period[:, None])]
            columns += [(f"{quantity} change: {name}", after * period[:, None])]
    sampled = np.isfinite(changes.biomarker) | (changes.biomarker_censored != 0)
    clock = np.where(sampled, changes.clock_time_h, np.nan)
    if adjust_clock and np.isfinite(clock).any():
        hours = clock - np.nanmean(clock)
        lost = int(np.sum(~np.isfinite(hours) & sampled))
        if lost:
            notes.append(f"{lost} biomarker values have no sampling time: taken as sampled at the mean time")
        column = np.zeros((rows, PLACES))
        column[:, 2:] = np.nan_to_num(hours)
        if np.ptp(column[:, 2:]) > 0:
            columns.append(("biomarker: sampling time (h)", column))
    names = tuple(name for name, _ in columns)
    return np.stack([column for _, column in columns], axis=2), names, len(periods), tuple(notes)


def _per_person(
    changes: ChangeTable, value: FloatArray, state: FloatArray, sd: FloatArray, design: FloatArray
) -> PersonValues:
    """Rows of a participant side by side, treatments in the order of the design; absent ones are missing."""
    persons = {name: place for place, name in enumerate(dict.fromkeys(changes.subject))}
    arms = {name: place for place, name in enumerate(changes.treatments)}
    n, d, q = len(persons), PLACES * len(arms), design.shape[2]
    filled = [np.zeros((n, d)), np.full((n, d), float(MISSING)), np.zeros((n, d)), np.zeros((n, d, q))]
    for row, (subject, treatment) in enumerate(zip(changes.subject, changes.treatment, strict=True)):
        at = slice(PLACES * arms[treatment], PLACES * (arms[treatment] + 1))
        for target, source in zip(filled, (value, state, sd**2, design), strict=True):
            target[persons[subject], at] = source[row]
    return PersonValues(value=filled[0], state=filled[1], noise=filled[2], design=filled[3])
