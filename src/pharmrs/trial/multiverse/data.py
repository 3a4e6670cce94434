"""The data sets of the multiverse: metabolite and biomarker changes under every choice that makes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.chain.change_design import period_indicators
from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.main_model import covariate_columns
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.multiverse import MultiversePlan
from pharmrs.trial.records.observations import LEFT, NOT_CENSORED, Observation, ObservationTable

DECLARED_SCALE = "declared"
_SD_LIMITS = {"sd_15": 0.15, "sd_10": 0.10}
_SUBSTITUTES = {"limit": 1.0, "limit/sqrt2": 1 / np.sqrt(2), "limit/2": 0.5}


def metabolite_changes(
    table: ObservationTable, plan: AnalysisPlan, wanted: MultiversePlan
) -> dict[tuple[str, str, str], FloatArray]:
    """Changes by (quality, scale, change). A quality level that keeps what an earlier one keeps is left out."""
    scales = wanted.scales or tuple(dict.fromkeys(name for row in table.rows for name in row.metabolite_scales))
    found: dict[tuple[str, str, str], FloatArray] = {}
    kept: list[FloatArray] = []
    for quality, lifted in _quality_levels(table, wanted).items():
        judged = table.mapped(lambda row, by=quality, out=lifted: _judged(row, by, out))  # type: ignore[misc]
        pattern = np.array([row.metabolite_kept for row in judged.rows])
        if any(np.array_equal(pattern, other, equal_nan=True) for other in kept):
            continue
        kept.append(pattern)
        for scale in (DECLARED_SCALE, *(name for name in scales if name != plan.scale)):
            scaled = judged if scale == DECLARED_SCALE else judged.mapped(lambda row, to=scale: _scaled(row, to))  # type: ignore[misc]
            for change in wanted.metabolite:
                changes = _changes(scaled, replace(plan, metabolite_change=change))
                if changes is not None and np.isfinite(changes[0]).sum() > 0:
                    found[quality, scale, change] = changes[0]
    return found


def biomarker_changes(
    table: ObservationTable, plan: AnalysisPlan, wanted: MultiversePlan
) -> dict[tuple[str, str, str], FloatArray]:
    """Changes by (time, outcome, censoring). Levels that cannot be computed or change nothing are left out."""
    censored = any(row.biomarker_censored == LEFT for row in table.paired_rows)
    found: dict[tuple[str, str, str], FloatArray] = {}
    for censoring in wanted.censoring if censored else wanted.censoring[:1]:
        filled = table.mapped(lambda row, by=censoring: _filled(row, by))  # type: ignore[misc]
        for time in wanted.time:
            for outcome in wanted.outcome:
                transform, change = outcome.split(" ")
                if (time, transform, change) == ("linear", "none", "relative"):
                    continue  # adjusted concentrations can be negative: relative to what?
                own = replace(plan, time_adjustment=time, biomarker_transform=transform, biomarker_change=change)
                changes = _changes(filled, own)
                if changes is not None:
                    found[time, outcome, censoring] = changes[1]
    return found


def _quality_levels(table: ObservationTable, wanted: MultiversePlan) -> dict[str, str]:
    """Each level by its name, with the rule that it lifts, empty where it lifts none in particular."""
    rules = dict.fromkeys(rule for row in table.rows for rule in row.exclusions)
    levels: dict[str, str] = {}
    for name in wanted.quality:
        levels |= {f"without {rule}": rule for rule in rules} if name == "each_rule" else {name: ""}
    return levels


def _changes(table: ObservationTable, plan: AnalysisPlan) -> tuple[FloatArray, FloatArray] | None:
    try:
        changes, _ = change_table(table, plan)
    except NotEstimable:
        return None
    return changes.change_metabolite, changes.change_biomarker


def _judged(row: Observation, quality: str, lifted: str) -> Observation:
    """The row under another rule of quality, or without the one that is lifted."""
    if quality == "declared":
        return row
    if quality == "none":
        return replace(row, exclusions=())
    if lifted:
        return replace(row, exclusions=tuple(rule for rule in row.exclusions if rule != lifted))
    relative = row.metabolite_sd / row.metabolite if row.metabolite > 0 else float("nan")
    return replace(row, exclusions=row.exclusions or (quality,)) if relative > _SD_LIMITS[quality] else row


def _scaled(row: Observation, scale: str) -> Observation:
    return replace(row, metabolite=row.metabolite_scales.get(scale, float("nan")), metabolite_sd=float("nan"))


def _filled(row: Observation, censoring: str) -> Observation:
    """Values below a limit left out, or replaced; values above the range are always left out."""
    if row.biomarker_censored != LEFT or censoring == "left_out":
        return row
    return replace(row, biomarker=row.biomarker_limit * _SUBSTITUTES[censoring], biomarker_censored=NOT_CENSORED)


def extra_columns(rows: ChangeTable, plan: AnalysisPlan, wanted: MultiversePlan) -> dict[str, FloatArray]:
    """Columns (rows, k) that a model may add: the period, and each declared covariate; NaN where missing.

    What is constant, unknown or not a number where one is needed is left out.
    """
    found: dict[str, FloatArray] = {}
    if "period" in wanted.model:
        periods = list(period_indicators(rows.period).values())
        known = np.isfinite(rows.period)[:, None]
        found["period"] = np.where(known, np.column_stack(periods), np.nan) if periods else rows.period[:, None]
    for covariate in plan.covariates if "covariates" in wanted.model else ():
        if covariate.name not in rows.covariates:
            continue
        known = rows.covariate_known(covariate.name)
        try:
            columns = covariate_columns(rows.where(known), covariate)
        except NotEstimable:
            continue
        whole = np.full((len(rows), len(columns)), np.nan)
        whole[known] = np.column_stack([values for _, values in columns])
        found[covariate.name] = whole
    return {name: values for name, values in found.items() if _varies(values)}


def _varies(values: FloatArray) -> bool:
    known = values[np.isfinite(values).all(axis=1)]
    return len(known) > 0 and bool(np.any(known.max(axis=0) > known.min(axis=0)))
