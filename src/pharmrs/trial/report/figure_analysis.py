"""Figures of the statistics: the interaction, its residuals, before and after, estimates across models."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.report.figure_style import BAND, BASELINE, INK, MODEL, MUTED, WIDTH_CM, figure_style, new_figure
from pharmrs.trial.records.analysis import EffectEstimate
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.linear_model import LinearModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = (BASELINE, MODEL, "#1a7f37", "#8250df", "#9a6700")


def treatment_colour(position: int) -> str:
    """Colour of a treatment by its place in the design; the reference comes first."""
    return _COLOURS[position % len(_COLOURS)]


def interaction_figure(result: AnalysisResult, width_cm: float = WIDTH_CM, height_cm: float = 8.2) -> Figure:
    """Both changes, one panel per treatment, with the line of the main model and the confidence band of its mean.

    The lines of the other treatments are thin, so that the difference of slopes is seen in every panel.
    """
    changes, model = result.chain.changes, result.chain.model
    assert changes is not None
    used = changes.where(changes.complete)
    with figure_style():
        fig = new_figure(height_cm, width_cm)
        panels = np.atleast_1d(fig.subplots(1, len(changes.treatments), sharex=True, sharey=True, squeeze=True))
        for position, (axes, name) in enumerate(zip(panels, changes.treatments, strict=True)):
            rows = used.of_treatment(name)
            axes.axhline(0, color=MUTED, linewidth=0.5, zorder=0)
            axes.axvline(0, color=MUTED, linewidth=0.5, zorder=0)
            axes.scatter(
                used.change_metabolite[rows], used.change_biomarker[rows], s=20, color=treatment_colour(position),
                alpha=0.75, linewidth=0, zorder=3,
            )  # fmt: skip
            if model is not None:
                for other, label in enumerate(changes.treatments):
                    _draw_line(axes, used, model, label, other, result.plan.alpha, main=other == position)
            axes.set_title(f"{chr(ord('A') + position)}  {name} (n = {int(rows.sum())})")
            axes.set_xlabel(f"{_change_word(result.plan.metabolite_change)} in {result.plan.metabolite}")
        panels[0].set_ylabel(f"{_change_word(result.plan.biomarker_change)} in {result.plan.biomarker} level")
    return fig


def _change_word(kind: str) -> str:
    return {"relative": "Relative change", "difference": "Change", "log_ratio": "Log ratio"}[kind]


def _draw_line(
    axes: Axes, used: ChangeTable, model: LinearModel, name: str, position: int, alpha: float, *, main: bool
) -> None:
    x = used.change_metabolite[used.of_treatment(name)]
    if len(x) == 0:
        return
    grid = np.linspace(x.min(), x.max(), 60)
    mean, reach = model_band(model, used.treatments, name, grid, alpha)
    colour = treatment_colour(position)
    if main:
        axes.fill_between(grid, mean - reach, mean + reach, color=colour, alpha=0.15, linewidth=0, zorder=1)
    axes.plot(
        grid, mean, color=colour, linewidth=1.6 if main else 0.8, linestyle="-" if main else (0, (4, 2)), zorder=2
    )


def model_band(
    model: LinearModel, treatments: tuple[str, ...], name: str, grid: FloatArray, alpha: float
) -> tuple[FloatArray, FloatArray]:
    """Mean of the main model over metabolite changes `grid` under one treatment, and half the width of its band."""
    from scipy import stats

    given = np.array([float(name == other) for other in treatments[1:]])
    indicators = np.tile(given, (len(grid), 1))
    design = np.column_stack([np.ones_like(grid), grid, indicators, grid[:, None] * indicators])
    mean: FloatArray = design @ model.coefficients
    se = np.sqrt(np.einsum("ij,jk,ik->i", design, model.covariance, design))
    return mean, float(stats.t.ppf(1 - alpha / 2, model.df[1])) * se


def residuals_figure(model: LinearModel) -> Figure:
    """Normal Q-Q plot with a pointwise 95 % band of order statistics, and histogram with the normal curve."""
    from scipy import stats

    ordered = np.sort(model.residuals)
    n = len(ordered)
    places = stats.norm.ppf((np.arange(1, n + 1) - 0.375) / (n + 0.25))  # Blom
    rank = np.arange(1, n + 1)
    low, high = (stats.norm.ppf(stats.beta.ppf(q, rank, n + 1 - rank)) * ordered.std(ddof=1) for q in (0.025, 0.975))
    with figure_style():
        fig = new_figure(7.4)
        left, right = fig.subplots(1, 2)
        left.fill_between(places, low, high, color=BAND, linewidth=0, zorder=0)
        left.plot(places, places * ordered.std(ddof=1), color=MUTED, linewidth=0.9, zorder=1)
        left.scatter(places, ordered, s=16, color=INK, zorder=2)
        left.set_title("A  Normal Q-Q plot")
        left.set_xlabel("Normal quantile")
        left.set_ylabel("Residual")
        right.hist(ordered, bins="sturges", color=BAND, edgecolor=INK, linewidth=0.6)
        step = np.diff(np.histogram_bin_edges(ordered, bins="sturges"))[0]
        grid = np.linspace(ordered[0] - step, ordered[-1] + step, 200)
        right.plot(grid, stats.norm.pdf(grid, 0, ordered.std(ddof=1)) * n * step, color=MODEL)
        right.set_title(f"B  Residuals (n = {n})")
        right.set_xlabel("Residual")
        right.set_ylabel("Count")
    return fig


def spaghetti_figure(result: AnalysisResult) -> Figure:
    """Biomarker level and metabolite before and after, one line per participant, means of the complete pairs."""
    changes, table = result.chain.changes, result.table
    assert changes is not None
    unit = f" ({table.metabolite_unit})" if table.metabolite_unit else ""
    known = (
        (result.plan.biomarker, f"{result.plan.biomarker}, adjusted level", changes.biomarker_level),
        (result.plan.metabolite, f"{result.plan.metabolite}{unit}", changes.metabolite),
    )
    quantities = [(label, values) for name, label, values in known if name]
    quantities += [(one.name, changes.outcomes[one.name]) for one in result.plan.outcomes if one.change != "follow_up"]
    with figure_style():
        fig = new_figure(6.25 * len(quantities))
        panels = fig.subplots(len(quantities), len(changes.treatments), sharey="row", squeeze=False)
        for row, (label, values) in enumerate(quantities):
            for column, name in enumerate(changes.treatments):
                axes = panels[row, column]
                chosen = values[changes.of_treatment(name)]
                pairs = chosen[np.isfinite(chosen).all(axis=1)]
                colour = treatment_colour(column)
                axes.plot([0, 1], pairs.T, color=colour, linewidth=0.7, alpha=0.45, marker="o", markersize=2.5)
                single = np.isfinite(chosen) & ~np.isfinite(chosen).all(axis=1, keepdims=True)
                for side in (0, 1):
                    lone = chosen[single[:, side], side]
                    axes.plot(np.full(len(lone), side), lone, linestyle="none", marker="o", markersize=3,
                              markerfacecolor="white", markeredgecolor=colour, markeredgewidth=0.7)  # fmt: skip
                if len(pairs):
                    axes.plot([0, 1], pairs.mean(axis=0), color=INK, linewidth=2.2, marker="o", markersize=5, zorder=4)
                axes.set_xticks([0, 1], [table.baseline, table.follow_up])
                axes.set_xlim(-0.25, 1.25)
                axes.set_title(f"{name} ({len(pairs)} pairs)")
                if column == 0:
                    axes.set_ylabel(label)
    return fig


def forest_figure(result: AnalysisResult) -> Figure | None:
    """The interaction with its interval in every model that has it, by the unit of the estimate; None without any."""
    entries = forest_entries(result)
    if not entries:
        return None
    units = list(dict.fromkeys(unit for unit, *_ in entries))
    heights = [sum(entry[0] == unit for entry in entries) + 1.2 for unit in units]
    with figure_style():
        fig = new_figure(1.4 + 0.62 * sum(heights))
        panels = fig.subplots(len(units), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, unit in zip(panels, units, strict=True):
            shown = [entry for entry in entries if entry[0] == unit]
            axes.axvline(0, color=MUTED, linewidth=0.7, zorder=0)
            for place, (_, _, declared, value, low, high) in enumerate(shown):
                colour = MODEL if place == 0 and unit == units[0] else INK
                axes.plot([low, high], [place, place], color=colour, linewidth=1.3)
                axes.plot(value, place, marker="s", markersize=5, color=colour,
                          markerfacecolor=colour if declared else "white")  # fmt: skip
            axes.set_yticks(range(len(shown)), [label for _, label, *_ in shown])
            axes.set_ylim(len(shown) - 0.4, -0.6)
            axes.set_xlabel(
                unit or "Estimate of the interaction", x=1.0, horizontalalignment="right"
            )  # longer than the axis
    return fig


def _which(result: AnalysisResult, item: EffectEstimate) -> str:
    """The term, where a model has several interactions."""
    return f", {item.term}" if len(result.table.treatments) > 2 else ""


def forest_entries(result: AnalysisResult) -> list[tuple[str, str, bool, float, float, float]]:
    """Unit, label, declared, estimate and interval of each model's interaction; reference chain first."""
    chain = result.chain
    models = [chain.model, *(one.model for one in chain.covariate_models)]
    main_unit = chain.model.estimates[0].unit if chain.model else ""  # a model that names no unit has that one
    found = [
        (main_unit, f"{model.name}{_which(result, item)} (n = {item.n})", True, item)
        for model in models
        if model is not None
        for item in model.hypothesis
    ]
    found += [
        (
            item.unit or main_unit,
            f"{model.title}{_which(result, item)}{'' if model.declared else ' (exploratory)'} (n = {item.n})",
            model.declared,
            item,
        )
        for model in result.models
        for item in model.estimates
        if item.hypothesis
    ]
    return [
        (unit, label, declared, item.estimate, item.ci_low, item.ci_high)
        for unit, label, declared, item in found
        if math.isfinite(item.estimate) and math.isfinite(item.ci_low) and math.isfinite(item.ci_high)
    ]
