"""The statistics in the report: results paragraph, figures, tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pharmrs.core.report.figure_style import figure_svg_bytes, figure_svg_text
from pharmrs.core.report.printed_tables import PrintedTable
from pharmrs.core.report.section import Section, render_section
from pharmrs.core.report.view_tables import CellView, TableView
from pharmrs.core.unit import Within, unbounded
from pharmrs.trial.records.analysis import ModelOutcome
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.report.figure_analysis import forest_figure, interaction_figure, residuals_figure, spaghetti_figure
from pharmrs.trial.report.figure_specification_curve import specification_curve_figure
from pharmrs.trial.report.printed import printed_tables
from pharmrs.trial.report.printed_models import UNIT
from pharmrs.trial.report.results_text import model_paragraphs, results_paragraphs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ANCHOR = "statistics"
_AS_ABOVE = "as in the first row"


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureView:
    """A figure of the statistics: file name without suffix, the picture, what it shows, its caption."""

    name: str
    figure: Figure
    alt: str
    caption: str

    @property
    def svg(self) -> str:
        return figure_svg_text(self.figure)


def analysis_figures(result: AnalysisResult, within: Within = unbounded) -> tuple[FigureView, ...]:
    """The figures that these data allow. `within`: the boundary of each."""
    found = [
        within(partial(_drawn, draw), name, "drawing")
        for name, draw in (
            ("interaction", partial(_interaction, result)),
            ("residuals", partial(_residuals, result)),
            ("before-after", partial(_before_after, result)),
            ("forest", partial(_forest, result)),
            *((f"{model.name}-curve", partial(_curve, result, model)) for model in result.models),
        )
    ]
    return tuple(one for one in found if one is not None)


def _drawn(draw: Callable[[], FigureView | None]) -> FigureView | None:
    """The figure, drawn; None where these data do not allow it."""
    figure = draw()
    if figure is not None:
        figure_svg_bytes(figure.figure)  # now, while it may fail; it is kept for the file and the page
    return figure


def _interaction(result: AnalysisResult) -> FigureView | None:
    changes = result.chain.changes
    if changes is None or not changes.complete.any():
        return None
    level = f"{100 * (1 - result.plan.alpha):g} %"
    return FigureView(
        name="interaction",
        figure=interaction_figure(result),
        alt="Scatter plots of both changes, one panel per treatment. The values are in changes.tsv.",
        caption="Changes of both quantities by treatment; one dot per participant. Line and band: main model, "
        f"mean and its {level} confidence band; dashed: the other treatment.",
    )


def _residuals(result: AnalysisResult) -> FigureView | None:
    if result.chain.model is None:
        return None
    return FigureView(
        name="residuals",
        figure=residuals_figure(result.chain.model),
        alt="Normal Q-Q plot and histogram of the residuals of the main model.",
        caption="Residuals of the main model: normal Q-Q plot with pointwise 95 % band, and histogram with the "
        "normal curve.",
    )


def _before_after(result: AnalysisResult) -> FigureView | None:
    if result.chain.changes is None or not result.plan.from_baseline:
        return None
    return FigureView(
        name="before-after",
        figure=spaghetti_figure(result),
        alt="Biomarker level and metabolite before and after each treatment, a line per participant.",
        caption="Before and after by treatment. Thin: participants; hollow: one of the two values is missing; "
        "thick: mean of the complete pairs.",
    )


def _forest(result: AnalysisResult) -> FigureView | None:
    forest = forest_figure(result)
    if forest is None:
        return None
    return FigureView(
        name="forest",
        figure=forest,
        alt="Interaction with its interval in each model. The values are in estimates.tsv.",
        caption="The interaction in every model that has it. Hollow: exploratory. Models of other units have "
        "their own axis.",
    )


def _curve(result: AnalysisResult, model: ModelOutcome) -> FigureView | None:
    if model.curve is None or not np.isfinite(model.curve.effect).any():
        return None
    return FigureView(
        name=f"{model.name}-curve",
        figure=specification_curve_figure(model.curve, result.plan.alpha),
        alt=f"Specification curve. The values are in {model.name}_specifications.tsv.",
        caption=f"{model.title}: the interaction in every declared combination of choices, sorted; below, what "
        "each combination chose. Band: 95 % of the curves when the allocation is permuted.",
    )


def analysis_section(result: AnalysisResult, figures: tuple[FigureView, ...]) -> Section:
    """The section of the report: the model and every model beside it, the figures, then the other tables folded."""
    printed = printed_tables(result)
    impossible = {model.title: model.reason for model in result.models if model.reason and not model.declared}
    return render_section(
        ANCHOR,
        "Statistics",
        "section_analysis.html.j2",
        paragraphs=results_paragraphs(result),
        models=model_paragraphs(result),
        figures=figures,
        tables=[_view(number, table, impossible) for number, table in enumerate(printed, start=1)],
        impossible=impossible,
        notes=[[note for note in table.notes if note] for table in printed],
        plan_hash=result.plan_hash,
        exploratory=[model.title for model in result.models if not model.declared],
    )


def _view(number: int, table: PrintedTable, impossible: Collection[str]) -> TableView:
    """The table on the page: without models that these data do not allow, and with a unit said once."""
    rows = [row for row in table.rows if row[0] not in impossible]
    if table.columns[-1] == UNIT:
        rows = [*rows[:1], *((*row[:-1], _AS_ABOVE if row[-1] == rows[0][-1] else row[-1]) for row in rows[1:])]
    return TableView(
        caption=f"Table {number}. {table.title}",
        columns=table.columns,
        rows=tuple(tuple(CellView(text, order=_order(text)) for text in row) for row in rows),
    )


def _order(text: str) -> str:
    """What a cell is sorted by: its number where it is one, the lower end of an interval."""
    number = text.replace("−", "-").lstrip("<").split(" to ")[0]
    return number if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", number) else ""
