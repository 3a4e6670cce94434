"""Tests that hold their level, what is not offered as declared, and the generator the rates are measured with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.error_rates import NULL, PLAN, SITUATIONS, count
from scipy import stats

from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.what_data_allow import reliabilities
from pharmrs.trial.models.analyse import analyse, why_not_declared
from pharmrs.trial.models.registry import MODELS
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.regression.cluster_robust import robust_least_squares
from pharmrs.trial.regression.measurement_error import errors_in_variables


@pytest.mark.parametrize("situation", SITUATIONS)
def test_errors_in_variables_holds_its_level(situation: str) -> None:
    """400 trials without a difference of slopes: 5 % are rejected, binomial limits of 99.9 %."""
    truth, people = SITUATIONS[situation]
    found = count(["errors_in_variables"], truth, people, range(400))["errors_in_variables"]
    used = found.trials - found.refused
    assert used > 350
    low, high = stats.binom.ppf([0.0005, 0.9995], used, 0.05)
    assert low <= found.rejected <= high
    assert abs(found.error / used) < 4 * 2.6 / np.sqrt(used)


@pytest.mark.long
@pytest.mark.parametrize("name", ["errors_in_variables", "cr2", "mixed"])
@pytest.mark.parametrize("situation", ["null", "variances", "12 people"])
def test_levels_in_many_trials(name: str, situation: str) -> None:
    truth, people = SITUATIONS[situation]
    found = count([name], truth, people, range(5000))[name]
    assert 0.033 < found.rejected / (found.trials - found.refused) < 0.06


def test_errors_in_variables_by_hand() -> None:
    """Slope of each arm: its moments with the mean error variance taken out; SEs by CR2 where nothing is."""
    generator = np.random.default_rng(5)
    n = 40
    arm = np.tile([0.0, 1.0], n)
    x, sd = generator.normal(0, np.where(arm == 1, 0.2, 0.1)), generator.uniform(0.01, 0.06, 2 * n)
    y = 0.3 + 2 * x + 0.4 * arm + generator.normal(0, 0.3, 2 * n)
    design = np.column_stack([np.ones(2 * n), x, arm, x * arm])
    loadings = np.column_stack([np.zeros(2 * n), np.ones(2 * n), np.zeros(2 * n), arm])
    people = [f"{k // 2}" for k in range(2 * n)]
    found = errors_in_variables(y, design, loadings, sd, list("abcd"), people)
    slopes = []
    for k in (0.0, 1.0):
        own = arm == k
        about = x[own] - x[own].mean()
        slopes.append(float(about @ y[own]) / (float(about @ about) - float(np.sum(sd[own] ** 2))))
    assert found.estimate[[1, 3]] == pytest.approx([slopes[0], slopes[1] - slopes[0]], rel=1e-9)
    nearly = errors_in_variables(y, design, loadings, sd * 1e-6, list("abcd"), people)
    plain = robust_least_squares(y, design, list("abcd"), "CR2", people)
    assert nearly.se == pytest.approx(plain.se, rel=1e-6)
    assert nearly.df == pytest.approx(plain.df, rel=1e-6)


def test_reliabilities_are_those_of_the_generator() -> None:
    """Signal 0.06^2 and 0.16^2, error 2 x 0.04^2: 0.53 and 0.89."""
    truth, _ = SITUATIONS["metabolite"]
    table = draw_trial(replace(truth, missing_metabolite=0.0), 3000, np.random.default_rng(1))
    changes, _ = change_table(table, PLAN)
    assert reliabilities(changes) == pytest.approx({"placebo": 0.53, "drug": 0.89}, abs=0.03)


def test_a_test_that_misses_its_level_is_shown_beside_the_plan() -> None:
    table = draw_trial(NULL, 35, np.random.default_rng(3))
    names = ("cr2", "tobit", "huber", "hc1", "errors_in_variables")
    found = {one.name: one for one in analyse(table, replace(PLAN, models=names)).models}
    assert {name for name, one in found.items() if one.declared} == {"cr2", "errors_in_variables"}
    assert any("beside the plan" in note and "hold its level" in note for note in found["tobit"].notes)
    assert any("signal" in note or "not measurement error" in note for note in found["errors_in_variables"].notes)


def test_unequal_reliability_takes_tests_off_the_plan_that_ignore_it() -> None:
    truth, _ = SITUATIONS["metabolite"]
    unequal, _ = change_table(draw_trial(truth, 60, np.random.default_rng(3)), PLAN)
    equal, _ = change_table(draw_trial(NULL, 60, np.random.default_rng(3)), PLAN)
    assert "equal slopes look unequal" in why_not_declared(MODELS["mixed"], unequal)
    assert why_not_declared(MODELS["mixed"], equal) == ""
    assert why_not_declared(MODELS["errors_in_variables"], unequal) == ""
    unknown = replace(unequal, change_metabolite_sd=np.full(len(unequal), np.nan))
    assert why_not_declared(MODELS["mixed"], unknown) == ""  # nothing is known that speaks against it
