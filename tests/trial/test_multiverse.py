"""The multiverse: its models one by one, what each choice does, its level, its size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pharmrs.core.report.tables import write_table
from pharmrs.trial.chain.change_design import change_model
from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.least_squares.linear import fit_linear_model
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.models.changes import run_within
from pharmrs.trial.models.extension import ModelInput
from pharmrs.trial.multiverse.models import BatchData, batch_model
from pharmrs.trial.multiverse.run import run_multiverse
from pharmrs.trial.power.trial_model import draw_trial
from pharmrs.trial.read.observations import read_observations
from pharmrs.trial.records.analysis import AnalysisPlan, Covariate
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.multiverse import MultiversePlan
from pharmrs.trial.records.observations import ObservationTable
from pharmrs.trial.regression.cluster_robust import robust_least_squares
from pharmrs.trial.regression.m_estimation import fit_m
from pharmrs.trial.regression.mixed_model import fit_mixed
from pharmrs.trial.report.tables import observations_table
from tests.trial import random_trials

PLAN = AnalysisPlan(
    time_adjustment="none", biomarker_transform="log", biomarker_change="difference", metabolite_change="log_ratio",
    covariates=(Covariate(name="age"), Covariate(name="genotype", reference="Val/Val")),
)  # fmt: skip
TRUTH = replace(random_trials.TRUTH, shared_change_sd=0.3, lower_limit=200.0)
GENOTYPES = ["Val/Val", "Val/Met", "Met/Met"]
SMALL = MultiversePlan(
    quality=("declared",), metabolite=("log_ratio",), time=("none",), outcome=("log difference",),
    censoring=("left_out",), permutations=40,
)  # fmt: skip


def table(seed: int = 1, subjects: int = 24, **changed: object) -> ObservationTable:
    found = draw_trial(replace(TRUTH, **changed), subjects, np.random.default_rng(seed))  # type: ignore[arg-type]
    generator = np.random.default_rng(99)
    known = {
        name: {"age": float(generator.integers(19, 40)), "genotype": str(generator.choice(GENOTYPES))}
        for name in found.subjects
    }  # fmt: skip
    return found.mapped(lambda row: replace(row, covariates=known[row.subject]))


def batch(observations: ObservationTable) -> tuple[BatchData, ModelInput]:
    changes, _ = change_table(observations, PLAN)
    rows = change_model(changes, PLAN).rows
    data = BatchData(
        outcome=rows.change_biomarker, metabolite=rows.change_metabolite, treated=rows.treated[None],
        people=PersonRows.of(rows.subject), extra=np.zeros((len(rows), 0)),
    )  # fmt: skip
    return data, ModelInput(table=observations, changes=changes, plan=PLAN)


def test_batched_models_are_the_models() -> None:
    """OLS, cluster, within and Huber to rounding; the mixed model's variance ratio comes from a grid: 2 % of its SE."""
    data, given = batch(table())
    model = change_model(given.changes, PLAN)
    arguments = (model.outcome, model.design.matrix, model.design.terms)

    def compare(name: str, estimate: float, se: float, tolerance: float) -> None:
        found = batch_model(name)(data)
        assert found.estimate[0] == pytest.approx(estimate, abs=tolerance * se)
        assert found.se[0] == pytest.approx(se, rel=max(tolerance, 1e-9))

    ols = fit_linear_model("main", model.design, model.outcome, model.subject, 0.05).hypothesis[0]
    compare("ols", ols.estimate, ols.se, 1e-9)
    cluster = robust_least_squares(*arguments, "CR1", model.subject)
    compare("cluster", cluster.estimate[3], cluster.se[3], 1e-9)
    huber = fit_m(*arguments, "Huber").coefficients
    compare("huber", huber.estimate[3], huber.se[3], 0.01)
    mixed = fit_mixed(*arguments, {"participant": list(model.subject)}).satterthwaite
    compare("mixed", mixed.estimate[3], mixed.se[3], 0.03)
    (within,) = [one for one in run_within(given).estimates if one.hypothesis]
    assert batch_model("within")(data).estimate[0] == pytest.approx(within.estimate, rel=1e-8)


def test_ranks_ignore_an_outlier_and_added_columns_matter() -> None:
    data, _ = batch(table())
    far = data.outcome.copy()
    far[np.argmax(far)] += 1e3
    moved = replace(data, outcome=far)
    unit = np.std(data.outcome) / np.std(far)
    assert batch_model("ranks")(moved).estimate[0] * unit == pytest.approx(batch_model("ranks")(data).estimate[0])
    column = replace(data, extra=data.outcome[:, None])
    assert batch_model("+ itself")(column).estimate[0] == pytest.approx(0.0, abs=1e-9)


def test_singular_allocations_are_left_out() -> None:
    data, _ = batch(table())
    both = replace(data, treated=np.vstack([data.treated, np.zeros_like(data.treated)]))
    for name in ("ols", "cluster", "within", "mixed", "huber", "ranks"):
        found = batch_model(name)(both).estimate
        assert np.isfinite(found[0])
        assert np.isnan(found[1])


