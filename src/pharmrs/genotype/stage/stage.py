"""From band tables to genotypes: read, simulate, call; for `pharmrs genotype` and as a stage of `pharmrs run`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, some_of
from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.files.places import STUDY_FILE, file_names
from pharmrs.core.read.participants import participant_labels
from pharmrs.core.report.embedded import EmbeddedFigure, not_drawn
from pharmrs.core.report.section import MethodsPart, Section
from pharmrs.core.report.site import write_page
from pharmrs.core.report.tables import write_table
from pharmrs.core.stage import Stage, StageOutcome, StudyContext
from pharmrs.core.unit import Boundary, Within, unbounded
from pharmrs.genotype.read.band_table import BandRow, band_files, read_gels
from pharmrs.genotype.read.markers import find_markers
from pharmrs.genotype.records.declared import GenotypeSection
from pharmrs.genotype.records.marker import CallRules, Genotyping, Lane, Marker, gel_text
from pharmrs.genotype.report.methods import genotype_paragraphs
from pharmrs.genotype.report.section import gel_names, gel_picture, genotype_section
from pharmrs.genotype.report.tables import genotype_tables
from pharmrs.genotype.science.calling import call_genotypes
from pharmrs.genotype.science.digestion import simulate_assay

FOLDER = Path("sourcedata") / "genotyping"
FIGURES = Path("figures") / "gels"
_FEWEST_LANES, _STRANGE_SHARE = 4, 0.8  # of the samples' lanes: it is not the samples


def call_markers(
    place: Path, rules: CallRules, markers: Sequence[Marker], subjects: Sequence[str] = (), output: Path | None = None
) -> tuple[tuple[Genotyping, ...], tuple[InputProblem, ...]]:
    """Genotypes of every marker from the band tables at `place`, and what is wrong: a bad table or marker stops no
    other.

    `output`: where the traceback of a fault is kept. Raises InputError with every mistake where no marker is left.
    """
    rows, read = read_gels(place)
    problems = [*read, *(_marker_problems(place, rows, markers) if rows else ())]
    within = Boundary(output)
    results = []
    for marker in markers:
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
        *_primer_warnings(results),
        *_not_called(results, place),
    )


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
    expected = sorted({size for digest in result.assay.digests for size in digest.fragments_bp})
    seen = sorted({size for call in strange for size in call.lane.bands_bp})
    return [
        InputProblem(
            file=str(place),
            field=result.assay.marker.name,
            rule="the bands of the lanes must be those of the marker",
            value=f"{len(strange)} of {len(samples)} lanes show others: {some_of([f'{size:g}' for size in seen])} bp; "
            f"{result.assay.marker.name} gives {', '.join(map(str, expected))} bp",
            remedy="choose the marker these gels were run for (--marker, genotype.markers), or check the ladder",
        )
    ]


def write_genotyping(
    output: Path, results: Sequence[Genotyping], within: Within = unbounded
) -> tuple[Section, list[Path]]:
    """Tables with data dictionaries and pictures of all gels; returns the section of the report and the files.

    A picture that cannot be drawn is a file less, and a word on the page.
    """
    written = [path for table in genotype_tables(results) for path in write_table(output, table)]
    pictures: dict[tuple[str, str], EmbeddedFigure] = {}
    for result in results:
        marker, gels = result.assay.marker.name, gel_names(result)
        names = file_names(gels)
        for gel in gels:
            what = f"{marker}, {gel_text(gel)}"
            drawn = within(partial(gel_picture, result, gel), what, "drawing")
            pictures[marker, gel] = drawn.embedded if drawn else not_drawn(what)
            for suffix, content in drawn.files.items() if drawn else ():
                written.append(output / FIGURES / f"{marker}_gel-{names[gel]}{suffix}")
                write_bytes(written[-1], content)
    return genotype_section(results, pictures), written


def write_genotype_page(folder: Path, results: Sequence[Genotyping], section: Section) -> Path:
    """The page of `pharmrs genotype`: the section of the report alone."""
    heading = ", ".join(result.assay.marker.name for result in results)
    return write_page(folder / "report.html", kind="Genotypes", heading=heading, sections=(section,))


def _wanted(root: Path, plan: GenotypeSection | None) -> bool:
    return plan is not None or _has_tables(root)


def _has_tables(root: Path) -> bool:
    return (root / FOLDER).is_dir() and bool(band_files(root / FOLDER))


def _call_study(
    root: Path, plan: GenotypeSection | None, output: Path | None = None
) -> tuple[tuple[Genotyping, ...], tuple[InputProblem, ...]]:
    if plan is None:
        raise InputError([_not_declared(root)])
    return call_markers(root / FOLDER, plan, _markers(root, plan), participant_labels(root), output)


def _markers(root: Path, declared: GenotypeSection) -> tuple[Marker, ...]:
    return find_markers(declared.markers, [root / name for name in declared.marker_files], str(root / STUDY_FILE))


def _check(root: Path, plan: GenotypeSection | None) -> tuple[InputProblem, ...]:
    try:
        return _call_study(root, plan)[1]
    except InputError as error:
        return error.problems


def _run(context: StudyContext[GenotypeSection | None]) -> StageOutcome:
    results, problems = _call_study(context.root, context.plan, context.output)
    within = Boundary(context.output)
    section, _ = write_genotyping(context.output, results, within)
    part = MethodsPart(title="Genotyping", write=lambda cite: genotype_paragraphs(results, cite))
    return StageOutcome(problems=(*problems, *within.problems), sections=(section,), methods=(part,))


def _inputs(root: Path, plan: GenotypeSection | None) -> tuple[Path, ...]:
    own = [root / name for name in (plan.marker_files if plan else ())]
    return (*(band_files(root / FOLDER) if _has_tables(root) else ()), *own)


GENOTYPE_STAGE: Stage[GenotypeSection | None] = Stage(
    name="genotype",
    outputs=("genotypes.*", "genotype_*.*", "hardy_weinberg.*", f"{FIGURES.as_posix()}/*"),
    wanted=_wanted,
    run=_run,
    check=_check,
    inputs=lambda context: _inputs(context.root, context.plan),
)


def _not_declared(root: Path) -> InputProblem:
    return InputProblem(
        file=str(root / STUDY_FILE), field="genotype", rule=f"must be declared where {FOLDER} holds band tables",
        value="missing", remedy="add `genotype:` with `markers: [rs6265]` or your own marker, see docs/genotype.md",
    )  # fmt: skip


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
            severity="warning",
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
