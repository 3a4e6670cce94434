"""The complete pairs as matrices: the main model's columns, with period, sequence or participants where asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.chain.main_model import interaction_design
from pharmrs.trial.chain.what_data_allow import unequal_scatter
from pharmrs.trial.least_squares.coefficients import Coefficients
from pharmrs.trial.least_squares.linear import DesignMatrix, near_exact
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.records.analysis import AnalysisPlan, EffectEstimate, ModelOutcome
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.regression.by_arm import lines_by_arm
from pharmrs.trial.regression.cluster_robust import robust_least_squares

PERIOD, SEQUENCE, CARRY_OVER = "period", "sequence", "carry-over of"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeModel:
    """`outcome` (rows,), its `design`, and the rows they come from."""

    outcome: FloatArray
    design: DesignMatrix
    rows: ChangeTable

    @property
    def subject(self) -> tuple[str, ...]:
        return self.rows.subject

    def with_columns(self, columns: Mapping[str, FloatArray]) -> ChangeModel:
        """The same with further columns, which are not what the hypothesis is about."""
        if not columns:
            return self
        design = replace(
            self.design,
            matrix=np.column_stack([self.design.matrix, *columns.values()]),
            terms=(*self.design.terms, *columns),
            hypothesis=(*self.design.hypothesis, *(False for _ in columns)),
            formula=f"{self.design.formula} + {' + '.join(columns)}",
        )
        return replace(self, design=design)


def change_model(changes: ChangeTable, plan: AnalysisPlan) -> ChangeModel:
    """The main model's outcome and design over the complete pairs. Raises `NotEstimable`."""
    rows = changes.where(changes.complete)
    if len(rows) == 0:
        raise NotEstimable("no participant has both changes")
    return ChangeModel(outcome=rows.change_biomarker, design=interaction_design(rows, plan), rows=rows)


def clustered_interactions(changes: ChangeTable, plan: AnalysisPlan) -> tuple[EffectEstimate, ...]:
    """The main model's interactions with CR2 by participant; none where every participant has one row."""
    model = change_model(changes, plan)
    if len(set(model.subject)) == len(model.subject):
        return ()
    try:
        found = robust_least_squares(
            model.outcome, model.design.matrix, model.design.terms, "CR2", model.subject, level=1 - plan.alpha
        )
    except NotEstimable:
        return ()
    return tuple(one for one in estimates_of("main, CR2", model, found) if one.hypothesis)


def lines_of(
    model: ChangeModel, alpha: float, error_sd: FloatArray | None = None
) -> tuple[Coefficients, Mapping[str, float]]:
    """The main model with a residual variance of each treatment's own, and the residual SDs. Raises `NotEstimable`."""
    arms = {name: number for number, name in enumerate(model.rows.treatments)}
    arm = np.array([arms[name] for name in model.rows.treatment], dtype=np.intp)
    found = lines_by_arm(
        model.outcome, model.rows.change_metabolite, arm, model.subject, model.design.terms, error_sd=error_sd,
        level=1 - alpha,
    )  # fmt: skip
    return found.coefficients, dict(zip(arms, found.sd, strict=True))


def scatter_by_treatment(
    changes: ChangeTable, plan: AnalysisPlan
) -> tuple[Mapping[str, float], tuple[EffectEstimate, ...]]:
    """Residual SD under each treatment; where they differ, the interactions with a variance of each treatment's own."""
    model = change_model(changes, plan)
    try:
        found, sd = lines_of(model, plan.alpha)
    except NotEstimable:
        return {}, ()
    if not unequal_scatter(changes):
        return sd, ()
    return sd, tuple(one for one in estimates_of("main, by treatment", model, found) if one.hypothesis)


def period_columns(rows: ChangeTable) -> dict[str, FloatArray]:
    """An indicator per period after the first. Raises `NotEstimable` where it is not known for a row or never differs.

    A straight line over three and more periods would be an assumption that nobody declared.
    """
    if not np.isfinite(rows.period).all():
        raise NotEstimable(f"the period is not known for {int(np.sum(~np.isfinite(rows.period)))} rows")
    columns = period_indicators(rows.period)
    if not columns:
        raise NotEstimable("every row belongs to the same period")
    return columns


