"""Rank correlations of the two changes per treatment, their corrected levels, and Oldham's check of the baseline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pharmrs.core.records.arrays import BoolArray
from pharmrs.trial.records.analysis import AnalysisPlan, StatisticalTest
from pharmrs.trial.records.changes import BASELINE, FOLLOW_UP, ChangeTable
from pharmrs.trial.tests.spearman import pearson_test, spearman_test


def correlation_adjusted_bonferroni(alpha: float, tests: int, correlation: float) -> float:
    """alpha / k^(1 - r), r the mean correlation of the outcomes, never estimated from what is tested.

    Uitenbroek 1997, "SISA Bonferroni"; Dubey/Armitage-Parmar as described in Sankoh et al. 1997, Stat Med 16:2529,
    doi:10.1002/(SICI)1097-0258(19971130)16:22<2529::AID-SIM692>3.0.CO;2-J.
    Raises ValueError unless k >= 1, 0 <= r <= 1 and 0 < alpha < 1.
    """
    return alpha / _effective_tests(alpha, tests, correlation)


def correlation_adjusted_sidak(alpha: float, tests: int, correlation: float) -> float:
    """1 - (1 - alpha)^(1 / k^(1 - r)). Raises ValueError unless k >= 1, 0 <= r <= 1 and 0 < alpha < 1."""
    return float(1.0 - (1.0 - alpha) ** (1.0 / _effective_tests(alpha, tests, correlation)))


def _effective_tests(alpha: float, tests: int, correlation: float) -> float:
    if tests < 1 or not 0.0 <= correlation <= 1.0 or not 0.0 < alpha < 1.0:
        raise ValueError(f"needs k >= 1, 0 <= r <= 1, 0 < alpha < 1; got k = {tests}, r = {correlation}, {alpha}")
    return float(tests ** (1.0 - correlation))


def change_correlations(changes: ChangeTable, plan: AnalysisPlan) -> tuple[StatisticalTest, ...]:
    """Spearman's rho of the two changes under each treatment, judged at the Bonferroni level of k treatments.

    The reference study used alpha / k^(1 - r) with r Pearson's correlation of the very changes that are tested: the
    stronger what is tested, the milder the level, and k tests err in more than alpha (6.3, 9.0 and 8.0 % for 2, 4 and 6
    at 5 %). It stands beside as theirs, negative r counting as 0. With each comes Pearson's r.
    """
    used = changes.where(changes.complete)
    quantity = f"change in {plan.metabolite} and change in {plan.biomarker}"
    tests: list[StatisticalTest] = []
    for treatment in changes.treatments:
        rows = used.of_treatment(treatment)
        x, y = used.change_metabolite[rows], used.change_biomarker[rows]
        rank = spearman_test(x, y, treatment, quantity)
        linear = pearson_test(x, y, treatment, quantity)
        if not rank.reason:
            r = max(0.0, min(1.0, linear.estimate))
            k = len(changes.treatments)
            rank = replace(
                rank, alpha=correlation_adjusted_bonferroni(plan.alpha, k, 0.0),
                alpha_sidak=correlation_adjusted_sidak(plan.alpha, k, 0.0),
                alpha_reference=correlation_adjusted_bonferroni(plan.alpha, k, r),
                alpha_sidak_reference=correlation_adjusted_sidak(plan.alpha, k, r),
            )  # fmt: skip
        tests += [rank, linear]
    return tuple(tests)


def oldham_tests(changes: ChangeTable, plan: AnalysisPlan) -> tuple[StatisticalTest, ...]:
    """Oldham: does the change go with the mean of both levels? Over all pairs of the biomarker, and per treatment.

    Change against baseline is negative even for noise; change against the mean is not (Oldham 1962, J Chronic Dis
    15:969, doi:10.1016/0021-9681(62)90116-9). Spearman's rho of level differences and mean levels.
    """
    before, after = changes.biomarker_level[:, BASELINE], changes.biomarker_level[:, FOLLOW_UP]
    known = np.isfinite(before) & np.isfinite(after)
    groups: list[tuple[str, BoolArray]] = [("all treatments", known)]
    groups += [(name, known & changes.of_treatment(name)) for name in changes.treatments]
    quantity = f"{plan.biomarker}: difference and mean of levels"
    return tuple(
        spearman_test((after - before)[rows], ((after + before) / 2)[rows], group, quantity, family="oldham")
        for group, rows in groups
    )
