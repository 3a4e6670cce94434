"""What must hold of the rows of an observation table together: labels, periods and sequences that fit each other."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pharmrs.core.errors import some_of
from pharmrs.core.read.problems import Problems
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.observations import (
    LEFT,
    NOT_CENSORED,
    RIGHT,
    Observation,
    orders_that_fit,
    varying_covariates,
)

_SLIP = 0.2  # share of participants in whom a covariate differs up to which it looks like a slip of the pen
_FEWEST_TO_JUDGE = 5
_TWICE = "keep one of the two lines (design.sequences declares a treatment that is given twice)"


def check_observations(
    observations: Sequence[Observation], places: Sequence[str], design: Design, plan: AnalysisPlan, problems: Problems
) -> None:
    """Known labels, nothing twice, one period, one sequence, participants' covariates the same in all their rows."""
    first: dict[tuple[str, str, str, int], str] = {}
    known = ", ".join(design.treatments)
    points = (design.baseline, design.follow_up) if plan.from_baseline else (design.follow_up,)
    for row, place in zip(observations, places, strict=True):
        for column, value in (("subject", row.subject), ("time_point", row.time_point)):
            if not value:
                problems.add(f"{place}: {column}", "must not be missing", "n/a", "fill it in, or delete the line")
        if row.treatment not in design.treatments:
            remedy = "correct the label here or in design.treatments of study.yaml"
            problems.add(f"{place}: treatment", f"must be one of {known}", row.treatment, remedy)
        if row.key in first:
            rule = "one row per subject, treatment and time point"
            shown = ", ".join((*row.key[:3], *([f"period {row.occasion}"] if row.occasion else [])))
            problems.add(place, rule, f"{shown}, as {first[row.key]}", _TWICE)
        first.setdefault(row.key, place)
        if row.biomarker_censored != NOT_CENSORED and math.isnan(row.biomarker_limit):
            remedy = "write the limit in the unit of the biomarker, scaled by the dilution"
            problems.add(f"{place}: biomarker_limit", "a censored value needs its limit", "n/a", remedy)
        side = {LEFT: 1, RIGHT: -1}.get(row.biomarker_censored, 0)
        if side * (row.biomarker - row.biomarker_limit) > 0:
            beyond = "above" if side > 0 else "below"
            rule = f"a value censored on the {row.biomarker_censored} must not lie {beyond} its limit"
            found_here = f"{row.biomarker:g}, limit {row.biomarker_limit:g}"
            remedy = "correct biomarker_censored, the limit or the value (n/a where only the limit is known)"
            problems.add(f"{place}: biomarker", rule, found_here, remedy)
    found = {row.time_point for row in observations}
    for label in points:
        if label not in found:
            rule = f"must hold the time point {label} of study.yaml"
            problems.add("time_point", rule, ", ".join(sorted(found)), "correct the labels here or in design")
    _check_subjects(observations, design, problems)
    check_periods(observations, design, problems)
    _check_covariates(observations, plan, problems)


def _check_subjects(observations: Sequence[Observation], design: Design, problems: Problems) -> None:
    by_subject: dict[str, list[Observation]] = defaultdict(list)
    for row in observations:
        by_subject[row.subject].append(row)
    for subject, own in by_subject.items():
        given = {row.treatment for row in own if row.treatment in design.treatments}
        if design.kind == "parallel" and len(given) > 1:
            rule = "a parallel design gives one treatment to each participant"
            problems.add(f"subject {subject}", rule, ", ".join(sorted(given)), "correct the treatment, or design.kind")
        _check_one(subject, "sequence", {row.sequence for row in own if row.sequence}, problems)
        for treatment in sorted(given):
            periods = {str(row.period) for row in own if row.treatment == treatment and row.period is not None}
            if design.replicates:
                continue
            _check_one(subject, f"period of {treatment}", periods, problems)


def _check_one(subject: str, what: str, values: set[str], problems: Problems) -> None:
    if len(values) > 1:
        rule = "must be the same in every row of a participant"
        problems.add(f"subject {subject}: {what}", rule, ", ".join(sorted(values)), "correct the rows that differ")


