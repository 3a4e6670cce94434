"""Control charts: each control of the study, plate by plate, with the limits of the Westgard rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pharmrs.assay.records.results import InterPlate
from pharmrs.core.report.figure_style import BAND, BASELINE, MODEL, MUTED, figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABELLED_PLATES = 12


def control_figure(controls: Sequence[InterPlate], unit: str) -> Figure:
    """One panel per control: values in the order of the plates, mean, mean +- 2 and 3 SD."""
    with figure_style():
        fig = new_figure(4.2 * len(controls) + 1.2)
        panels = fig.subplots(len(controls), 1, squeeze=False).ravel()
        for axes, control in zip(panels, controls, strict=True):
            _draw(axes, control)
        fig.supylabel(f"Concentration ({unit})" if unit else "Concentration", fontsize=9)
    return fig


def _draw(axes: Axes, control: InterPlate) -> None:
    places = range(len(control.points))
    for factor, colour in ((3, BAND), (2, "#eef1f5")):
        axes.axhspan(
            control.mean - factor * control.sd, control.mean + factor * control.sd, color=colour, linewidth=0, zorder=0
        )
    axes.axhline(control.mean, color=MUTED, linewidth=0.8)
    values = [point.value for point in control.points]
    axes.plot(places, values, color=BASELINE, linewidth=0.8, marker="o", markersize=4.5)
    far = [(place, point.value) for place, point in zip(places, control.points, strict=True) if point.verdict == "out"]
    if far:
        axes.plot(*zip(*far, strict=True), "o", markersize=9, markerfacecolor="none", color=MODEL)
    cv = f"{control.cv_percent:.1f} %" if math.isfinite(control.cv_percent) else "n/a"
    axes.set_title(f"{control.name}: inter-plate CV {cv}")
    if len(control.points) <= _LABELLED_PLATES:
        axes.set_xticks(places, [point.plate for point in control.points])
    else:
        axes.set_xlabel("Plate, in the order of measurement")
    axes.margins(x=0.08)
