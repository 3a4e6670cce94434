"""The last stage of a run: the observation table, then the statistics."""

from __future__ import annotations

from pathlib import Path

from pharmrs.errors import InputError, InputProblem
from pharmrs.io.study_file import STUDY_FILE
from pharmrs.mrs.quantify import SCALES
from pharmrs.pipeline.analysis import check_models, not_estimable
from pharmrs.pipeline.observations import build_observations, read_trial
from pharmrs.pipeline.study_stages import Stage, StageOutcome, StudyContext
from pharmrs.records.study import Study
from pharmrs.report.analysis_files import ANALYSIS_OUTPUTS, analysis_methods, write_analysis
from pharmrs.stats.analyse import analyse


def _run(context: StudyContext) -> StageOutcome:
    study = context.study
    assert study.analysis is not None
    plan = study.analysis.plan(study.quantification.primary_scale)
    if wrong := _check_plan(context.root, study):
        raise InputError(wrong)
    table, problems = build_observations(context.root, context.output, study, plan)
    result = analyse(table, plan, context.tell)
    section = write_analysis(context.output, result)
    missing = [
        InputProblem(
            file=str(context.root / STUDY_FILE),
            field="analysis",
            rule="cannot be estimated from these data",
            value=text,
            remedy="see the sample flow in the report; the reason stands in results.json",
            severity="warning",
        )
        for text in not_estimable(result)
    ]
    return StageOutcome(problems=(*problems, *missing), sections=(section,), methods=(analysis_methods(result),))


def _check(root: Path, study: Study) -> tuple[InputProblem, ...]:
    _, problems = read_trial(root, study)
    return (*_check_plan(root, study), *problems)


def _check_plan(root: Path, study: Study) -> list[InputProblem]:
    """What the declaration of the analysis names and nothing provides: models, a scale."""
    assert study.analysis is not None
    file, scale = str(root / STUDY_FILE), study.analysis.scale
    problems = check_models(study.analysis.plan(), file)
    if scale and scale not in SCALES:
        rule, remedy = f"must be one of {', '.join(SCALES)}", "correct it, or leave it out for the primary scale"
        problems.append(InputProblem(file=file, field="analysis.scale", rule=rule, value=scale, remedy=remedy))
    return problems


ANALYSIS = Stage(
    name="statistics",
    outputs=ANALYSIS_OUTPUTS,
    wanted=lambda _root, study: study.analysis is not None,
    run=_run,
    check=_check,
)
