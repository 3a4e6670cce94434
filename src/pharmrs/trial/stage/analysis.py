"""`pharmrs analyse`: from a ready observation table to everything the statistics leave behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.study.study_file import read_plan
from pharmrs.trial.models.analyse import analyse, unknown_models
from pharmrs.trial.models.registry import MODELS
from pharmrs.trial.read.observations import read_observations
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.report.files import ANALYSIS_OUTPUTS, write_analysis, write_analysis_page

MAIN_MODEL = "main model"


@dataclass(frozen=True, slots=True)
class Analysed:
    """The result, the page, and what could not be estimated."""

    result: AnalysisResult
    page: Path
    missing: tuple[str, ...]


def analyse_file(
    observations: Path,
    plan_file: Path,
    output: Path,
    explore: tuple[str, ...] = (),
    tell: Callable[[str], None] = lambda _what: None,
) -> Analysed:
    """Read, analyse, write to `output`. Raises InputError with everything wrong; then nothing is written.

    `explore`: models to run beside the plan; one that the plan declares stays declared.
    """
    problems: list[InputProblem] = []
    declared = read_plan(plan_file)
    plan = declared.analysis.plan()
    further = [name for name in dict.fromkeys(explore) if name not in (*plan.models, *plan.exploratory)]
    plan = replace(plan, exploratory=(*plan.exploratory, *further))
    problems += check_models(plan, str(plan_file))
    try:
        table = read_observations(observations, declared.design, plan)
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    if output.exists() and not output.is_dir():
        remedy = "choose another folder with --out"
        problems.append(input_problem(output, "out", "must be a folder", "a file", remedy))
    if (output / observations.name).exists() and (output / observations.name).samefile(observations):
        rule, remedy = "must not be the folder of the input, which is never written to", "choose another with --out"
        problems.append(input_problem(output, "out", rule, str(observations), remedy))
    if problems:
        raise InputError(problems)
    for pattern in ANALYSIS_OUTPUTS:
        for path in output.glob(pattern):
            path.unlink()
    result = analyse(table, plan, tell)
    tell("tables and figures")
    section = write_analysis(output, result)
    page = output / "report.html"
    write_analysis_page(page, declared.title, result, section)
    return Analysed(result, page, not_estimable(result))


def check_models(plan: AnalysisPlan, file: str) -> list[InputProblem]:
    """A problem for each model of the plan that does not exist."""
    known = ", ".join(MODELS) or "none"
    return [
        input_problem(file, "analysis.models", f"must be one of {known}", name, "correct or delete the name")
        for name in unknown_models(plan)
    ]


def not_estimable(result: AnalysisResult) -> tuple[str, ...]:
    """What the plan asked for and these data do not give: the reasons, each with the models it stops, once."""
    chain = result.chain
    found = [(MAIN_MODEL, chain.reason)] if chain.model is None else []
    found += [(f"{MAIN_MODEL} with {one.covariate}", one.reason) for one in chain.covariate_models if one.reason]
    found += [(model.title, model.reason) for model in result.models if model.reason]
    stopped: dict[str, list[str]] = {}
    for title, reason in found:
        stopped.setdefault(reason, []).append(title)
    return tuple(f"{', '.join(titles)}: {reason}" for reason, titles in stopped.items())
