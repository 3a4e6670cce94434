"""Within and between treatments: did the level change, and did levels and changes differ?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pharmrs.core.records.arrays import BoolArray, FloatArray
from pharmrs.trial.records.analysis import AnalysisPlan, StatisticalTest
from pharmrs.trial.records.changes import BASELINE, FOLLOW_UP, ChangeTable
from pharmrs.trial.records.observations import ObservationTable
from pharmrs.trial.tests.paired import paired_t_test, welch_t_test

BOTH_KNOWN = "biomarker and metabolite known"
AVAILABLE = "all available pairs"


def level_comparisons(table: ObservationTable, changes: ChangeTable, plan: AnalysisPlan) -> tuple[StatisticalTest, ...]:
    """t tests of biomarker level and metabolite, within each treatment and between treatments at each time point, and
    of their declared changes between treatments.

    Each in two samples: where both quantities are known (the sample of the reference analysis), and all that the
    quantity itself allows. Within: baseline minus follow-up; between: reference minus the other treatment. In a
    parallel design there are no pairs between treatments: Welch's t, and the test says so.
    """
    tests: list[StatisticalTest] = []
    for quantity, values in ((plan.biomarker, changes.biomarker_level), (plan.metabolite, changes.metabolite)):
        if not quantity:
            continue
        for sample, known in _samples(changes, plan):
            shown = np.where(known, values, np.nan)
            complete = np.where(changes.complete[:, None], values, np.nan) if sample == BOTH_KNOWN else values
            tests += _within(table, changes, plan, quantity, sample, complete)
            tests += _between(table, changes, plan, quantity, sample, shown)
    for quantity, change in (
        (plan.biomarker, changes.change_biomarker), (plan.metabolite, changes.change_metabolite)
    ):  # fmt: skip
        if not quantity:
            continue
        for sample, kept in ((BOTH_KNOWN, changes.complete), (AVAILABLE, np.ones(len(changes), dtype=bool))):
            if sample == BOTH_KNOWN and not plan.couples:
                continue
            shown = np.where(kept, change, np.nan)
            for other in changes.treatments[1:]:
                what = StatisticalTest(
                    family="change_between_treatments", group=f"{changes.treatments[0]} - {other}",
                    quantity=f"change in {quantity}", sample=sample,
                )  # fmt: skip
                tests.append(_two_treatments(table, changes, plan, shown, other, what))
    return tuple(tests)


def _samples(changes: ChangeTable, plan: AnalysisPlan) -> Iterator[tuple[str, BoolArray]]:
    both = np.isfinite(changes.biomarker_level) & np.isfinite(changes.metabolite)
    if plan.couples:
        yield BOTH_KNOWN, both
    yield AVAILABLE, np.ones_like(both)


def _within(
    table: ObservationTable, changes: ChangeTable, plan: AnalysisPlan, quantity: str, sample: str, values: FloatArray
) -> Iterator[StatisticalTest]:
    for treatment in changes.treatments:
        rows = np.flatnonzero(changes.of_treatment(treatment))
        before = {changes.subject[row]: float(values[row, BASELINE]) for row in rows}
        after = {changes.subject[row]: float(values[row, FOLLOW_UP]) for row in rows}
        group = f"{treatment}: {table.baseline} - {table.follow_up}"
        what = StatisticalTest(family="within_treatment", group=group, quantity=quantity, sample=sample)
        yield paired_t_test(before, after, plan.alpha, what)


def _between(
    table: ObservationTable, changes: ChangeTable, plan: AnalysisPlan, quantity: str, sample: str, values: FloatArray
) -> Iterator[StatisticalTest]:
    reference = changes.treatments[0]
    for column, time_point in ((BASELINE, table.baseline), (FOLLOW_UP, table.follow_up)):
        for other in changes.treatments[1:]:
            what = StatisticalTest(
                family="between_treatments",
                group=f"{time_point}: {reference} - {other}",
                quantity=quantity,
                sample=sample,
            )
            yield _two_treatments(table, changes, plan, values[:, column], other, what)


def _two_treatments(
    table: ObservationTable, changes: ChangeTable, plan: AnalysisPlan, values: FloatArray, other: str,
    what: StatisticalTest,
) -> StatisticalTest:  # fmt: skip
    """Reference less `other`: paired by participant in a crossover, Welch's t of two groups in a parallel trial."""
    chosen = [changes.of_treatment(name) for name in (changes.treatments[0], other)]
    if table.kind == "parallel":
        return welch_t_test(values[chosen[0]], values[chosen[1]], plan.alpha, what)
    sides = [{changes.subject[row]: float(values[row]) for row in np.flatnonzero(mask)} for mask in chosen]
    return paired_t_test(sides[0], sides[1], plan.alpha, what)
