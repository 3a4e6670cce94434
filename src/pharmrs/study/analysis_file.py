"""`pharmrs analyse`: from an observation table and a plan on disk to the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.files.owned import remove_written
from pharmrs.core.files.targets import check_output_folder, claimed
from pharmrs.core.unit import Boundary
from pharmrs.study.study_file import read_plan
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.read.observations import read_observations
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.report.files import ANALYSIS_OUTPUTS, write_analysis, write_analysis_page
from pharmrs.trial.stage.analysis import check_models, not_estimable


@dataclass(frozen=True, slots=True)
class Analysed:
    """The result, the page, what could not be estimated, and warnings and faults of the program."""

    result: AnalysisResult
    page: Path
    missing: tuple[str, ...]
    problems: tuple[InputProblem, ...] = ()


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
    warnings: list[InputProblem] = []
    within = Boundary(output)
    declared = read_plan(plan_file)
    plan = declared.analysis.plan()
    further = [name for name in dict.fromkeys(explore) if name not in (*plan.models, *plan.exploratory)]
    plan = replace(plan, exploratory=(*plan.exploratory, *further))
    problems += check_models(plan, str(plan_file))
    try:
        table = read_observations(observations, declared.design, plan, warnings.append)
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    problems += check_output_folder(output)
    if (output / observations.name).exists() and (output / observations.name).samefile(observations):
        rule, remedy = "must not be the folder of the input, which is never written to", "choose another with --out"
        problems.append(input_problem(output, "out", rule, str(observations), remedy))
    if problems:
        raise InputError(problems)
    with claimed(output):
        result = analyse(table, plan, tell, within)
        tell("tables and figures")
        remove_written(output, ANALYSIS_OUTPUTS)
        section = write_analysis(output, result, within)
        page = output / "report.html"
        write_analysis_page(page, declared.title, result, section)
    return Analysed(result, page, tuple(map(str, not_estimable(result))), (*warnings, *within.problems))
