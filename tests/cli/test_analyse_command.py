"""`pharmrs analyse` from outside: files, exit codes, determinism, bad plans."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pharmrs.core.report.tables import write_table
from pharmrs.trial.report.tables import observations_table
from tests.robustness.right_files import PLAN
from tests.trial.random_trials import random_rows, table_of

FILES = {
    "results.json", "observations.tsv", "observations.json", "report.html", "methods.md", "statistics/changes.tsv",
    "statistics/estimates.tsv", "statistics/tests.tsv", "statistics/analysis_flow.tsv", "statistics/unit_changes.tsv",
    "statistics/tables.md", "statistics/tables.html", "statistics/tables.tex", "statistics/tables.docx",
    "statistics/results.md", "statistics/figures/interaction.pdf", "statistics/figures/residuals.svg",
    "statistics/figures/before-after.pdf", "statistics/figures/forest.svg",
}  # fmt: skip


def analyse(folder: Path, plan: str = PLAN, out: str = "out", *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "study.yaml").write_text(plan)
    command = [
        sys.executable,
        "-m",
        "pharmrs",
        "analyse",
        "observations.tsv",
        "--plan",
        "study.yaml",
        "--out",
        out,
        *more,
    ]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=300)


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    write_table(tmp_path, observations_table(table_of(random_rows(11, subjects=16))))
    return tmp_path


def checksums(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_files_every_time(trial: Path) -> None:
    first, second = analyse(trial), analyse(trial, out="again")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    found = checksums(trial / "out")
    assert set(found) >= FILES
    assert checksums(trial / "again") == found
    assert first.stdout.splitlines()[-1] == "out/report.html"
    results = json.loads((trial / "out" / "results.json").read_text())
    assert results["schema"] == "pharmrs-results-1"
    assert len(results["plan_sha256"]) == 64
    n = results["main_model"]["n"]
    assert f"{n} pairs" in (trial / "out" / "statistics" / "results.md").read_text()
    with zipfile.ZipFile(trial / "out" / "statistics" / "tables.docx") as archive:
        text = archive.read("word/document.xml").decode()
    assert "change in Glu × drug" in text and f"{n} pairs of" in text


def test_the_plan_has_a_hash(trial: Path) -> None:
    analyse(trial)
    analyse(trial, PLAN + "  alpha: 0.01\n", "strict")
    one, other = (json.loads((trial / out / "results.json").read_text()) for out in ("out", "strict"))
    assert one["plan_sha256"] != other["plan_sha256"]
    assert one["main_model"]["terms"][0]["ci_low"] > other["main_model"]["terms"][0]["ci_low"]


def test_what_cannot_be_estimated_is_told_and_counts(trial: Path) -> None:
    ended = analyse(trial, PLAN.replace("name: age", "name: height"))
    assert ended.returncode == 3
    assert "not estimable: main model with height: covariate height: not in the observation table" in ended.stderr
    assert "height: not estimable" in (trial / "out" / "statistics" / "results.md").read_text()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("metabolite: Glu", "metabolit: Glu", "did you mean 'metabolite'"),
        ("time_adjustment: linear", "time_adjustment: cubic", "analysis.time_adjustment"),
        ("biomarker_change: difference", "biomarker_change: log_ratio", "with log use difference"),
        ("  metabolite: Glu", "  models: [magic]\n  metabolite: Glu", "analysis.models: must be one of"),
        ("treatments: [placebo, drug]", "treatments: [placebo]", "design.treatments"),
        ("name: gene", "name: age", "covariates must be named once"),
    ],
)
def test_bad_plans(trial: Path, before: str, after: str, said: str) -> None:
    assert before in PLAN
    ended = analyse(trial, PLAN.replace(before, after))
    assert ended.returncode == 2
    assert said in ended.stderr and "Traceback" not in ended.stderr
    assert not (trial / "out").exists()


def test_a_model_beside_the_plan_is_exploratory(trial: Path) -> None:
    planned = PLAN + "  models: [cr2]\n"
    declared = analyse(trial, planned)
    beside = analyse(trial, planned, "beside", "--explore", "huber", "--explore", "cr2")
    assert (declared.returncode, beside.returncode) == (0, 0), beside.stderr
    one, other = (json.loads((trial / out / "results.json").read_text()) for out in ("out", "beside"))
    assert [(model["name"], model["declared"]) for model in one["models"]] == [("cr2", True)]
    assert [(model["name"], model["declared"]) for model in other["models"]] == [("cr2", True), ("huber", False)]
    assert one["plan_sha256"] == other["plan_sha256"]  # what is explored is no part of the plan
    assert "(exploratory, not part of the plan)" in (trial / "beside" / "statistics" / "results.md").read_text()
    unknown = analyse(trial, planned, "none", "--explore", "magic")
    assert unknown.returncode == 2 and "must be one of" in unknown.stderr


def test_the_input_is_never_written_to(trial: Path) -> None:
    before = checksums(trial)
    ended = analyse(trial, out=".")
    assert ended.returncode == 2
    assert "never written to" in ended.stderr
    assert {name: value for name, value in checksums(trial).items() if name != "study.yaml"} == before
