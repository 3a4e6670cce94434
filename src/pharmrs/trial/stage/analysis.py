"""`pharmrs analyse`: from a ready observation table to everything the statistics leave behind."""

from __future__ import annotations

from typing import NamedTuple

from pharmrs.core.errors import InputProblem, input_problem
from pharmrs.trial.models.analyse import unknown_models
from pharmrs.trial.models.registry import MODELS
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.analysis_result import AnalysisResult

MAIN_MODEL = "main model"


def check_models(plan: AnalysisPlan, file: str) -> list[InputProblem]:
    """A problem for each model of the plan that does not exist."""
    known = ", ".join(MODELS) or "none"
    return [
        input_problem(file, "analysis.models", f"must be one of {known}", name, "correct or delete the name")
        for name in unknown_models(plan)
    ]


class ModelsWithoutEstimate(NamedTuple):
    """Models that these data do not give, for one `reason`; `main`: the main model is one of them, `planned`: one that
    the plan declares is, and not only models beside it.
    """

    models: tuple[str, ...]
    reason: str
    main: bool
    planned: bool

    def __str__(self) -> str:
        return f"{', '.join(self.models)}: {self.reason}"


def not_estimable(result: AnalysisResult) -> tuple[ModelsWithoutEstimate, ...]:
    """What the plan asked for and these data do not give: the reasons, each with the models it stops, once."""
    chain = result.chain
    if result.couples:
        found = [(MAIN_MODEL, chain.reason)] if chain.model is None else []
    else:
        found = [(MAIN_MODEL, one.reason) for one in chain.effects[:1] if one.reason]
        found += [] if chain.effects else [(MAIN_MODEL, chain.reason)]
    found += [(f"{MAIN_MODEL} with {one.covariate}", one.reason) for one in chain.covariate_models if one.reason]
    planned = {title for title, _ in found} | {one.title for one in result.models if one.name in result.plan.models}
    found += [(model.title, model.reason) for model in result.models if model.reason]
    stopped: dict[str, list[str]] = {}
    for title, reason in found:
        stopped.setdefault(reason, []).append(title)
    return tuple(
        ModelsWithoutEstimate(tuple(titles), reason, MAIN_MODEL in titles, not planned.isdisjoint(titles))
        for reason, titles in stopped.items()
    )
