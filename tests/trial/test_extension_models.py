"""Every extension model: what it computes on known data, and that hard data have a stated outcome."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pharmrs.trial.chain.change_design import change_model
from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.joint import posterior
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.models import resampling as extension_resampling
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.models.changes import run_within
from pharmrs.trial.models.extension import ModelInput
from pharmrs.trial.models.registry import MODELS
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.records.analysis import AnalysisPlan, ModelOutcome
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.multiverse import MultiversePlan
from pharmrs.trial.records.observations import ObservationTable
from pharmrs.trial.regression.cluster_robust import robust_least_squares
from pharmrs.trial.tests.bootstrap import bca_interval, leave_one_out
from pharmrs.trial.tests.permutation import permutation_p, permuted_treatments
from pharmrs.trial.tests.resampling_weights import clustered_fits, weighted_estimates
from tests.trial import random_trials
from tests.trial.surrogate import PAPER_PLAN, surrogate_table

FEW = MultiversePlan(quality=("declared",), metabolite=("log_ratio",), outcome=("log difference",), permutations=20)
PLAN = AnalysisPlan(
    models=tuple(MODELS), biomarker_transform="log", biomarker_change="difference", multiverse=FEW
)  # fmt: skip
TRUTH = replace(random_trials.TRUTH, lower_limit=200.0, missing_metabolite=0.05)


# two periods, several treatments a person; no margins, exposures, contrasts or doses declared
REFUSED = ("carry_over", "equivalence", "exposure", "contrasts", "dose_response")


@pytest.fixture(scope="module", autouse=True)
def _few_draws() -> Iterator[None]:
    """Fewer random draws than the product makes: the tests are about what is drawn, not how often."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extension_resampling, "_MEDIAN_SAMPLES", 40)
        patch.setattr(extension_resampling, "PERMUTATIONS", 300)
        for name, number in (("_STEPS", 60), ("_WARM_UP", 10), ("_LEAST_DRAWS", 1)):
            patch.setattr(posterior, name, number)
        yield


def table(seed: int = 1, subjects: int = 30, **changed: object) -> ObservationTable:
    return draw_trial(replace(TRUTH, **changed), subjects, np.random.default_rng(seed))  # type: ignore[arg-type]


def outcomes(observations: ObservationTable, plan: AnalysisPlan = PLAN) -> dict[str, ModelOutcome]:
    return {model.name: model for model in analyse(observations, plan).models}


@pytest.fixture(scope="module")
def crossover() -> dict[str, ModelOutcome]:
    return outcomes(table())


@pytest.mark.parametrize("name", [name for name in MODELS if name not in REFUSED])
def test_every_model_answers_on_a_crossover(name: str, crossover: dict[str, ModelOutcome]) -> None:
    found = crossover[name]
    assert not found.reason
    assert found.methods
    assert found.estimates or found.tests
    for estimate in found.estimates:
        assert estimate.n > 0
        assert estimate.subjects > 0
        assert np.isfinite(estimate.estimate)


def test_models_of_the_interaction_agree_on_its_sign(crossover: dict[str, ModelOutcome]) -> None:
    """A planted difference of 2.5 with 30 participants: no model of it may tell another story."""
    about = {name: model for name, model in crossover.items() if not MODELS[name].of_effects}
    tested = {name: one for name, model in about.items() for one in model.estimates if one.hypothesis}
    assert len(tested) >= 15
    assert all(one.estimate > 0 for one in tested.values())
    intervals = [one for one in tested.values() if np.isfinite(one.ci_low)]
    assert all(one.ci_low < one.estimate < one.ci_high for one in intervals)


def test_a_parallel_trial_states_what_it_cannot_say() -> None:
    found = outcomes(table(kind="parallel", subjects=60))
    refused = {name for name, model in found.items() if model.reason}
    assert refused == {"period", "within", "mixed", "crossover", "carry_over", "symmetry", "equivalence",
                       "exposure", "contrasts", "dose_response"}  # fmt: skip
    assert "no participant has two rows" in found["mixed"].reason
    assert "same period" in found["period"].reason


@pytest.mark.parametrize("subjects", [1, 2, 3, 4])
def test_tiny_trials_are_no_crash(subjects: int) -> None:
    for found in outcomes(table(subjects=subjects)).values():
        assert found.reason or found.tests or found.estimates


@pytest.mark.parametrize(
    "changed",
    [
        {"lower_limit": 1e9},
        {"missing_metabolite": 1.0},
        {"missing_biomarker": 1.0},
        {"lower_limit": 400.0, "missing_metabolite": 0.4},
        {"metabolite_change_sd": 0.0, "metabolite_error_sd": 0.0, "metabolite_visit_sd": 0.0},
    ],
)
def test_nothing_measured_or_nothing_varying_is_no_crash(changed: dict[str, object]) -> None:
    for found in outcomes(table(subjects=12, **changed)).values():
        assert found.reason or found.tests or found.estimates


