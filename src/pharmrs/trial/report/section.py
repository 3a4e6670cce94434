"""The statistics in the report: results paragraph, figures, tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pharmrs.core.report.figure_style import figure_svg_text
from pharmrs.core.report.printed_tables import PrintedTable
from pharmrs.core.report.section import Section, render_section
from pharmrs.core.report.view_tables import CellView, TableView
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.report.figure_analysis import forest_figure, interaction_figure, residuals_figure, spaghetti_figure
from pharmrs.trial.report.figure_specification_curve import specification_curve_figure
from pharmrs.trial.report.printed import printed_tables
from pharmrs.trial.report.results_text import model_paragraphs, results_paragraphs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ANCHOR = "statistics"


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


def analysis_figures(result: AnalysisResult) -> tuple[FigureView, ...]:
    """The figures that these data allow."""
    chain = result.chain
    found: list[FigureView] = []
    if chain.changes is not None and chain.changes.complete.any():
        level = f"{100 * (1 - result.plan.alpha):g} %"
        found.append(
            FigureView(
                name="interaction",
                figure=interaction_figure(result),
                alt="Scatter plots of both changes, one panel per treatment. The values are in changes.tsv.",
                caption="Changes of both quantities by treatment; one dot per participant. Line and band: main model, "
                f"mean and its {level} confidence band; dashed: the other treatment.",
            )
        )
    if chain.model is not None:
        found.append(
            FigureView(
                name="residuals",
                figure=residuals_figure(chain.model),
                alt="Normal Q-Q plot and histogram of the residuals of the main model.",
                caption="Residuals of the main model: normal Q-Q plot with pointwise 95 % band, and histogram with the "
                "normal curve.",
            )
        )
    if chain.changes is not None:
        found.append(
            FigureView(
                name="before-after",
                figure=spaghetti_figure(result),
                alt="Biomarker level and metabolite before and after each treatment, a line per participant.",
                caption="Before and after by treatment. Thin: participants; hollow: one of the two values is missing; "
                "thick: mean of the complete pairs.",
            )
        )
    forest = forest_figure(result)
    if forest is not None:
        found.append(
            FigureView(
                name="forest",
                figure=forest,
                alt="Interaction with its interval in each model. The values are in estimates.tsv.",
                caption="The interaction in every model that has it. Hollow: exploratory. Models of other units have "
                "their own axis.",
            )
        )
    found += [
        FigureView(
            name=f"{model.name}-curve",
            figure=specification_curve_figure(model.curve, result.plan.alpha),
            alt=f"Specification curve. The values are in {model.name}_specifications.tsv.",
            caption=f"{model.title}: the interaction in every declared combination of choices, sorted; below, what "
            "each combination chose. Band: 95 % of the curves when the allocation is permuted.",
        )
        for model in result.models
        if model.curve is not None and np.isfinite(model.curve.effect).any()
    ]
    return tuple(found)


def analysis_section(result: AnalysisResult, figures: tuple[FigureView, ...]) -> Section:
    """The section of the report."""
    printed = printed_tables(result)
    return render_section(
        ANCHOR,
        "Statistics",
        "section_analysis.html.j2",
        paragraphs=results_paragraphs(result),
        models=model_paragraphs(result),
        figures=figures,
        tables=[_view(number, table) for number, table in enumerate(printed, start=1)],
        notes=[table.note for table in printed],
        plan_hash=result.plan_hash,
        exploratory=[model.title for model in result.models if not model.declared],
    )


def _view(number: int, table: PrintedTable) -> TableView:
    return TableView(
        caption=f"Table {number}. {table.title}",
        columns=table.columns,
        rows=tuple(tuple(CellView(text, order=_order(text)) for text in row) for row in table.rows),
    )


def _order(text: str) -> str:
    """What a cell is sorted by: its number where it is one."""
    number = text.replace("−", "-").lstrip("<")
    return number if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", number) else ""
