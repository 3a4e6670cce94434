"""Changes during a session across people: against means, Welch's test and R's lmerTest, and as power by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pharmrs.trial.models.session_changes import SessionChange, across_people
from pharmrs.trial.power.series import SeriesBatch, run_series_batch
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.declared_power import SeriesPower

ARMS = ("placebo", "drug")


def _crossover(rng: np.random.Generator, people: int, effect: float) -> list[SessionChange]:
    rows = []
    for person in range(people):
        own, order = float(rng.normal(0.0, 6.0)), ARMS if person % 2 else ARMS[::-1]
        for period, arm in enumerate(order, start=1):
            change = own + (effect if arm == "drug" else 0.0) + float(rng.normal(0.0, 3.0))
            rows.append(SessionChange(f"{person:02d}", arm, period, change))
    return rows


def test_a_balanced_crossover_is_the_analysis_of_half_differences() -> None:
    """With everybody in both periods and balanced orders, the mixed model's difference is that of the two-period
    analysis (Hills and Armitage 1979): mean of the two orders' mean differences, n - 2 degrees of freedom."""
    rows = _crossover(np.random.default_rng(4), 12, 5.0)
    placebo, drug, gap = across_people("Glu_drug", rows, ARMS)
    by_person = {(row.subject, row.treatment): row for row in rows}
    people = sorted({row.subject for row in rows})
    differences = np.array([by_person[p, "drug"].change - by_person[p, "placebo"].change for p in people])
    first = np.array([by_person[p, "drug"].period == 1 for p in people])
    groups = differences[first], differences[~first]
    mean = 0.5 * (groups[0].mean() + groups[1].mean())
    variance = sum(float(np.sum((one - one.mean()) ** 2)) for one in groups) / (len(people) - 2)
    se = 0.5 * np.sqrt(variance * (1.0 / groups[0].size + 1.0 / groups[1].size))
    assert gap.change_percent == pytest.approx(mean, rel=1e-6)
    assert gap.df == pytest.approx(len(people) - 2, rel=1e-3)
    assert gap.p == pytest.approx(2.0 * stats.t.sf(abs(mean / se), len(people) - 2), rel=1e-3)
    assert (gap.treatment, gap.sessions, gap.people) == ("drug - placebo", 24, 12)
    assert drug.change_percent == pytest.approx(np.mean([row.change for row in rows if row.treatment == "drug"]))
    assert placebo.ci_low < placebo.change_percent < placebo.ci_high


def test_one_session_each_is_compared_by_t_tests() -> None:
    rng = np.random.default_rng(3)
    rows = [SessionChange(str(k), ARMS[k % 2], 1, float(rng.normal(4.0 * (k % 2), 1.0 + k % 2))) for k in range(14)]
    groups = [np.array([row.change for row in rows if row.treatment == arm]) for arm in ARMS]
    placebo, drug, gap = across_people("Glu_drug", rows, ARMS)
    assert placebo.p == pytest.approx(stats.ttest_1samp(groups[0], 0.0).pvalue)
    assert drug.df == pytest.approx(6.0)
    welch = stats.ttest_ind(groups[1], groups[0], equal_var=False)
    assert (gap.p, gap.df) == pytest.approx((welch.pvalue, welch.df))
    (alone, *_) = across_people("Glu_drug", rows[:1], ("placebo",))
    assert alone.reason and np.isnan(alone.change_percent)
    drugged = [row for row in _crossover(rng, 6, 0.0) if row.treatment == "drug"]
    assert all(one.reason for one in across_people("x", drugged * 2, ARMS))


def test_power_is_that_of_the_paired_t_test() -> None:
    """Two periods, both treatments each: the noncentral t of n - 2 degrees of freedom."""
    design = Design(kind="crossover", treatments=ARMS)
    truth = SeriesPower(change_percent=(0.0, 4.0), person_sd_percent=2.0, session_sd_percent=4.0, subjects=(16,))
    batch = SeriesBatch(design=design, truth=truth, alpha=0.05, subjects=16, first=0, count=60)
    share = np.mean([one.significant for one in run_series_batch(batch)])
    shift = 4.0 / (4.0 * np.sqrt(2.0 / 16))
    limit = stats.t.ppf(0.975, 14)
    expected = float(stats.nct.sf(limit, 14, shift) + stats.nct.cdf(-limit, 14, shift))
    assert share == pytest.approx(expected, abs=4.0 * np.sqrt(expected * (1.0 - expected) / 60))
