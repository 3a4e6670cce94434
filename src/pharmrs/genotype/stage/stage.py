"""From band tables to genotypes: read, simulate, call; for `pharmrs genotype` and as a stage of `pharmrs run`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.files.places import STUDY_FILE, file_names
from pharmrs.core.read.participants import participant_labels
from pharmrs.core.report.embedded import EmbeddedFigure, not_drawn
from pharmrs.core.report.section import MethodsPart, Section
from pharmrs.core.report.site import write_page
from pharmrs.core.report.tables import write_table
from pharmrs.core.stage import Stage, StageOutcome, StudyContext
from pharmrs.core.unit import Boundary, Within, unbounded
from pharmrs.genotype.read.band_table import band_files
from pharmrs.genotype.read.finished import finished_files
from pharmrs.genotype.read.markers import find_markers
from pharmrs.genotype.records.declared import GenotypeSection
from pharmrs.genotype.records.marker import Genotyping, Marker, gel_text
from pharmrs.genotype.report.methods import genotype_paragraphs
from pharmrs.genotype.report.section import gel_names, gel_picture, genotype_section
from pharmrs.genotype.report.tables import genotype_tables
from pharmrs.genotype.stage.calls import call_markers

FOLDER = Path("sourcedata") / "genotyping"
FIGURES = Path("figures") / "gels"


def write_genotyping(
    output: Path, results: Sequence[Genotyping], within: Within = unbounded
) -> tuple[Section, list[Path]]:
    """Tables with data dictionaries and pictures of all gels; returns the section of the report and the files.

    A picture that cannot be drawn is a file less, and a word on the page.
    """
    written = [path for table in genotype_tables(results) for path in write_table(output, table)]
    pictures: dict[tuple[str, str], EmbeddedFigure] = {}
    for result in results:
        marker, gels = result.marker, gel_names(result)
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
    heading = ", ".join(result.marker for result in results)
    return write_page(folder / "report.html", kind="Genotypes", heading=heading, sections=(section,))


def _wanted(root: Path, plan: GenotypeSection | None) -> bool:
    return plan is not None or _has_tables(root)


def _has_tables(root: Path) -> bool:
    return bool(_tables(root))


def _tables(root: Path) -> list[Path]:
    """Band tables and finished genotypes of a study, with what belongs to them."""
    if not (root / FOLDER).is_dir():
        return []
    finished = finished_files(root / FOLDER)
    maps = [beside for path in finished if (beside := path.with_suffix(".map")).is_file()]
    return [*band_files(root / FOLDER), *finished, *maps]


def _call_study(
    root: Path, plan: GenotypeSection | None, output: Path | None = None
) -> tuple[tuple[Genotyping, ...], tuple[InputProblem, ...]]:
    if plan is None:
        raise InputError([_not_declared(root)])
    return call_markers(root / FOLDER, plan, _markers(root, plan), participant_labels(root), output)


def _markers(root: Path, declared: GenotypeSection) -> tuple[Marker, ...]:
    files = [root / name for name in declared.marker_files]
    return find_markers(declared.markers, files, str(root / STUDY_FILE), root / FOLDER)


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
    return (*_tables(root), *own)


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
        file=str(root / STUDY_FILE), field="genotype", rule=f"must be declared where {FOLDER} holds genotypes",
        value="missing", remedy="add `genotype:` with `markers: [rs6265]` or your own marker, see docs/genotype.md",
    )  # fmt: skip
