"""The joint model with priors: many likelihoods at once are those one at a time; draws lie where the maximum does."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.error_rates import NULL, PLAN, trials

from pharmrs.trial.joint.likelihood import log_likelihood, log_likelihoods
from pharmrs.trial.joint.model import fit_joint, joint_problem
from pharmrs.trial.models.analyse import analyse


def test_many_likelihoods_at_once_are_those_one_at_a_time() -> None:
    (given,) = trials(NULL, 30, range(2, 3))
    problem, start = joint_problem(given.changes, adjust_clock=True)
    random = np.random.default_rng(1)
    several = start + 0.05 * random.standard_normal((4, len(start)))
    split = problem.means
    covariances = np.array([problem.structure.covariance(one[split:]) for one in several])
    found = log_likelihoods(problem.data.values, several[:, :split], covariances)
    for value, one, covariance in zip(found, several, covariances, strict=True):
        alone = log_likelihood(problem.data.values, one[:split], covariance)
        assert alone is not None
        assert value == pytest.approx(alone.value, rel=1e-12)


def test_without_emcee_the_reason_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "emcee", None)
    (given,) = trials(NULL, 30, range(2, 3))
    (model,) = analyse(given.table, replace(PLAN, exploratory=("joint_bayes",))).models
    assert "pip install 'pharmrs[bayes]'" in model.reason


@pytest.mark.long
def test_posterior_and_likelihood_agree() -> None:
    """Weak priors and 35 people: means within half a standard error of the maximum, intervals as long as the profile's
    to a fifth. No p, never declared, and the same draws for the same seed.
    """
    (given,) = trials(NULL, 35, range(1, 2))
    plan = replace(PLAN, models=("joint_bayes",))
    (model,) = analyse(given.table, plan).models
    likely = fit_joint(given.changes, adjust_clock=True)
    assert not model.declared
    for one, other in zip(
        model.estimates, (likely.slope, *likely.interactions, *likely.treatment_effects), strict=True
    ):
        length = other.ci_high - other.ci_low
        assert abs(one.estimate - other.estimate) < 0.25 * length / 2
        assert one.ci_high - one.ci_low == pytest.approx(length, rel=0.2)
        assert np.isnan(one.p)
