"""Sample flow: what was planned, measured, censored, excluded, lost, and what is left for the analysis."""

from __future__ import annotations

from collections import Counter

import numpy as np

from pharmrs.core.records.arrays import BoolArray
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.analysis_result import FlowCount
from pharmrs.trial.records.changes import FOLLOW_UP, ChangeTable
from pharmrs.trial.records.observations import LEFT, RIGHT, Observation, ObservationTable


def analysis_flow(table: ObservationTable, changes: ChangeTable | None, plan: AnalysisPlan) -> tuple[FlowCount, ...]:
    """Counts per treatment and over all (empty treatment), in the order a flow chart is read, of what is named."""
    rows = table.paired_rows
    counts = [FlowCount(what="participants", treatment="", count=len(table.subjects))]
    counts += [
        FlowCount(
            what="participants", treatment=name, count=len({row.subject for row in rows if row.treatment == name})
        )
        for name in table.treatments
    ]
    tally = Counter((*step, row.treatment) for row in rows for step in _steps(row))
    wanted = [(SAMPLES, one) for one in _OF_SAMPLES if plan.biomarker]
    wanted += [(SCANS, one) for one in _OF_SCANS if plan.metabolite]
    for what, became in wanted:
        number = {name: tally[what, became, name] for name in table.treatments}
        counts += [
            FlowCount(what=what, became=became, treatment=name, count=count)
            for name, count in {"": sum(number.values()), **number}.items()
        ]
    if other := len(table.rows) - len(rows):
        counts.append(FlowCount(what="observations at other time points or treatments", treatment="", count=other))
    return tuple(counts + (_pairs(changes, plan) if changes is not None else []))


ANALYSED, ANALYSED_ALONE = "analysed pairs (both changes)", "analysed pairs"
SAMPLES, SCANS = "biomarker samples", "metabolite scans"
PLANNED, MEASURED, KEPT = "planned", "measured", "kept"
BEYOND = {LEFT: "below the limit", RIGHT: "above the limit"}
_REJECTED, _EXCLUDED, _MISSING = "rejected with the plate or by a rule", "excluded by a rule", "missing"
_OF_SAMPLES = (PLANNED, MEASURED, *BEYOND.values(), _REJECTED, _MISSING)
_OF_SCANS = (PLANNED, KEPT, _EXCLUDED, _MISSING)


def _steps(row: Observation) -> tuple[tuple[str, str], ...]:
    """The counts one observation belongs to: what, and what became of it."""
    sample = BEYOND.get(row.biomarker_censored, _MISSING if np.isnan(row.biomarker) else MEASURED)
    if row.biomarker_set_aside is not None:
        sample = _REJECTED
    scan = _MISSING if np.isnan(row.metabolite) else _EXCLUDED if row.exclusions else KEPT
    return (SAMPLES, PLANNED), (SAMPLES, sample), (SCANS, PLANNED), (SCANS, scan)


def analysed_alone(changes: ChangeTable, plan: AnalysisPlan) -> BoolArray:
    """Rows that the first quantity of a trial about single quantities uses."""
    if plan.metabolite or plan.biomarker:
        return np.isfinite(changes.change_metabolite if plan.metabolite else changes.change_biomarker)
    first = plan.outcomes[0]
    known = np.isfinite(changes.outcomes[first.name])
    return np.asarray(known[:, FOLLOW_UP] if first.change == "follow_up" else known.all(axis=1))


def _pairs(changes: ChangeTable, plan: AnalysisPlan) -> list[FlowCount]:
    stages: dict[str, BoolArray] = {}
    if plan.biomarker:
        stages["biomarker pairs"] = np.isfinite(changes.change_biomarker)
    if plan.metabolite:
        stages["metabolite pairs"] = np.isfinite(changes.change_metabolite)
    analysed = changes.complete if plan.couples else analysed_alone(changes, plan)
    stages[ANALYSED if plan.couples else ANALYSED_ALONE] = analysed
    counts: list[FlowCount] = []
    for stage, rows in stages.items():
        counts.append(FlowCount(what=stage, treatment="", count=int(rows.sum())))
        counts += [
            FlowCount(what=stage, treatment=name, count=int((rows & changes.of_treatment(name)).sum()))
            for name in changes.treatments
        ]
    per_subject = Counter(name for name, complete in zip(changes.subject, analysed, strict=True) if complete)
    number = Counter(per_subject.values())
    most = max(Counter(changes.subject).values(), default=0)
    counts += [
        FlowCount(
            what=f"participants with {times} of {most} analysed pairs",
            treatment="",
            count=number[times],
        )
        for times in range(1, most + 1)
    ]
    none = len(set(changes.subject)) - len(per_subject)
    return [*counts, FlowCount(what="participants without an analysed pair", treatment="", count=none)]
