"""Whether the answer of a trial hangs on the program that fitted the spectra: the analysis with the other values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pharmrs.core.errors import InputError
from pharmrs.core.records.columns import column
from pharmrs.core.report.answer import Answer
from pharmrs.core.report.section import Section, section_of_tables
from pharmrs.core.report.tables import table_of_rows, write_table
from pharmrs.core.report.view_tables import view_of
from pharmrs.core.stage import StudyContext
from pharmrs.spectra.records.scan import ForeignValues
from pharmrs.spectra.report.tables import write_study_tables
from pharmrs.spectra.stage.foreign_scans import OTHERS
from pharmrs.spectra.stage.scans import SCANS
from pharmrs.study.declared import Study
from pharmrs.study.observations import build_observations
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.report.answer import answer_in_words

FOLDER, NAME = "other_values", "both_answers"
OUTPUTS = (f"{FOLDER}/*", f"{NAME}.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """One declared estimate with the values that count, or with those of the other program."""

    values: str = column("Whose values: those that count, or the other program's where a scan has both.")
    estimate: str = column("What is estimated.")
    value: str = column("The estimate.")
    interval: str = column("Its interval.")
    detail: str = column("Test and number of pairs.")


def with_other_values(context: StudyContext[Study], plan: AnalysisPlan, answer: Answer) -> tuple[Section, ...]:
    """The declared result once more with the values that stand back; nothing where no scan has two."""
    others = {one.files.name: one for one in context.given(OTHERS) if one.result is not None}
    if not others or not plan.metabolite:
        return ()
    counted = context.given(SCANS)
    swapped = [others.get(one.files.name, one) for one in counted]
    folder = context.output / FOLDER
    write_study_tables(folder, swapped, without=["problems", "quality"])
    try:
        table, _ = build_observations(context.root, context.output, context.plan, plan, spectra=folder)
        other = answer_in_words(analyse(table, replace(plan, models=(), exploratory=())))
    except InputError as error:
        return (_section((), [str(problem) for problem in error.problems]),)
    theirs = any(isinstance(one.result, ForeignValues) for one in others.values())
    names = ("values that count", "the other program's" if theirs else "our own instead")
    rows = tuple(
        AnswerRow(values=name, estimate=one.name, value=one.value, interval=one.interval, detail=one.detail)
        for name, shown in zip(names, (answer, other), strict=True)
        for one in shown.estimates
    )
    write_table(context.output, table_of_rows(NAME, AnswerRow, rows))
    return (
        _section(
            rows,
            [f"With {name}: {' '.join(shown.findings)}" for name, shown in zip(names, (answer, other), strict=True)],
        ),
    )


def _section(rows: Sequence[AnswerRow], words: Sequence[str]) -> Section:
    view = view_of("The declared result with the values of either program.", AnswerRow, rows)
    return section_of_tables("both-answers", "Does the answer hang on the program?", words, (view,), page="programs")
