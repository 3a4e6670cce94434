"""What must not matter does not: order of rows, names of participants, whether a missing row is written down."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharmrs.trial.chain.reference_chain import reference_chain
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.records.analysis import AnalysisPlan, Covariate, StatisticalTest
from pharmrs.trial.records.analysis_result import ReferenceChain
from pharmrs.trial.records.observations import Observation, ObservationTable
from tests.trial.random_trials import random_rows, table_of

PLAN = AnalysisPlan(covariates=(Covariate(name="age"), Covariate(name="gene", reference="AA")))
# Sums in another order differ in the last bits; a t value is a quotient of such sums.
REORDERED = 1e-9


def numbers(chain: ReferenceChain) -> list[float]:
    """Every number the chain reports, in order."""
    found: list[float] = [float(item.count) for item in chain.flow]
    for model in [chain.model, *(one.model for one in chain.covariate_models)]:
        if model is not None:
            found += [model.f, model.f_p, model.r2, model.shapiro.p]
            found += [value for row in model.estimates for value in (row.estimate, row.se, row.statistic, row.p)]
    for test in (*chain.correlations, *chain.oldham, *chain.paired):
        found += [test.estimate, test.statistic, test.p, test.p_alternative, float(test.n)]
    return found


def is_empty(row: Observation) -> bool:
    return math.isnan(row.metabolite) and math.isnan(row.biomarker)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), shuffle=st.integers(0, 10_000))
def test_order_and_names_do_not_matter(seed: int, shuffle: int) -> None:
    rows = random_rows(seed)
    first = numbers(reference_chain(table_of(rows), PLAN))
    random = np.random.default_rng(shuffle)
    names = [f"p{number}" for number in random.permutation(200)]
    renamed = [replace(row, subject=names[int(row.subject[4:])]) for row in rows]
    shuffled = [renamed[position] for position in random.permutation(len(rows))]
    again = numbers(reference_chain(table_of(shuffled), PLAN))
    assert again == pytest.approx(first, rel=REORDERED, abs=1e-12, nan_ok=True)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_missing_rows_are_the_same_written_or_not(seed: int) -> None:
    rows = random_rows(seed, missing=0.35)
    short = [row for row in rows if not is_empty(row)]
    assert len(short) < len(rows)
    lost = {row.subject for row in rows} - {row.subject for row in short}
    rows = [row for row in rows if row.subject not in lost]  # a participant without any value is no participant
    bare = [
        row if not is_empty(row) else replace(row, covariates={}, sequence="", clock_time_h=math.nan) for row in rows
    ]
    first = numbers(reference_chain(table_of(short), PLAN))
    for other in (rows, bare):
        assert numbers(reference_chain(table_of(other), PLAN)) == pytest.approx(first, rel=1e-12, nan_ok=True)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), factor=st.sampled_from([1e-3, 0.5, 40.0]))
def test_log_ratios_do_not_depend_on_the_unit(seed: int, factor: float) -> None:
    plan = replace(PLAN, biomarker_transform="log", biomarker_change="difference")
    rows = random_rows(seed, missing=0.05)
    first = reference_chain(table_of(rows), plan).model
    again = reference_chain(table_of([replace(row, biomarker=row.biomarker * factor) for row in rows]), plan).model
    assert first is not None and again is not None
    ours, other = ([(row.estimate, row.p) for row in model.estimates] for model in (again, first))
    assert np.array(ours) == pytest.approx(np.array(other), rel=1e-6, abs=1e-8)  # changes are rounded to ten decimals


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), factor=st.sampled_from([1e-3, 0.5, 40.0]))
def test_relative_changes_do_not_depend_on_the_unit_of_the_metabolite(seed: int, factor: float) -> None:
    rows = random_rows(seed, missing=0.05)
    first = numbers(reference_chain(table_of(rows), PLAN))
    scaled = reference_chain(table_of([replace(row, metabolite=row.metabolite * factor) for row in rows]), PLAN)
    of_metabolite = [test for test in scaled.paired if test.quantity == PLAN.metabolite]
    again = numbers(replace(scaled, paired=tuple(_in_unit(test, factor) for test in scaled.paired)))
    assert of_metabolite
    assert again == pytest.approx(first, rel=1e-5, abs=1e-7, nan_ok=True)  # changes are rounded to ten decimals


def _in_unit(test: StatisticalTest, factor: float) -> StatisticalTest:
    return replace(test, estimate=test.estimate / factor) if test.quantity == PLAN.metabolite else test


BOTH_WAYS = ("cr2", "period", "within", "mixed", "crossover", "symmetry", "log_ratio", "tobit", "levels")


def interactions(table: ObservationTable) -> dict[str, tuple[float, float]]:
    """Estimate and p of the term each model is about; NaN with a model that these data do not support."""
    found = analyse(table, replace(PLAN, covariates=(), models=BOTH_WAYS))
    first = {model.name: model.estimates[0] for model in found.models if model.name == "levels" and model.estimates}
    tested = {one.model: one for model in found.models for one in model.estimates if one.hypothesis} | first
    assert found.chain.model is not None
    tested["main"] = found.chain.model.hypothesis[0]
    return {name: (tested[name].estimate, tested[name].p) if name in tested else (math.nan, math.nan)
            for name in ("main", *BOTH_WAYS)}  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_another_reference_treatment_turns_the_sign_and_nothing_else(seed: int) -> None:
    rows = random_rows(seed, missing=0.05)
    table = table_of(rows)
    turned = ObservationTable.of(
        rows, kind="crossover", treatments=table.treatments[::-1], baseline="before", follow_up="after"
    )
    first, again = interactions(table), interactions(turned)
    for name, (estimate, p) in first.items():
        assert again[name] == pytest.approx((-estimate, p), rel=1e-5, abs=1e-7, nan_ok=True), name


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_which_period_is_called_first_does_not_matter(seed: int) -> None:
    rows = random_rows(seed, missing=0.05)
    other = [replace(row, period=3 - (row.period or 0)) for row in rows]
    first, again = interactions(table_of(rows)), interactions(table_of(other))
    for name, found in first.items():
        assert again[name] == pytest.approx(found, rel=1e-5, abs=1e-7, nan_ok=True), name


def test_the_shifted_log_does_depend_on_the_unit_and_it_is_said() -> None:
    chain = reference_chain(table_of(random_rows(3)), PLAN)
    p = {item.factor: item.p for item in chain.unit_changes}
    assert len(p) == 7
    assert chain.model is not None
    assert p[1.0] == chain.model.hypothesis[0].p
    assert max(p.values()) - min(p.values()) > 0.01


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_a_missing_value_drops_its_pair_and_no_other(seed: int) -> None:
    """n of every paired test is counted by hand from the rows."""
    rows = random_rows(seed, missing=0.25)
    chain = reference_chain(table_of(rows), replace(PLAN, time_adjustment="none", biomarker_transform="log"))
    known = {row.key[:3]: not math.isnan(row.metabolite) for row in rows}
    subjects = {row.subject for row in rows}

    def n_of(group: str) -> int:
        (test,) = [
            one
            for one in chain.paired
            if one.group == group and one.quantity == PLAN.metabolite and "all" in one.sample
        ]
        assert isinstance(test, StatisticalTest)
        return test.n

    within = sum(known[name, "drug", "before"] and known[name, "drug", "after"] for name in subjects)
    assert n_of("drug: before - after") == within
    between = sum(known[name, "placebo", "after"] and known[name, "drug", "after"] for name in subjects)
    assert n_of("after: placebo - drug") == between