def check_periods(observations: Iterable[Observation], design: Design, problems: Problems) -> None:
    """Periods that can be, one treatment in each, and the same order in everybody of a sequence. For crossovers: in a
    parallel trial a participant has one treatment, whatever its period is called.
    """
    if design.kind == "parallel":
        return
    rows = list(observations)
    cells = dict.fromkeys(
        (row.subject, row.sequence, row.period, row.treatment)
        for row in rows
        if row.period is not None and row.treatment in design.treatments
    )
    taken: dict[tuple[str, int], str] = {}
    clashing: set[str] = set()
    last = design.periods if design.sequences else len(design.treatments)
    for subject, _, period, treatment in cells:
        if not 1 <= period <= last:
            why = "the longest sequence" if design.sequences else f"{last} treatments, each once"
            rule = f"must be 1 to {last}: {why}"
            remedy = "correct the period (a slip of the key?)"
            problems.add(f"subject {subject}: period of {treatment}", rule, str(period), remedy)
        other = taken.setdefault((subject, period), treatment)
        if other != treatment:
            rule = "one treatment in each period"
            problems.add(f"subject {subject}: period {period}", rule, f"{other} and {treatment}", "correct the period")
            clashing.add(subject)
    _check_sequences([cell for cell in cells if cell[0] not in clashing], design.treatments, problems)
    if design.sequences:
        _check_orders([row for row in rows if row.subject not in clashing], design, problems)


def with_occasions(rows: Sequence[Observation], design: Design) -> list[Observation]:
    """The rows of a replicate crossover told apart by their period."""
    return [replace(row, occasion=row.period or 0) for row in rows] if design.replicates else list(rows)


def _check_orders(rows: Sequence[Observation], design: Design, problems: Problems) -> None:
    """Everybody has one of the declared sequences, and in a replicate crossover every row its period."""
    by_subject: dict[str, list[Observation]] = defaultdict(list)
    for row in rows:
        by_subject[row.subject].append(row)
    declared = "; ".join("-".join(order) for order in design.sequences)
    for subject, own in by_subject.items():
        order = sorted({(row.period, row.treatment) for row in own if row.period is not None})
        if not orders_that_fit(own, design.sequences):
            shown = ", ".join(f"{period}: {name}" for period, name in order)
            rule = f"periods must follow one of the declared sequences ({declared})"
            problems.add(
                f"subject {subject}: period", rule, shown, "correct periods or treatments, or design.sequences"
            )
        elif design.replicates and any(row.period is None for row in own):
            remedy = "write it: a treatment that is given twice is told apart by it"
            problems.add(f"subject {subject}: period", "must not be missing in a replicate crossover", "n/a", remedy)


def _spelled(sequence: str, treatments: Sequence[str]) -> list[str]:
    """The treatments that the name of a sequence spells (placebo/drug, A-B, AB); empty where it is only a name."""
    for apart in ("/", "-", ",", ";", ">", "+", "_", " ", ""):
        parts = [part.strip() for part in (sequence.split(apart) if apart else sequence)]
        if len(parts) > 1 and all(part in treatments for part in parts):
            return parts
    return []


def _check_sequences(cells: list[tuple[str, str, int, str]], treatments: Sequence[str], problems: Problems) -> None:
    """Everybody of a sequence gets the same treatment in a period, that which its name spells where it spells one; who
    differs from most of them is named.
    """
    tally: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for _, sequence, period, treatment in cells:
        if sequence:
            tally[sequence, period][treatment] += 1
    for subject, sequence, period, treatment in cells:
        spelled = _spelled(sequence, treatments)
        if 1 <= period <= len(spelled) and spelled[period - 1] != treatment:
            problems.add(
                f"subject {subject}: period {period}", "sequence and periods must give the same order of treatments",
                f"{treatment}, but sequence {sequence} has {spelled[period - 1]}", "correct sequence or period",
            )  # fmt: skip
            continue
        counts = tally[sequence, period] if sequence else Counter[str]()
        usual = [name for name, count in counts.items() if count == max(counts.values())]
        if len(counts) > 1 and (treatment not in usual or len(usual) > 1):
            others = ", ".join(
                f"{name} in {counts[name]} of sequence {sequence}" for name in counts if name != treatment
            )
            problems.add(
                f"subject {subject}: period {period}", "sequence and periods must give the same order of treatments",
                f"{treatment}, but {others}", "correct sequence or period",
            )  # fmt: skip


def _check_covariates(observations: Sequence[Observation], plan: AnalysisPlan, problems: Problems) -> None:
    """A declared covariate that differs in few participants is a slip; in most of them it belongs to the session."""
    varying = varying_covariates(observations)
    for covariate in plan.covariates:
        who = varying.get(covariate.name, [])
        count = len({row.subject for row in observations})
        slip = count >= _FEWEST_TO_JUDGE and len(who) <= _SLIP * count
        if who and (covariate.at == "participant" or (not covariate.at and slip)):
            values = {
                str(row.covariates[covariate.name]) for row in observations
                if row.subject == who[0] and covariate.name in row.covariates
            }  # fmt: skip
            rule = "must be the same in every row of a participant"
            found = f"{some_of(who, 3)} differ, {who[0]}: {', '.join(sorted(values))}"
            remedy = f"correct the rows, or declare `at` of {covariate.name} where it belongs to the session"
            problems.add(covariate.name, rule, found, remedy)
