"""The last stage of a run: the observation table, then the statistics."""

from __future__ import annotations

from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.files.content import is_file
from pharmrs.core.files.places import STUDY_FILE
from pharmrs.core.read.participants import PARTICIPANTS, participant_labels, sessions_file
from pharmrs.core.stage import Stage, StageOutcome, StudyContext
from pharmrs.core.unit import Boundary
from pharmrs.spectra.records.scaling import SCALES
from pharmrs.study.declared import Study
from pharmrs.study.observations import build_observations, read_trial
from pharmrs.study.other_values import OUTPUTS, with_other_values
from pharmrs.study.plan_check import check_sources, check_tables
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.read.allocation import ALLOCATION
from pharmrs.trial.read.observations import read_observations
from pharmrs.trial.read.phenotype import phenotype_files
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.observations import ObservationTable
from pharmrs.trial.report.answer import trial_answer
from pharmrs.trial.report.files import ANALYSIS_OUTPUTS, analysis_methods, write_analysis
from pharmrs.trial.stage.analysis import check_models, not_estimable


def _run(context: StudyContext[Study]) -> StageOutcome:
    study = context.plan
    assert study.analysis is not None
    plan = study.analysis.plan(study.quantification.primary_scale)
    if wrong := [one for one in _check_plan(context.root, study) if one.severity == "error"]:
        raise InputError(wrong)
    table, problems = _observations(context, study, plan)
    within = Boundary(context.output)
    result = analyse(table, plan, context.tell, within)
    section = write_analysis(context.output, result, within)
    remedy = "see the sample flow in the report; the reason is on its Statistics page and in results.json"
    missing = [
        input_problem(
            context.root / STUDY_FILE, "analysis", "cannot be estimated from these data", str(one), remedy,
            "error" if one.main else "warning",
        )
        for one in not_estimable(result)
        if one.planned  # a model beside the plan that this design cannot have is no fault of the data: statistics page
    ]  # fmt: skip
    answer = trial_answer(result)
    beside = within(lambda: with_other_values(context, plan, answer), "values of the other program", "analysis") or ()
    return StageOutcome(
        problems=(*problems, *within.problems, *missing),
        sections=(section, *beside),
        methods=(analysis_methods(result),),
        answer=answer,
    )


def _observations(
    context: StudyContext[Study], study: Study, plan: AnalysisPlan
) -> tuple[ObservationTable, list[InputProblem]]:
    """The table that the study gives, else what its stages measured."""
    if study.observations is None:
        return build_observations(context.root, context.output, study, plan)
    assert study.design is not None
    problems: list[InputProblem] = []
    table = read_observations(context.root / study.observations, study.design, plan, problems.append)
    return table, problems


def _check(root: Path, study: Study) -> tuple[InputProblem, ...]:
    wrong = _check_plan(root, study)
    if study.observations is None:
        return (*wrong, *check_sources(root, study))
    assert study.analysis is not None and study.design is not None
    try:
        read_observations(root / study.observations, study.design, study.analysis.plan(), wrong.append)
    except InputError as error:
        wrong += error.problems
    return tuple(wrong)


def _check_plan(root: Path, study: Study) -> list[InputProblem]:
    """What the declaration of the analysis names and nothing provides: models, a scale, labels of the tables."""
    assert study.analysis is not None
    file, scale = str(root / STUDY_FILE), study.analysis.scale
    problems = check_models(study.analysis.plan(), file)
    if scale and scale not in SCALES:
        rule, remedy = f"must be one of {', '.join(SCALES)}", "correct it, or leave it out for the primary scale"
        problems.append(InputProblem(file=file, field="analysis.scale", rule=rule, value=scale, remedy=remedy))
    if study.observations is not None:
        return problems
    trial, found = read_trial(root, study)
    return [*problems, *found, *check_tables(root, study, trial)]


def _inputs(root: Path, study: Study) -> tuple[Path, ...]:
    """Who takes part, who got what, and when each was examined."""
    if study.observations is not None:
        return (root / study.observations,)
    if study.design is None:
        return ()
    sessions = (sessions_file(root, label) for label in participant_labels(root))
    tables = (root / PARTICIPANTS, root / ALLOCATION, *phenotype_files(root), *sessions)
    return tuple(path for path in dict.fromkeys(tables) if is_file(path))


ANALYSIS: Stage[Study] = Stage(
    name="statistics",
    outputs=(*ANALYSIS_OUTPUTS, *OUTPUTS),
    wanted=lambda _root, study: study.analysis is not None,
    run=_run,
    check=_check,
    inputs=lambda context: _inputs(context.root, context.plan),
)
