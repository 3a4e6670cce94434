"""The observation table in: one row per participant, treatment and time point (`observations.tsv`)."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from pharmrs.core.errors import InputProblem, some_of
from pharmrs.core.files.json_text import read_json
from pharmrs.core.read.cells import CellReader
from pharmrs.core.read.numbers import Commas, NumberRead, could_be_number, read_number
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.trial.read.observation_checks import check_observations, with_occasions
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.observations import (
    CENSORING,
    NOT_CENSORED,
    RULES_APART,
    CovariateValue,
    Observation,
    ObservationTable,
    varying_covariates,
)

REQUIRED = ("subject", "treatment", "time_point")
_OPTIONAL = (
    "metabolite", "biomarker",  # each is required where the plan names one
    "sequence", "period", "clock_time_h", "metabolite_sd", "metabolite_excluded", "exclusion_rule", "biomarker_sd",
    "biomarker_censored", "biomarker_limit",
)  # fmt: skip
_WITHOUT_RULE = "excluded"
_ON_SCALE = "metabolite@"  # begins the columns that hold the metabolite on other scales


def read_observations(
    path: str | Path,
    design: Design,
    plan: AnalysisPlan,
    warn: Callable[[InputProblem], None] = lambda _problem: None,
) -> ObservationTable:
    """Read and check an observation table. Raises `InputError` with every problem found.

    Columns `metabolite@SCALE` hold the metabolite on other scales. All other columns that are not part of the table
    are covariates; a covariate is text when the plan declares a reference level for it or a value is no number. Cells
    that are empty or `n/a` are missing.
    """
    problems = Problems(str(path))
    named = [column for column in ("metabolite", "biomarker") if getattr(plan, column)]
    rows = read_text_table(Path(path), problems, (*REQUIRED, *named))
    problems.raise_errors()
    _check_names(list(rows[0].cells), plan, problems)
    further = [name for name in rows[0].cells if name not in (*REQUIRED, *_OPTIONAL)]
    names = [name for name in further if not name.startswith(_ON_SCALE)]
    cells = CellReader(problems)
    covariates = _covariates(rows, names, plan, problems)
    observations = [
        _observation(row, cells, {name: values[i] for name, values in covariates.items()}) for i, row in enumerate(rows)
    ]
    observations = with_occasions(observations, design)
    check_observations(observations, [row.where for row in rows], design, plan, problems)
    units = _units(Path(path), problems)
    problems.raise_errors(warn)
    kept, notes = _without_undeclared(observations, plan)
    return observation_table(kept, design, *units, notes=notes, of_sessions=plan.of_sessions)


def _without_undeclared(
    observations: Sequence[Observation], plan: AnalysisPlan
) -> tuple[list[Observation], tuple[str, ...]]:
    """The rows without columns that differ between the sessions of a participant and that no plan names."""
    declared = {*plan.columns}
    ignored = {name: who for name, who in varying_covariates(observations).items() if name not in declared}
    notes = tuple(
        f"column {name} differs between the rows of a participant ({some_of(who, 3)}) and is not declared: it is "
        "ignored (analysis.covariates, exposures or outcomes declare it)"
        for name, who in ignored.items()
    )
    kept = [
        replace(row, covariates={name: value for name, value in row.covariates.items() if name not in ignored})
        for row in observations
    ]
    return kept, notes


def _units(path: Path, problems: Problems) -> tuple[str, str]:
    """Units of metabolite and biomarker from the data dictionary beside the table; empty where none tells."""
    beside = path.with_suffix(".json")
    if not beside.is_file():
        return "", ""
    try:
        entries = read_json(beside)
        metabolite, biomarker = (str(entries.get(name, {}).get("Units", "")) for name in ("metabolite", "biomarker"))
    except (OSError, ValueError, AttributeError) as error:
        remedy = "correct or delete it"
        problems.add(beside.name, "must be a data dictionary (JSON)", str(error), remedy)
        return "", ""
    return metabolite, biomarker


def observation_table(
    observations: Sequence[Observation], design: Design, metabolite_unit: str = "", biomarker_unit: str = "",
    notes: tuple[str, ...] = (), of_sessions: Collection[str] = (),
) -> ObservationTable:  # fmt: skip
    """The table of checked observations."""
    return ObservationTable.of(
        observations,
        kind=design.kind,
        treatments=design.treatments,
        baseline=design.baseline,
        follow_up=design.follow_up,
        sequences=design.sequences,
        doses=design.doses,
        metabolite_unit=metabolite_unit,
        biomarker_unit=biomarker_unit,
        notes=notes,
        of_sessions=of_sessions,
    )


def _observation(row: TextRow, cells: CellReader, covariates: dict[str, CovariateValue]) -> Observation:
    excluded = cells.word(row, "metabolite_excluded", ("yes", "no"), "no") == "yes"
    period = cells.number(row, "period", low=1.0)
    if not math.isnan(period) and period != int(period):
        cells.problems.add(f"{row.where}: period", "must be a whole number", row.text("period"), "write 1, 2, ...")
        period = math.nan
    return Observation(
        subject=row.text("subject"),
        treatment=row.text("treatment"),
        time_point=row.text("time_point"),
        sequence=row.text("sequence"),
        period=None if math.isnan(period) else int(period),
        clock_time_h=cells.clock_h(row, "clock_time_h"),
        metabolite=cells.number(row, "metabolite", low=0.0),
        metabolite_sd=cells.number(row, "metabolite_sd", low=0.0),
        exclusions=(_rules(row.text("exclusion_rule")) or (_WITHOUT_RULE,)) if excluded else (),
        biomarker=cells.number(row, "biomarker"),
        biomarker_sd=cells.number(row, "biomarker_sd", low=0.0),
        biomarker_censored=cells.word(row, "biomarker_censored", CENSORING, NOT_CENSORED),
        biomarker_limit=cells.number(row, "biomarker_limit", above=0.0),
        covariates=covariates,
        metabolite_scales={
            name.removeprefix(_ON_SCALE): cells.number(row, name)
            for name in row.cells
            if name.startswith(_ON_SCALE) and row.text(name)
        },
    )


def _rules(text: str) -> tuple[str, ...]:
    """Rules separated by semicolons, with or without blanks about them, each once."""
    named = (rule.strip() for rule in text.split(RULES_APART.strip()))
    return tuple(dict.fromkeys(rule for rule in named if rule))


def _check_names(header: Sequence[str], plan: AnalysisPlan, problems: Problems) -> None:
    """A column that is nearly an optional one would be taken for a covariate, and what it says be lost."""
    planned = plan.columns
    lacking = [name for name in (*_OPTIONAL, *planned) if name not in header]
    for name in header:
        if name in (*REQUIRED, *_OPTIONAL, *planned):
            continue
        if near := difflib.get_close_matches(name.casefold(), lacking, n=1, cutoff=0.85):
            remedy = f"did you mean '{near[0]}'? Rename the column, or delete it"
            problems.add("header", "must not nearly be the name of a known column", name, remedy)


def _covariates(
    rows: Sequence[TextRow], names: Sequence[str], plan: AnalysisPlan, problems: Problems
) -> dict[str, list[CovariateValue]]:
    """Every further column, as numbers where all its values are numbers and the plan does not call it a category."""
    categories = {one.name for one in (*plan.covariates, *plan.exposures) if one.categorical}
    numeric = [one.name for one in plan.outcomes]
    for name in (name for name in numeric if name not in names):
        remedy = "add it, or correct analysis.outcomes"
        problems.add("header", f"must hold the column {name}", "missing", remedy)
    found: dict[str, list[CovariateValue]] = {}
    for name in names:
        texts = [row.text(name) for row in rows]
        if name in categories:
            found[name] = list(texts)
        else:
            found[name] = numbers_or_texts(texts, rows[0].commas[name], problems, name)
        if name in numeric and (words := [value for value in found[name] if isinstance(value, str) and value]):
            problems.add(f"column {name}", "an outcome must hold numbers", some_of(words, 3), "correct the cells")
    return found


def numbers_or_texts(texts: Sequence[str], commas: Commas, problems: Problems, column: str) -> list[CovariateValue]:
    """A column as numbers where every cell that is not missing could be one, else as texts.

    A number that could be two (1,959) is a problem.
    """
    if any(text and not could_be_number(text) for text in texts):
        return list(texts)
    read = [read_number(text, commas) if text else NumberRead(math.nan) for text in texts]
    for text, one in zip(texts, read, strict=True):
        if one.rule:
            problems.add(f"column {column}", one.rule, text, one.remedy)
    return [one.value for one in read]
