"""Who took part, before anything was given: baseline by sequence (or arm), and who is left in each period.

What CONSORT asks of crossover trials (10.1136/bmj.l4378) and of parallel ones (10.1136/bmj.c332): no tests of baseline.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from pharmrs.trial.chain.analysis_flow import analysed_alone
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.analysis_result import BaselineValue, PeriodCount
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.observations import CovariateValue, Observation, ObservationTable, is_missing

ALL = ""


def baseline_values(table: ObservationTable, plan: AnalysisPlan) -> tuple[BaselineValue, ...]:
    """Participants, their covariates, and the quantities at the first baseline, for all and for each group.

    Groups are sequences in a crossover, else treatments; participants without a sequence are in none of them.
    """
    first = _first_baselines(table)
    group = {
        name: row.sequence if table.kind == "crossover" else row.treatment for name, row in first.items()
    }  # fmt: skip
    groups = (ALL, *sorted(set(group.values()) - {""}))
    found: list[BaselineValue] = []
    for one in groups:
        rows = [row for name, row in first.items() if one in (ALL, group[name])]
        found.append(BaselineValue(quantity="participants", group=one, count=len(rows), n=len(rows)))
        for quantity, values in _columns(table, plan, rows):
            found += _described(quantity, one, values)
    return tuple(found)


def _first_baselines(table: ObservationTable) -> dict[str, Observation]:
    """The baseline of each participant's first period."""
    found: dict[str, Observation] = {}
    for row in table.paired_rows:
        if row.time_point != table.baseline:
            continue
        other = found.get(row.subject)
        if other is None or (row.period or math.inf) < (other.period or math.inf):
            found[row.subject] = row
    return found


def _columns(
    table: ObservationTable, plan: AnalysisPlan, rows: list[Observation]
) -> Iterator[tuple[str, list[CovariateValue]]]:
    for name in table.covariate_names:
        yield name, [row.covariates.get(name, "") for row in rows]
    if plan.metabolite:
        yield plan.metabolite, [row.metabolite_kept for row in rows]
    if plan.biomarker:
        yield plan.biomarker, [row.biomarker_measured for row in rows]


def _described(quantity: str, group: str, values: list[CovariateValue]) -> list[BaselineValue]:
    """Mean, SD and quartiles of numbers; counts of the levels of a category."""
    known = [value for value in values if not is_missing(value)]
    if any(isinstance(value, str) for value in known):
        levels = sorted({str(value) for value in known})
        return [
            BaselineValue(
                quantity=quantity, group=group, level=level, n=len(known),
                count=sum(str(value) == level for value in known),
            )
            for level in levels
        ]  # fmt: skip
    numbers = np.array(known, dtype=float)
    if numbers.size == 0:
        return [BaselineValue(quantity=quantity, group=group, n=0)]
    low, middle, high = np.quantile(numbers, [0.25, 0.5, 0.75])
    sd = float(numbers.std(ddof=1)) if numbers.size > 1 else math.nan
    return [
        BaselineValue(
            quantity=quantity, group=group, n=int(numbers.size), mean=float(numbers.mean()), sd=sd,
            median=float(middle), low=float(low), high=float(high),
        )
    ]  # fmt: skip


def period_counts(changes: ChangeTable, plan: AnalysisPlan) -> tuple[PeriodCount, ...]:
    """Of each sequence and period: who was to get which treatment, and whose pair is analysed."""
    analysed = changes.complete if plan.couples else analysed_alone(changes, plan)
    cells: dict[tuple[str, float, str], list[bool]] = {}
    columns = (changes.sequence, changes.period.tolist(), changes.treatment, analysed.tolist())
    for sequence, period, treatment, used in zip(*columns, strict=True):
        cells.setdefault((sequence, period, treatment), []).append(used)
    ordered = sorted(cells, key=lambda key: (key[0], math.isnan(key[1]), key[1], key[2]))
    return tuple(
        PeriodCount(
            sequence=key[0], period=0 if math.isnan(key[1]) else int(key[1]), treatment=key[2], planned=len(cells[key]),
            analysed=sum(cells[key]),
        )
        for key in ordered
    )  # fmt: skip
