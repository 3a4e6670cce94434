"""Changes from baseline to follow-up, matched by participant and treatment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.chain.levels import biomarker_levels, levels_of
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.analysis_result import BiomarkerLevels
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.observations import (
    NOT_CENSORED,
    CovariateValue,
    Observation,
    ObservationTable,
    is_missing,
)

# Equal changes must be equal numbers, or ranks are decided by the last bit of a division (16th decimal).
CHANGE_DECIMALS = 10
_CENSORING_SIGN = {NOT_CENSORED: 0, "left": -1, "right": 1}

Change = Callable[[FloatArray, FloatArray], FloatArray]


def log_ratios(plan: AnalysisPlan) -> AnalysisPlan:
    """The plan with log ratios of both quantities as measured, which owe nothing to the unit of the assay."""
    return replace(
        plan, time_adjustment="none", biomarker_transform="none", biomarker_change="log_ratio",
        metabolite_change="log_ratio",
    )  # fmt: skip


def _relative(before: FloatArray, after: FloatArray) -> FloatArray:
    """(after - before) / before; not defined for a baseline of zero."""
    change: FloatArray = (after - before) / np.where(before == 0.0, np.nan, before)
    return change


def _difference(before: FloatArray, after: FloatArray) -> FloatArray:
    return after - before


def _log_ratio(before: FloatArray, after: FloatArray) -> FloatArray:
    """log(after / before); not defined unless both are above zero."""
    positive = (before > 0) & (after > 0)
    change: FloatArray = np.log(np.where(positive, after, np.nan)) - np.log(np.where(positive, before, np.nan))
    return change


CHANGES: dict[str, Change] = {"relative": _relative, "difference": _difference, "log_ratio": _log_ratio}


def change_table(
    table: ObservationTable, plan: AnalysisPlan, levels: BiomarkerLevels | None = None
) -> tuple[ChangeTable, tuple[str, ...]]:
    """Paired changes of metabolite and biomarker as the plan declares them, and remarks on pairs that are lost.

    Rows are participants x treatments in the order of the table. Changes are rounded to 10 decimals, so that ties are
    ties. Raises `NotEstimable` when the biomarker levels cannot be computed.
    """
    levels = levels or biomarker_levels(table, plan)
    level_of = dict(zip(levels.keys, levels.levels.tolist(), strict=True))
    pairs = _pairs(table)

    def both(value: Callable[[Observation], float]) -> FloatArray:
        return np.array([[value(before), value(after)] for before, after in pairs], dtype=float).reshape(-1, 2)

    metabolite, sd = both(lambda row: row.metabolite_kept), both(lambda row: row.metabolite_sd)
    level = both(lambda row: level_of[row.key])
    change_metabolite = _change(plan.metabolite_change, metabolite)
    change_biomarker = _change(plan.biomarker_change, level)
    notes = _lost(change_metabolite, metabolite, plan.metabolite_change, "metabolite")
    notes += _lost(change_biomarker, level, plan.biomarker_change, "biomarker")
    covariates, session_notes = _covariates(table, pairs, plan)
    changes = ChangeTable(
        treatments=table.treatments,
        subject=tuple(before.subject for before, _ in pairs),
        treatment=tuple(before.treatment for before, _ in pairs),
        sequence=tuple(before.sequence for before, _ in pairs),
        period=np.array([_period(before, after) for before, after in pairs], dtype=float),
        clock_time_h=both(lambda row: row.clock_time_h),
        metabolite=metabolite,
        metabolite_sd=sd,
        biomarker=both(lambda row: row.biomarker_measured),
        biomarker_sd=both(lambda row: row.biomarker_sd),
        biomarker_censored=both(lambda row: _CENSORING_SIGN[row.biomarker_censored]).astype(np.int8),
        biomarker_limit=both(lambda row: row.biomarker_limit),
        biomarker_level=level,
        change_metabolite=change_metabolite,
        change_metabolite_sd=_change_sd(plan.metabolite_change, metabolite, sd),
        change_biomarker=change_biomarker,
        covariates=covariates,
        outcomes={one.name: both(lambda row, name=one.name: row.number(name)) for one in plan.outcomes},  # type: ignore[misc]
    )
    return changes, (*notes, *session_notes)


def in_unit(changes: ChangeTable, plan: AnalysisPlan, factor: float) -> ChangeTable:
    """The changes had the biomarker been read in another unit: every value times `factor`. Raises `NotEstimable`."""
    level = levels_of((), factor * changes.biomarker.ravel(), changes.clock_time_h.ravel(), plan).levels.reshape(-1, 2)
    return replace(changes, biomarker_level=level, change_biomarker=_change(plan.biomarker_change, level))


def _pairs(table: ObservationTable) -> list[tuple[Observation, Observation]]:
    """Baseline and follow-up of each participant under each treatment; matched by name, never by position."""
    known = {row.key: row for row in table.paired_rows}
    cells = dict.fromkeys((row.subject, row.treatment, row.occasion) for row in table.paired_rows)
    return [
        (known[subject, treatment, table.baseline, time], known[subject, treatment, table.follow_up, time])
        for subject, treatment, time in cells
    ]


def _period(before: Observation, after: Observation) -> float:
    period = before.period if before.period is not None else after.period
    return float("nan") if period is None else float(period)


def _change(kind: str, values: FloatArray) -> FloatArray:
    return np.round(CHANGES[kind or "difference"](values[:, 0], values[:, 1]), CHANGE_DECIMALS)


def _change_sd(kind: str, values: FloatArray, sd: FloatArray) -> FloatArray:
    """First-order propagation of the two measurement SDs, taken as independent."""
    before, after = values[:, 0], values[:, 1]
    if kind == "difference":
        return np.hypot(sd[:, 0], sd[:, 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        by_log_ratio = np.hypot(sd[:, 0] / before, sd[:, 1] / after)
        change = np.abs(after / before) * by_log_ratio if kind == "relative" else by_log_ratio
    return np.where(np.isfinite(change), change, np.nan)


def _lost(change: FloatArray, values: FloatArray, kind: str, what: str) -> list[str]:
    lost = int(np.sum(np.isfinite(values).all(axis=1) & ~np.isfinite(change)))
    if not lost:
        return []
    why = "a baseline of exactly zero" if kind == "relative" else "a value that is not above zero"
    return [f"{lost} {what} pairs have {why}: their {kind.replace('_', ' ')} change is not defined, they are left out"]


def _covariates(
    table: ObservationTable, pairs: list[tuple[Observation, Observation]], plan: AnalysisPlan
) -> tuple[dict[str, tuple[CovariateValue, ...]], list[str]]:
    """A value for each pair; of a covariate that differs between the two sessions, the one the plan asks for."""
    asked = {one.name: one.at for one in (*plan.covariates, *plan.exposures)}
    found: dict[str, tuple[CovariateValue, ...]] = {}
    notes: list[str] = []
    for name in table.covariate_names:
        both = [(before.covariates.get(name, ""), after.covariates.get(name, "")) for before, after in pairs]
        at = asked.get(name) or "follow_up"
        found[name] = tuple(_at(before, after, at) for before, after in both)
        if name in asked and not asked[name] and any(_differ(before, after) for before, after in both):
            notes.append(f"{name} differs between sessions: its value at {table.follow_up} is used")
    return found, notes


def _differ(before: CovariateValue, after: CovariateValue) -> bool:
    return before != after and not is_missing(before) and not is_missing(after)


def _at(before: CovariateValue, after: CovariateValue, at: str) -> CovariateValue:
    if at == "change":
        numbers = isinstance(before, float) and isinstance(after, float)
        return float(after) - float(before) if numbers else ""
    return before if at == "baseline" else after
