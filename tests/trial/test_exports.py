"""What leaves the program to be checked or registered elsewhere: the R script and the plan as text."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pharmrs.core.report.tables import write_table
from pharmrs.study.study_file import read_plan
from pharmrs.trial.models.analyse import analyse, plan_hash
from pharmrs.trial.report.plan_text import plan_text
from pharmrs.trial.report.r_script import r_script
from pharmrs.trial.report.tables import estimates_table, observations_table
from tests.trial.random_trials import random_rows, table_of

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
    write_table(tmp_path, observations_table(found.table))
    write_table(folder, estimates_table(found))
    (folder / "analysis.R").write_text(r_script(found))
    assert found.plan_hash in (folder / "analysis.R").read_text()
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    end = subprocess.run(["Rscript", "analysis.R"], cwd=folder, capture_output=True, text=True, check=False)
    assert end.returncode == 0, end.stdout + end.stderr
    assert "estimates compared" in end.stdout
    wrong = (folder / "estimates.tsv").read_text().splitlines()
    column = wrong[0].split("\t").index("estimate")
    cells = wrong[1].split("\t")
    cells[column] = str(float(cells[column]) + 1e-3)
    if case in ("reference", "logs", "parallel"):  # an altered number is found
        (folder / "estimates.tsv").write_text("\n".join([wrong[0], "\t".join(cells), *wrong[2:]]) + "\n")
        spoiled = subprocess.run(["Rscript", "analysis.R"], cwd=folder, capture_output=True, text=True, check=False)
        assert spoiled.returncode != 0 and "the numbers differ" in spoiled.stderr


@pytest.mark.parametrize("case", CASES)
def test_the_plan_as_text_bears_the_hash_of_its_results(tmp_path: Path, case: str) -> None:
    declared = read_plan(study(tmp_path, case))
    text = plan_text(declared.title, declared.design, declared.analysis.plan())
    table = table_of(random_rows(1, kind=CASES[case][0]), CASES[case][0])
    assert plan_hash(table, declared.analysis.plan()) in text
    assert "Glu" in text and "## Primary analysis" in text
    assert ("tobit" in text and "beside the plan" in text) is ("tobit" in CASES[case][1])
    assert ("BDNF" in text) is ("BDNF" in CASES[case][1])
