"""Changes of series across people: what each treatment did in the mean, from series.tsv and the allocation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from pharmrs.core.errors import InputError
from pharmrs.core.read.cells import CellReader
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import read_text_table
from pharmrs.core.report.section import MethodsPart, section_of_tables
from pharmrs.core.report.tables import table_of_rows, write_table
from pharmrs.core.report.view_tables import view_of
from pharmrs.core.stage import Stage, StageOutcome, StudyContext
from pharmrs.spectra.report.series import PAGE
from pharmrs.study.declared import Study
from pharmrs.study.observations import read_trial
from pharmrs.trial.models.session_changes import METHOD, AcrossPeople, SessionChange, across_people
from pharmrs.trial.read.derivative_values import SERIES

NAME = "series_across_people"
EVERYBODY = "all"


def _rows(folder: Path, problems: Problems) -> Iterator[tuple[str, str, str, float]]:
    """Outcome, participant, session and change of every declared change that counts."""
    cells = CellReader(problems)
    wanted = ("outcome", "subject", "session", "change_percent", "declared", "excluded")
    for row in read_text_table(folder / SERIES, problems, wanted):
        if row.text("declared") == "yes" and not row.text("excluded"):
            change = cells.number(row, "change_percent") if row.text("change_percent") else math.nan
            yield row.text("outcome"), row.text("subject"), row.text("session"), change


def _run(context: StudyContext[Study]) -> StageOutcome:
    problems = Problems(str(context.output / SERIES))
    changes = list(_rows(context.output, problems))
    treatments, given = _given(context)
    found = []
    for outcome in dict.fromkeys(row[0] for row in changes):
        rows = [
            SessionChange(subject, *given.get((subject, session), ("", 0)), change)
            for name, subject, session, change in changes
            if name == outcome
        ]
        placed = [row for row in rows if row.treatment] if given else [_undivided(row) for row in rows]
        found += across_people(outcome, placed, treatments)
    if not found:
        return StageOutcome(problems=tuple(problems.found))
    write_table(context.output, table_of_rows(NAME, AcrossPeople, found))
    view = view_of("Changes across people.", AcrossPeople, found, sortable=True)
    words = (f"{METHOD} Only an outcome that the analysis plan names is part of the plan.",)
    section = section_of_tables("series-across-people", "Change across people", words, (view,), page=PAGE)
    part = MethodsPart(title="Change across people", write=lambda _cite: (METHOD,))
    return StageOutcome(problems=tuple(problems.found), sections=(section,), methods=(part,))


def _undivided(row: SessionChange) -> SessionChange:
    return SessionChange(row.subject, EVERYBODY, 0, row.change)


def _given(context: StudyContext[Study]) -> tuple[tuple[str, ...], dict[tuple[str, str], tuple[str, int]]]:
    """Treatments, and what was given in each session and in which period; without a design nothing."""
    if context.plan.design is None:
        return (EVERYBODY,), {}
    try:
        trial, _ = read_trial(context.root, context.plan)
    except InputError:
        return (EVERYBODY,), {}
    given = {
        (label, visit.session): (trial.allocation[label][visit.period], visit.period)
        for label, visits in trial.visits.items()
        for visit in visits
        if visit.period in trial.allocation[label]
    }
    return (tuple(context.plan.design.treatments), given) if given else ((EVERYBODY,), {})


SERIES_ACROSS_PEOPLE: Stage[Study] = Stage(
    name="series across people",
    outputs=(f"{NAME}.tsv", f"{NAME}.json"),
    wanted=lambda _root, study: study.series is not None and study.basis is not None,
    run=_run,
)
