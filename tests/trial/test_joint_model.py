"""The joint model: its integrals, its derivatives, what it reduces to, and what it gains over complete cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.main_model import main_model
from pharmrs.trial.joint.data import joint_data
from pharmrs.trial.joint.likelihood import ABOVE, BELOW, MEASURED, MISSING, PersonValues, log_likelihood
from pharmrs.trial.joint.model import JointProblem, _change_terms, fit_joint
from pharmrs.trial.joint.structure import Structure
from pharmrs.trial.joint.truncated_normal import truncated_below
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.changes import ChangeTable
from tests.trial.random_trials import TRUTH

LOG_RATIOS = AnalysisPlan(
    time_adjustment="none", biomarker_transform="none", biomarker_change="log_ratio", metabolite_change="log_ratio"
)


def trial(seed: int = 1, subjects: int = 30, **changed: object) -> ChangeTable:
    truth = replace(TRUTH, **changed)  # type: ignore[arg-type]
    table = draw_trial(truth, subjects, np.random.default_rng(seed))
    return change_table(table, LOG_RATIOS)[0]


@pytest.mark.parametrize(("d", "tolerance"), [(1, 1e-12), (2, 2e-6), (3, 1e-4), (4, 5e-4), (5, 5e-3)])
def test_probability_below_a_point(d: int, tolerance: float) -> None:
    """Against scipy's adaptive integration, on covariances with correlations up to about 0.9."""
    generator = np.random.default_rng(d)
    for _ in range(4):
        factor = generator.normal(size=(d, d)) + np.eye(d)
        covariance, mean, upper = (
            factor @ factor.T + 0.3 * np.eye(d),
            generator.normal(size=d),
            generator.normal(size=d),
        )
        expected = (
            stats.norm.cdf(upper[0], mean[0], np.sqrt(covariance[0, 0]))
            if d == 1
            else stats.multivariate_normal.cdf(upper, mean, covariance, abseps=1e-8, releps=1e-8, maxpts=1_000_000)
        )
        found = truncated_below(mean[None], covariance[None], upper[None])
        assert np.exp(found.log_probability[0]) == pytest.approx(expected, rel=tolerance, abs=2e-8)  # abs: scipy's own


def test_moments_below_a_point() -> None:
    """Against 400,000 draws; tolerance 4 standard errors."""
    generator = np.random.default_rng(7)
    covariance = np.array([[1.0, 0.5, 0.2], [0.5, 1.2, -0.3], [0.2, -0.3, 0.8]])
    mean, upper = np.array([0.1, -0.2, 0.3]), np.array([0.5, 0.2, 0.4])
    draws = generator.multivariate_normal(mean, covariance, size=400_000)
    draws = draws[(draws < upper).all(axis=1)]
    found = truncated_below(mean[None], covariance[None], upper[None])
    np.testing.assert_allclose(
        found.mean[0], draws.mean(axis=0), atol=4 * draws.std(axis=0).max() / np.sqrt(len(draws))
    )
    np.testing.assert_allclose(found.covariance[0], np.cov(draws.T), atol=6 * 1.0 / np.sqrt(len(draws)))