def test_results_are_the_same_every_time_whatever_the_order() -> None:
    observations = table(subjects=9)
    order = np.random.default_rng(0).permutation(len(observations.rows))
    shuffled = ObservationTable.of(
        [observations.rows[place] for place in order], kind="crossover", treatments=observations.treatments,
        baseline=observations.baseline, follow_up=observations.follow_up,
    )  # fmt: skip
    assert repr(outcomes(observations)) == repr(outcomes(shuffled))  # NaN differs from itself


def test_log_ratios_do_not_depend_on_the_unit() -> None:
    observations = table(subjects=20)
    nano = observations.mapped(
        lambda row: replace(row, biomarker=row.biomarker / 1000, biomarker_limit=row.biomarker_limit / 1000)
    )
    plan = replace(PLAN, models=("log_ratio", "tobit"))
    for one, other in zip(outcomes(observations, plan).values(), outcomes(nano, plan).values(), strict=True):
        for a, b in zip(one.estimates, other.estimates, strict=True):
            if a.hypothesis:
                assert b.estimate == pytest.approx(a.estimate, rel=1e-6)
                assert b.p == pytest.approx(a.p, rel=1e-6)


def complete(seed: int = 1, subjects: int = 24, **changed: object) -> ChangeTable:
    found, _ = change_table(table(seed, subjects, lower_limit=0.0, missing_metabolite=0.0, **changed), PLAN)
    return found


def test_batched_fits_are_those_one_by_one() -> None:
    model = change_model(complete(), PLAN)
    matrix, people = model.design.matrix, PersonRows.of(model.subject)
    one = robust_least_squares(model.outcome, matrix, model.design.terms, "CR1", model.subject)
    many = clustered_fits(model.outcome, np.stack([matrix, 2 * matrix, 0 * matrix]), people)
    np.testing.assert_allclose(many.estimate[0], one.estimate, rtol=1e-9)
    np.testing.assert_allclose(many.se[0], one.se, rtol=1e-9)
    np.testing.assert_allclose(many.estimate[1], one.estimate / 2, rtol=1e-9)
    assert many.usable.tolist() == [True, True, False]
    doubled, usable = weighted_estimates(model.outcome, matrix, people, np.full((1, len(people)), 2.0))
    assert usable.all()
    np.testing.assert_allclose(doubled[0], one.estimate, rtol=1e-9)


def test_own_intercepts_are_an_indicator_per_participant() -> None:
    """The same coefficients, CR2 errors and degrees of freedom as with a column for every participant."""
    model = change_model(complete(), PLAN)
    kept = np.arange(len(model.outcome)) != 5  # one participant with a single row
    subject = np.array(model.subject)[kept]
    columns = [(subject == name).astype(float) for name in sorted(set(subject))[1:]]
    matrix = np.column_stack([model.design.matrix[kept], *columns])
    terms = [str(column) for column in range(matrix.shape[1])]
    dense = robust_least_squares(model.outcome[kept], matrix, terms, "CR2", list(subject))
    rows = replace(model.rows.where(kept), change_biomarker=model.outcome[kept])
    observations = table(subjects=4)
    found = run_within(ModelInput(table=observations, changes=rows, plan=PLAN)).estimates
    for place, one in enumerate(found, start=1):
        assert (one.estimate, one.se, one.df) == pytest.approx(
            (dense.estimate[place], dense.se[place], dense.df[place]), rel=1e-9
        )


def test_leaving_a_participant_out_is_fitting_without_his_rows() -> None:
    model = change_model(complete(), PLAN)
    found, names = leave_one_out(model.outcome, model.design.matrix, model.subject)
    kept = np.array(model.subject) != names[3]
    again = np.linalg.lstsq(model.design.matrix[kept], model.outcome[kept], rcond=None)[0]
    np.testing.assert_allclose(found[3], again, rtol=1e-9)


def test_bca_interval_is_scipys_when_rows_are_independent() -> None:
    """One row per participant and a mean: scipy's BCa with another generator; 3 % of the width for 4000 samples."""
    values = np.random.default_rng(3).exponential(1.0, 40)
    subjects = tuple(f"S{number:02d}" for number in range(40))
    ours = bca_interval(values, np.ones((40, 1)), subjects, seed=1)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, rng=2, method="BCa").confidence_interval
    width = theirs.high - theirs.low
    assert ours.ci_low[0] == pytest.approx(theirs.low, abs=0.03 * width)
    assert ours.ci_high[0] == pytest.approx(theirs.high, abs=0.03 * width)


