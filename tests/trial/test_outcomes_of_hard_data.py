"""Data that a method cannot use give a stated reason; numbers do not depend on order, labels or units."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.least_squares.coefficients import Coefficients
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.records.analysis import StatisticalTest
from pharmrs.trial.regression.censored_regression import fit_tobit
from pharmrs.trial.regression.censored_summary import (
    kaplan_meier_summary,
    lognormal_summary,
    plotting_positions,
    regression_on_order_statistics,
)
from pharmrs.trial.regression.cluster_robust import robust_least_squares
from pharmrs.trial.regression.m_estimation import fit_m, fit_mm
from pharmrs.trial.regression.measurement_error import errors_in_variables, simex
from pharmrs.trial.regression.mixed_model import fit_mixed
from pharmrs.trial.regression.quantile_regression import fit_quantile
from pharmrs.trial.regression.regression_diagnostics import breusch_pagan, nested_f
from pharmrs.trial.tests.p_adjustment import adjusted, benjamini_hochberg, holm
from pharmrs.trial.tests.rank_tests import kendall, levene, mann_whitney, wilcoxon_signed_rank

TERMS = ("intercept", "x", "treated", "x:treated")
Fit = Callable[[FloatArray, FloatArray, list[str]], object]


def trial(seed: int = 3, persons: int = 20) -> tuple[FloatArray, FloatArray, list[str]]:
    """Two rows per person: outcome, design with an interaction, person of each row."""
    generator = np.random.default_rng(seed)
    subject = [f"S{number:02d}" for number in range(persons) for _ in range(2)]
    treated = np.tile([0.0, 1.0], persons)
    x = generator.normal(0, 0.2, 2 * persons)
    own = np.repeat(generator.normal(0, 0.3, persons), 2)
    outcome = 0.1 - x - 0.3 * treated + 2 * x * treated + own + generator.normal(0, 0.3, 2 * persons)
    return outcome, np.column_stack([np.ones(2 * persons), x, treated, x * treated]), subject


def loadings(design: FloatArray) -> FloatArray:
    return np.column_stack([0 * design[:, 0], np.ones(len(design)), 0 * design[:, 0], design[:, 2]])


FITS: dict[str, Fit] = {
    "HC3": lambda y, x, s: robust_least_squares(y, x, TERMS, "HC3"),
    "CR2": lambda y, x, s: robust_least_squares(y, x, TERMS, "CR2", s),
    "mixed": lambda y, x, s: fit_mixed(y, x, TERMS, {"subject": s}),
    "compound symmetry": lambda y, x, s: fit_mixed(y, x, TERMS, {"subject": s}, bounded=False),
    "tobit": lambda y, x, s: fit_tobit(y, np.zeros(len(y)), x, TERMS),
    "Huber": lambda y, x, s: fit_m(y, x, TERMS, "Huber"),
    "MM": lambda y, x, s: fit_mm(y, x, TERMS, starts=60),
    "median": lambda y, x, s: fit_quantile(y, x, TERMS),
    "errors in variables": lambda y, x, s: errors_in_variables(y, x, loadings(x), np.full(len(y), 0.05), TERMS, s),
    "SIMEX": lambda y, x, s: simex(y, x, loadings(x), np.full(len(y), 0.05), TERMS, seed=1, replicates=20),
    "Breusch-Pagan": lambda y, x, s: breusch_pagan(y, x),
    "nested F": lambda y, x, s: nested_f(y, x[:, :3], x),
}


@pytest.mark.parametrize("name", FITS)
def test_a_usable_trial_is_fitted(name: str) -> None:
    assert FITS[name](*trial()) is not None


@pytest.mark.parametrize("name", FITS)
def test_three_rows_are_too_few(name: str) -> None:
    outcome, design, subject = trial()
    with pytest.raises(NotEstimable, match="3 rows, at least 4"):
        FITS[name](outcome[:3], design[:3], subject[:3])


@pytest.mark.parametrize("name", FITS)
def test_no_rows_at_all(name: str) -> None:
    outcome, design, _ = trial()
    with pytest.raises(NotEstimable, match="0 rows"):
        FITS[name](outcome[:0], design[:0], [])


@pytest.mark.parametrize("name", FITS)
def test_as_many_rows_as_terms(name: str) -> None:
    outcome, design, subject = trial()
    with pytest.raises(NotEstimable, match="4 rows for 4 coefficients"):
        FITS[name](outcome[:4], design[:4], subject[:4])


@pytest.mark.parametrize("name", FITS)
def test_constant_outcome(name: str) -> None:
    outcome, design, subject = trial()
    with pytest.raises(NotEstimable, match="constant"):
        FITS[name](np.full_like(outcome, 0.3), design, subject)


@pytest.mark.parametrize("name", FITS)
def test_one_treatment_only_is_singular(name: str) -> None:
    outcome, design, subject = trial()
    design = np.array(design)
    design[:, 2:] = 0.0
    with pytest.raises(NotEstimable, match=r"singular.*(treated|column 3).*(x:treated|column 4)"):
        FITS[name](outcome, design, subject)


@pytest.mark.parametrize("name", FITS)
def test_missing_values_are_the_callers_decision(name: str) -> None:
    outcome, design, subject = trial()
    outcome = np.where(np.arange(len(outcome)) == 5, np.nan, outcome)
    with pytest.raises(ValueError, match="finite"):
        FITS[name](outcome, design, subject)


@pytest.mark.parametrize("name", ["HC3", "CR2", "mixed", "compound symmetry", "tobit", "Huber", "errors in variables"])
@given(seed=st.integers(0, 10_000), factor=st.sampled_from([1e-6, 0.01, 3.0, 1e5]))
def test_order_labels_and_unit_of_the_outcome_do_not_matter(name: str, seed: int, factor: float) -> None:
    outcome, design, subject = trial(seed, 12)
    order = np.random.default_rng(seed).permutation(len(outcome))
    renamed = [f"{99 - int(subject[row][1:])}-x" for row in order]

    def coefficients(found: object) -> Coefficients:
        found = getattr(found, "satterthwaite", found)
        found = getattr(found, "coefficients", found)
        assert isinstance(found, Coefficients)
        return found

    one = coefficients(FITS[name](outcome, design, subject))
    other = coefficients(FITS[name](factor * outcome[order], design[order], renamed))
    scale = np.max(np.abs(one.estimate))
    np.testing.assert_allclose(other.estimate / factor, one.estimate, rtol=1e-5, atol=1e-6 * scale)
    np.testing.assert_allclose(other.se / factor, one.se, rtol=1e-5)


def test_a_variance_component_at_zero_is_said() -> None:
    """Two rows of a person that differ by construction: less alike than strangers, so that the component is zero."""
    outcome, design, subject = trial()
    noise = np.random.default_rng(1).normal(0, 1, len(outcome) // 2)
    outcome = outcome + 3 * np.column_stack([noise, -noise]).ravel()
    bounded = fit_mixed(outcome, design, TERMS, {"subject": subject})
    assert bounded.singular
    assert bounded.components["subject"] == 0
    assert "variance component is zero" in bounded.kenward_roger.notes[0]
    ordinary = robust_least_squares(outcome, design, TERMS, "HC1")
    np.testing.assert_allclose(bounded.satterthwaite.estimate, ordinary.estimate, rtol=1e-8)
    free = fit_mixed(outcome, design, TERMS, {"subject": subject}, bounded=False)
    assert free.components["subject"] < 0
    assert free.deviance < bounded.deviance
    assert free.kenward_roger.se[2] > bounded.kenward_roger.se[2]


def test_groups_that_cannot_carry_a_variance() -> None:
    outcome, design, subject = trial()
    with pytest.raises(NotEstimable, match="no subject has two rows"):
        fit_mixed(outcome, design, TERMS, {"subject": [str(row) for row in range(len(outcome))]})
    with pytest.raises(NotEstimable, match="same subject"):
        fit_mixed(outcome, design, TERMS, {"subject": ["S1"] * len(outcome)})
    with pytest.raises(NotEstimable, match="one participant"):
        robust_least_squares(outcome, design, TERMS, "CR2", ["S1"] * len(outcome))
    two = [0, 1, 2, 3, 5]  # two participants with both rows, one with one: the residual has one degree of freedom
    with pytest.raises(NotEstimable, match="do not tell the variance components apart"):
        fit_mixed(outcome[two], design[two], TERMS, {"subject": [subject[row] for row in two]})
    with pytest.raises(NotEstimable, match="reproduce the outcome exactly"):
        fit_mixed(design @ np.arange(1.0, 5.0), design, TERMS, {"subject": subject})


def test_tobit_separation_and_all_censored() -> None:
    outcome, design, _ = trial()
    with pytest.raises(NotEstimable, match="every value is censored"):
        fit_tobit(outcome, -np.ones(len(outcome)), design, TERMS)
    with pytest.raises(NotEstimable, match=r"separation.*treated"):
        fit_tobit(outcome, np.where(design[:, 2] == 1, -1.0, 0.0), design, TERMS)


def test_tobit_without_censoring_is_least_squares() -> None:
    outcome, design, _ = trial()
    fit = fit_tobit(outcome, np.zeros(len(outcome)), design, TERMS)
    ordinary = robust_least_squares(outcome, design, TERMS, "HC1")
    np.testing.assert_allclose(fit.coefficients.estimate, ordinary.estimate, rtol=1e-9)
    residual = outcome - design @ ordinary.estimate
    assert fit.scale == pytest.approx(np.sqrt(np.mean(residual**2)), rel=1e-9)


def test_tobit_mirrored_is_the_same() -> None:
    outcome, design, _ = trial()
    side = np.where(outcome < -0.2, -1.0, 0.0)
    lower = fit_tobit(np.maximum(outcome, -0.2), side, design, TERMS)
    upper = fit_tobit(-np.maximum(outcome, -0.2), -side, design, TERMS)
    np.testing.assert_allclose(upper.coefficients.estimate, -lower.coefficients.estimate, rtol=1e-7)
    np.testing.assert_allclose(upper.coefficients.se, lower.coefficients.se, rtol=1e-7)


def test_censored_summaries_state_why_not() -> None:
    values = np.array([5.0, 6, 7, 8, 9])
    for summary in (lognormal_summary, regression_on_order_statistics, kaplan_meier_summary):
        with pytest.raises(NotEstimable, match="every value is censored"):
            summary(values, np.ones(5, dtype=bool))
        with pytest.raises(NotEstimable, match="n = 3"):
            summary(values[:3], np.zeros(3, dtype=bool))
    for summary in (lognormal_summary, regression_on_order_statistics):
        with pytest.raises(NotEstimable, match="positive"):
            summary(values - 6, np.zeros(5, dtype=bool))
        with pytest.raises(NotEstimable, match="two different"):
            summary(np.array([5.0, 5, 5, 7]), np.array([True, True, True, False]))


def test_plotting_positions_by_hand() -> None:
    """Two limits, 3 and 10: values <3, 4, <10, 12, 15. Exceedance of 10: 2/5; of 3: 0.4 + 1/(1 + 1) * 0.6 = 0.7."""
    values = np.array([3.0, 4, 10, 12, 15])
    censored = np.array([True, False, True, False, False])
    expected = [0.3 / 2, 0.3 + 0.3 / 2, 0.6 / 2, 0.6 + 0.4 / 3, 0.6 + 0.8 / 3]
    np.testing.assert_allclose(plotting_positions(values, censored), expected, rtol=1e-12)


def test_kaplan_meier_by_hand() -> None:
    """<5, 4, 6, <7, 8: P(8) = 1/5; at 6, of 3 at or below, 1/3 of 4/5; the rest at 4."""
    found = kaplan_meier_summary(np.array([5.0, 4, 6, 7, 8]), np.array([True, False, False, True, False]))
    assert found.mean == pytest.approx(8 / 5 + 6 * 4 / 15 + 4 * 8 / 15)
    assert found.median == 4 or np.isclose(found.median, 4)


def test_rank_tests_state_why_not_and_cope_with_ties() -> None:
    same, rising = np.full(6, 2.0), np.arange(6.0)
    for call, reason in (
        (lambda: kendall(rising[:3], rising[:3]), "n = 3"),
        (lambda: kendall(same, rising), "constant"),
        (lambda: wilcoxon_signed_rank(rising, rising), "0 pairs differ"),
        (lambda: mann_whitney(same, same), "all values are equal"),
        (lambda: levene(same, same), "no sample varies"),
        (lambda: mann_whitney(rising[:2], rising), "n = 2"),
    ):
        with pytest.raises(NotEstimable, match=reason):
            call()
    with pytest.raises(ValueError, match="pairs need two values"):
        wilcoxon_signed_rank(rising, rising[:5])
    assert "normal" in kendall(np.array([1.0, 1, 2, 3, 4, 5]), rising).p_method
    assert "normal" in wilcoxon_signed_rank(rising, rising + np.array([1.0, 1, 2, -3, 4, 5])).p_method


def test_error_larger_than_the_signal_is_refused() -> None:
    outcome, design, subject = trial()
    with pytest.raises(NotEstimable, match="measurement error leaves"):
        errors_in_variables(outcome, design, loadings(design), np.full(len(outcome), 0.5), TERMS, subject)
    with pytest.raises(NotEstimable, match="missing"):
        errors_in_variables(outcome, design, loadings(design), np.full(len(outcome), np.nan), TERMS, subject)
    with pytest.raises(NotEstimable, match="zero"):
        simex(outcome, design, loadings(design), np.zeros(len(outcome)), TERMS, seed=1)


def test_errors_in_variables_is_less_biased_than_least_squares() -> None:
    """Slope 2 with reliability 0.64: least squares tends to 1.28. 400 persons x 2, so that the bias is clear."""
    generator = np.random.default_rng(5)
    persons = 400
    x = generator.normal(0, 0.2, 2 * persons)
    seen = x + generator.normal(0, 0.15, 2 * persons)
    outcome = 0.1 + 2 * x + generator.normal(0, 0.3, 2 * persons)
    design = np.column_stack([np.ones(2 * persons), seen])
    move = np.column_stack([np.zeros(2 * persons), np.ones(2 * persons)])
    subject = [str(row // 2) for row in range(2 * persons)]
    sd = np.full(2 * persons, 0.15)
    corrected = errors_in_variables(outcome, design, move, sd, ("intercept", "x"), subject)
    extrapolated = simex(outcome, design, move, sd, ("intercept", "x"), seed=2, replicates=50)
    assert corrected.estimate[1] == pytest.approx(2.0, abs=3 * corrected.se[1])
    ordinary = robust_least_squares(outcome, design, ("intercept", "x"), "HC3")
    assert ordinary.ci_high[1] < 1.6
    assert ordinary.estimate[1] < extrapolated.estimate[1] < 2.2


def test_p_is_adjusted_within_its_family_and_sample() -> None:
    """Holm and Benjamini-Hochberg of .01, .04: .02, .04. A single test is not adjusted, one without p not counted."""
    given = [("a", "all", 0.01), ("b", "all", 0.02), ("a", "all", 0.04), ("a", "all", np.nan), ("a", "some", 0.03)]
    found = adjusted([StatisticalTest(family=f, sample=s, group="", quantity="", p=p) for f, s, p in given])
    np.testing.assert_allclose([test.p_holm for test in found], [0.02, 0.02, 0.04, np.nan, 0.03])
    np.testing.assert_allclose([test.p_bh for test in found], [0.02, 0.02, 0.04, np.nan, 0.03])


def test_adjusted_p_leaves_missing_ones_out() -> None:
    p = [0.01, np.nan, 0.04]
    np.testing.assert_allclose(holm(p), [0.02, np.nan, 0.04])
    np.testing.assert_allclose(benjamini_hochberg(p), [0.02, np.nan, 0.04])
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.2, 1.2])
