"""Numbers that a hand or another formula gives, which nothing else asserted: each of them survived a planted fault."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.levels import biomarker_levels
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.regression.censored_regression import _natural_derivatives
from pharmrs.trial.tests.rank_tests import kendall, wilcoxon_signed_rank
from tests.trial.random_trials import NAN, random_rows, table_of

PLAIN = AnalysisPlan(time_adjustment="none", biomarker_transform="none", biomarker_change="difference")


@pytest.mark.parametrize(
    ("kind", "sd"), [("relative", 12 / 10 * math.hypot(1 / 10, 2 / 12)), ("log_ratio", math.hypot(1 / 10, 2 / 12)),
                     ("difference", math.hypot(1, 2))],
)  # fmt: skip
def test_sd_of_a_change(kind: str, sd: float) -> None:
    """10 +- 1 to 12 +- 2."""
    measured = {"before": (10.0, 1.0), "after": (12.0, 2.0)}
    rows = [
        replace(row, metabolite=measured[row.time_point][0], metabolite_sd=measured[row.time_point][1])
        for row in random_rows(1, missing=0.0)
    ]
    changes, _ = change_table(table_of(rows), replace(PLAIN, metabolite_change=kind))
    assert changes.change_metabolite_sd == pytest.approx(np.full(len(changes), sd))


def test_without_adjustment_a_sample_needs_no_time() -> None:
    rows = [replace(row, clock_time_h=NAN) for row in random_rows(2, missing=0.0)]
    assert np.isfinite(biomarker_levels(table_of(rows), PLAIN).levels).all()


def test_ties_are_told_and_corrected() -> None:
    """V = 12.5 of 6 differences, two of them alike: mean 10.5, variance 22.75 - (2^3 - 2) / 48, half for continuity."""
    x, y = np.array([1.0, 2.0, 2.0, 4.0, 5.0, 6.0]), np.array([2.0, 1.0, 4.0, 3.0, 6.0, 5.0])
    assert kendall(x, y).p_method == "normal, tie-corrected"
    moved = np.array([1.0, -2.0, 2.0, 3.0, 4.0, -5.0])
    found = wilcoxon_signed_rank(np.zeros(6), moved)
    z = (abs(12.5 - 10.5) - 0.5) / math.sqrt(22.75 - 6 / 48)
    assert (found.statistic, found.p) == (12.5, pytest.approx(2 * stats.norm.sf(z)))


def test_scores_of_the_censored_regression_are_derivatives_of_its_likelihood() -> None:
    outcome, side = np.array([0.3, 1.2, 0.5, 2.0]), np.array([0.0, -1.0, 1.0, 0.0])
    design = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])

    def log_likelihood(parameters: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        z = (outcome - design @ parameters[:2]) / np.exp(parameters[2])
        below, above = stats.norm.logcdf(z), stats.norm.logsf(z)
        return np.where(side == 0, stats.norm.logpdf(z) - parameters[2], np.where(side < 0, below, above))

    at, step = np.array([0.2, 0.4, np.log(0.8)]), 1e-6
    score, _ = _natural_derivatives(outcome, side, design, at[:2], 0.8)
    for place, one in enumerate(np.eye(3) * step):
        numeric = (log_likelihood(at + one) - log_likelihood(at - one)) / (2 * step)
        assert score[:, place] == pytest.approx(numeric, abs=1e-6)
