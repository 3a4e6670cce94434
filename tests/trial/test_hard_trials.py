"""Data that do not support the analysis: each has a stated outcome, none crashes, none is replaced silently."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pharmrs.trial.chain.reference_chain import reference_chain
from pharmrs.trial.models.extension import ModelInput
from pharmrs.trial.models.levels import run_ranks
from pharmrs.trial.records.analysis import AnalysisPlan, Covariate, StatisticalTest
from pharmrs.trial.records.observations import Observation
from pharmrs.trial.regression.cluster_robust import robust_least_squares
from pharmrs.trial.tests.paired import paired_t_test, welch_t_test
from tests.trial.random_trials import NAN, random_rows, table_of

PLAN = AnalysisPlan()
Change = Callable[[Observation], Observation]


def censored(row: Observation) -> Observation:
    return replace(row, biomarker=NAN, biomarker_censored="left", biomarker_limit=100.0)


HARD: dict[str, tuple[Change, str]] = {
    "all censored": (censored, "no biomarker value was measured"),
    "no biomarker": (lambda row: replace(row, biomarker=NAN), "no biomarker value was measured"),
    "no times": (lambda row: replace(row, clock_time_h=NAN), "no biomarker value was measured"),
    "one time": (lambda row: replace(row, clock_time_h=9.0), "every sample was taken at the same time of day"),
    "no metabolite": (lambda row: replace(row, metabolite=NAN), "no participant has both changes"),
    "all excluded": (lambda row: replace(row, exclusions=("max_line_width_hz",)), "no participant has both changes"),
    "constant metabolite": (lambda row: replace(row, metabolite=10.0), "singular, not estimable"),
    "one treatment without pairs": (
        lambda row: replace(row, metabolite=NAN) if row.treatment == "drug" else row,
        "treatment drug: no participant has both changes under it",
    ),
    "four pairs": (
        lambda row: row if row.subject in ("sub-00", "sub-01") else replace(row, biomarker=NAN),
        "complete rows do not determine 4 terms and a residual variance",
    ),
}


@pytest.mark.parametrize("case", HARD)
def test_the_main_model_has_a_reason(case: str) -> None:
    change, reason = HARD[case]
    chain = reference_chain(table_of([change(row) for row in random_rows(1, missing=0.0)]), PLAN)
    assert chain.model is None
    assert reason in chain.reason
    assert chain.flow
    for test in (*chain.correlations, *chain.oldham, *chain.paired):
        assert bool(test.reason) == math.isnan(test.p)


def test_constant_outcome_and_exact_fit() -> None:
    rows = random_rows(2, missing=0.0)
    plan = replace(PLAN, time_adjustment="none", biomarker_transform="none")
    flat = reference_chain(table_of([replace(row, biomarker=50.0) for row in rows]), plan)
    assert "the outcome is the same in all 28 rows" in flat.reason
    linear = [replace(row, biomarker=3.0 * row.metabolite) for row in rows]  # the same relative change
    exact = reference_chain(table_of(linear), plan)
    assert "fits every value exactly" in exact.reason


@pytest.mark.parametrize(
    ("covariate", "reason"),
    [
        (Covariate(name="height"), "not in the observation table (covariates there: age, gene)"),
        (Covariate(name="gene"), "not a number (AA, AB, BB); declare its reference level"),
        (Covariate(name="gene", reference="ZZ"), "nobody has the reference level ZZ (levels: AA, AB, BB)"),
    ],
)
def test_a_covariate_has_a_reason_and_the_main_model_stays(covariate: Covariate, reason: str) -> None:
    chain = reference_chain(table_of(random_rows(4)), replace(PLAN, covariates=(covariate,)))
    assert chain.model is not None
    assert reason in chain.covariate_models[0].reason
    assert chain.covariate_models[0].model is None


def test_a_constant_covariate_and_one_level() -> None:
    rows = [replace(row, covariates={"age": 30.0, "gene": "AA"}) for row in random_rows(4)]
    covariates = (Covariate(name="age"), Covariate(name="gene", reference="AA"))
    chain = reference_chain(table_of(rows), replace(PLAN, covariates=covariates))
    assert "age (constant, or a combination)" in chain.covariate_models[0].reason
    assert "everybody is AA" in chain.covariate_models[1].reason


def test_missing_covariates_drop_their_rows_and_n_says_so() -> None:
    rows = random_rows(5, missing=0.0)
    rows = [replace(row, covariates={"age": NAN}) if row.subject == "sub-03" else row for row in rows]
    plan = replace(PLAN, biomarker_transform="log", biomarker_change="difference", covariates=(Covariate(name="age"),))
    chain = reference_chain(table_of(rows), plan)
    model = chain.covariate_models[0].model
    assert model is not None and chain.model is not None
    assert (chain.model.n, model.n, model.subjects) == (28, 26, 13)


def test_a_baseline_of_zero_is_left_out_and_told() -> None:
    """The smallest residual becomes log 1 = 0, and a relative change from zero is not defined."""
    rows = random_rows(6, missing=0.0)
    plan = replace(PLAN, time_adjustment="none")
    values = np.array([row.biomarker for row in rows])
    place = next(i for i, row in enumerate(rows) if row.time_point == "before")
    rows[place] = replace(rows[place], biomarker=-float(values.max()))  # below zero: |min| + min + 1 = 1
    chain = reference_chain(table_of(rows), plan)
    assert any("1 biomarker pairs have a baseline of exactly zero" in note for note in chain.notes)
    assert chain.model is not None and chain.model.n == 27


def test_a_logarithm_of_nothing_is_left_out_and_told() -> None:
    rows = random_rows(7, missing=0.0)
    rows[0] = replace(rows[0], biomarker=0.0)
    plan = replace(PLAN, biomarker_transform="log", biomarker_change="difference")
    chain = reference_chain(table_of(rows), plan)
    assert any("1 measured biomarker values are not above zero" in note for note in chain.notes)
    assert chain.model is not None and chain.model.n == 27


def test_a_parallel_design_compares_groups() -> None:
    """Welch's t as scipy gives it; pairs exist within a treatment only."""
    rows = random_rows(8, subjects=30, missing=0.1, kind="parallel")
    table = table_of(rows, kind="parallel")
    chain = reference_chain(table, PLAN)
    assert chain.model is not None
    (test,) = [
        one for one in chain.paired
        if one.group == "after: placebo - drug" and one.quantity == "Glu" and one.sample.startswith("all")
    ]  # fmt: skip
    groups = [
        [row.metabolite for row in rows if (row.treatment, row.time_point) == (name, "after")]
        for name in ("placebo", "drug")
    ]
    expected = stats.ttest_ind(*groups, equal_var=False, nan_policy="omit")
    assert (test.statistic, test.p, test.df) == pytest.approx((expected.statistic, expected.pvalue, expected.df))
    assert test.p_method == "Welch t"
    assert len(chain.changes.subject) == 30 if chain.changes else False
    (change,) = [
        one for one in chain.paired
        if (one.family, one.quantity) == ("change_between_treatments", "change in Glu") and one.sample.startswith("all")
    ]  # fmt: skip
    assert chain.changes is not None
    values = chain.changes.change_metabolite
    sides = [values[chain.changes.of_treatment(name) & np.isfinite(values)] for name in ("placebo", "drug")]
    expected = stats.ttest_ind(*sides, equal_var=False)
    assert (change.statistic, change.p) == pytest.approx((expected.statistic, expected.pvalue))
    ranks = run_ranks(ModelInput(table=table, changes=chain.changes, plan=PLAN))
    (rank_sum,) = [one for one in ranks.tests if one.family == "mann_whitney"]
    levels = chain.changes.change_biomarker
    sides = [levels[chain.changes.of_treatment(name) & np.isfinite(levels)] for name in ("placebo", "drug")]
    assert rank_sum.p == pytest.approx(stats.mannwhitneyu(*sides, method="exact").pvalue)
    assert rank_sum.n == sum(map(len, sides))


