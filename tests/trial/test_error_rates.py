"""Tests that hold their level, what is not offered as declared, and the generator the rates are measured with."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.error_rates import FOUR, NULL, PLAN, SITUATIONS, count
from scipy import stats

from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.what_data_allow import reliabilities
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.analyse import analyse, why_not_declared
from pharmrs.trial.models.registry import MODELS
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.records.error_rates import HIGHEST, RATES
from pharmrs.trial.regression.by_arm import lines_by_arm
from pharmrs.trial.regression.cluster_robust import robust_least_squares
from pharmrs.trial.regression.measurement_error import errors_in_variables
from pharmrs.trial.report.answer import trial_answer
from pharmrs.trial.report.statistics_text import scatter_note
from tests.trial.parity_data import change_model

DOCS = Path(__file__).parents[2] / "docs" / "models.md"


@pytest.mark.parametrize("situation", FOUR)
def test_errors_in_variables_holds_its_level(situation: str) -> None:
    """150 trials without a difference of slopes: 5 % are rejected, binomial limits of 99.9 %."""
    truth, people = SITUATIONS[situation]
    found = count(["errors_in_variables"], truth, people, range(150))["errors_in_variables"]
    used = found.trials - found.refused
    assert used > 130
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


def test_lines_by_treatment_as_in_r() -> None:
    """`nlme::gls(dB ~ dG * trt, weights = varIdent(form = ~1 | trt), method = "REML")` on wide.csv, rows taken as
    those of different people; df of the difference by Welch from the variances of `lm` in each arm.
    """
    y, design, subject = change_model()
    arm = design[:, 2].astype(int)
    alone = lines_by_arm(y, design[:, 1], arm, [str(row) for row in range(len(y))], list("abcd"))
    found, terms = alone.coefficients, [0, 1, 2, 3]
    assert found.estimate[terms] == pytest.approx(
        [0.0202503125843, -1.0860172179386, -0.2985103791256, 1.9432200210169]
    )
    assert found.se[terms] == pytest.approx([0.107061283351, 0.657785641835, 0.131041058376, 0.749861018374], rel=1e-9)
    assert alone.sd == pytest.approx((0.456482164463649, 0.2881355580662545), rel=1e-9)
    own = np.array([0.432681950100570, 0.1296095964080411])
    assert found.df[[1, 3]] == pytest.approx([18, own.sum() ** 2 / (own**2 / [18, 20]).sum()], rel=1e-9)
    # rows of one person: the covariance of the slopes by hand, from the residuals of those with both
    both = lines_by_arm(y, design[:, 1], arm, subject, list("abcd")).coefficients
    shared = 0.0
    pull, rest = {}, {}
    for k in (0, 1):
        x = design[arm == k, 1] - design[arm == k, 1].mean()
        line = np.polyfit(x, y[arm == k], 1)
        names = np.array(subject)[arm == k]
        pull[k] = dict(zip(names, x / (x @ x), strict=True))
        rest[k] = dict(zip(names, y[arm == k] - np.polyval(line, x), strict=True))
    common = sorted({*pull[0]} & {*pull[1]})
    together = sum(rest[0][name] * rest[1][name] for name in common) / (len(common) - 2)
    shared = together * sum(pull[0][name] * pull[1][name] for name in common)
    assert both.se[3] ** 2 == pytest.approx(own.sum() - 2 * shared, rel=1e-9)


def test_a_tight_line_has_an_answer_and_an_exact_one_none() -> None:
    """Scatter of 0.1 about a slope of 2, by hand; none at all: no SD."""
    x, arm, people = np.tile(np.arange(6.0), 2), np.repeat([0, 1], 6), [str(row) for row in range(12)]
    scatter = 0.1 * np.tile([1, -1, -1, 1, 1, -1], 2)
    found = lines_by_arm(3 + 2 * x + scatter, x, arm, people, list("abcd"))
    slope = 2 + float((x[:6] - 2.5) @ scatter[:6]) / 17.5
    assert found.coefficients.estimate[[1, 3]] == pytest.approx([slope, 0.0], abs=1e-12)
    rest = 0.06 - float((x[:6] - 2.5) @ scatter[:6]) ** 2 / 17.5
    assert found.sd == pytest.approx(2 * [math.sqrt(rest / 4)], rel=1e-9)
    with pytest.raises(NotEstimable, match="fits every value exactly"):
        lines_by_arm(3 + 2 * x, x, arm, people, list("abcd"))


def test_unequal_scatter_is_told_beside_the_number() -> None:
    """Residual SDs 0.25 and 0.60: the report says so, with the test that holds its level; alike, only the SDs."""
    unequal = analyse(draw_trial(SITUATIONS["variances"][0], 60, np.random.default_rng(3)), PLAN)
    assert unequal.chain.model is not None
    (ours,), (plain,) = unequal.chain.by_treatment, unequal.chain.model.hypothesis
    assert ours.estimate == pytest.approx(plain.estimate, rel=1e-9)
    assert "(model by_treatment)" in scatter_note(unequal.chain, unequal)
    assert scatter_note(unequal.chain, unequal) in trial_answer(unequal).warnings
    equal = analyse(draw_trial(NULL, 60, np.random.default_rng(3)), PLAN)
    assert scatter_note(equal.chain, equal).startswith("Residual SD: ")


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


NO_TEST = {"leave_one_out", "summaries", "repeatability", "multiverse"}  # they describe, there is no level to hold


def test_no_test_is_declared_that_was_not_measured_or_does_not_hold_its_level() -> None:
    """Above 6 % by more than chance (two Monte Carlo errors) a test may not be declared; what takes the metabolite for
    exact leaves the plan where that matters, so that its last figure does not count.
    """
    declared = {name for name, model in MODELS.items() if not model.why_never_declared} - NO_TEST
    assert [name for name in declared if name not in RATES] == []
    for name in declared:
        rates = RATES[name]
        measured = [rates.null, rates.few, rates.variances]
        measured += [] if MODELS[name].takes_as_exact else [rates.metabolite]
        assert max(measured) <= HIGHEST + 2 * rates.noise, name


def test_a_conservative_test_says_so_with_its_figure() -> None:
    """12 people, CR2: 3.9 % of 10,000 simulated trials. Thirty-five: 4.6 %, nothing to say."""
    plan = replace(PLAN, models=("cr2", "within", "mixed"))
    for people, told in ((12, {"cr2": "3.9 %", "within": "3.1 %"}), (35, {})):
        models = analyse(draw_trial(NULL, people, np.random.default_rng(3)), plan).models
        found = {model.name: note for model in models for note in model.notes if "where there was nothing" in note}
        assert found.keys() == told.keys()
        assert all(figure in found[name] and "conservative" in found[name] for name, figure in told.items())


def test_the_docs_print_the_measured_rates() -> None:
    lines = [line for line in DOCS.read_text().splitlines() if re.search(r"\d\.\d", line)]
    rows: dict[str, str] = {}
    for line in lines:
        if name := re.match(r"\| `?(\w+)`?[^|]*(\|.*)", line):
            rows.setdefault(name[1], name[2])
    for name, rates in RATES.items():
        numbers = [float(number) for number in re.findall(r"\| (\d+\.\d)", rows[name])]
        assert numbers[:4] == [rates.null, rates.few, rates.variances, rates.metabolite], name


def test_unequal_reliability_takes_tests_off_the_plan_that_ignore_it() -> None:
    truth, _ = SITUATIONS["metabolite"]
    unequal, _ = change_table(draw_trial(truth, 60, np.random.default_rng(3)), PLAN)
    equal, _ = change_table(draw_trial(NULL, 60, np.random.default_rng(3)), PLAN)
    assert "equal slopes look unequal" in why_not_declared(MODELS["mixed"], unequal)
    assert why_not_declared(MODELS["mixed"], equal) == ""
    assert why_not_declared(MODELS["errors_in_variables"], unequal) == ""
    unknown = replace(unequal, change_metabolite_sd=np.full(len(unequal), np.nan))
    assert why_not_declared(MODELS["mixed"], unknown) == ""  # nothing is known that speaks against it
