"""Extension model of what was taken in: does the change of each quantity go with the dose or the level in plasma?"""

from __future__ import annotations

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.chain.change_design import period_indicators
from pharmrs.trial.chain.effects import Quantity, quantities
from pharmrs.trial.chain.main_model import covariate_columns
from pharmrs.trial.least_squares.linear import Column, design_of
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.extension import ExtensionModel, ModelInput
from pharmrs.trial.records.analysis import Covariate, EffectEstimate, ModelOutcome
from pharmrs.trial.records.changes import BASELINE, FOLLOW_UP
from pharmrs.trial.regression.cluster_robust import robust_least_squares

_TITLE = "Exposure and change (CR2)"
_METHODS = (
    "The change of each quantity was regressed on the exposure beside treatment and period, so that the slope is that "
    "within treatments (CR2 standard errors by participant). Exposure was not allocated at random within a treatment: "
    "the slope is an association."
)


def run_exposure(given: ModelInput) -> ModelOutcome:
    """The slope of every quantity's change on every declared exposure."""
    if not given.plan.exposures:
        raise NotEstimable("no exposure is declared: analysis.exposures names columns, such as the level in plasma")
    estimates: list[EffectEstimate] = []
    notes: list[str] = []
    for exposure in given.plan.exposures:
        for quantity in quantities(given.changes, given.plan):
            try:
                estimates += _slopes(given, exposure, quantity)
            except NotEstimable as why:
                notes.append(f"{quantity.name} on {exposure.name}: not estimable, {why}")
    if not estimates:
        raise NotEstimable("; ".join(notes))
    return ModelOutcome(name="exposure", title=_TITLE, estimates=tuple(estimates), notes=tuple(notes),
                        methods=(_METHODS,))  # fmt: skip


def _slopes(given: ModelInput, exposure: Covariate, quantity: Quantity) -> list[EffectEstimate]:
    changes = given.changes
    if exposure.name not in changes.covariates:
        raise NotEstimable(f"{exposure.name} is not in the observation table")
    known = quantity.known & changes.covariate_known(exposure.name)
    rows, levels = changes.where(known), quantity.levels[known]
    if len(rows) == 0:
        raise NotEstimable("no row has both")
    outcome: FloatArray = levels[:, FOLLOW_UP] - (levels[:, BASELINE] if quantity.from_baseline else 0.0)
    columns: list[Column] = [("(intercept)", np.ones(len(rows)), False, "", "")]
    for name in rows.treatments[1:]:
        if (given_here := rows.of_treatment(name)).any() and not given_here.all():
            columns.append((name, given_here.astype(float), False, "", ""))
    if given.table.kind == "crossover" and np.isfinite(rows.period).all():
        columns += [(name, column, False, "", "") for name, column in period_indicators(rows.period).items()]
    columns += [
        (f"{quantity.name} on {term}", values, True, "", "") for term, values in covariate_columns(rows, exposure)
    ]
    design = design_of(columns, f"change in {quantity.name} ~ treatment + period + {exposure.name}")
    found = robust_least_squares(outcome, design.matrix, design.terms, "CR2", rows.subject, level=1 - given.plan.alpha)
    return [
        EffectEstimate(
            model="exposure", term=term, estimate=float(found.estimate[k]), se=float(found.se[k]),
            ci_low=float(found.ci_low[k]), ci_high=float(found.ci_high[k]), statistic=float(found.statistic[k]),
            df=float(found.df[k]), p=float(found.p[k]), n=found.n, subjects=found.subjects,
            unit=f"{quantity.unit} per unit of {exposure.name}", hypothesis=True,
        )
        for k, term in enumerate(design.terms)
        if design.hypothesis[k]
    ]  # fmt: skip


EXPOSURE_MODELS = (ExtensionModel(name="exposure", title=_TITLE, run=run_exposure, of_effects=True),)
