"""From band tables and finished genotypes to one genotype per participant and marker."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, some_of
from pharmrs.core.unit import Boundary
from pharmrs.genotype.read.band_table import BandRow, band_files, read_gels
from pharmrs.genotype.read.finished import FinishedCall, finished_files, read_all_finished
from pharmrs.genotype.records.marker import CallRules, Genotyping, Lane, Marker
from pharmrs.genotype.science.calling import call_genotypes
from pharmrs.genotype.science.digestion import simulate_assay
from pharmrs.genotype.science.reported import call_reported

_FEWEST_LANES, _STRANGE_SHARE = 4, 0.8  # of the samples' lanes: it is not the samples


def call_markers(
    place: Path, rules: CallRules, markers: Sequence[Marker], subjects: Sequence[str] = (), output: Path | None = None
) -> tuple[tuple[Genotyping, ...], tuple[InputProblem, ...]]:
    """Genotypes of every marker from the band tables at `place`, and what is wrong: a bad table or marker stops no
    other.

    `output`: where the traceback of a fault is kept. Raises InputError with every mistake where no marker is left.
    """
    finished, found = read_all_finished(place)
    rows, read = read_gels(place) if band_files(place) or not finished_files(place) else ((), ())
    reported = {marker.name: _reported(marker, finished) for marker in markers}
    on_gels = [marker for marker in markers if not reported[marker.name] or any(r.marker == marker.name for r in rows)]
    problems = [*found, *read, *(_marker_problems(place, rows, on_gels) if rows else ())]
    problems += _nowhere(place, finished, [] if rows else on_gels)
    within = Boundary(output)
    results = []
    for marker in markers:
        if marker not in on_gels:
            work = partial(call_reported, marker, reported[marker.name], rules, subjects)
            result = within(work, f"marker {marker.name}", "calling")
            results += [result] if result is not None else []
            continue
        lanes = [row.lane for row in rows if row.marker in ("", marker.name)]
        work = partial(_called, marker, rules, lanes, subjects, place)
        result = within(work, f"marker {marker.name}", "calling") if lanes else None
        results += [result] if result is not None else []
    problems += within.problems
    if not results:
        raise InputError(problems)
    lanes = [row.lane for row in rows]
    return tuple(results), (
        *problems,
        *_unknown_subjects(lanes, subjects),
        *_unknown_samples(results, subjects, place),
        *_primer_warnings(results),
        *_not_called(results, place),
    )


def _reported(marker: Marker, calls: Sequence[FinishedCall]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Sample -> variant -> alleles, of the variants of one marker."""
    wanted = {marker.name.lower(): marker.name, **{name.lower(): name for name in marker.variants}}
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for call in calls:
        if (name := wanted.get(call.variant.lower())) is not None:
            found.setdefault(call.sample, {})[name] = call.alleles
    return found


def _nowhere(place: Path, calls: Sequence[FinishedCall], markers: Sequence[Marker]) -> list[InputProblem]:
    """Markers that no file holds, and what the files hold instead."""
    names = list(dict.fromkeys(call.variant for call in calls))
    return [
        InputProblem(
            file=str(place), field=marker.name, rule=f"must be in a table, as {' and '.join(marker.variants)}",
            value=f"the files hold {some_of(names)}", remedy="choose one of these (--marker, genotype.markers)",
        )
        for marker in markers
        if calls
    ]  # fmt: skip


def _unknown_samples(results: Sequence[Genotyping], subjects: Sequence[str], place: Path) -> list[InputProblem]:
    """Samples of finished genotypes that are no participants: one message for all of them."""
    known = set(subjects)
    strange = sorted(
        {call.subject for one in results if one.assay is None for call in one.calls if call.subject not in known}
    )
    if not known or not strange:
        return []
    return [
        InputProblem(
            file=str(place), field="sample", rule="should be a participant of the study", value=some_of(strange),
            remedy="correct the label, or add the participant to participants.tsv", severity="warning",
        )
    ]  # fmt: skip


