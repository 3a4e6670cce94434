"""Connectivity as a stage: a unit is the table of one participant; a bad one is an outcome with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from pharmrs.core.errors import InputProblem
from pharmrs.core.read.cells import CellReader
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import read_text_table
from pharmrs.core.report.section import MethodsPart, section_of_tables
from pharmrs.core.report.tables import table_of_rows, write_table
from pharmrs.core.report.view_tables import view_of
from pharmrs.core.stage import Stage, StageOutcome, StudyContext, Units
from tests.toy_room.records import Connectivity, Strength
from tests.toy_room.science import strength

FOLDER = Path("sourcedata") / "connectivity"


@dataclass(frozen=True)
class Found:
    """What a participant's table gives: a value or the reason for none, and what is wrong with the table."""

    strength: Strength
    problems: tuple[InputProblem, ...] = ()


def _tables(root: Path) -> tuple[Path, ...]:
    return tuple(sorted((root / FOLDER).glob("sub-*.tsv")))


def measure(path: Path, plan: Connectivity) -> Found:
    """One participant: the time courses `seed` and `target`, one volume a line."""
    subject, problems = path.stem.removeprefix("sub-"), Problems(str(path))
    cells = CellReader(problems)
    rows = read_text_table(path, problems, ["seed", "target"])
    seed, target = (np.array([cells.number(row, name) for row in rows]) for name in ("seed", "target"))
    if problems.found:
        return Found(Strength(subject=subject, reason="the table cannot be read"), tuple(problems.found))
    known = np.isfinite(seed) & np.isfinite(target)
    return Found(strength(subject, seed[known], target[known], plan.least_volumes))


def _lost(path: Path, what: str) -> Found:
    return Found(Strength(subject=path.stem.removeprefix("sub-"), reason=what))


def _gather(
    context: StudyContext[Connectivity | None], _planned: Sequence[Path], found: Sequence[Found]
) -> StageOutcome:
    plan, rows = context.plan, [one.strength for one in found]
    assert plan is not None
    write_table(context.output, table_of_rows("connectivity", Strength, rows))
    counted = sum(not row.reason for row in rows)
    words = f"Connectivity of {plan.seed} was found in {counted} of {len(rows)} participants."
    view = view_of("Connectivity of each participant.", Strength, rows, sortable=True)
    return StageOutcome(
        problems=tuple(problem for one in found for problem in one.problems),
        sections=(section_of_tables("connectivity", "Connectivity", (words,), (view,)),),
        methods=(MethodsPart(title="Connectivity", write=lambda _cite: (words,)),),
    )


def _work(context: StudyContext[Connectivity | None]) -> partial[Found]:
    assert context.plan is not None
    return partial(measure, plan=context.plan)


_RUN: Units[Connectivity | None, tuple[Path, ...], Path, Found] = Units(
    plan=lambda context: _tables(context.root),
    tasks=lambda paths: paths,
    work=_work,
    lost=_lost,
    seconds_each=lambda _paths: 0.01,
    gather=_gather,
)
CONNECTIVITY: Stage[Connectivity | None] = Stage(
    name="connectivity",
    outputs=("connectivity.*",),
    wanted=lambda _root, plan: plan is not None,
    run=_RUN,
    inputs=lambda context: _tables(context.root),
)
