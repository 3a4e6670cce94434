"""A new kind of measurement costs one folder and one line: the toy room runs beside another stage in one list."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.read.declarations import read_declaration
from pharmrs.core.records.declaration import declaration
from pharmrs.core.stage import Stage, StageOutcome, StudyContext, look_ahead, run_stages
from tests.toy_room.records import Connectivity
from tests.toy_room.stage import CONNECTIVITY, FOLDER

VOLUMES, TRUE_R = 400, 0.6


@declaration
class _Plan:
    connectivity: Connectivity | None = None


def _write(root: Path, subject: str, rows: list[tuple[object, object]]) -> None:
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    lines = ["seed\ttarget", *(f"{seed}\t{target}" for seed, target in rows)]
    (root / FOLDER / f"sub-{subject}.tsv").write_text("\n".join(lines) + "\n")


@dataclass
class _Study:
    context: StudyContext[_Plan]
    outcomes: list[StageOutcome]

    def rows(self) -> dict[str, dict[str, str]]:
        head, *lines = (self.context.output / "connectivity.tsv").read_text().splitlines()
        made = [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in lines]
        return {row["subject"]: row for row in made}


@pytest.fixture
def study(tmp_path: Path) -> _Study:
    random = np.random.default_rng(1)
    seed = random.normal(size=VOLUMES)
    target = TRUE_R * seed + math.sqrt(1 - TRUE_R**2) * random.normal(size=VOLUMES)
    _write(tmp_path, "01", list(zip(seed, target, strict=True)))
    _write(tmp_path, "02", list(zip(seed[:50], target[:50], strict=True)))
    _write(tmp_path, "03", [(1.0, "many"), *zip(seed, target, strict=True)])
    (tmp_path / "study.yaml").write_text("connectivity: {seed: pgACC}\n")
    output = tmp_path / "out"
    output.mkdir()
    (output / "connectivity.tsv").write_text("former")
    plan = read_declaration(tmp_path / "study.yaml", _Plan, "write one")
    first: Stage[_Plan] = Stage(
        name="first", outputs=(), wanted=lambda _root, _plan: True, run=lambda _context: StageOutcome()
    )
    stages = (first, CONNECTIVITY.of(lambda whole: whole.connectivity))
    context, _ = look_ahead(StudyContext(root=tmp_path, plan=plan, output=output), stages)
    assert [path.name for path in stages[1].inputs(context)] == ["sub-01.tsv", "sub-02.tsv", "sub-03.tsv"]
    return _Study(context, run_stages(context, stages))


def test_the_value_is_the_planted_one_and_its_table_describes_itself(study: _Study) -> None:
    row = study.rows()["01"]
    assert float(row["sd"]) == pytest.approx(1 / math.sqrt(VOLUMES - 3))
    assert abs(float(row["z"]) - math.atanh(TRUE_R)) < 3 * float(row["sd"])
    about = json.loads((study.context.output / "connectivity.json").read_text())
    assert list(about) == ["subject", "volumes", "z", "sd", "reason"]
    assert about["z"]["Description"].startswith("Fisher's z")


def test_bad_participants_are_outcomes_with_a_reason_and_end_nothing(study: _Study) -> None:
    rows = study.rows()
    assert rows["02"]["reason"] == "50 volumes, 100 are the least" and rows["02"]["z"] == "n/a"
    assert rows["03"]["reason"] == "the table cannot be read"
    (problem,) = study.outcomes[1].problems
    assert problem.file.endswith("sub-03.tsv") and problem.field == "line 2: target" and problem.value == "many"


def test_it_has_a_page_and_a_part_of_the_methods(study: _Study) -> None:
    (section,) = study.outcomes[1].sections
    assert section.anchor == "connectivity" and "pgACC was found in 1 of 3 participants" in section.body
    assert "Fisher" not in section.body and "50 volumes, 100 are the least" in section.body
    assert study.outcomes[1].methods[0].title == "Connectivity"


def test_a_wrong_key_is_told_with_the_near_one(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("connectivity: {sed: pgACC}\n")
    with pytest.raises(Exception, match="did you mean 'seed'"):
        read_declaration(tmp_path / "study.yaml", _Plan, "write one")
