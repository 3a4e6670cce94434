"""Multiple imputation: Rubin's rules as R's mice, values beyond their limits, agreement with what was planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.records.analysis import AnalysisPlan, Estimand, IntercurrentEvent, Outcome
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.observations import Observation, ObservationTable
from pharmrs.trial.regression.normal_imputation import Incomplete, impute, pool
from pharmrs.trial.report.plan_text import plan_text
from tests.trial.random_trials import TRUTH, random_rows, table_of

PLAN = AnalysisPlan(time_adjustment="none", biomarker_transform="log", biomarker_change="difference",
                    metabolite_change="log_ratio", metabolite="Glu", biomarker="BDNF")  # fmt: skip


def test_pooled_as_in_r() -> None:
    """mice 3.15: pool.scalar(c(1.1,.9,1.3,1.0,.8), c(.2,.25,.22,.18,.3)^2, n = 30, k = 4)."""
    errors = np.array([0.2, 0.25, 0.22, 0.18, 0.3])
    found = pool(np.array([1.1, 0.9, 1.3, 1.0, 0.8]), errors, np.full(5, 26.0), 0.95)
    assert (found.estimate, found.se, found.df) == pytest.approx((1.02, 0.314737986268, 7.994204344599), rel=1e-10)


def test_imputed_values_keep_to_what_is_known() -> None:
    """Bivariate normal, correlation 0.8; a third of the second missing at random given the first, low ones censored."""
    random = np.random.default_rng(3)
    n = 600
    first = random.normal(size=n)
    second = 5 + 2 * (0.8 * first + 0.6 * random.normal(size=n))
    values = np.column_stack([first, second])
    low, high = np.full((n, 2), -np.inf), np.full((n, 2), np.inf)
    censored, gone = second < 3.5, (first > 0) & (random.uniform(size=n) < 0.5)
    values[censored | gone, 1] = np.nan
    high[censored, 1] = 3.5
    done = impute(Incomplete(values=values, low=low, high=high), 10, random)
    known = np.isfinite(values)
    assert done[0][known] == pytest.approx(values[known])
    assert (done[:, censored, 1] <= 3.5).all()
    assert done[:, :, 1].mean() == pytest.approx(second.mean(), abs=0.1)
    assert np.mean([np.corrcoef(one.T)[0, 1] for one in done]) == pytest.approx(0.8, abs=0.04)
    assert done[:, :, 1].std() == pytest.approx(2.0, abs=0.12)


def test_too_few_people_for_the_values_are_refused() -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=(10, 8))
    values[0, 0] = np.nan
    ends = np.full(values.shape, np.inf)
    with pytest.raises(NotEstimable, match="twice as many"):
        impute(Incomplete(values=values, low=-ends, high=ends), 2, random)


@pytest.mark.long
def test_what_censoring_hides_comes_back() -> None:
    """Against the same trials without a limit: what is left loses a part of the effect, imputation does not."""
    truth = replace(TRUTH, kind="parallel", biomarker_changes=(0.0, 0.3), slopes=(0.5, 0.5))
    off = []
    for seed in range(20, 24):
        censored, whole = (
            analyse(
                draw_trial(replace(truth, lower_limit=limit), 200, np.random.default_rng(seed)),
                replace(PLAN, models=("imputation",)),
            )
            for limit in (260.0, 0.0)
        )
        (found,), (complete,) = censored.models, whole.chain.effects[1].tested
        effect = next(one for one in found.estimates if one.term == "BDNF: drug")
        assert complete.se < effect.se < 2 * complete.se
        (pairs,) = censored.chain.effects[1].tested
        off.append([effect.estimate - complete.estimate, pairs.estimate - complete.estimate])
    assert np.mean(off, axis=0)[0] == pytest.approx(0.0, abs=0.04)
    assert np.mean(off, axis=0)[1] < -0.04
    assert not found.declared and any("has not been measured" in note for note in found.notes)


def test_without_gaps_there_is_nothing_to_impute() -> None:
    for found in analyse(
        table_of(random_rows(3, missing=0.0)), replace(PLAN, models=("imputation", "tipping_point"))
    ).models:
        assert "missing" in found.reason or "nothing to shift" in found.reason


def test_an_outcome_alone_is_imputed_on_its_own_scale() -> None:
    """Two groups, a score at follow-up that 12 of 60 lack: what is imputed knows no more than the others of the group,
    so that the pooled difference is that of those who are there, with the error of as many.
    """
    random = np.random.default_rng(2)
    scores = {f"p{k:02d}": float(random.normal(20 + 4 * (k % 2), 5)) for k in range(60)}
    rows = [
        Observation(subject=name, treatment=("placebo", "drug")[k % 2], time_point="after",
                    covariates={"score": float("nan") if k % 5 == 0 else score})
        for k, (name, score) in enumerate(scores.items())
    ]  # fmt: skip
    table = ObservationTable.of(rows, kind="parallel", treatments=("placebo", "drug"), baseline="before",
                                follow_up="after", of_sessions=("score",))  # fmt: skip
    plan = AnalysisPlan(metabolite="", biomarker="", outcomes=(Outcome(name="score", change="follow_up"),),
                        exploratory=("imputation", "tipping_point"))  # fmt: skip
    imputed, tipped = analyse(table, plan).models
    there = [[row.number("score") for row in rows if row.treatment == arm] for arm in ("placebo", "drug")]
    groups = [np.array(values)[np.isfinite(values)] for values in there]
    difference = groups[1].mean() - groups[0].mean()
    error = np.sqrt(sum(group.var(ddof=1) / len(group) for group in groups))
    (found,) = imputed.estimates
    assert found.term == "score: drug"
    assert found.estimate == pytest.approx(difference, abs=0.25 * error)
    assert found.se == pytest.approx(error, rel=0.15)
    assert 0.1 < imputed.facts["share of variance owed to what is missing: score: drug"] < 0.4
    assert tipped.estimates[0].estimate == pytest.approx(found.estimate)


def test_the_tipping_point_by_hand() -> None:
    """One follow-up missing under the drug: its shift moves the mean difference by shift / n of the arm."""
    rows = random_rows(4, subjects=40, missing=0.0, kind="parallel")
    drug = [row for row in rows if row.treatment == "drug" and row.time_point == "after"]
    rows = [replace(row, biomarker=float("nan")) if row in drug[:4] else row for row in rows]
    (found,) = analyse(table_of(rows, "parallel"), replace(PLAN, models=("tipping_point",))).models
    assert {one.term for one in found.estimates} == {"Glu: drug", "BDNF: drug"}
    assert any(note == "Glu, drug: no follow-up is missing without a limit" for note in found.notes)
    assert any(note.startswith("BDNF, drug: the interval says") for note in found.notes)


def test_the_estimand_is_printed_and_hashed() -> None:
    events = (IntercurrentEvent(event="rescue medication", strategy="treatment_policy"),)
    estimand = Estimand(
        population="healthy men", variable="log ratio of Glu", summary="difference of means", events=events
    )
    design = Design(kind="crossover", treatments=("placebo", "drug"))
    text = plan_text("T", design, replace(PLAN, estimand=estimand))
    assert "healthy men" in text and "rescue medication: treatment policy" in text
    assert text.splitlines()[2] != plan_text("T", design, PLAN).splitlines()[2]  # the line of the hash
