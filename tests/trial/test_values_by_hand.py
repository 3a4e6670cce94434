"""Numbers that no other test held: each by an independent route, the arithmetic or R's definition beside it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from pharmrs.trial.chain.change_scores import _change_sd
from pharmrs.trial.chain.levels import biomarker_levels
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.observations import Observation, ObservationTable
from pharmrs.trial.regression.censored_regression import _contributions, _natural_derivatives
from pharmrs.trial.regression.repeated import Repeated, fit_repeated
from pharmrs.trial.tests.rank_tests import kendall, wilcoxon_signed_rank

ROWS = (("A", "before", 300.0, 9.0), ("A", "after", 200.0, math.nan), ("B", "before", 250.0, 10.0))


def test_sd_of_each_kind_of_change() -> None:
    """From 10 +- 1 to 12 +- 0.6: relative SDs 0.1 and 0.05; the ratio 1.2 carries both."""
    values, sd = np.array([[10.0, 12.0]]), np.array([[1.0, 0.6]])
    assert _change_sd("difference", values, sd) == pytest.approx(math.sqrt(1.36))
    assert _change_sd("log_ratio", values, sd) == pytest.approx(math.sqrt(0.0125))
    assert _change_sd("relative", values, sd) == pytest.approx(1.2 * math.sqrt(0.0125))


@pytest.mark.parametrize(("adjustment", "used"), [("none", 3), ("linear", 2)])
def test_a_sample_without_a_time_counts_where_time_is_not_adjusted_for(adjustment: str, used: int) -> None:
    rows = [
        Observation(subject=who, treatment="drug", time_point=point, biomarker=value, clock_time_h=hour)
        for who, point, value, hour in (*ROWS, ("B", "after", math.nan, 11.0))
    ]
    table = ObservationTable.of(rows, kind="parallel", treatments=("drug",), baseline="before", follow_up="after")
    plan = AnalysisPlan(time_adjustment=adjustment, biomarker_transform="none")  # type: ignore[arg-type]
    if used == 2:
        extra = [
            Observation(subject="C", treatment="drug", time_point=point, biomarker=value, clock_time_h=hour)
            for point, value, hour in (("before", 260.0, 12.0), ("after", 270.0, 13.0))
        ]
        table = ObservationTable.of(
            [*rows, *extra], kind="parallel", treatments=("drug",), baseline="before", follow_up="after"
        )
        used += 2
    found = biomarker_levels(table, plan)
    assert found.samples == used and int(np.isfinite(found.levels).sum()) == used


def test_signed_ranks_with_ties_as_r_defines_them() -> None:
    """wilcox.test(x, y, paired = TRUE, exact = FALSE): variance less the ties, continuity corrected by one half."""
    difference = np.array([1.0, 1.0, 2.0, -3.0, 4.0, 5.0, -6.0, 7.0, 7.0, 8.0])
    ranks = stats.rankdata(np.abs(difference))
    positive, count = float(ranks[difference > 0].sum()), len(difference)
    ties = sum(number**3 - number for number in np.unique(np.abs(difference), return_counts=True)[1])
    spread = math.sqrt(count * (count + 1) * (2 * count + 1) / 24 - ties / 48)
    distance = abs(positive - count * (count + 1) / 4) - 0.5
    found = wilcoxon_signed_rank(np.zeros(count), difference)
    assert found.statistic == positive
    assert found.p == pytest.approx(2 * stats.norm.sf(distance / spread), rel=1e-12)
    assert found.p_method == "normal, continuity- and tie-corrected"


def test_scores_of_censored_rows_are_the_derivatives_of_their_likelihood() -> None:
    """By differences of each row's own log likelihood, in the coefficients and in log sigma."""
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(8), rng.normal(size=8)])
    outcome, side = rng.normal(size=8), np.array([0, -1, 1, 0, -1, 0, 1, 0])
    at = np.array([0.2, -0.4, math.log(0.8)])

    def rows(parameters: np.ndarray) -> np.ndarray:
        return _contributions(outcome, side, design @ parameters[:2], math.exp(parameters[2]))

    step = 1e-6 * np.eye(3)
    expected = np.column_stack([(rows(at + one) - rows(at - one)) / 2e-6 for one in step])
    score, hessian = _natural_derivatives(outcome, side, design, at[:2], math.exp(at[2]))
    np.testing.assert_allclose(score, expected, atol=1e-7)
    far = 1e-4 * np.eye(3)
    bent = [[rows(at + a + b).sum() - rows(at + a - b).sum() - rows(at - a + b).sum() + rows(at - a - b).sum()
             for a in far] for b in far]  # fmt: skip
    np.testing.assert_allclose(hessian, np.array(bent) / 4e-8, atol=1e-5)


def test_rows_that_do_not_tell_the_covariance_of_two_times() -> None:
    """Half of the people came at the first time only, the others at the second only: nobody tells the covariance."""
    outcome = np.random.default_rng(5).normal(size=12)
    times = np.array([0] * 6 + [1] * 6)
    design = np.column_stack([np.ones(12), times])
    people = [f"sub-{number}" for number in range(12)]
    with pytest.raises(NotEstimable, match="apart"):
        fit_repeated(Repeated(outcome=outcome, design=design, terms=("mean", "time"), subjects=tuple(people),
                              visits=tuple(people), times=times))  # fmt: skip


def test_kendall_with_ties_says_which_p_it_is() -> None:
    x, y = np.array([1.0, 2.0, 2.0, 4.0, 5.0, 6.0]), np.array([2.0, 1.0, 4.0, 3.0, 6.0, 5.0])
    assert (kendall(x, y).p_method, kendall(np.arange(6.0), y).p_method) == ("normal, tie-corrected", "exact")
