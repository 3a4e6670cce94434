"""From the lanes of gels to one genotype per subject, or to the reason why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.genotype.records.marker import (
    CallRules,
    GenotypeCall,
    Genotyping,
    HardyWeinberg,
    Lane,
    LaneCall,
    MarkerAssay,
)
from pharmrs.genotype.science.bands import BandPlan, plan_bands, read_pattern
from pharmrs.genotype.science.controls import GelVerdict, control_problem, judge_gel
from pharmrs.genotype.science.hardy_weinberg import equilibrium


def call_genotypes(
    assay: MarkerAssay, rules: CallRules, lanes: Sequence[Lane], subjects: Iterable[str] = ()
) -> Genotyping:
    """Call every lane and every subject of one marker.

    `subjects`: labels of the study (without `sub-`); those not on any gel become `not_measured`. Raises InputError
    where the rules cannot tell the genotypes apart, and for controls whose genotype is none of the marker's.
    """
    plan = plan_bands(assay, rules)
    lanes = _named(lanes, plan, assay)
    lane_calls: list[LaneCall] = []
    for _, group in groupby(sorted(lanes, key=lambda lane: lane.gel), key=lambda lane: lane.gel):
        gel = list(group)
        verdict = judge_gel(gel, plan)
        lane_calls += [_call_lane(lane, plan, verdict) for lane in gel if lane.role != "ladder"]
    by_subject: dict[str, list[LaneCall]] = {subject: [] for subject in sorted(set(subjects))}
    for call in lane_calls:
        if call.lane.role == "sample":
            by_subject.setdefault(call.lane.sample.removeprefix("sub-"), []).append(call)
    calls = tuple(_call_subject(subject, assay, rules, found) for subject, found in sorted(by_subject.items()))
    return Genotyping(
        marker=assay.marker.name, description=assay.marker.description, genotypes=assay.genotypes, assay=assay,
        rules=rules.of(assay.marker), lane_calls=tuple(lane_calls), calls=calls,
        equilibrium=equilibrium_of(calls, assay.genotypes), warnings=_warnings(assay),
    )  # fmt: skip


def _named(lanes: Sequence[Lane], plan: BandPlan, assay: MarkerAssay) -> list[Lane]:
    """The lanes with the genotypes of the controls written as the marker's (`Met/Val` is `Val/Met`)."""
    known = {name: name for name in plan.patterns}
    known |= {"/".join(reversed(name.split("/"))): name for name in plan.patterns}
    problems = [
        InputProblem(
            file=lane.source, field="genotype", rule=f"must be a genotype of {assay.marker.name}", value=lane.genotype,
            remedy=f"use one of {', '.join(plan.patterns)}",
        )
        for lane in lanes
        if lane.role == "control" and lane.genotype not in known
    ]  # fmt: skip
    if problems:
        raise InputError(problems)
    return [replace(lane, genotype=known[lane.genotype]) if lane.role == "control" else lane for lane in lanes]


def _call_lane(lane: Lane, plan: BandPlan, verdict: GelVerdict) -> LaneCall:
    pattern = read_pattern(lane, plan)
    reason, doubt = pattern.reason, ""
    if lane.role != "sample":
        reason = control_problem(lane, plan)
    elif pattern.genotype:
        reason, doubt = verdict.reason_against(pattern.genotype, plan), verdict.doubt(pattern.genotype, plan)
    looks_like = pattern.genotype if lane.role in ("sample", "control") else ""
    return LaneCall(
        lane=lane,
        genotype="" if reason else looks_like,
        looks_like=looks_like,
        flag="indeterminate" if reason else "ok",
        reason="; ".join(text for text in (reason or doubt, pattern.notes) if text),
    )


def _call_subject(subject: str, assay: MarkerAssay, rules: CallRules, lanes: Sequence[LaneCall]) -> GenotypeCall:
    genotype, flag, reason = _decide(lanes, rules)
    return GenotypeCall(
        subject=subject, marker=assay.marker.name, genotype=genotype, flag=flag, reason=reason, lanes=len(lanes)
    )


def _decide(lanes: Sequence[LaneCall], rules: CallRules) -> tuple[str, str, str]:
    """Genotype, flag and reason: all lanes that can be called must agree, and be as many as declared."""
    if not lanes:
        return "", "not_measured", "not on any gel"
    called = [call for call in lanes if call.flag == "ok"]
    notes = [f"{call.lane.place}: {call.reason}" for call in lanes if call.reason]
    found = dict.fromkeys(call.genotype for call in called)
    if not called:
        return "", "indeterminate", "; ".join(notes)
    if len(found) > 1:
        sentences = ", ".join(f"{call.genotype} in {call.lane.place}" for call in called)
        return "", "indeterminate", "; ".join([f"duplicates disagree: {sentences}", *notes])
    if len(called) < rules.agreeing_lanes:
        wanted = f"{len(called)} of the {rules.agreeing_lanes} agreeing lanes that are declared"
        return "", "indeterminate", "; ".join([wanted, *notes])
    return called[0].genotype, "ok", "; ".join(notes)


def equilibrium_of(calls: Sequence[GenotypeCall], genotypes: Sequence[str]) -> HardyWeinberg | None:
    """Counts and tests of the called genotypes; None where nothing was called."""
    counted = Counter(call.genotype for call in calls if call.flag == "ok")
    counts = [counted[name] for name in genotypes]
    return equilibrium(counts) if sum(counts) else None


def _warnings(assay: MarkerAssay) -> tuple[str, ...]:
    """What is known to be wrong with primers, each fault once."""
    sentences: dict[str, None] = {}
    for report in assay.primers:
        if report.exact_hits == 0:
            what = f"the {report.direction} primer of {report.source} has no exact hit on {assay.marker.accession}"
            sentences[f"{what}: it {report.fault}; {report.corrected} fits" if report.corrected else what] = None
    return tuple(sentences)
