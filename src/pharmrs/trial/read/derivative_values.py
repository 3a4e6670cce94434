"""What the statistics take from the derivative: one metabolite, one analyte, genotypes, by participant and session."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pharmrs.core.read.cells import CellReader
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, read_text_table
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.observations import CENSORING, NOT_CENSORED

Place = tuple[str, str]
SERIES, SHARED = "series.tsv", "shared_macromolecules.tsv"
REJECTED, ACCEPTANCE_RULE = "assay_rejected.tsv", "acceptance of the assay"
_NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaboliteValue:
    """Concentration with its SD; `exclusions`: the rules that exclude it, none: kept; `scales`: on other scales."""

    value: float
    sd: float
    exclusions: tuple[str, ...] = ()
    scales: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BiomarkerValue:
    """Measured concentration with its SD, or the limit it is known to lie beyond."""

    value: float
    sd: float
    censored: str
    limit: float
    unit: str


def read_metabolite(
    folder: Path, plan: AnalysisPlan, scan_entity: str, problems: Problems, other_scales: Sequence[str] = ()
) -> dict[Place, MetaboliteValue]:
    """The plan's metabolite on its scale from `metabolites.tsv`, with the rules of `exclusions.tsv`, by place.

    `other_scales`: scales that are taken along where the table has them.
    """
    required = ("scan", "subject", "session", "metabolite", plan.scale)
    rows = _rows(folder / "metabolites.tsv", problems, required, "scans")
    chosen = [row for row in rows if row.text("metabolite") == plan.metabolite and _is_scan(row, scan_entity)]
    if rows and not chosen:
        known = ", ".join(dict.fromkeys(row.text("metabolite") for row in rows))
        scans = f" in scans with {scan_entity}" if scan_entity else ""
        problems.add("metabolite", f"must hold {plan.metabolite}{scans}", known, "correct analysis in study.yaml")
    rules = _exclusions(folder, plan.metabolite, problems)
    cells = CellReader(problems)
    values = {
        row.line: MetaboliteValue(
            value=cells.number(row, plan.scale),
            sd=cells.number(row, f"{plan.scale}_sd"),
            exclusions=_exclusion(row, rules),
            scales={name: cells.number(row, name) for name in other_scales if row.text(name)},
        )
        for row in chosen
    }
    remedy = "declare analysis.scan: <entity of the scan> in study.yaml, e.g. acq-pgacc"
    lines = _one_each(chosen, problems, f"one scan with {plan.metabolite} per session", "scan", remedy)
    return {place: values[row.line] for place, row in lines.items()}


def _rows(path: Path, problems: Problems, required: tuple[str, ...], source: str) -> list[TextRow]:
    if path.is_file():
        return read_text_table(path, problems, required)
    rule, remedy = f"must hold the values of the {source}", f"mend first what else is said of the {source}"
    problems.add("file", rule, "not written: none came out", remedy)
    return []


def read_series(folder: Path, outcome: str, problems: Problems) -> dict[Place, float]:
    """A change during the session from `series.tsv`, in percent, by place; one that does not count is missing."""
    return _named_outcome(folder / SERIES, outcome, ("series", "change_percent"), "", problems)


def read_shared(folder: Path, outcome: str, scan_entity: str, problems: Problems) -> dict[Place, float]:
    """A value with the macromolecules of the person, from `shared_macromolecules.tsv`, likewise."""
    return _named_outcome(folder / SHARED, outcome, ("scan", "value"), scan_entity, problems)


def _named_outcome(
    path: Path, outcome: str, columns: tuple[str, str], scan_entity: str, problems: Problems
) -> dict[Place, float]:
    if not path.is_file():
        return {}
    what, value = columns
    rows = read_text_table(path, problems, (what, "subject", "session", "outcome", value, "excluded"))
    chosen = [row for row in rows if row.text("outcome") == outcome and _is_scan(row, scan_entity)]
    cells = CellReader(problems)
    remedy = "keep one, or declare analysis.scan: <entity of the scan> in study.yaml"
    found = _one_each(chosen, problems, f"one {outcome} per session", what, remedy)
    return {place: _NAN if row.text("excluded") else cells.number(row, value) for place, row in found.items()}


def _is_scan(row: TextRow, entity: str) -> bool:
    return not entity or entity in row.text("scan").split("_")


def _exclusions(folder: Path, metabolite: str, problems: Problems) -> dict[str, list[str]]:
    """Rules broken by each scan, or by this metabolite of it."""
    found: dict[str, list[str]] = defaultdict(list)
    if not (folder / "exclusions.tsv").is_file():
        return found
    quiet = Problems(problems.file)  # a table without lines is the usual case: nothing was excluded
    for row in read_text_table(folder / "exclusions.tsv", quiet, ("scan", "metabolite", "rule")):
        if row.cells["metabolite"] in ("*", metabolite):
            found[row.text("scan")].append(row.text("rule"))
    return found


def _exclusion(row: TextRow, rules: dict[str, list[str]]) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(rules.get(row.text("scan"), ())))
    return named or (("excluded",) if row.text("excluded") == "yes" else ())


def read_biomarker(folder: Path, analyte: str, problems: Problems) -> dict[Place, BiomarkerValue]:
    """The analyte from `biomarkers.tsv`, by place. A censored value has its limit and no value."""
    return _biomarkers(folder / "biomarkers.tsv", analyte, problems)


def _biomarkers(path: Path, analyte: str, problems: Problems) -> dict[Place, BiomarkerValue]:
    required = ("subject", "session", "sample", "analyte", "value", "censored", "limit")
    rows = _rows(path, problems, required, "plates")
    chosen = [row for row in rows if row.text("analyte") == analyte]
    if rows and not chosen:
        known = ", ".join(dict.fromkeys(row.text("analyte") for row in rows))
        problems.add("analyte", f"must hold {analyte}", known, "correct analysis.biomarker in study.yaml")
    cells = CellReader(problems)
    found: dict[Place, BiomarkerValue] = {}
    labelled = [row for row in chosen if row.text("subject")]
    for place, row in _one_each(labelled, problems, f"one {analyte} value per session", "sample", "keep one").items():
        censored = cells.word(row, "censored", CENSORING, NOT_CENSORED)
        beyond = censored != NOT_CENSORED
        found[place] = BiomarkerValue(
            value=_NAN if beyond else cells.number(row, "value"),
            sd=_NAN if beyond else cells.number(row, "sd", low=0.0),
            censored=censored,
            limit=cells.number(row, "limit", above=0.0) if beyond else _NAN,
            unit=row.text("unit"),
        )
        if beyond and math.isnan(found[place].limit):
            problems.add(f"{row.where}: limit", "a censored value needs its limit", "n/a", "run the assay stage again")
    return found


def read_set_aside(folder: Path, analyte: str, problems: Problems) -> dict[Place, BiomarkerValue]:
    """What the rejected samples would have been, from `assay_rejected.tsv`; empty where nothing was rejected."""
    if not (folder / REJECTED).is_file():
        return {}
    return _biomarkers(folder / REJECTED, analyte, Problems(problems.file))


def read_genotypes(folder: Path, problems: Problems) -> dict[str, dict[str, str]]:
    """Genotype by marker and participant from `genotypes.tsv`; empty where there is no such table."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    if (folder / "genotypes.tsv").is_file():
        for row in read_text_table(folder / "genotypes.tsv", problems, ("subject", "marker", "genotype")):
            found[row.text("marker")][row.text("subject").removeprefix("sub-")] = row.text("genotype")
    return found


def _one_each(rows: list[TextRow], problems: Problems, rule: str, column: str, remedy: str) -> dict[Place, TextRow]:
    """The one row of each participant and session; several are a problem, and none of them is taken."""
    found: dict[Place, list[TextRow]] = defaultdict(list)
    for row in rows:
        place = (row.text("subject").removeprefix("sub-"), row.text("session").removeprefix("ses-"))
        found[place].append(row)
    for (subject, session), several in found.items():
        if len(several) > 1:
            names = ", ".join(row.text(column) for row in several)
            problems.add(f"sub-{subject}, ses-{session}", rule, names, remedy)
    return {place: several[0] for place, several in found.items() if len(several) == 1}
