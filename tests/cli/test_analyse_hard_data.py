"""`pharmrs analyse` on data that do not support the plan: exit code 3, a reason for each model, every file written."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pharmrs.cli.main import run
from pharmrs.core.report.tables import write_table
from pharmrs.trial.records.observations import Observation
from pharmrs.trial.report.tables import observations_table
from tests.trial.random_trials import NAN, random_rows, table_of

PLAN = """\
title: Hard data
design: {kind: crossover, treatments: [placebo, drug], baseline: before, follow_up: after}
analysis:
  metabolite: Glu
  biomarker: BDNF
  time_adjustment: none
  biomarker_transform: log
  biomarker_change: difference
  metabolite_change: relative
  models: [cr2, within, mixed, crossover, symmetry, huber, mm, log_ratio, errors_in_variables, tobit, joint,
           permutation, bootstrap, leave_one_out, levels, summaries, ranks]
"""
Change = Callable[[Observation], Observation]


def censored(row: Observation) -> Observation:
    return replace(row, biomarker=NAN, biomarker_censored="left", biomarker_limit=100.0)


def separated(row: Observation) -> Observation:
    return censored(row) if (row.treatment, row.time_point) == ("drug", "after") else row


def tied(row: Observation) -> Observation:
    """Two values of each quantity, so that every rank is shared."""
    return replace(row, metabolite=10.0 + (row.metabolite > 10), biomarker=300.0 + 100.0 * (row.biomarker > 400))


# what is changed, participants, models of which the reason must be told, a part of it
CASES: dict[str, tuple[Change, int, dict[str, str]]] = {
    "all censored": (censored, 8, {"main model": "no biomarker value was measured", "tobit": "no biomarker value"}),
    "separation": (separated, 8, {"main model": "treatment drug: no participant", "tobit": "separation"}),
    "constant metabolite": (
        lambda row: replace(row, metabolite=10.0), 8, {"main model": "singular, not estimable", "joint": "constant"},
    ),
    "constant biomarker": (
        lambda row: replace(row, biomarker=300.0), 8, {"main model": "the same in all", "mixed": "constant"},
    ),
    "three participants": (lambda row: row, 3, {"permutation": "3 participants, 6 are the least"}),
    "one treatment": (
        lambda row: row if row.treatment == "placebo" else replace(row, metabolite=NAN, biomarker=NAN), 8,
        {"main model": "treatment drug", "cr2": "treatment drug"},
    ),
    "nothing measured": (
        lambda row: replace(row, metabolite=NAN, biomarker=NAN), 8, {"main model": "no biomarker value was measured"},
    ),
}  # fmt: skip


def analyse(folder: Path, change: Change, participants: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Exit code of the command, run in this process."""
    rows = [change(row) for row in random_rows(5, subjects=participants, missing=0.0)]
    write_table(folder, observations_table(table_of(rows)))
    (folder / "study.yaml").write_text(PLAN)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["pharmrs", "analyse", "observations.tsv", "-p", "study.yaml", "-o", "out"])
    with pytest.raises(SystemExit) as ended:
        run()
    return int(ended.value.code or 0)


@pytest.mark.parametrize("case", CASES)
def test_each_has_a_stated_outcome(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change, participants, expected = CASES[case]
    assert analyse(tmp_path, change, participants, monkeypatch) == 3
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "not estimable: " in said
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    reasons = {model["name"]: model["reason"] for model in results["models"]}
    reasons["main model"] = results["main_model"].get("reason", "")
    for name, part in expected.items():
        assert part in reasons[name], (name, reasons[name])
    text = (tmp_path / "out" / "statistics" / "results.md").read_text()
    for model in results["models"]:  # each says something: a result, or why there is none
        assert model["reason"] or model["estimates"] or model["tests"]
        assert not model["reason"] or f"not estimable, {model['reason']}" in text
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000


def test_ties_are_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """MM-estimation refuses; everything else has a result, and rank tests say how they met the ties."""
    assert analyse(tmp_path, tied, 12, monkeypatch) == 3
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "Robust regression (MM): robust regression, MM: half of the rows fit exactly" in said
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["main_model"]["n"] == 24
    rank = [test for test in results["tests"] if test["family"] == "spearman"]
    assert rank and all(test["p_alternative_method"] == "AS 89" and test["ties"] for test in rank)
    (ranks,) = [model for model in results["models"] if model["name"] == "ranks"]
    kendall = [test for test in ranks["tests"] if test["family"] == "kendall"]
    assert all(test["p_method"] == "normal, tie-corrected" for test in kendall)
