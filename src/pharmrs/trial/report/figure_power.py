"""Power against the number of participants, with its Monte Carlo error."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pharmrs.core.report.figure_style import BASELINE, INK, MODEL, MUTED, figure_style, new_figure
from pharmrs.trial.records.power import PowerStudy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_APART = 0.012  # curves of several models are drawn side by side, so that their bars can be told apart
_COLOURS = (BASELINE, MODEL, "#1a7f37", "#8250df", "#9a6700", INK)


def power_figure(study: PowerStudy) -> Figure:
    """One curve per model; bars are 95 % Wilson intervals, the dashed lines the target and where it is reached."""
    models = list(dict.fromkeys(point.model for point in study.points))
    with figure_style():
        fig = new_figure(8.5)
        axes = fig.add_subplot()
        for place, model in enumerate(models):
            points = [point for point in study.points if point.model == model]
            colour = _COLOURS[place % len(_COLOURS)]
            axes.errorbar(
                [point.subjects * (1 + _APART * place) for point in points], [point.power for point in points],
                yerr=[[one.power - one.ci_low for one in points], [one.ci_high - one.power for one in points]],
                color=colour, marker="o", markersize=4, linewidth=1.2, elinewidth=0.9, capsize=2, label=model,
            )  # fmt: skip
        axes.set_ylim(0, 1)
        axes.set_xlim(left=0)
        for place, size in enumerate(study.sizes):
            colour = _COLOURS[place % len(_COLOURS)]
            if place == 0:
                axes.axhline(size.target, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
            if math.isfinite(size.subjects):
                axes.plot([size.subjects] * 2, [0, size.target], color=colour, linewidth=0.8, linestyle=(0, (4, 3)))
                axes.text(size.subjects, 0.03, f" {math.ceil(size.subjects)}", color=colour, fontsize=8.5)
        axes.set_xlabel("Participants")
        axes.set_ylabel(f"Power (interaction, alpha = {study.alpha:g})")
        axes.set_title(study.title)
        if len(models) > 1:
            axes.legend(loc="lower right")
    return fig