def test_permutations_respect_the_crossover() -> None:
    changes = complete(subjects=20)
    rows = changes.where(np.arange(len(changes)) != 7)
    drawn = permuted_treatments(rows, 200, 4, changes)
    subjects, periods = np.array(rows.subject), rows.period.astype(int)
    for draw in drawn:
        for name in set(rows.subject):
            assert len(set(draw[subjects == name])) == int(np.sum(subjects == name))  # never the same treatment twice
        first = [draw[(subjects == name) & (periods == 1)] for name in sorted(set(rows.subject))]
        assert sum(int(one[0]) for one in first if len(one)) in (9, 10)  # as many sequences of each kind as there were
    assert len({tuple(draw) for draw in drawn.tolist()}) > 190
    np.testing.assert_array_equal(drawn, permuted_treatments(rows, 200, 4, changes))


def test_permutations_need_periods_and_people() -> None:
    changes = complete(subjects=20)
    with pytest.raises(NotEstimable, match="period is not known"):
        permuted_treatments(replace(changes, period=np.full(len(changes), np.nan)), 10, 1)
    with pytest.raises(NotEstimable, match="3 participants"):
        permuted_treatments(complete(subjects=3), 10, 1)


def test_permutation_p_by_hand() -> None:
    """2 of 4 permuted reach |2|, the observed one is counted: 3/5."""
    assert permutation_p(-2.0, np.array([2.0, -3.0, 1.0, 0.5, np.nan])) == pytest.approx(0.6)
    assert np.isnan(permutation_p(np.nan, np.array([1.0])))


@pytest.mark.long
def test_permutation_test_keeps_its_level() -> None:
    """60 trials without interaction but with a main effect: p below 0.2 in 20 % of them, between 6 and 19 at 98 %."""
    low = 0
    plan = replace(PLAN, models=("permutation",))
    for seed in range(60):
        (found,) = outcomes(table(seed, 16, slopes=(1.0, 1.0), biomarker_changes=(0.0, 0.5)), plan).values()
        low += found.estimates[0].p < 0.2
    assert stats.binom.ppf(0.01, 60, 0.2) <= low <= stats.binom.ppf(0.99, 60, 0.2)


def test_surrogate_of_the_reference_study() -> None:
    """README of the surrogate: the models run; their p values are by-products of its seed, so none is compared."""
    found = outcomes(surrogate_table(), replace(PAPER_PLAN, models=tuple(MODELS), multiverse=FEW))
    assert {name for name, model in found.items() if model.reason} == {
        "errors_in_variables", "simex", "carry_over", "equivalence", "exposure", "contrasts", "dose_response",
    }  # fmt: skip
    assert "46 of 46 rows" in found["simex"].reason
    assert found["joint"].facts["complete_pairs"] == 46
    (interaction,) = [one for one in found["cr2"].estimates if one.hypothesis]
    assert round(interaction.estimate, 3) == 1.005


def test_mediation_adds_up_and_is_never_declared() -> None:
    """Product and difference of coefficients are the same in least squares; the spread is near Sobel's delta method,
    sqrt(a^2 var b + b^2 var a), with both variances by least squares.
    """
    drawn = table(5, 120, slopes=(1.0, 1.0), metabolite_changes=(0.0, 0.15), biomarker_changes=(0.0, 0.1))
    result = analyse(drawn, replace(PLAN, models=("mediation",)))
    (found,) = result.models
    assert not found.declared
    assert "assumptions" in found.misses
    indirect, direct, total = found.estimates
    changes = result.chain.changes
    assert changes is not None
    rows = changes.where(changes.complete)
    treated = (rows.of_treatment("drug")).astype(float)
    second = (rows.period == 2).astype(float)
    base = np.column_stack([np.ones(len(rows)), treated, second])
    full = np.column_stack([base, rows.change_metabolite])

    def least_squares(x: np.ndarray, y: np.ndarray, k: int) -> tuple[float, float]:
        at, rest, *_ = np.linalg.lstsq(x, y, rcond=None)
        return float(at[k]), float(rest[0] / (len(y) - x.shape[1]) * np.linalg.inv(x.T @ x)[k, k])

    a, var_a = least_squares(base, rows.change_metabolite, 1)
    b, var_b = least_squares(full, rows.change_biomarker, 3)
    assert total.estimate == pytest.approx(least_squares(base, rows.change_biomarker, 1)[0], rel=1e-9)
    assert (indirect.estimate, direct.estimate + indirect.estimate) == pytest.approx((a * b, total.estimate), rel=1e-9)
    assert indirect.se == pytest.approx(math.sqrt(a**2 * var_b + b**2 * var_a), rel=0.25)
    assert indirect.ci_low < a * b < indirect.ci_high
