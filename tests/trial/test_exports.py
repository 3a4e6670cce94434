"""What leaves the program to be checked or registered elsewhere: the R script and the plan as text."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.error_rates import NULL as TRUTH
from benchmarks.error_rates import SITUATIONS, trials

from pharmrs.core.report.tables import write_table
from pharmrs.study.study_file import read_plan
from pharmrs.trial.models.analyse import analyse, plan_hash
from pharmrs.trial.models.registry import MODELS
from pharmrs.trial.records.analysis import Margin
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.records.truth import TrialTruth
from pharmrs.trial.report import tables
from pharmrs.trial.report.plan_text import plan_text
from pharmrs.trial.report.r_script import NOT_REPEATED, r_script
from tests.trial.random_trials import random_rows, table_of

THREE_PERIODS = SITUATIONS["three periods"][0]
DATA = Path(__file__).parents[1] / "data" / "trial"
REFERENCE = """
  metabolite: Glu
  biomarker: BDNF
  time_adjustment: linear
  biomarker_transform: shifted_log
  biomarker_change: relative
  metabolite_change: relative
  models: [cr2, mixed, tobit]
"""
LOGS = REFERENCE.replace("shifted_log", "log").replace("biomarker_change: relative", "biomarker_change: difference")
ALONE = "\n  metabolite: Glu\n  metabolite_change: log_ratio\n"
CASES = {
    "reference": ("crossover", REFERENCE),
    "logs": ("crossover", LOGS.replace("metabolite_change: relative", "metabolite_change: log_ratio")),
    "parallel": ("parallel", LOGS.replace(", mixed", "")),
    "alone": ("crossover", ALONE),
    "parallel alone": ("parallel", ALONE),
}


def study(folder: Path, case: str) -> Path:
    kind, analysis = CASES[case]
    path = folder / "study.yaml"
    path.write_text(
        f"title: A trial\ndesign: {{kind: {kind}, treatments: [placebo, drug], baseline: before, follow_up: after}}\n"
        f"analysis:{analysis}"
    )
    return path


@pytest.mark.parametrize("case", CASES)
def test_the_r_script_runs_and_gives_the_same_numbers(tmp_path: Path, case: str) -> None:
    """The script compares every estimate with estimates.tsv itself, and ends with an error where one differs."""
    rows = random_rows(21, 26, missing=0.05, kind=CASES[case][0])
    plan = read_plan(study(tmp_path, case)).analysis.plan()
    found = analyse(table_of(rows, CASES[case][0]), plan)
    folder = tmp_path / "statistics"
    written(tmp_path, found)
    assert found.plan_hash in (folder / "analysis.R").read_text()
    end = r_of(folder)
    assert end.returncode == 0, end.stdout + end.stderr
    assert "estimates compared" in end.stdout and "tests compared" in end.stdout
    wrong = (folder / "estimates.tsv").read_text().splitlines()
    column = wrong[0].split("\t").index("estimate")
    cells = wrong[1].split("\t")
    cells[column] = str(float(cells[column]) + 1e-3)
    if case in ("reference", "logs", "parallel"):  # an altered number is found
        (folder / "estimates.tsv").write_text("\n".join([wrong[0], "\t".join(cells), *wrong[2:]]) + "\n")
        spoiled = r_of(folder)
        assert spoiled.returncode != 0 and "the numbers differ" in spoiled.stderr


def written(output: Path, found: AnalysisResult) -> None:
    write_table(output, tables.observations_table(found.table))
    for table in (tables.estimates_table(found), tables.tests_table(found)):
        write_table(output / "statistics", table)
    (output / "statistics" / "analysis.R").write_text(r_script(found))


def r_of(folder: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    return subprocess.run(["Rscript", "analysis.R"], cwd=folder, capture_output=True, text=True, check=False)


DECLARABLE = tuple(name for name, model in MODELS.items() if not model.why_never_declared and name not in NOT_REPEATED)
DESIGNS: dict[str, tuple[TrialTruth, int, tuple[str, ...]]] = {  # who takes part, and what the design has no place for
    "crossover": (TRUTH, 30, ("carry_over", "dose_response")),
    "three periods": (THREE_PERIODS, 30, ()),
    "replicate": (
        replace(TRUTH, sequences=(("placebo", "drug", "drug"), ("drug", "placebo", "placebo"))), 20,
        ("by_treatment", "tipping_point", "imputation", "carry_over", "dose_response"),
    ),
    "parallel": (
        replace(TRUTH, kind="parallel"), 60, ("period", "within", "mixed", "crossover", "carry_over", "dose_response"),
    ),
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("design", DESIGNS)
def test_r_repeats_every_model_that_can_be_declared(tmp_path: Path, design: str) -> None:
    """No model is left out, but by its design; those that draw agree within what chance does (said in the script)."""
    truth, people, without = DESIGNS[design]
    (given,) = trials(truth, people, range(5, 6))
    declared = tuple(name for name in DECLARABLE if name not in without)
    equivalent = (Margin(quantity="biomarker", low=-0.3, high=0.3), Margin(quantity="Glu", low=-0.1, high=0.1))
    plan = replace(given.plan, models=declared, equivalence=equivalent, ed50=10.0)
    found = analyse(given.table, plan)
    assert not [model.name for model in found.models if model.reason or not model.declared]
    written(tmp_path, found)
    end = r_of(tmp_path / "statistics")
    assert end.returncode == 0, end.stdout + end.stderr
    assert "not repeated" not in end.stdout
    compared = end.stdout.split("estimates compared")[0]
    tested = {model.name for model in found.models if model.estimates}
    assert [name for name in tested if name not in compared] == []


@pytest.mark.parametrize("case", CASES)
def test_the_plan_as_text_bears_the_hash_of_its_results(tmp_path: Path, case: str) -> None:
    declared = read_plan(study(tmp_path, case))
    text = plan_text(declared.title, declared.design, declared.analysis.plan())
    table = table_of(random_rows(1, kind=CASES[case][0]), CASES[case][0])
    assert plan_hash(table, declared.analysis.plan()) in text
    assert "Glu" in text and "## Primary analysis" in text
    assert ("tobit" in text and "beside the plan" in text) is ("tobit" in CASES[case][1])
    assert ("BDNF" in text) is ("BDNF" in CASES[case][1])
