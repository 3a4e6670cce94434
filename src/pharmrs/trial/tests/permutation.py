"""Who got what, drawn again as the trial could have drawn it: permutations that respect a crossover.

A crossover allocates sequences: the observed sequences are exchanged between participants, so that each keeps his
rows and every sequence occurs as often as it did. A parallel trial exchanges treatments between participants.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from pharmrs.core.records.arrays import FloatArray, IntArray
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.records.changes import ChangeTable

FEWEST_PERSONS = 6  # below it no allocation out of so few is unusual at 5 %


def permuted_treatments(rows: ChangeTable, draws: int, seed: int) -> IntArray:
    """Position of the treatment of every row under `draws` allocations, shape (draws, rows).

    Raises `NotEstimable` where the period of a row is not known, or too few participants or one sequence are left.
    """
    names = sorted(set(rows.subject))
    if len(names) < FEWEST_PERSONS:
        raise NotEstimable(f"permutation: {len(names)} participants, {FEWEST_PERSONS} are the least")
    place = {name: position for position, name in enumerate(rows.treatments)}
    given = np.array([place[name] for name in rows.treatment], dtype=np.intp)
    person = PersonRows.of(rows.subject).codes
    orders = _orders(rows, names, given, person)
    if len({tuple(order) for order in orders.tolist()}) < 2:
        raise NotEstimable("permutation: every participant has the same sequence")
    generator = np.random.default_rng(seed)
    periods = np.zeros(len(rows), dtype=np.intp) if orders.shape[1] == 1 else rows.period.astype(np.intp) - 1
    shuffled = np.array([generator.permutation(len(names)) for _ in range(draws)])
    return np.asarray(orders[shuffled[:, person], periods[None, :]])


def _orders(rows: ChangeTable, names: list[str], given: IntArray, person: IntArray) -> IntArray:
    """Treatments of each participant by period, shape (participants, periods); one column in a parallel trial."""
    crossover = max(Counter(rows.subject).values()) > 1
    if not crossover and not _several_periods(rows):
        orders = np.empty((len(names), 1), dtype=np.intp)
        orders[person, 0] = given
        return orders
    if not np.isfinite(rows.period).all():
        raise NotEstimable("permutation: the period is not known for every row of the crossover")
    count = len(rows.treatments)
    orders = np.full((len(names), max(count, int(rows.period.max()))), -1, dtype=np.intp)
    orders[person, rows.period.astype(np.intp) - 1] = given
    for order in orders:
        unknown = np.flatnonzero(order < 0)
        left = sorted(set(range(count)) - set(order.tolist()))
        if len(unknown) != len(left) or len(left) > 1:
            raise NotEstimable("permutation: the sequence of a participant does not follow from his rows")
        order[unknown] = left
    return orders


def _several_periods(rows: ChangeTable) -> bool:
    known = rows.period[np.isfinite(rows.period)]
    return len(known) > 0 and float(np.ptp(known)) > 0


def permutation_p(observed: float, permuted: FloatArray) -> float:
    """Two-sided p: share of |permuted| at least as large as |observed|, the observed one counted (Phipson & Smyth 2010,
    10.2202/1544-6115.1585). NaN among the permuted are left out.
    """
    known = permuted[np.isfinite(permuted)]
    if not math.isfinite(observed) or known.size == 0:
        return float("nan")
    reached = np.sum(np.abs(known) >= abs(observed) * (1 - 1e-12))
    return float((reached + 1) / (known.size + 1))
