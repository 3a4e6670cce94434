"""`pharmrs power`: curve, tables and figure; the same bytes whatever the number of processes; bad plans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tests.study.e2e import contents, pharmrs, table

PLAN = """
title: A planned trial
design: {kind: crossover, treatments: [placebo, drug]}
analysis:
  {metabolite: Glu, biomarker: BDNF, time_adjustment: none, biomarker_transform: log,
   biomarker_change: difference, metabolite_change: log_ratio}
power:
  slopes: [-1.0, 3.0]
  subjects: [30, 8]
  metabolite_median: 10
  metabolite_person_sd: 0.08
  metabolite_change_sd: 0.12
  metabolite_error_sd: 0.04
  biomarker_median: 400
  biomarker_person_sd: 0.5
  biomarker_change_sd: 0.4
  biomarker_error_sd: 0.08
  models: [main, cr2]
  simulations: 60
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(PLAN)
    return path


def test_power(plan: Path, tmp_path: Path) -> None:
    end = pharmrs("power", plan, "--out", tmp_path / "one", "--workers", 1)
    assert end.code == 0
    rows = table(tmp_path / "one" / "power.tsv")
    assert [(row["model"], row["subjects"]) for row in rows] == [
        ("main", "8"), ("main", "30"), ("cr2", "8"), ("cr2", "30"),
    ]  # fmt: skip
    assert all(float(row["power"]) == int(row["significant"]) / 60 for row in rows)
    assert float(rows[1]["power"]) > float(rows[0]["power"])
    assert "main, 30 participants: power" in end.out
    assert end.err.count("trials ") == 8
    assert {path.name for path in (tmp_path / "one").iterdir()} >= {"power.png", "power.svg", "required_size.tsv"}
    assert pharmrs("power", plan, "--out", tmp_path / "two", "--workers", 2).code == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("slopes: [-1.0, 3.0]", "slopes: [-1.0, 3.0, 1.0]", "one value per treatment"),
        ("models: [main, cr2]", "models: [main, cr9]", "power.models: must be one of main, effect: Glu, effect: BDNF"),
        ("  biomarker_change_sd: 0.4\n", "", "power needs biomarker_change_sd"),
        ("  slopes: [-1.0, 3.0]\n", "", "power needs slopes"),
        ("subjects: [30, 8]", "subjects: [3]", "power.subjects"),
        ("  simulations: 60", "  simulation: 60", "did you mean 'simulations'"),
        (PLAN[PLAN.index("power:") :], "", "power: this key is required for a power calculation"),
    ],
)
def test_bad_plans_are_bad_input(plan: Path, tmp_path: Path, old: str, new: str, said: str) -> None:
    plan.write_text(PLAN.replace(old, new))
    end = pharmrs("power", plan, "--out", tmp_path / "out")
    assert end.code == 2
    assert said in end.err
    assert not (tmp_path / "out").exists()


def test_a_metabolite_alone_in_one_arm_is_the_noncentral_t(plan: Path, tmp_path: Path) -> None:
    plan.write_text(
        """
title: One arm
design: {kind: single_arm, treatments: [drug]}
analysis: {metabolite: Glu, metabolite_change: log_ratio}
power:
  {subjects: [12], simulations: 400, metabolite_changes: [0.1], metabolite_median: 10, metabolite_person_sd: 0.08,
   metabolite_change_sd: 0.11, metabolite_error_sd: 0.04, models: ["effect: Glu"]}
"""
    )
    end = pharmrs("power", plan, "--out", tmp_path / "out", "--workers", 1)
    (row,) = table(tmp_path / "out" / "power.tsv")
    beyond = stats.t.ppf(0.975, 11)
    expected = stats.nct.sf(beyond, 11, 0.1 / np.sqrt(0.11**2 + 2 * 0.04**2) * np.sqrt(12))
    assert end.code == 0
    assert abs(float(row["power"]) - expected) < 3 * float(row["mc_error"])
    assert float(row["pairs"]) == 12


def test_orders_of_the_design_are_those_of_the_simulated_trials(plan: Path, tmp_path: Path) -> None:
    """Replicate: three pairs of each participant; incomplete: two; a model that the design lacks gives its reason."""
    for orders, pairs in (
        ("[[placebo, drug, drug], [drug, placebo, placebo]]", 36.0),
        ("[[placebo, drug], [drug, placebo]]", 24.0),
    ):
        text = PLAN.replace("treatments: [placebo, drug]", f"treatments: [placebo, drug], sequences: {orders}")
        plan.write_text(text.replace("[30, 8]", "[12]").replace("[main, cr2]", "[mixed, dose_response]"))
        end = pharmrs("power", plan, "--out", tmp_path / f"out {pairs}", "--workers", 1, "--simulations", 20)
        assert end.code == 0
        mixed, doses = table(tmp_path / f"out {pairs}" / "power.tsv")
        assert float(mixed["pairs"]) == pairs
        assert (doses["not_estimable"], doses["reason"].split(":")[0]) == ("20", "no doses are declared")
        assert "none of the 20 trials could be analysed" in end.out
