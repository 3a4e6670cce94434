"""The assay as a stage of `pharmrs run`: plates of `sourcedata/assay` to `biomarkers.tsv`, pictures and a section."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pharmrs.assay.records.declared import Assay
from pharmrs.assay.records.results import AssayStudy
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.report.methods import assay_paragraphs
from pharmrs.assay.report.pictures import FIGURES
from pharmrs.assay.report.section import assay_section
from pharmrs.assay.report.tables import subject_and_session
from pharmrs.assay.stage.outputs import write_plates
from pharmrs.assay.stage.plates import AssayOutcome, analyse_files, assay_files
from pharmrs.core.errors import InputError, InputProblem, input_problem, some_of
from pharmrs.core.read.participants import participant_labels
from pharmrs.core.report.section import MethodsPart
from pharmrs.core.stage import Stage, StageOutcome, StudyContext
from pharmrs.core.unit import Boundary

FOLDER = Path("sourcedata") / "assay"


def _wanted(root: Path, plan: Assay | None) -> bool:
    return plan is not None or bool(_inputs(root, plan))


def _inputs(root: Path, _plan: Assay | None) -> tuple[Path, ...]:
    exports, layouts = assay_files(root / FOLDER) if (root / FOLDER).is_dir() else ([], [])
    return (*exports, *layouts)


def _settings(root: Path, plan: Assay | None) -> AssaySettings:
    if plan is not None:
        return plan.settings()
    remedy = "add `assay:` with `analyte`, `unit` and `lower_limit`, see docs/assay.md"
    rule = f"must be declared where {FOLDER.as_posix()} holds plates"
    raise InputError(
        [InputProblem(file=str(root / "study.yaml"), field="assay", rule=rule, value="missing", remedy=remedy)]
    )


def _analyse(root: Path, settings: AssaySettings, output: Path | None = None) -> AssayOutcome:
    exports, layouts = assay_files(root / FOLDER) if (root / FOLDER).is_dir() else ([], [])
    missing = [
        InputProblem(
            file=str(root / FOLDER), field="files", rule=f"must hold {what}", value="none", remedy=remedy
        )
        for what, remedy, found in (
            ("exports of the plate reader", "put them there as they came", exports),
            ("a layout table (its name has `layout` in it)", "write one: pharmrs plate --template", layouts),
        )
        if not found
    ]  # fmt: skip
    if not exports:
        raise InputError(missing)
    outcome = analyse_files(exports, layouts, settings, output)
    needed = () if outcome.study is not None else tuple(missing)  # a long table may carry its own layout
    return replace(outcome, problems=needed + outcome.problems + _labels(root, outcome.study))


def _labels(root: Path, study: AssayStudy | None) -> tuple[InputProblem, ...]:
    """Samples that belong to nobody: their label is no `sub-01_ses-1`, or names no participant."""
    known = set(participant_labels(root))
    found: dict[tuple[str, str], list[str]] = {}
    for one in study.concentrations if study is not None else ():
        subject, session = subject_and_session(one.sample)
        if not subject:
            rule, remedy = "must be labelled sub-<label>_ses-<label>", "correct the label in the layout"
        elif known and subject not in known:
            rule, remedy = "must belong to a participant of the study", "correct the label, or add the participant"
        elif not session and _has_sessions(root, subject):
            rule, remedy = "must name its session", "write the label as sub-<label>_ses-<label>"
        else:
            continue
        found.setdefault((rule, remedy), []).append(one.sample)
    return tuple(
        input_problem(root / FOLDER, "sample", rule, some_of(samples), remedy, "warning")
        for (rule, remedy), samples in found.items()
    )


def _has_sessions(root: Path, subject: str) -> bool:
    return any((root / f"sub-{subject}").glob("ses-*"))


def _check(root: Path, plan: Assay | None) -> tuple[InputProblem, ...]:
    try:
        outcome = _analyse(root, replace(_settings(root, plan), bootstrap_draws=0))
    except InputError as error:
        return error.problems
    # a plate that will be rejected stops nobody from running
    return (*outcome.problems, *(replace(one, severity="warning") for one in outcome.verdicts))


def _run(context: StudyContext[Assay | None]) -> StageOutcome:
    outcome = _analyse(context.root, _settings(context.root, context.plan), context.output)
    study = outcome.study
    if study is None:
        return StageOutcome(problems=outcome.problems)
    within = Boundary(context.output)
    pictures, _ = write_plates(context.output, study, within)
    problems = (*outcome.problems, *outcome.verdicts, *within.problems)
    part = MethodsPart(title=study.settings.analyte, write=lambda cite: assay_paragraphs(study, cite))
    return StageOutcome(problems=problems, sections=(assay_section(study, pictures),), methods=(part,))


ASSAY_STAGE: Stage[Assay | None] = Stage(
    name="assay",
    outputs=("biomarkers.*", "assay_*.*", f"{FIGURES.as_posix()}/*"),
    wanted=_wanted,
    run=_run,
    check=_check,
    inputs=lambda context: _inputs(context.root, context.plan),
)
