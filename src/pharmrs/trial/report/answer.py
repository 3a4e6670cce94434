"""The answer of a trial: its question, the estimate in words that the interval allows, and what to know beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pharmrs.core.report.answer import Answer, EstimateShown
from pharmrs.core.report.figure_style import figure_svg_text
from pharmrs.core.report.numbers import number_text, p_phrase
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.records.linear_model import LinearModel
from pharmrs.trial.regression.regression_diagnostics import cook_distances
from pharmrs.trial.report.figure_analysis import interaction_figure
from pharmrs.trial.report.flow_chart import flow_chart
from pharmrs.trial.report.hangs_on import checks
from pharmrs.trial.report.statistics_text import (
    dependence_note,
    df_text,
    effect_findings,
    family_findings,
    findings,
    interval_text,
    level_text,
    scatter_note,
)

_INFLUENTIAL = 1.0  # Cook's distance above which one row moves the estimates by about their own interval
_DOMINANT = 0.5  # share of all squared residuals that one row may have before it is named
_NOT_NORMAL = 0.05
_WIDTH_CM, _HEIGHT_CM = 11.5, 7.4  # letters stay readable where the picture is as narrow as a telephone


def trial_answer(result: AnalysisResult) -> Answer:
    """What the first page says, with its figure."""
    changes = result.chain.changes
    if changes is None or not changes.complete.any():
        return answer_in_words(result)
    drawn = figure_svg_text(interaction_figure(result, _WIDTH_CM, _HEIGHT_CM))
    return replace(answer_in_words(result), figure=drawn)


def answer_in_words(result: AnalysisResult) -> Answer:
    """The same without the figure, for the terminal and for tables."""
    plan, table = result.plan, result.table
    others = " and ".join(table.treatments[1:])
    question = (
        f"Does the change of {plan.biomarker} go with the change of {plan.metabolite}, and does that coupling differ "
        f"between {others} and {table.treatments[0]}?"
        if result.couples
        else f"What does {others or table.treatments[0]} do to {' and '.join(plan.quantities)}?"
    )
    model = result.chain.model
    formula = model.formula if model is not None else "the main model" if result.couples else "follow-up given baseline"
    declared = (
        f"Declared: {table.kind} design, change from {table.baseline} to {table.follow_up}, {formula}, two-sided level "
        f"{plan.alpha:g}."
    )
    sentences = (findings(result) if result.couples else effect_findings(result)) or (
        f"The main model could not be estimated: {result.chain.reason}.",
    )
    return Answer(
        question=question,
        declared=declared,
        findings=(*sentences, *family_findings(result)),
        estimates=tuple(_estimates(result)),
        warnings=tuple(_warnings(result)),
        checks=checks(result),
        flow=flow_chart(result),
        alt="Scatter plots of both changes, one panel per treatment. The values are in statistics/changes.tsv.",
        caption="A dot is a pair. Line and band: declared model, its mean with confidence band; dashed: the other one.",
    )


def _estimates(result: AnalysisResult) -> Iterator[EstimateShown]:
    model = result.chain.model
    if not result.couples:
        yield from _effects(result)
    if model is None:
        return
    for item in model.hypothesis:
        yield EstimateShown(
            name="Difference of the coupling" + (f", {item.term}" if len(model.hypothesis) > 1 else ""),
            value=number_text(item.estimate),
            interval=f"{level_text(result)} {interval_text(item.ci_low, item.ci_high)}",
            unit=item.unit,
            detail=f"{p_phrase(item.p)}, t({df_text(item.df)}) = {number_text(item.statistic)}, {model.n} pairs of "
            f"{model.subjects} people",
        )


def _effects(result: AnalysisResult) -> Iterator[EstimateShown]:
    for effect in result.chain.effects:
        for item in (one for one in effect.estimates if one.hypothesis):
            yield EstimateShown(
                name=f"{effect.title}, {item.treatment}", value=number_text(item.estimate),
                interval=f"{level_text(result)} {interval_text(item.ci_low, item.ci_high)}", unit=item.unit,
                detail=f"{p_phrase(item.p)}, t({df_text(item.df)}) = {number_text(item.statistic)}, {item.n} pairs of "
                f"{item.subjects} people",
            )  # fmt: skip


def _warnings(result: AnalysisResult) -> Iterator[str]:
    """What a reader must know before believing the interval, what weighs most first."""
    model = result.chain.model
    if model is not None:
        yield from _influence(result, model)
        w = model.shapiro
        if w.p < _NOT_NORMAL:
            yield (
                f"The residuals are not normal (Shapiro-Wilk W = {number_text(w.statistic)}, {p_phrase(w.p)}): the "
                "interval of least squares may be wrong; the robust and resampled models below do not rely on it."
            )
        if result.chain.by_treatment:
            yield scatter_note(result.chain, result)
        if note := dependence_note(result.chain, result):
            yield note
        yield from (f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in model.notes)
    if empty := [one.title for one in result.models if one.says_nothing]:
        yield (
            f"Read nothing into {'; '.join(empty)}: the interval holds every difference that the spread of the changes "
            "allows, or does not close."
        )
    yield from (f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in result.chain.notes)


def _influence(result: AnalysisResult, model: LinearModel) -> Iterator[str]:
    """Rows that move the estimates by themselves, and what is left without the worst."""
    changes = result.chain.changes
    assert changes is not None
    used = changes.where(changes.complete)
    distances = cook_distances(model.outcome, model.design)
    share = np.square(model.residuals) / max(float(model.residuals @ model.residuals), 1e-300)
    weight = np.maximum(np.nan_to_num(distances) / _INFLUENTIAL, share / _DOMINANT)
    moving = [int(row) for row in np.argsort(-weight, kind="stable") if weight[row] > 1]
    if len(used) != len(model.outcome) or not moving:
        return
    worst = moving[0]
    value = float(used.change_biomarker[worst])
    others = f" ({len(moving) - 1} more such pairs)" if len(moving) > 1 else ""
    text = (
        f"One pair weighs more than the others: {used.subject[worst]}, {used.treatment[worst]}, change in "
        f"{result.plan.biomarker} {number_text(value)} (Cook's distance {number_text(float(distances[worst]), 2)}, "
        f"{100 * share[worst]:.0f} % of the residual variance){others}. {_without(worst, model)}"
    )
    shifted = result.plan.biomarker_transform == "shifted_log" and result.plan.biomarker_change == "relative"
    if value == -1.0 and shifted:
        text += (
            " It is exactly −1 because the shifted log turns the lowest value of the study into 0: an artefact of the "
            "declared transformation."
        )
    yield text


def _without(row: int, model: LinearModel) -> str:
    """Estimates of the tested terms without one row."""
    rows = np.delete(np.arange(model.n), row)
    design = model.design[rows]
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return "Without it the model cannot be estimated."
    found = np.linalg.lstsq(design, model.outcome[rows], rcond=None)[0]
    shown = [
        f"{number_text(float(found[place]))} instead of {number_text(item.estimate)}"
        for place, item in enumerate(model.estimates)
        if item.hypothesis
    ]
    return f"Without it the difference is {', '.join(shown)}."
