"""Sample flow: what was planned, measured, censored, excluded, lost, and what is left for the analysis."""

from __future__ import annotations

from collections import Counter

import numpy as np

from pharmrs.core.records.arrays import BoolArray
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.analysis_result import FlowCount
from pharmrs.trial.records.changes import FOLLOW_UP, ChangeTable
from pharmrs.trial.records.observations import LEFT, RIGHT, Observation, ObservationTable


def sample_flow(table: ObservationTable, changes: ChangeTable | None, plan: AnalysisPlan) -> tuple[FlowCount, ...]:
    """Counts per treatment and over all (empty treatment), in the order a flow chart is read, of what is named."""
    rows = table.paired_rows
    counts = [FlowCount(stage="participants", treatment="", count=len(table.subjects))]
    counts += [
        FlowCount(
            stage="participants", treatment=name, count=len({row.subject for row in rows if row.treatment == name})
        )
        for name in table.treatments
    ]
    tally = Counter((stage, row.treatment) for row in rows for stage in _stages(row))
    wanted = tuple(what for what, name in ((_BIOMARKER, plan.biomarker), (_METABOLITE, plan.metabolite)) if name)
    for stage in (stage for stage in _ORDER if stage.startswith(wanted)):
        counts.append(FlowCount(stage=stage, treatment="", count=sum(tally[stage, name] for name in table.treatments)))
        counts += [FlowCount(stage=stage, treatment=name, count=tally[stage, name]) for name in table.treatments]
    if other := len(table.rows) - len(rows):
        counts.append(FlowCount(stage="observations at other time points or treatments", treatment="", count=other))
    return tuple(counts + (_pairs(changes, plan) if changes is not None else []))


ANALYSED, ANALYSED_ALONE = "analysed pairs (both changes)", "analysed pairs"
_BIOMARKER = "biomarker samples: "
_METABOLITE = "metabolite scans: "
_REJECTED = "rejected with the plate or by a rule"
_ORDER = (
    _BIOMARKER + "planned", _BIOMARKER + "measured", _BIOMARKER + "below the limit", _BIOMARKER + "above the limit",
    _BIOMARKER + _REJECTED, _BIOMARKER + "missing", _METABOLITE + "planned", _METABOLITE + "kept",
    _METABOLITE + "excluded by a rule", _METABOLITE + "missing",
)  # fmt: skip


def _stages(row: Observation) -> tuple[str, ...]:
    """The counts one observation belongs to."""
    biomarker = {LEFT: "below the limit", RIGHT: "above the limit"}.get(
        row.biomarker_censored, "missing" if np.isnan(row.biomarker) else "measured"
    )
    if row.biomarker_set_aside is not None:
        biomarker = _REJECTED
    metabolite = "missing" if np.isnan(row.metabolite) else "excluded by a rule" if row.exclusions else "kept"
    return (_BIOMARKER + "planned", _BIOMARKER + biomarker, _METABOLITE + "planned", _METABOLITE + metabolite)


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
        counts.append(FlowCount(stage=stage, treatment="", count=int(rows.sum())))
        counts += [
            FlowCount(stage=stage, treatment=name, count=int((rows & changes.of_treatment(name)).sum()))
            for name in changes.treatments
        ]
    per_subject = Counter(name for name, complete in zip(changes.subject, analysed, strict=True) if complete)
    number = Counter(per_subject.values())
    most = max(Counter(changes.subject).values(), default=0)
    counts += [
        FlowCount(
            stage=f"participants with {times} of {most} analysed pairs",
            treatment="",
            count=number[times],
        )
        for times in range(1, most + 1)
    ]
    none = len(set(changes.subject)) - len(per_subject)
    return [*counts, FlowCount(stage="participants without an analysed pair", treatment="", count=none)]
