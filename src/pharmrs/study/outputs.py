"""The BIDS derivative: what each scan and the study leave behind. The input is never written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.json_text import json_text
from pharmrs.core.files.relative_paths import relative_to
from pharmrs.core.report.tables import problems_table, write_table
from pharmrs.core.stage import Stage, StageOutcome, StudyContext
from pharmrs.core.unit import Boundary
from pharmrs.spectra.records.dataset import Dataset
from pharmrs.spectra.records.scaling import SCALES
from pharmrs.spectra.records.scan import ValuesOutcome
from pharmrs.spectra.report.scan_pages import FigureSource, KeptPages
from pharmrs.spectra.report.tables import write_study_tables
from pharmrs.spectra.stage.scans import SCANS
from pharmrs.spectra.stage.settings import settings_of
from pharmrs.study.declared import Study
from pharmrs.study.derivative import PROVENANCE_FILE, REPORT_FILE, describe_derivative
from pharmrs.study.report.methods import methods_text
from pharmrs.study.report.site_of_study import write_report

SCALE_LABELS = {name: scale.definition_with_unit for name, scale in SCALES.items()}


def _write_tables(context: StudyContext[Study]) -> StageOutcome:
    """The description of the derivative and the tables of all scans, which the stages after the scans read."""
    (context.output / REPORT_FILE).unlink(missing_ok=True)  # the former one must not stand beside tables of this run
    describe_derivative(context.output, context.plan)
    scans = [_portable(outcome, context.root) for outcome in context.given(SCANS)]
    if scans or context.plan.basis is not None:
        write_study_tables(context.output, scans, SCALE_LABELS, without=["problems"])  # complete only after the stages
    return StageOutcome()


SCAN_FILES = tuple(
    f"{name}.{ending}" for name in ("metabolites", "quality", "exclusions") for ending in ("tsv", "json")
)
SCAN_TABLES: Stage[Study] = Stage(
    name="tables of the scans", outputs=SCAN_FILES, wanted=lambda _root, _study: True, run=_write_tables, quiet=True
)


def write_study(
    output: Path,
    dataset: Dataset[Study],
    outcomes: Sequence[ValuesOutcome],
    figures: FigureSource,
    stages: Sequence[StageOutcome],
    provenance: Mapping[str, object],
    kept: KeptPages | None = None,
    within: Boundary | None = None,
) -> Path:
    """Problems, methods, provenance and report; returns the path of the report. `kept`: pages of an earlier run.

    `within`: the boundary of each page and part of the methods.
    """
    within = within or Boundary()
    study = dataset.usable()
    outcomes = [_portable(outcome, dataset.root) for outcome in outcomes]
    results = [outcome.result for outcome in outcomes if outcome.result is not None]
    settings = {"study.yaml": asdict(study), "fit": settings_of(study, "").fit.as_dict()}
    methods = methods_text(study, results, [part for stage in stages for part in stage.methods], within)
    found = [*dataset.general_problems, *(problem for stage in stages for problem in stage.problems)]
    general = [relative_to(dataset.root, problem) for problem in found]
    of_scans = [problem for one in outcomes for problem in one.problems]
    write_table(output, problems_table([*general, *within.problems, *of_scans]))
    write_text(output / "methods.md", methods)
    write_text(output / PROVENANCE_FILE, json_text(provenance))
    report = output / REPORT_FILE
    write_report(
        report,
        study.title,
        outcomes,
        rules=study.quality,
        methods=methods,
        settings=settings,
        provenance=provenance,
        scale_labels=SCALE_LABELS,
        primary_scale=study.quantification.primary_scale,
        metabolites=study.quality.metabolites,
        figures=figures,
        problems=general,
        sections=[section for stage in stages for section in stage.sections],
        answer=next((stage.answer for stage in stages if stage.answer is not None), None),
        kept=kept,
        within=within,
    )
    if within.problems:
        write_table(output, problems_table([*general, *within.problems, *of_scans]))
    return report


def _portable(outcome: ValuesOutcome, root: Path) -> ValuesOutcome:
    return replace(outcome, problems=tuple(relative_to(root, problem) for problem in outcome.problems))