def person_values() -> tuple[PersonValues, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(2)
    factor = generator.normal(size=(4, 4)) * 0.4 + np.eye(4)
    state = np.array([[MEASURED] * 4, [MEASURED, MISSING, BELOW, MEASURED], [MEASURED, ABOVE, BELOW, MISSING]])
    data = PersonValues(
        value=generator.normal(size=(3, 4)), state=state, noise=generator.uniform(0, 0.3, (3, 4)),
        design=np.stack([np.ones((3, 4)), np.tile([0.0, 1, 0, 1], (3, 1))], axis=2),
    )  # fmt: skip
    return data, np.array([0.2, -0.1]), factor @ factor.T


def test_likelihood_by_hand() -> None:
    """Person by person: a normal density of what is measured times the conditional probability of what is not."""
    data, means, covariance = person_values()
    center = data.design @ means
    total = 0.0
    for person in range(3):
        full = covariance + np.diag(data.noise[person])
        seen = np.flatnonzero(data.state[person] == MEASURED)
        total += stats.multivariate_normal.logpdf(
            data.value[person, seen], center[person, seen], full[np.ix_(seen, seen)]
        )
        hidden = np.flatnonzero(data.state[person] >= BELOW)
        if len(hidden):
            weights = full[np.ix_(hidden, seen)] @ np.linalg.inv(full[np.ix_(seen, seen)])
            mean = center[person, hidden] + weights @ (data.value[person, seen] - center[person, seen])
            spread = full[np.ix_(hidden, hidden)] - weights @ full[np.ix_(seen, hidden)]
            sign = np.where(data.state[person, hidden] == BELOW, 1.0, -1.0)
            total += np.log(
                stats.multivariate_normal.cdf(
                    sign * data.value[person, hidden], sign * mean, spread * np.outer(sign, sign), abseps=1e-9
                )
            )
    found = log_likelihood(data, means, covariance)
    assert found is not None
    assert found.value == pytest.approx(total, abs=1e-5)


@pytest.mark.parametrize("shared", [True, False])
def test_gradients_are_those_of_the_likelihood(shared: bool) -> None:
    """Central differences of step 1e-5; 2e-3 of the largest allows for the quadrature of censored values."""
    data = joint_data(trial(lower_limit=240.0), adjust_clock=True)
    assert data is not None
    structure = Structure(treatments=2, shared=shared)
    parameters = structure.start(0.3) + 0.05 * np.random.default_rng(3).normal(size=structure.size)
    means = np.random.default_rng(4).normal(0, 0.2, len(data.mean_terms))

    def value(m: np.ndarray, p: np.ndarray) -> float:
        found = log_likelihood(data.values, m, structure.covariance(p))
        assert found is not None
        return found.value

    found = log_likelihood(data.values, means, structure.covariance(parameters))
    assert found is not None
    steps = 1e-5 * np.eye(len(parameters))
    numeric = [(value(means, parameters + s) - value(means, parameters - s)) / 2e-5 for s in steps]
    ours = structure.gradient(parameters, found.by_covariance)
    np.testing.assert_allclose(ours, numeric, atol=2e-3 * np.max(np.abs(ours)))
    steps = 1e-5 * np.eye(len(means))
    numeric = [(value(means + s, parameters) - value(means - s, parameters)) / 2e-5 for s in steps]
    np.testing.assert_allclose(found.by_means, numeric, atol=2e-3 * np.max(np.abs(found.by_means)))


def test_terms_of_the_change_are_those_of_least_squares() -> None:
    """A crossover of two treatments and two periods: an intercept and a slope each, and the second period."""
    data = joint_data(trial(subjects=12), adjust_clock=False)
    assert data is not None and _change_terms(data) == 2 + 2 + 1


def test_curvature_is_that_of_the_likelihood() -> None:
    """Second differences of the values (not of the gradient), where the likelihood is curved enough to be left as it
    is; 1 % of the largest allows for their step."""
    data = joint_data(trial(subjects=12), adjust_clock=False)
    assert data is not None
    problem = JointProblem(data, Structure(treatments=2, shared=True))
    _, at = problem.maximise(np.append(np.zeros(problem.means), problem.structure.start(0.3)))
    step = 1e-3 * np.eye(len(at))

    def value(moved: np.ndarray) -> float:
        return problem.negative(moved)[0]

    bent = [
        [(value(at + a + b) - value(at + a - b) - value(at - a + b) + value(at - a - b)) / 4e-6 for a in step]
        for b in step
    ]
    np.testing.assert_allclose(problem.curvature(at), bent, atol=0.01 * np.max(np.abs(bent)))


def test_parallel_trial_without_noise_or_loss_is_near_least_squares() -> None:
    """One treatment each, nothing missing, censored or measured with error: close to OLS of the log changes.

    Not equal: randomised groups have the same expected baseline, which the model uses and the changes do not.
    """
    changes = trial(subjects=60, kind="parallel", metabolite_error_sd=0.0, biomarker_error_sd=0.0)
    fit = fit_joint(changes, adjust_clock=False, effects=False)
    slope, interaction = (main_model(changes, LOG_RATIOS).estimates[place] for place in (1, 3))
    assert abs(fit.slope.estimate - slope.estimate) < 0.3 * slope.se
    assert abs(fit.interactions[0].estimate - interaction.estimate) < 0.3 * interaction.se
    assert fit.interactions[0].ci_high - fit.interactions[0].ci_low == pytest.approx(
        interaction.ci_high - interaction.ci_low, rel=0.1
    )
    assert (fit.pairs, fit.complete, fit.censored, fit.df) == (60, 60, 0, 56)


def test_a_censored_value_counts_but_does_not_invent() -> None:
    """A limit far below everything says nothing: results move by no more than rounding of the integral."""
    changes = trial(subjects=24)
    plain = fit_joint(changes, adjust_clock=False, effects=False)
    biomarker, limit, side = changes.biomarker.copy(), changes.biomarker_limit.copy(), changes.biomarker_censored.copy()
    biomarker[3, 1], limit[3, 1], side[3, 1] = np.nan, 1e9, -1
    censored = fit_joint(
        replace(changes, biomarker=biomarker, biomarker_limit=limit, biomarker_censored=side),
        adjust_clock=False, effects=False,
    )  # fmt: skip
    missing = fit_joint(replace(changes, biomarker=biomarker), adjust_clock=False, effects=False)
    assert censored.slope.estimate == pytest.approx(missing.slope.estimate, abs=1e-3)
    assert (plain.censored, censored.censored, missing.censored) == (0, 1, 0)


def test_order_and_labels_and_units_do_not_matter() -> None:
    changes = trial(subjects=16, lower_limit=240.0, missing_metabolite=0.05)
    first = fit_joint(changes, adjust_clock=False, effects=False)
    order = np.random.default_rng(5).permutation(len(changes))
    moved = {
        name: getattr(changes, name)[order]
        for name in ("period", "clock_time_h", "metabolite", "metabolite_sd", "biomarker", "biomarker_sd",
                     "biomarker_censored", "biomarker_limit", "biomarker_level", "change_metabolite",
                     "change_metabolite_sd", "change_biomarker")
    }  # fmt: skip
    for name in ("biomarker", "biomarker_sd", "biomarker_limit"):
        moved[name] = 0.001 * moved[name]
    other = replace(
        changes, **moved,
        subject=tuple("x" + changes.subject[i][::-1] for i in order),
        treatment=tuple(changes.treatment[i] for i in order),
        sequence=tuple(changes.sequence[i] for i in order),
    )  # fmt: skip
    second = fit_joint(other, adjust_clock=False, effects=False)
    assert second.interactions[0].estimate == pytest.approx(first.interactions[0].estimate, abs=2e-3)
    assert second.interactions[0].ci_high == pytest.approx(first.interactions[0].ci_high, abs=5e-3)


def test_hard_data_have_a_stated_outcome() -> None:
    changes = trial(subjects=12)
    nothing = np.zeros(len(changes), dtype=bool)
    below = replace(
        changes, biomarker=np.full_like(changes.biomarker, np.nan),
        biomarker_limit=np.full_like(changes.biomarker, 50.0),
        biomarker_censored=np.full_like(changes.biomarker_censored, -1),
    )  # fmt: skip
    for table, reason in (
        (changes.where(nothing), "no rows"),
        (below, "censored"),
        (changes.where(np.arange(len(changes)) < 6), "pairs with metabolite and biomarker changes"),
        (changes.where(changes.of_treatment("drug")), "fewer than 3 pairs under placebo"),
        (replace(changes, metabolite=np.full_like(changes.metabolite, 9.0)), "constant"),
    ):
        with pytest.raises(NotEstimable, match=reason):
            fit_joint(table, adjust_clock=False)


def test_large_trials_reveal_the_truth_that_complete_cases_miss() -> None:
    """500 participants, a seventh of the biomarkers below the limit, errors of 6 %: the difference of slopes is 2.5."""
    changes = trial(4, subjects=500, lower_limit=240.0, metabolite_error_sd=0.06)
    (joint,) = fit_joint(changes, adjust_clock=False, effects=False).interactions
    assert joint.ci_low < 2.5 < joint.ci_high
    assert main_model(changes, LOG_RATIOS).estimates[3].ci_high < 2.5


@pytest.mark.long
def test_coverage_and_bias_at_the_censoring_of_the_reference_study() -> None:
    """600 trials of 35 participants, 16 % of values below the limit (31 of 210 there): coverage 93 to 97 %, less bias.

    The observed coverage itself must lie in the band: nothing is added for the Monte Carlo error (0.9 % of 600 trials),
    so that a method that truly covers 93 or 97 % fails every second time. A profile that does not close counts as not
    covered. The method was settled on other seeds (20000 on).
    """
    truth, covered, errors, complete_errors = 2.5, [], [], []
    for seed in range(5000, 5600):
        changes = trial(seed, subjects=35, lower_limit=210.0, missing_metabolite=0.03, missing_biomarker=0.02)
        (joint,) = fit_joint(changes, adjust_clock=False, effects=False).interactions
        covered.append(joint.ci_low <= truth <= joint.ci_high)
        errors.append(joint.estimate - truth)
        complete_errors.append(main_model(changes, LOG_RATIOS).estimates[3].estimate - truth)
    assert 0.93 <= np.mean(covered) <= 0.97
    assert abs(np.mean(errors)) < 0.5 * abs(np.mean(complete_errors))
