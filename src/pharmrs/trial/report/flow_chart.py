"""Where everybody and everything went, from those who were planned on to the pairs that were analysed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from pharmrs.core.report.answer import FlowBox, FlowChart
from pharmrs.core.report.numbers import count_text
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.observations import LEFT, RIGHT, Observation


def flow_chart(result: AnalysisResult) -> FlowChart:
    """People by sequence, then sessions, scans, samples and pairs by treatment, as CONSORT asks of a crossover."""
    table, changes = result.table, result.chain.changes
    rows = table.paired_rows
    people = _people(rows, table.kind)
    columns = [[row for row in rows if row.treatment == name] for name in table.treatments]
    measured = tuple(_measured(name, own, result) for name, own in zip(table.treatments, columns, strict=True))
    if changes is None:
        return FlowChart(rows=(people, measured))
    pairs = tuple(_pairs(name, own, changes) for name, own in zip(table.treatments, columns, strict=True))
    return FlowChart(rows=(people, measured, pairs, (_analysed(changes),)))


def _people(rows: Sequence[Observation], kind: str) -> tuple[FlowBox, ...]:
    sequence = {row.subject: row.sequence for row in rows}
    orders = Counter(sequence.values())
    words = "allocated, crossover" if kind == "crossover" else "allocated, parallel groups"
    lines = tuple(f"{count}: {name}" for name, count in sorted(orders.items()) if name) if kind == "crossover" else ()
    return (FlowBox(title=f"{_persons(len(sequence))} {words}", lines=lines),)


def _persons(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def _measured(name: str, rows: Sequence[Observation], result: AnalysisResult) -> FlowBox:
    people = len({row.subject for row in rows})
    excluded = Counter("; ".join(row.exclusions) for row in rows if row.exclusions and not np.isnan(row.metabolite))
    no_scan = sum(bool(np.isnan(row.metabolite)) for row in rows)
    below = sum(row.biomarker_censored == LEFT for row in rows)
    above = sum(row.biomarker_censored == RIGHT for row in rows)
    no_sample = sum(_missing_sample(row) for row in rows)
    kept = len(rows) - no_scan - sum(excluded.values())
    drawn = len(rows) - below - above - no_sample
    plan = result.plan
    lost = [f"{count} {plan.metabolite} excluded: {rule}" for rule, count in excluded.most_common()]
    lost += [f"{no_scan} without a value of {plan.metabolite}"] if no_scan else []
    lost += [f"{below} {plan.biomarker} below the limit"] if below else []
    lost += [f"{above} {plan.biomarker} above the limit"] if above else []
    lost += [f"{no_sample} without a sample of {plan.biomarker}"] if no_sample else []
    lines = (
        count_text(len(rows), "session"),
        f"{kept} scans with {plan.metabolite}",
        f"{drawn} samples with {plan.biomarker}",
    )
    return FlowBox(title=f"{name}: {_persons(people)}", lines=lines, lost=tuple(lost))


def _missing_sample(row: Observation) -> bool:
    return row.biomarker_censored not in (LEFT, RIGHT) and bool(np.isnan(row.biomarker))


def _pairs(name: str, rows: Sequence[Observation], changes: ChangeTable) -> FlowBox:
    """Pairs with both changes; of the others, the first reason met."""
    mine = changes.of_treatment(name)
    complete = int((changes.complete & mine).sum())
    done = changes.where(changes.complete & mine)
    known = set(zip(done.subject, done.period.tolist(), strict=True)) if changes.repeated else set(done.subject)
    why: Counter[str] = Counter()
    cells: dict[object, list[Observation]] = {}
    for row in rows:
        cells.setdefault((row.subject, row.period) if changes.repeated else row.subject, []).append(row)
    for cell, own in cells.items():
        if cell not in known:
            why[_why(own)] += 1
    total = complete + sum(why.values())
    lost = tuple(f"{count} lost: {reason}" for reason, count in why.most_common())
    return FlowBox(title=f"{complete} of {total} pairs", lines=("both changes known",), lost=lost)


def _why(rows: Sequence[Observation]) -> str:
    if any(np.isnan(row.metabolite) for row in rows):
        return "no scan or no value"
    if any(row.exclusions for row in rows):
        return "scan or value excluded"
    if any(row.biomarker_censored in (LEFT, RIGHT) for row in rows):
        return "sample beyond a limit"
    if any(_missing_sample(row) for row in rows):
        return "no sample"
    return "change not defined"


def _analysed(changes: ChangeTable) -> FlowBox:
    pairs = Counter(name for name, done in zip(changes.subject, changes.complete, strict=True) if done)
    number = Counter(pairs.values())
    lines = [f"{_persons(number[times])} with {count_text(times, 'pair')}" for times in sorted(number, reverse=True)]
    none = len(set(changes.subject)) - len(pairs)
    lost = (f"{_persons(none)} without a pair",) if none else ()
    title = f"{count_text(sum(pairs.values()), 'pair')} of {_persons(len(pairs))} analysed"
    return FlowBox(title=title, lines=tuple(lines), lost=lost)
