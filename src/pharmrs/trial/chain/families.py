"""Confirmatory families: which of the declared hypotheses may be rejected, so that any false rejection is rarer than
alpha. Serial gates: a family is tested where every hypothesis of those before it was rejected (10.1002/sim.2716).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.records.analysis import COUPLING, AnalysisPlan, EffectEstimate, ModelOutcome, StatisticalTest
from pharmrs.trial.records.linear_model import LinearModel
from pharmrs.trial.tests.p_adjustment import bonferroni, fixed_sequence, hochberg, holm

FAMILY = "family"
ADJUSTMENTS: dict[str, Callable[[Sequence[float]], FloatArray]] = {
    "holm": holm,
    "hochberg": hochberg,
    "bonferroni": bonferroni,
    "fixed_sequence": fixed_sequence,
}


def family_tests(
    plan: AnalysisPlan, effects: Sequence[ModelOutcome], model: LinearModel | None, treatments: Sequence[str]
) -> tuple[StatisticalTest, ...]:
    """Every hypothesis of every declared family with its p and its adjusted p, in the order of the gates.

    A hypothesis without a p keeps its place and is not rejected: what could not be estimated has shown nothing.
    """
    of_quantity = dict(zip(plan.quantities, effects, strict=True)) if effects else {}
    found: list[StatisticalTest] = []
    gate = 0.0  # the largest adjusted p so far
    for number, family in enumerate(plan.families, start=1):
        tests: list[tuple[str, str, EffectEstimate | None, str]] = []
        for name in family.members:
            effect = of_quantity.get(name)
            rows = (() if model is None else model.hypothesis) if name == COUPLING else effect.tested if effect else ()
            reason = effect.reason if effect else "the main model could not be estimated"
            own = {one.treatment: one for one in rows}
            arms = treatments[1:] or treatments
            tests += [(name, arm, own.get(arm), reason) for arm in arms]
        raw = [one.p if one is not None and math.isfinite(one.p) else 1.0 for _, _, one, _ in tests]
        adjusted = np.maximum(ADJUSTMENTS[family.method](raw), gate)
        gate = float(adjusted.max())
        method = family.method.replace("_", " ") + (f", after family {number - 1}" if number > 1 else "")
        for (name, arm, one, reason), p in zip(tests, adjusted.tolist(), strict=True):
            what = StatisticalTest(
                family=FAMILY, group=arm, quantity=name, sample=f"family {number}", alpha=plan.alpha,
                p_alternative=p, p_alternative_method=method, reason="" if one is not None else reason,
            )  # fmt: skip
            found.append(what if one is None else _with_estimate(what, one))
    return tuple(found)


def _with_estimate(test: StatisticalTest, one: EffectEstimate) -> StatisticalTest:
    return replace(
        test, estimate_name="difference", estimate=one.estimate, ci_low=one.ci_low, ci_high=one.ci_high,
        statistic_name="t", statistic=one.statistic, df=one.df, p=one.p, p_method="t", n=one.n,
    )  # fmt: skip


def rejected(test: StatisticalTest) -> bool:
    """Whether the hypothesis is rejected in its family."""
    return not test.reason and test.p_alternative <= test.alpha
