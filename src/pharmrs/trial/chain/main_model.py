"""The main model: biomarker change on metabolite change, treatment and their interaction, and a covariate."""

from __future__ import annotations

import math

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.least_squares.linear import Column, DesignMatrix, design_of, fit_linear_model
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.records.analysis import AnalysisPlan, Covariate
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.linear_model import LinearModel

MAIN_MODEL = "main"
_WORDS = {"relative": "relative change", "difference": "change", "log_ratio": "log ratio"}


def main_model(changes: ChangeTable, plan: AnalysisPlan, covariate: Covariate | None = None) -> LinearModel:
    """`change_biomarker ~ change_metabolite * treatment [+ covariate]` over the rows that have all of them.

    Treatments are coded against the first (0/1), as R's contr.treatment. Raises `NotEstimable`.
    """
    rows = changes.complete
    if covariate is not None:
        if covariate.name not in changes.covariates:
            known = ", ".join(changes.covariates) or "none"
            raise NotEstimable(f"covariate {covariate.name}: not in the observation table (covariates there: {known})")
        rows = rows & changes.covariate_known(covariate.name)
    used = changes.where(rows)
    if len(used) == 0:
        raise NotEstimable("no participant has both changes")
    design = interaction_design(used, plan, covariate)
    name = MAIN_MODEL if covariate is None else f"{MAIN_MODEL} + {covariate.name}"
    outcome, predictor = _WORDS[plan.biomarker_change], _WORDS[plan.metabolite_change]
    unit = f"{outcome} in {plan.biomarker} per {predictor} in {plan.metabolite}"
    return fit_linear_model(name, design, used.change_biomarker, used.subject, plan.alpha, unit)


def interaction_design(used: ChangeTable, plan: AnalysisPlan, covariate: Covariate | None = None) -> DesignMatrix:
    """Columns: intercept, metabolite change, treatments, [covariate], interactions. Raises `NotEstimable`."""
    metabolite = f"change in {plan.metabolite}"
    reference, at_zero = used.treatments[0], f"at {metabolite} = 0"
    columns: list[Column] = [
        ("(intercept)", np.ones(len(used)), False, reference, f"{reference}, {at_zero}"),
        (metabolite, used.change_metabolite, False, reference, f"under {reference}"),
    ]
    given = {name: used.of_treatment(name).astype(float) for name in used.treatments}
    for name, indicator in given.items():
        if not indicator.any():
            raise NotEstimable(f"treatment {name}: no participant has both changes under it")
    others = used.treatments[1:]
    columns += [(name, given[name], False, name, at_zero) for name in others]
    formula = f"change in {plan.biomarker} ~ {metabolite} * treatment"
    if covariate is not None:
        columns += [(term, values, False, "", "") for term, values in covariate_columns(used, covariate)]
        formula += f" + {covariate.name}"
    columns += [(f"{metabolite} × {name}", used.change_metabolite * given[name], True, name, "") for name in others]
    return design_of(columns, formula)


def covariate_columns(used: ChangeTable, covariate: Covariate) -> list[tuple[str, FloatArray]]:
    """A number as it is; levels as indicators against the reference, in alphabetical order. Raises `NotEstimable`."""
    values = used.covariates[covariate.name]
    if covariate.categorical:
        levels = sorted({str(value) for value in values} - {covariate.reference})
        if covariate.reference not in values:
            found = ", ".join(levels)
            raise NotEstimable(
                f"covariate {covariate.name}: nobody has the reference level {covariate.reference} (levels: {found})"
            )
        if not levels:
            raise NotEstimable(f"covariate {covariate.name}: everybody is {covariate.reference}")
        return [
            (f"{covariate.name} {level}", np.array([str(value) == level for value in values], dtype=float))
            for level in levels
        ]
    texts = sorted({value for value in values if isinstance(value, str)})
    if texts:
        raise NotEstimable(
            f"covariate {covariate.name}: not a number ({', '.join(texts[:3])}); declare its reference level if it is "
            "a category"
        )
    numbers = np.array(values, dtype=float)
    if not all(math.isfinite(value) for value in numbers):
        raise NotEstimable(f"covariate {covariate.name}: holds values that are not finite")
    return [(covariate.name, numbers)]