def test_a_crossover_compares_the_two_changes_of_a_participant() -> None:
    """By hand from the change table: pairs of participants with both changes."""
    table = table_of(random_rows(8, subjects=20, missing=0.1))
    chain = reference_chain(table, PLAN)
    assert chain.changes is not None
    by_name = [
        dict(zip(np.array(chain.changes.subject)[rows], chain.changes.change_metabolite[rows], strict=True))
        for rows in map(chain.changes.of_treatment, ("placebo", "drug"))
    ]
    both = [name for name in by_name[0] if name in by_name[1] and math.isfinite(by_name[0][name] - by_name[1][name])]
    expected = stats.ttest_rel(*([one[name] for name in both] for one in by_name))
    (found,) = [
        one for one in chain.paired
        if (one.family, one.quantity) == ("change_between_treatments", "change in Glu") and one.sample.startswith("all")
    ]  # fmt: skip
    assert (found.statistic, found.p, found.n) == pytest.approx((expected.statistic, expected.pvalue, len(both)))


BLANK = StatisticalTest(family="", group="", quantity="")


def test_paired_t_by_hand() -> None:
    """Differences 1, 2, 3, 6: mean 3, sd 2.1602, t = 3 / (2.1602 / 2) = 2.7775, df 3."""
    first = {"a": 2.0, "b": 4.0, "c": 6.0, "d": 10.0, "e": NAN, "f": 1.0}
    second = {"d": 4.0, "c": 3.0, "b": 2.0, "a": 1.0, "e": 7.0, "g": 9.0}
    found = paired_t_test(first, second, 0.05, BLANK)
    assert found.n == 4
    assert (found.estimate, found.df) == (3.0, 3.0)
    assert found.statistic == pytest.approx(2.77746, abs=1e-5)
    assert found.p == pytest.approx(float(2 * stats.t.sf(2.77746, 3)), abs=1e-5)


