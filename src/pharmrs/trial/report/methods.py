"""The methods of the statistics, from the plan as it was executed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy

from pharmrs import __version__
from pharmrs.core.report.references import Citations
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.report.plan_text import estimand_text

_CHANGES = {
    "relative": "relative change (follow-up - baseline) / baseline",
    "difference": "difference follow-up - baseline",
    "log_ratio": "log ratio log(follow-up / baseline)",
}


def methods_paragraphs(result: AnalysisResult, cite: Citations) -> Sequence[str]:
    """How it was computed: the plan as it was executed, with its hash."""
    plan, table = result.plan, result.table
    compared = (
        "Levels were compared within and between treatments by paired t tests over participants with both values."
        if table.kind == "crossover"
        else f"Levels were compared within treatments by paired t tests and between groups by Welch's t test "
        f"{cite.cite('welch')}."
    )
    paragraphs = [
        f"The analysis followed a plan declared in study.yaml (SHA-256 {result.plan_hash[:16]}). Design: {table.kind}, "
        f"treatments {', '.join(table.treatments)} (reference: {table.treatments[0]}), change from {table.baseline} to "
        f"{table.follow_up}. Two-sided level {plan.alpha:g}.",
        *estimand_text(plan),
        *(_coupling_paragraphs(result, cite) if result.couples else ()),
        *dict.fromkeys(text for effect in result.chain.effects for text in effect.methods),
        *((compared,) if len(table.treatments) > 1 else ()),
    ]
    for model in result.models:
        status = "" if model.declared else " (exploratory)"
        paragraphs += [f"{model.title}{status}: {text}" for text in model.methods if not model.reason]
    return [*paragraphs, _software()]


def _software() -> str:
    return (
        f"The statistics were computed with pharmrs {__version__} (numpy {np.__version__}, scipy {scipy.__version__}); "
        "the same analysis as an R script is statistics/analysis.R."
    )


def _coupling_paragraphs(result: AnalysisResult, cite: Citations) -> Sequence[str]:
    """Of the reference chain: levels, changes, the main model, rank correlations."""
    plan = result.plan
    return (
        f"{_level_sentence(result)} Changes were taken as {_CHANGES[plan.biomarker_change]} of the {plan.biomarker} "
        f"level and {_CHANGES[plan.metabolite_change]} of {plan.metabolite}, rounded to ten decimals so that ties "
        "remain ties.",
        f"The change in {plan.biomarker} was regressed by ordinary least squares on the change in {plan.metabolite}, "
        f"treatment and their interaction; normality of the residuals was tested {cite.cite('shapiro')}. "
        + _covariate_sentence(plan),
        f"The two changes were correlated by Spearman's coefficient under each treatment, with p by Student's t and by "
        f"the Edgeworth series of AS 89 {cite.cite('as89')}; levels were corrected for the number of treatments "
        f"(Bonferroni); the reference study's alpha / k^(1 - r) {cite.cite('sankoh')} is shown beside. Dependence "
        f"of the change on the level was tested against the mean of both {cite.cite('oldham')}.",
    )


def _level_sentence(result: AnalysisResult) -> str:
    plan, levels = result.plan, result.chain.levels
    samples = f"{levels.samples} measured samples" if levels is not None else "the measured samples"
    if plan.time_adjustment == "linear":
        quantity = "log concentrations" if plan.biomarker_transform == "log" else "concentrations"
        first = (
            f"{plan.biomarker} {quantity} of {samples} were replaced by their residuals over the sampling time of day"
        )
    else:
        first = f"{plan.biomarker} concentrations of {samples} were not adjusted for the time of day"
    last = {
        "shifted_log": ", shifted by |minimum| + 1 and log-transformed.",
        "log": " and log-transformed." if plan.time_adjustment == "none" else ", the mean added back.",
        "none": "." if plan.time_adjustment == "none" else ", the mean added back.",
    }[plan.biomarker_transform]
    return first + last


def _covariate_sentence(plan: AnalysisPlan) -> str:
    if not plan.covariates:
        return "No covariate was declared."
    names = ", ".join(
        f"{one.name} (reference {one.reference})" if one.reference else one.name for one in plan.covariates
    )
    return f"Covariates were added one at a time: {names}."