def test_every_choice_changes_something_and_all_combinations_are_there() -> None:
    observations = table(lower_limit=250.0)
    spoiled = observations.mapped(
        lambda row: replace(
            row,
            exclusions={"S0003": ("crlb",), "S0005": ("visual",)}.get(row.subject, ()),
            metabolite_sd=row.metabolite
            * (0.2 if row.subject == "S0007" else 0.12 if row.subject == "S0009" else 0.04),
            metabolite_scales={"ratio_tcr": row.metabolite / 8 * (1 + 0.01 * (row.subject == "S0011"))},
        )
    )
    found = run_multiverse(spoiled, PLAN, MultiversePlan(permutations=20, model=("ols", "period", "covariates")))
    levels = dict(zip(found.curve.axes, found.curve.levels, strict=True))
    assert levels["quality"] == ("declared", "none", "without crlb", "without visual", "sd_15", "sd_10")
    assert levels["scale"] == ("declared", "ratio_tcr")
    assert levels["model"] == ("ols", "+ period", "+ age", "+ genotype")
    outcomes = 3 + 4  # adjusted concentrations have no relative change
    assert len(found.curve) == 6 * 2 * 2 * outcomes * 4 * 4
    assert found.estimable == len(found.curve)
    assert list(found.curve.effect) == sorted(found.curve.effect)
    for axis in range(len(found.curve.axes)):
        for level in range(len(found.curve.levels[axis])):
            assert np.sum(found.curve.choices[:, axis] == level) > 0


def test_the_declared_analysis_is_one_of_the_specifications() -> None:
    observations = table()
    found = run_multiverse(observations, PLAN, replace(SMALL, model=("ols",)))
    changes, _ = change_table(observations, PLAN)
    model = change_model(changes, PLAN)
    (item,) = fit_linear_model("main", model.design, model.outcome, model.subject, 0.05).hypothesis
    unit = np.std(model.rows.change_metabolite, ddof=1) / np.std(model.outcome, ddof=1)
    assert found.curve.effect[0] == pytest.approx(item.estimate * unit, rel=1e-9)
    assert found.curve.p[0] == pytest.approx(item.p, rel=1e-9)
    assert found.curve.n[0] == item.n


def test_more_than_a_thousand_specifications() -> None:
    """The count asked of the product; its time is measured by benchmarks/multiverse.py."""
    observations = table(subjects=12).mapped(lambda row: replace(row, exclusions=("crlb",) * (row.subject == "S0002")))
    found = run_multiverse(observations, PLAN, MultiversePlan(permutations=20))
    assert len(found.curve) >= 1000
    assert found.permutations == 20


def test_joint_test_keeps_its_level_and_finds_a_planted_interaction() -> None:
    """40 trials without interaction: p of the median below 0.2 in 20 %, binomial limits of 98 %; and one with."""
    low = 0
    for seed in range(40):
        null = table(seed, 14, slopes=(1.0, 1.0), biomarker_changes=(0.0, 0.6))
        low += run_multiverse(null, PLAN, replace(SMALL, model=("ols", "cluster", "huber"))).median_p < 0.2
    assert stats.binom.ppf(0.01, 40, 0.2) <= low <= stats.binom.ppf(0.99, 40, 0.2)
    strong = run_multiverse(table(3, 40, slopes=(-3.0, 3.0)), PLAN, SMALL)
    assert max(strong.median_p, strong.mean_z_p) < 0.05
    assert strong.share_significant == 1.0
    assert strong.share_p < 0.1  # a permuted curve may be significant throughout, too
    assert strong.median > 0.5


def test_what_cannot_be_done_is_said() -> None:
    with pytest.raises(NotEstimable, match="3 participants"):
        run_multiverse(table(subjects=3), PLAN, SMALL)
    with pytest.raises(NotEstimable, match="no specification"):
        run_multiverse(table(missing_metabolite=1.0), PLAN, SMALL)


def test_the_same_every_time() -> None:
    one, two = (run_multiverse(table(), PLAN, SMALL) for _ in range(2))
    assert repr(one) == repr(two)


def test_other_scales_survive_the_observation_table(tmp_path: Path) -> None:
    observations = table(subjects=8).mapped(
        lambda row: replace(row, metabolite_scales={"ratio_tcr": row.metabolite / 8})
    )
    path, _ = write_table(tmp_path, observations_table(observations))
    design = Design(kind="crossover", treatments=("placebo", "drug"))
    again = read_observations(path, design, PLAN)
    assert [dict(row.metabolite_scales) for row in again.rows] == [
        {name: value for name, value in row.metabolite_scales.items() if np.isfinite(value)}
        for row in observations.rows
    ]
    assert again.covariate_names == ("age", "genotype")
