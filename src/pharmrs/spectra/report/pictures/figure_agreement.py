"""Two programs on the same scans: difference against mean, after Bland and Altman 1986."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pharmrs.core.report.figure_style import BASELINE, MODEL, MUTED, figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def agreement_figure(values: Mapping[str, Sequence[tuple[float, float]]], scale: str) -> Figure:
    """One panel a metabolite: mean of both against theirs minus ours in per cent, mean and limits of agreement.

    `values`: (ours, theirs) of each scan.
    """
    rows = max(1, math.ceil(len(values) / 2))
    with figure_style():
        fig = new_figure(4.2 * rows + 1.0)
        panels = fig.subplots(rows, 2, squeeze=False).ravel()
        for axes, (metabolite, pairs) in zip(panels, values.items(), strict=False):
            both = np.array([pair for pair in pairs if math.isfinite(sum(pair)) and sum(pair) > 0]).reshape(-1, 2)
            mean = both.mean(axis=1)
            difference = 100.0 * (both[:, 1] - both[:, 0]) / mean
            axes.plot(mean, difference, linestyle="none", marker="o", markersize=3.6, color=BASELINE)
            middle, spread = float(difference.mean()), 1.96 * float(difference.std(ddof=1))
            axes.axhline(middle, color=MODEL, linewidth=0.9)
            for limit in (middle - spread, middle + spread):
                axes.axhline(limit, color=MODEL, linewidth=0.7, linestyle="--")
            axes.axhline(0.0, color=MUTED, linewidth=0.6, zorder=0)
            axes.set_title(metabolite)
            axes.margins(y=0.15)
        for axes in panels[len(values) :]:
            axes.set_axis_off()
        fig.supxlabel(f"mean of both; {scale}", fontsize=8)
        fig.supylabel("theirs - ours (% of the mean)", fontsize=8)
    return fig
