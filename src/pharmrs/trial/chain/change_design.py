"""The complete pairs as matrices: the main model's columns, with period, sequence or participants where asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.chain.main_model import interaction_design
from pharmrs.trial.least_squares.coefficients import Coefficients
from pharmrs.trial.least_squares.linear import Design
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.records.analysis import AnalysisPlan, EffectEstimate, ModelOutcome
from pharmrs.trial.records.changes import ChangeTable

PERIOD, SEQUENCE = "period", "sequence"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeModel:
    """`outcome` (rows,), its `design`, and the rows they come from."""

    outcome: FloatArray
    design: Design
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


def period_column(rows: ChangeTable) -> dict[str, FloatArray]:
    """Period, centred. Raises `NotEstimable` where it is not known for a row or never differs."""
    if not np.isfinite(rows.period).all():
        raise NotEstimable(f"the period is not known for {int(np.sum(~np.isfinite(rows.period)))} rows")
    if np.ptp(rows.period) == 0:
        raise NotEstimable("every row belongs to the same period")
    return {PERIOD: rows.period - rows.period.mean()}


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
    marked = dict(zip(model.design.terms, model.design.hypothesis, strict=True))
    return tuple(
        EffectEstimate(
            model=name, term=term, estimate=float(found.estimate[k]), se=float(found.se[k]),
            ci_low=float(found.ci_low[k]), ci_high=float(found.ci_high[k]),
            statistic_name="t" if np.isfinite(found.df[k]) else "z", statistic=float(found.statistic[k]),
            df=float(found.df[k]) if np.isfinite(found.df[k]) else float("nan"), p=float(found.p[k]), n=found.n,
            subjects=found.subjects or len(set(model.subject)), unit=unit, hypothesis=marked.get(term, False),
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
        notes=(*found.notes, *notes), methods=(methods,),
    )  # fmt: skip
