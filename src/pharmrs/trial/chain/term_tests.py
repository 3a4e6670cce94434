"""F tests of whole terms: a treatment or a category has several columns, and one question."""

from __future__ import annotations

import numpy as np

from pharmrs.core.records.arrays import BoolArray
from pharmrs.trial.records.analysis import StatisticalTest
from pharmrs.trial.records.linear_model import LinearModel
from pharmrs.trial.regression.regression_diagnostics import nested_f

TYPE_TWO, COVARIATE = "type_2", "covariate"
_TREATMENT = "treatment"


def type_two_tests(model: LinearModel, metabolite: str) -> tuple[StatisticalTest, ...]:
    """Metabolite change, treatment and their interaction by Type II sums of squares, as `car::Anova`.

    A main effect is tested beside the other one and without the interaction, which contains both; the error is that of
    the whole model.
    """
    interaction = np.array([item.hypothesis for item in model.estimates])
    place = np.arange(len(interaction))
    first = place == 1
    treatment = (place > 1) & (place < 2 + interaction.sum())
    return (
        _test(TYPE_TWO, metabolite, model, first, ~interaction),
        _test(TYPE_TWO, _TREATMENT, model, treatment, ~interaction),
        _test(TYPE_TWO, f"{metabolite} × {_TREATMENT}", model, interaction, np.ones_like(interaction)),
    )


def covariate_test(model: LinearModel, covariate: str) -> StatisticalTest:
    """The covariate of a model with one, all its levels together, against the model without it on the same rows."""
    interaction = np.array([item.hypothesis for item in model.estimates])
    place = np.arange(len(interaction))
    added = (place > 1 + interaction.sum()) & ~interaction
    return _test(COVARIATE, covariate, model, added, np.ones_like(interaction))


def _test(family: str, group: str, model: LinearModel, tested: BoolArray, beside: BoolArray) -> StatisticalTest:
    """F of the columns `tested` in the model of the columns `beside`, over the error of the whole model."""
    found = nested_f(model.outcome, model.design[:, beside & ~tested], model.design[:, beside], model.design)
    return StatisticalTest(
        family=family, group=group, quantity=model.formula, statistic_name="F", statistic=found.f,
        df=float(found.df_numerator), df2=float(found.df_denominator), p=found.p, p_method="F", n=model.n,
    )  # fmt: skip
