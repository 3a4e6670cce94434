"""Who got what, drawn again as the trial could have drawn it: permutations that respect a crossover.

A crossover allocates sequences: the observed sequences are exchanged between participants, so that each keeps his
rows and every sequence occurs as often as it did. A parallel trial exchanges treatments between participants.
"""

from __future__ import annotations

import math

import numpy as np

from pharmrs.core.records.arrays import FloatArray, IntArray
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.records.changes import ChangeTable

FEWEST_PERSONS = 6  # below it no allocation out of so few is unusual at 5 %


def permuted_treatments(rows: ChangeTable, draws: int, seed: int, everything: ChangeTable | None = None) -> IntArray:
    """Position of the treatment of every row under `draws` allocations, shape (draws, rows).

    `everything`: the table with the rows that are not analysed too, from which the order of a participant's treatments
    follows (`rows` where not given). Sequences are exchanged between participants with equally many treatments.
    Raises `NotEstimable` where the order is not known, or too few participants or one sequence are left.
    """
    names = sorted(set(rows.subject))
    if len(names) < FEWEST_PERSONS:
        raise NotEstimable(f"permutation: {len(names)} participants, {FEWEST_PERSONS} are the least")
    place = {name: position for position, name in enumerate(rows.treatments)}
    taken = _taken(everything or rows, names)
    orders = {name: tuple(treatment for _, treatment in visits) for name, visits in taken.items()}
    if len(set(orders.values())) < 2:
        raise NotEstimable("permutation: every participant has the same sequence")
    longest = max(map(len, orders.values()))
    table = np.array([[place[name] for name in order] + [-1] * (longest - len(order)) for order in orders.values()])
    alike = [np.flatnonzero([len(order) == size for order in orders.values()]) for size in range(1, longest + 1)]
    columns = zip(rows.subject, rows.period.tolist(), rows.treatment, strict=True)
    rank = np.array([_rank(taken[name], period, treatment) for name, period, treatment in columns])
    person = PersonRows.of(rows.subject).codes
    generator = np.random.default_rng(seed)
    shuffled = np.tile(np.arange(len(names)), (draws, 1))
    for draw in shuffled:
        for members in alike:
            draw[members] = members[generator.permutation(len(members))]
    return np.asarray(table[shuffled[:, person], rank[None, :]], dtype=np.intp)


def _rank(visits: list[tuple[float, str]], period: float, treatment: str) -> int:
    """Which visit of a participant a row is; in a parallel trial, where periods may not be known, his only one."""
    return 0 if len(visits) == 1 else visits.index((period, treatment))


def _taken(everything: ChangeTable, names: list[str]) -> dict[str, list[tuple[float, str]]]:
    """Period and treatment of each participant's visits, in the order of the periods."""
    own: dict[str, list[tuple[float, str]]] = {name: [] for name in names}
    columns = (everything.subject, everything.period.tolist(), everything.treatment)
    for name, period, treatment in zip(*columns, strict=True):
        if name in own:
            own[name].append((period, treatment))
    if any(len(taken) > 1 and not all(math.isfinite(period) for period, _ in taken) for taken in own.values()):
        raise NotEstimable("permutation: the period is not known for every row of the crossover")
    return {name: sorted(visits) for name, visits in own.items()}


def permutation_p(observed: float, permuted: FloatArray) -> float:
    """Two-sided p: share of |permuted| at least as large as |observed|, the observed one counted (Phipson & Smyth 2010,
    10.2202/1544-6115.1585). NaN among the permuted are left out.
    """
    known = permuted[np.isfinite(permuted)]
    if not math.isfinite(observed) or known.size == 0:
        return float("nan")
    reached = np.sum(np.abs(known) >= abs(observed) * (1 - 1e-12))
    return float((reached + 1) / (known.size + 1))