def test_t_tests_without_a_result() -> None:
    assert "1 pairs" in paired_t_test({"a": 1.0}, {"a": 2.0}, 0.05, BLANK).reason
    assert "same in every pair" in paired_t_test({"a": 1.0, "b": 2.0}, {"a": 2.0, "b": 3.0}, 0.05, BLANK).reason
    assert "groups of 1 and 2" in welch_t_test(np.array([1.0]), np.array([1.0, 2.0]), 0.05, BLANK).reason
    assert "same within both" in welch_t_test(np.ones(3), np.zeros(3), 0.05, BLANK).reason


def test_three_treatments() -> None:
    rows = random_rows(9, missing=0.0)
    third = [
        replace(row, treatment="other", period=3) for row in random_rows(10, missing=0.0) if row.treatment == "drug"
    ]
    table = replace(table_of([*rows, *third]), treatments=("placebo", "drug", "other"))
    chain = reference_chain(table, PLAN)
    assert chain.model is not None
    assert [row.term for row in chain.model.hypothesis] == ["change in Glu × drug", "change in Glu × other"]
    assert chain.model.n == 42
    (joint,) = chain.joint
    smaller = np.linalg.lstsq(chain.model.design[:, :4], chain.model.outcome, rcond=None)[0]
    rest = float(np.sum((chain.model.outcome - chain.model.design[:, :4] @ smaller) ** 2))
    rss = float(np.sum(chain.model.residuals**2))
    assert joint.statistic == pytest.approx((rest - rss) / 2 / (rss / 36), rel=1e-9)  # nested models by hand
    assert joint.p == pytest.approx(float(stats.f.sf(joint.statistic, 2, 36)), rel=1e-12)


def test_one_row_alone_carries_a_level_and_it_is_told() -> None:
    rows = random_rows(4, missing=0.0)
    first = {row.subject for row in rows if row.covariates["gene"] == "BB"}
    keep = sorted(first)[0]
    changed = [
        replace(row, covariates={"gene": "BB" if row.subject == keep else "AA"}, metabolite=row.metabolite)
        for row in rows
        if row.subject != keep or row.treatment == "drug"
    ]
    chain = reference_chain(table_of(changed), replace(PLAN, covariates=(Covariate(name="gene", reference="AA"),)))
    model = chain.covariate_models[0].model
    assert model is not None
    assert model.notes == ("1 of the rows has leverage 1: a term rests on one row alone.",)
    assert chain.model is not None and chain.model.notes == ()


def test_the_result_with_and_without_each_rule() -> None:
    """By hand: the model on rows whose exclusion is erased is the model with the rule lifted."""
    rows = random_rows(12, missing=0.0)
    width, crlb = "max_line_width_hz", "max_crlb_percent"
    marks = {3: (width,), 17: (crlb,), 29: (width, crlb)}
    marked = [replace(row, exclusions=marks.get(place, ())) for place, row in enumerate(rows)]
    chain = reference_chain(table_of(marked), PLAN)
    found = {item.lifted: item for item in chain.rule_changes}
    assert list(found) == ["", "max_line_width_hz", "max_crlb_percent", "all rules"]
    assert chain.model is not None
    assert (found[""].estimate, found[""].n) == (chain.model.hypothesis[0].estimate, chain.model.n)
    everything = reference_chain(table_of(rows), PLAN)
    assert everything.model is not None and everything.rule_changes == ()
    assert found["all rules"].p == everything.model.hypothesis[0].p
    assert found["all rules"].n == everything.model.n
    without = [replace(row, exclusions=()) if row.exclusions == (crlb,) else row for row in marked]
    lifted = reference_chain(table_of(without), PLAN).model
    assert lifted is not None and found["max_crlb_percent"].p == lifted.hypothesis[0].p


@pytest.mark.parametrize("kind", ["HC1", "HC3", "CR0", "CR1"])
def test_a_variance_is_never_below_zero_where_rows_fit_exactly(kind: str) -> None:
    """Two rows of the reference treatment determine its line: its variance is 0, which rounding must not turn."""
    treated = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    for seed in range(20):
        random = np.random.default_rng(seed)
        change = random.normal(0, 0.01, 5)
        design = np.column_stack([np.ones(5), change, treated, change * treated])
        fit = robust_least_squares(random.normal(size=5), design, list("abcd"), kind, ("1", "2", "1", "2", "3"))
        assert (fit.se >= 0).all(), (seed, fit.se)