def period_indicators(period: FloatArray) -> dict[str, FloatArray]:
    """`period k` (rows,) for each period that occurs but the first; rows without a period are 0 in all of them."""
    occurring = np.unique(period[np.isfinite(period)])
    return {f"{PERIOD} {number:g}": (period == number).astype(float) for number in occurring[1:]}


def carry_over_columns(rows: ChangeTable, all_rows: ChangeTable) -> dict[str, FloatArray]:
    """An indicator per treatment, but the reference, that the treatment of the period before may still act.

    `all_rows`: also those that are not analysed, for what came before. Raises `NotEstimable` in two periods, where it
    cannot be told from a difference between sequences, and where the treatment before is not known.
    """
    if len(np.unique(all_rows.period[np.isfinite(all_rows.period)])) < 3:
        raise NotEstimable(
            "with two periods a carry-over cannot be told from a difference between sequences (see crossover)"
        )
    given = dict(zip(zip(all_rows.subject, all_rows.period.tolist(), strict=True), all_rows.treatment, strict=True))
    before = [
        "" if period == 1 else given.get((name, period - 1.0))
        for name, period in zip(rows.subject, rows.period.tolist(), strict=True)
    ]
    if unknown := before.count(None):
        raise NotEstimable(f"the treatment of the period before is not known for {unknown} rows")
    columns = {
        f"{CARRY_OVER} {name}": np.array([other == name for other in before], dtype=float)
        for name in rows.treatments[1:]
    }
    return {name: column for name, column in columns.items() if column.any()}


def sequence_columns(rows: ChangeTable) -> dict[str, FloatArray]:
    """An indicator per sequence after the first in alphabetical order. Raises `NotEstimable` without two sequences."""
    names = sorted(set(rows.sequence))
    if "" in names:
        raise NotEstimable(f"the sequence is not known for {rows.sequence.count('')} rows")
    if len(names) < 2:
        raise NotEstimable("every participant has the same sequence")
    given = np.array(rows.sequence)
    return {f"{SEQUENCE} {name}": (given == name).astype(float) for name in names[1:]}


def estimates_of(name: str, model: ChangeModel, found: Coefficients, unit: str = "") -> tuple[EffectEstimate, ...]:
    """The coefficients as estimates of the model `name`; the hypothesis as the design marks it."""
    place = {term: position for position, term in enumerate(model.design.terms)}
    return tuple(
        EffectEstimate(
            model=name, term=term, estimate=float(found.estimate[k]), se=float(found.se[k]),
            ci_low=float(found.ci_low[k]), ci_high=float(found.ci_high[k]),
            statistic_name="t" if np.isfinite(found.df[k]) else "z", statistic=float(found.statistic[k]),
            df=float(found.df[k]) if np.isfinite(found.df[k]) else float("nan"), p=float(found.p[k]), n=found.n,
            subjects=found.subjects or len(set(model.subject)), unit=unit,
            hypothesis=model.design.hypothesis[place[term]], **model.design.about(place[term]),
        )
        for k, term in enumerate(found.terms)
    )  # fmt: skip


def outcome_of(
    name: str,
    title: str,
    model: ChangeModel,
    found: Coefficients,
    *,
    facts: Mapping[str, float] | None = None,
    notes: Sequence[str] = (),
    methods: str,
    unit: str = "",
) -> ModelOutcome:
    """A model outcome from the coefficients of a change model."""
    return ModelOutcome(
        name=name, title=title, estimates=estimates_of(name, model, found, unit), facts=dict(facts or {}),
        notes=(*found.notes, *notes, *_near_exact(model)), methods=(methods,),
    )  # fmt: skip


def _near_exact(model: ChangeModel) -> tuple[str, ...]:
    matrix, y = model.design.matrix, model.outcome
    residual = y - matrix @ np.linalg.lstsq(matrix, y, rcond=None)[0]
    return near_exact(float(residual @ residual), float(np.sum((y - y.mean()) ** 2)))
