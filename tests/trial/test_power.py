"""Power by simulation: against the noncentral t where there is a formula, its level, and the required size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pharmrs.trial.power.simulated import TrialBatch, power_point, required_size, run_batch
from pharmrs.trial.power.trial_model import course
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.power import PowerPoint
from tests.trial import random_trials

LOG_RATIOS = AnalysisPlan(
    time_adjustment="none", biomarker_transform="none", biomarker_change="log_ratio", metabolite_change="log_ratio"
)
TRUTH = replace(
    random_trials.TRUTH,
    kind="parallel",
    metabolite_changes=(0.0, 0.0),
    metabolite_error_sd=0.0,
    biomarker_error_sd=0.0,
)


def batch(**changed: object) -> TrialBatch:
    settings = {
        "truth": TRUTH,
        "plan": LOG_RATIOS,
        "model": "main",
        "subjects": 60,
        "first": 0,
        "count": 250,
        "seed": 1,
    }
    return TrialBatch(**{**settings, **changed})  # type: ignore[arg-type]


def test_power_is_that_of_the_noncentral_t() -> None:
    """Two groups of 30, no error, no loss: given the metabolite changes, t of the difference of slopes is noncentral.

    Averaged over 4,000 draws of the changes. Tolerance: 3 Monte Carlo standard errors of 250 trials.
    """
    generator = np.random.default_rng(2)
    x = generator.normal(0, TRUTH.metabolite_change_sd, (4000, 2, 30))
    spread = np.sum((x - x.mean(axis=2, keepdims=True)) ** 2, axis=2)
    residual = np.hypot(TRUTH.biomarker_change_sd, TRUTH.shared_change_sd)
    shift = 2.5 / (residual * np.sqrt(1 / spread[:, 0] + 1 / spread[:, 1]))
    limit = stats.t.ppf(0.975, 56)
    expected = float(np.mean(stats.nct.sf(limit, 56, shift) + stats.nct.cdf(-limit, 56, shift)))
    point = power_point("main", 60, run_batch(batch()))
    assert 0.3 < expected < 0.9
    assert abs(point.power - expected) < 3 * np.sqrt(expected * (1 - expected) / point.simulations)
    assert point.exaggeration > 1
    assert (point.not_estimable, point.pairs) == (0, 60)


def test_level_is_kept_without_an_interaction() -> None:
    """300 crossovers of 20, equal slopes, a shared part: the mixed model rejects in 5 %, 99 % binomial limits."""
    truth = replace(TRUTH, kind="crossover", slopes=(1.0, 1.0), shared_change_sd=0.3)
    point = power_point("mixed", 20, run_batch(batch(truth=truth, model="mixed", subjects=20, count=300)))
    assert stats.binom.ppf(0.005, 300, 0.05) <= point.significant <= stats.binom.ppf(0.995, 300, 0.05)


def test_batches_do_not_change_the_trials() -> None:
    whole = run_batch(batch(count=6))
    assert run_batch(batch(count=2)) + run_batch(batch(first=2, count=4)) == whole
    assert run_batch(batch(count=6, seed=2)) != whole


def test_trials_that_cannot_be_analysed_count_as_no_evidence() -> None:
    point = power_point("main", 8, run_batch(batch(truth=replace(TRUTH, missing_biomarker=1.0), subjects=8, count=20)))
    assert (point.power, point.not_estimable) == (0.0, 20)
    assert np.isnan(point.exaggeration)


def points(sizes: list[int], shares: list[float]) -> list[PowerPoint]:
    return [
        PowerPoint(
            model="main", subjects=size, simulations=2000, significant=round(2000 * share), not_estimable=0,
            power=share, mc_error=0.0, ci_low=0.0, ci_high=1.0, pairs=0.0, exaggeration=1.0,
        )
        for size, share in zip(sizes, shares, strict=True)
    ]  # fmt: skip


def test_required_size_of_a_known_curve() -> None:
    """Power Phi(-1.96 + 0.45 sqrt(n)): 80 % at ((0.8416 + 1.96) / 0.45)^2 = 38.8."""
    sizes = [15, 25, 35, 45, 60]
    found = required_size("main", points(sizes, list(stats.norm.cdf(-1.96 + 0.45 * np.sqrt(sizes)))), 0.8)
    assert found.subjects == pytest.approx(38.76, abs=0.3)
    assert found.ci_low < 38.76 < found.ci_high
    assert found.ci_high - found.ci_low < 5


def test_required_size_is_not_extrapolated() -> None:
    assert "above the largest" in required_size("main", points([10, 20], [0.1, 0.3]), 0.8).reason
    assert "below the smallest" in required_size("main", points([50, 90], [0.9, 0.99]), 0.8).reason
    assert "does not rise" in required_size("main", points([10, 20], [0.3, 0.2]), 0.8).reason
    assert required_size("main", points([10], [0.3]), 0.8).reason == "one size only"


def test_the_course_of_a_period_by_hand() -> None:
    """A metabolite .2 above its mean change of .1, a quarter of it before; slope 3 on the biomarker, mean -.5."""
    found = course(levels=(2.0, 5.0), means=(0.1, -0.5), slope=3.0, wander=0.2, rest=(0.01, -0.02), at_baseline=0.25)
    assert found.metabolite == pytest.approx((2.0 - 0.05, 2.0 + 0.15 + 0.1), abs=1e-12)
    assert found.biomarker == pytest.approx((5.0 - 0.15 + 0.01, 5.0 + 0.45 - 0.5 - 0.02), abs=1e-12)