def _called(
    marker: Marker, rules: CallRules, lanes: Sequence[Lane], subjects: Sequence[str], place: Path
) -> Genotyping:
    """Raises InputError where the lanes cannot be those of the marker."""
    result = call_genotypes(simulate_assay(marker), rules, lanes, subjects)
    if wrong := _other_marker(result, place):
        raise InputError(wrong)
    return result


def _other_marker(result: Genotyping, place: Path) -> list[InputProblem]:
    """One message where the bands are those of another marker, enzyme or ladder: not one for every lane."""
    samples = [call for call in result.lane_calls if call.lane.role == "sample" and call.lane.bands_bp]
    strange = [call for call in samples if not call.looks_like and "unexpected band" in call.reason]
    if len(samples) < _FEWEST_LANES or len(strange) < _STRANGE_SHARE * len(samples):
        return []
    digests = result.assay.digests if result.assay is not None else ()
    expected = sorted({size for digest in digests for size in digest.fragments_bp})
    seen = sorted({size for call in strange for size in call.lane.bands_bp})
    return [
        InputProblem(
            file=str(place),
            field=result.marker,
            rule="the bands of the lanes must be those of the marker",
            value=f"{len(strange)} of {len(samples)} lanes show others: {some_of([f'{size:g}' for size in seen])} bp; "
            f"{result.marker} gives {', '.join(map(str, expected))} bp",
            remedy="choose the marker these gels were run for (--marker, genotype.markers), or check the ladder",
        )
    ]


def _marker_problems(place: Path, rows: Sequence[BandRow], markers: Sequence[Marker]) -> list[InputProblem]:
    names = {marker.name for marker in markers}
    problems = [
        InputProblem(
            file=row.lane.source, field="marker", rule=f"must be one of {', '.join(sorted(names))}", value=row.marker,
            remedy="correct the name, or declare the marker",
        )
        for row in rows
        if row.marker and row.marker not in names
    ]  # fmt: skip
    if len(markers) > 1:
        problems += [
            InputProblem(
                file=row.lane.source, field="marker", rule="must be given where several markers are called",
                value="missing", remedy=f"write one of {', '.join(sorted(names))}",
            )
            for row in rows
            if not row.marker
        ]  # fmt: skip
    missing = sorted(names - {row.marker for row in rows}) if all(row.marker for row in rows) else []
    problems += [
        InputProblem(
            file=str(place), field="marker", rule="every declared marker must have lanes", value=f"none for {name}",
            remedy="add its gels, or leave the marker out",
        )
        for name in missing
    ]  # fmt: skip
    return problems


def _unknown_subjects(lanes: Sequence[Lane], subjects: Sequence[str]) -> list[InputProblem]:
    known = {f"sub-{label}" for label in subjects}
    return [
        InputProblem(
            file=lane.source, field="sample", rule="should be a participant of the study", value=lane.sample,
            remedy="correct the label, or add the participant to participants.tsv", severity="warning",
        )
        for lane in lanes
        if known and lane.role == "sample" and lane.sample not in known
    ]  # fmt: skip


def _primer_warnings(results: Sequence[Genotyping]) -> list[InputProblem]:
    return [
        InputProblem(
            file=result.assay.marker.file, field="published_primers", rule="a primer should fit the reference",
            value=text, remedy="order the primer of this marker, and correct the printed one where it is cited",
            severity="note",
        )
        if result.assay is not None
        else InputProblem(
            file=result.marker, field="strand", rule="alleles should be those of the marker's strand", value=text,
            remedy="check one sample whose genotype is known", severity="warning",
        )
        for result in results
        for text in result.warnings
    ]  # fmt: skip


def _not_called(results: Sequence[Genotyping], place: Path) -> list[InputProblem]:
    return [
        InputProblem(
            file=str(place), field=f"sub-{call.subject} {call.marker}", rule="no genotype could be called",
            value=call.reason, remedy="repeat the lane with its controls; the genotype is missing until then",
            severity="warning",
        )
        for result in results
        for call in result.calls
        if call.flag == "indeterminate"
    ]  # fmt: skip
