"""Whether plan and tables of a trial speak of the same things, asked before anything is computed.

A label that one file spells in another way than the next makes no error later: the sessions, participants or rules it
names are simply not there.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, input_problem, some_of
from pharmrs.core.files.places import STUDY_FILE
from pharmrs.core.read.cells import CellReader
from pharmrs.core.read.numbers import could_be_number
from pharmrs.core.read.participants import PARTICIPANTS, read_participants
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow
from pharmrs.genotype.read.markers import find_markers
from pharmrs.spectra.fit.amplitudes import SUMS, parts_of
from pharmrs.study.declared import Study
from pharmrs.study.observations import GENOTYPE, WhoTakesPart
from pharmrs.trial.read.phenotype import phenotype_columns
from pharmrs.trial.records.analysis import Covariate


def check_metabolites(study: Study, components: Sequence[str], file: str) -> list[InputProblem]:
    """Metabolites that `file` names and the fit of `components` does not give."""
    sums = [total for total in SUMS if parts_of(total, tuple(components))]
    known = list(dict.fromkeys((*components, *sums)))
    named = [("quality.metabolites", name, "error") for name in study.quality.metabolites]
    named += [("quantification.alpha", name, "warning") for name in study.quantification.alpha]
    if study.analysis is not None and study.analysis.metabolite:
        named.append(("analysis.metabolite", study.analysis.metabolite, "error"))
    rule = "must be a component of the basis set that is fitted, or a sum of them"
    return [
        input_problem(file, field, rule, name, _use_one_of(name, known), severity)
        for field, name, severity in named
        if name not in known
    ]


def check_tables(root: Path, study: Study, trial: WhoTakesPart) -> list[InputProblem]:
    """Time points, participants and values of covariates that the plan names and the tables do not have."""
    assert study.analysis is not None
    problems = _time_points(root, study, trial)
    if (root / PARTICIPANTS).is_file() or study.analysis.covariates or study.analysis.exposures:
        problems += _participants(root, study, trial)
    return problems


def check_sources(root: Path, study: Study) -> list[InputProblem]:
    """Analyte and markers of the plan that no declared assay or genotyping will measure."""
    assert study.analysis is not None
    quiet = Problems("")  # what is wrong with the table itself is told by `check_tables`
    rows = read_participants(root, quiet) if (root / PARTICIPANTS).is_file() else []
    columns = list(rows[0].cells) if rows else []
    problems = [*_metabolite(root, study), *_biomarker(root, study)]
    elsewhere = phenotype_columns(root)
    for covariate in (*study.analysis.covariates, *study.analysis.exposures) if rows else ():
        if covariate.name not in columns and covariate.name not in elsewhere:
            problems += _marker(covariate, root, study, columns)
    return problems


def _time_points(root: Path, study: Study, trial: WhoTakesPart) -> list[InputProblem]:
    assert study.design is not None
    design, labels = study.design, {visit.time_point for visits in trial.visits.values() for visit in visits}
    problems = [
        input_problem(
            root / STUDY_FILE, f"design.{key}", "must be a time point of the sessions", label,
            _use_one_of(label, sorted(labels)),
        )
        for key, label in (("baseline", design.baseline), ("follow_up", design.follow_up))
        if labels and label not in labels
    ]  # fmt: skip
    known = (design.baseline, design.follow_up)
    for label in sorted(labels - set(known)) if not problems else ():
        if near := _near(label, known):
            people = [
                f"sub-{one}" for one, visits in trial.visits.items() if any(v.time_point == label for v in visits)
            ]
            rule, remedy = f"is not {near}, so that the session is not analysed", f"write {near} if that is meant"
            value = f"{label} of {some_of(people)}"
            problems.append(input_problem(root / "sub-*_sessions.tsv", "time_point", rule, value, remedy, "warning"))
    return problems


def _metabolite(root: Path, study: Study) -> list[InputProblem]:
    assert study.analysis is not None
    if not study.analysis.metabolite or study.basis is not None or study.results is not None:
        return []
    rule, remedy = "must be measured by a part of the study", "declare basis: or results:, or name the biomarker alone"
    return [input_problem(root / STUDY_FILE, "analysis.metabolite", rule, study.analysis.metabolite, remedy)]


def _biomarker(root: Path, study: Study) -> list[InputProblem]:
    assert study.analysis is not None
    if study.assay is None or study.analysis.biomarker in ("", study.assay.analyte):
        return []
    if study.analysis.biomarker in phenotype_columns(root):
        return []
    rule, remedy = f"must be assay.analyte, {study.assay.analyte}", "write both alike"
    return [input_problem(root / STUDY_FILE, "analysis.biomarker", rule, study.analysis.biomarker, remedy)]


def _participants(root: Path, study: Study, trial: WhoTakesPart) -> list[InputProblem]:
    assert study.analysis is not None
    problems = Problems(str(root / PARTICIPANTS))
    rows = {row.text("participant_id").removeprefix("sub-"): row for row in read_participants(root, problems)}
    if not rows:
        return problems.found
    absent = [f"sub-{label}" for label in trial.allocation if label not in rows]
    if absent:
        rule, remedy = "should list every participant of the allocation", "add the lines, or correct the labels"
        problems.add("participant_id", rule, f"no line for {some_of(absent)}", remedy, severity="warning")
    analysed = [row for label, row in rows.items() if label in trial.allocation]
    for covariate in (*study.analysis.covariates, *study.analysis.exposures):
        if any(covariate.name in row.cells for row in analysed):
            _column(covariate, analysed, problems)
    return problems.found


def _column(covariate: Covariate, rows: Sequence[TextRow], problems: Problems) -> None:
    """Numbers where the covariate is one, its reference level among the levels where it is a category."""
    name = covariate.name
    levels = sorted({row.text(name) for row in rows} - {""})
    if covariate.reference:
        if levels and covariate.reference not in levels:
            rule = f"nobody has the reference level {covariate.reference} of analysis.covariates"
            problems.add(name, rule, some_of(levels), "correct the level in study.yaml, or the column")
        return
    cells = CellReader(problems)
    wrong = [row for row in rows if row.text(name) and not could_be_number(row.text(name))]
    for row in rows:
        if row not in wrong:
            cells.number(row, name)
    if wrong:
        remedy = "write numbers, or declare its `reference` level if it is a category"
        found = some_of([f"{row.text(name)} in {row.where}" for row in wrong], 3)
        problems.add(name, "must hold numbers, as analysis.covariates declares no reference level", found, remedy)


def _marker(covariate: Covariate, root: Path, study: Study, columns: Sequence[str]) -> list[InputProblem]:
    """A covariate that is no column must be a marker, and its reference level one of the marker's genotypes."""
    names = study.genotype.markers if study.genotype is not None else ()
    wanted = names[0] if covariate.name == GENOTYPE and len(names) == 1 else covariate.name
    if wanted not in names:
        near = _near(covariate.name, [*columns, *names])
        remedy = (
            f"did you mean {near}?" if near else "add the column, correct analysis.covariates, or declare genotyping"
        )
        rule = "must be a column here, of a table in phenotype/, or a marker of genotypes.tsv"
        return [input_problem(root / PARTICIPANTS, covariate.name, rule, "missing", remedy)]
    assert study.genotype is not None
    try:
        (marker,) = find_markers([wanted], [root / file for file in study.genotype.marker_files], "")
    except InputError:
        return []  # the genotype stage tells what is wrong with the marker
    if covariate.reference in marker.genotypes:
        return []
    rule, value = f"needs a genotype of {wanted} as reference level", covariate.reference or "none"
    field, remedy = f"analysis.covariates.{covariate.name}", _use_one_of(value, marker.genotypes)
    return [input_problem(root / STUDY_FILE, field, rule, value, remedy)]


def _near(word: str, known: Sequence[str]) -> str:
    """The known word that `word` resembles, whatever the capitals; empty: none."""
    plain = {one.casefold(): one for one in known}
    found = difflib.get_close_matches(word.casefold(), list(plain), n=1, cutoff=0.7)
    return plain[found[0]] if found else ""


def _use_one_of(word: str, known: Sequence[str]) -> str:
    near = _near(word, known)
    return f"did you mean {near}?" if near else f"use one of {some_of(known, 30)}"
