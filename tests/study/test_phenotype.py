"""Tables of phenotype/ in a run: outcome, exposure, covariate, by participant, session or period."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.core.read.problems import Problems
from pharmrs.study.analysis_stage import ANALYSIS
from pharmrs.study.declared import Study
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.read.phenotype import read_phenotype
from tests.study.test_observations import build, dataset, derivative, study, write

__all__ = ["dataset"]


def people(root: Path) -> list[str]:
    return [f"{number:02d}" for number in range(1, 13)]


def with_tables(root: Path) -> None:
    """MADRS by session, the level in plasma by period, the weight by participant."""
    random = np.random.default_rng(3)
    scale: list[tuple[object, ...]] = [("participant_id", "session_id", "MADRS")]
    plasma: list[tuple[object, ...]] = [("participant_id", "period", "ketamine_ng_ml")]
    weight: list[tuple[object, ...]] = [("participant_id", "weight_kg")]
    for label in people(root):
        weight.append((f"sub-{label}", 60 + int(label)))
        scale += [(f"sub-{label}", f"ses-{session}", random.integers(10, 30)) for session in range(1, 5)]
        plasma += [(f"sub-{label}", period, 100 * int(label) + period) for period in (1, 2)]
    write(root / "phenotype" / "madrs.tsv", *scale)
    write(root / "phenotype" / "pk.tsv", *plasma)
    write(root / "phenotype" / "body.tsv", *weight)


def test_a_table_is_outcome_exposure_and_covariate(dataset: Path) -> None:
    with_tables(dataset)
    declared = study(
        outcomes=[{"name": "MADRS", "change": "difference"}, {"name": "NAA", "change": "log_ratio"}],
        exposures=[{"name": "ketamine_ng_ml"}], covariates=[{"name": "weight_kg"}], models=["exposure"],
        families=[{"members": ["MADRS"]}, {"members": ["NAA", "Glu"], "method": "hochberg"}],
    )  # fmt: skip
    table = build(dataset, declared)
    row = table.at("sub-02", "drug", "after")  # period 1, session 2
    assert row is not None
    lines = (dataset / "phenotype" / "madrs.tsv").read_text().splitlines()
    madrs = next(line for line in lines if line.startswith("sub-02\tses-2"))
    assert row.covariates == {
        "weight_kg": 62.0, "ketamine_ng_ml": 201.0, "MADRS": float(madrs.split("\t")[2]), "NAA": 12.0,
    }  # fmt: skip
    assert declared.analysis is not None
    result = analyse(table, declared.analysis.plan("lcmodel_water"))
    assert [one.name for one in result.chain.effects] == [
        "effect: Glu", "effect: BDNF", "effect: MADRS", "effect: NAA",
    ]  # fmt: skip
    assert [test.sample for test in result.chain.families] == ["family 1", "family 2", "family 2"]
    assert {one.term for one in result.models[0].estimates} >= {"Glu on ketamine_ng_ml", "MADRS on ketamine_ng_ml"}


def test_a_clinical_scale_takes_the_place_of_the_biomarker(dataset: Path) -> None:
    with_tables(dataset)
    table = build(dataset, study(biomarker="MADRS", biomarker_transform="none", covariates=[]))
    values = [row.biomarker for row in table.rows]
    assert len(values) == 48 and np.isfinite(values).all()
    assert all(10 <= value < 30 for value in values)


def test_the_tables_are_inputs_of_the_run(dataset: Path) -> None:
    with_tables(dataset)
    from pharmrs.core.stage import StudyContext

    context: StudyContext[Study] = StudyContext(root=dataset, output=derivative(dataset), plan=study())
    assert {path.name for path in ANALYSIS.inputs(context)} >= {"madrs.tsv", "pk.tsv", "body.tsv"}


def test_lines_of_nobody_are_told(dataset: Path) -> None:
    with_tables(dataset)
    path = dataset / "phenotype" / "madrs.tsv"
    path.write_text(path.read_text().replace("ses-2", "ses-02"))
    declared = study(outcomes=[{"name": "MADRS", "change": "difference"}], covariates=[])
    assert declared.analysis is not None
    from pharmrs.study.observations import build_observations

    _, warnings = build_observations(dataset, derivative(dataset), declared, declared.analysis.plan("lcmodel_water"))
    (told,) = [one for one in warnings if "MADRS" in one.field]
    assert "01, 02" in told.value and told.severity == "warning"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([("participant_id", "MADRS"), ("sub-01", "high")], "must be a number"),
        ([("participant_id", "MADRS"), ("sub-01", "1"), ("sub-01", "2")], "one line for each participant_id"),
    ],
)
def test_what_no_table_may_hold(tmp_path: Path, lines: list[tuple[object, ...]], told: str) -> None:
    write(tmp_path / "phenotype" / "madrs.tsv", *lines)
    problems = Problems("phenotype")
    read_phenotype(tmp_path, ["MADRS"], [], problems)
    assert told in "\n".join(map(str, problems.found))


def test_a_column_of_two_tables_and_an_outcome_of_none_are_errors(dataset: Path) -> None:
    with_tables(dataset)
    write(dataset / "phenotype" / "second.tsv", ("participant_id", "MADRS"), ("sub-01", 3))
    with pytest.raises(InputError, match="must be a column of one table"):
        build(dataset, study(outcomes=[{"name": "MADRS", "change": "difference"}]))
    with pytest.raises(InputError, match="must be a column of a table in phenotype"):
        build(dataset, study(outcomes=[{"name": "HAMD", "change": "difference"}]))
