"""All interactions of a model at once: with more than two treatments no single term is the hypothesis."""

from __future__ import annotations

import numpy as np
from scipy import linalg, stats

from pharmrs.trial.records.analysis import StatisticalTest
from pharmrs.trial.records.linear_model import LinearModel


def joint_interaction_test(model: LinearModel) -> StatisticalTest:
    """F of all hypothesis terms together: the Wald test of the fitted model, the same as comparing nested models."""
    chosen = [position for position, item in enumerate(model.estimates) if item.hypothesis]
    values = model.coefficients[chosen]
    f = float(values @ linalg.solve(model.covariance[np.ix_(chosen, chosen)], values, assume_a="pos")) / len(chosen)
    return StatisticalTest(
        family="joint_interaction", group="", quantity=f"all interactions of {model.name}", statistic_name="F",
        statistic=f, df=float(len(chosen)), df2=model.df[1], p=float(stats.f.sf(f, len(chosen), model.df[1])),
        p_method="F", n=model.n,
    )  # fmt: skip
