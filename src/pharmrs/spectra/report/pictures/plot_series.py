"""A metabolite over the session: every series spectrum by spectrum, and how much each changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pharmrs.core.report.figure_style import BASELINE, MODEL, MUTED, figure_style, new_figure
from pharmrs.spectra.records.series import FittedSeries

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABELLED = 24  # more names than this cannot be read


def course_figure(found: Sequence[FittedSeries], metabolite: str, course: str) -> Figure:
    """`metabolite` in every spectrum on the clock of its session, and its change with `course` in each series."""
    with figure_style():
        fig = new_figure(min(7.0 + 0.28 * len(found), 16.0))
        left, right = fig.subplots(1, 2, width_ratios=(1.3, 1.0))
        _draw_spectra(left, found, metabolite)
        _draw_changes(right, found, metabolite, course)
    return fig


def _draw_spectra(axes: Axes, found: Sequence[FittedSeries], metabolite: str) -> None:
    fitted: dict[float, list[float]] = {}
    clock = all(np.isfinite(one.start_min) for series in found for one in series.spectra)
    for series in found:
        points = [one for one in series.points if one.metabolite == metabolite]
        middle = [0.5 * (one.start_min + one.end_min) if clock else float(one.number) for one in series.spectra]
        axes.plot(middle, [one.alone_percent for one in points], color=MUTED, linewidth=0.6, marker="o", markersize=2.2,
                  alpha=0.7)  # fmt: skip
        if not any(one.excluded for one in series.changes if one.metabolite == metabolite):
            for place, one in zip(middle, points, strict=True):
                fitted.setdefault(round(place, 3), []).append(one.fitted_percent)
    places = sorted(fitted)
    axes.plot(places, [float(np.mean(fitted[place])) for place in places], color=MODEL, linewidth=1.8)
    axes.axhline(100.0, color=MUTED, linewidth=0.6, zorder=0)
    axes.set_xlabel("Minutes of the session" if clock else "Spectrum of the series")
    axes.set_ylabel(f"{metabolite} (% of its level)")


def _draw_changes(axes: Axes, found: Sequence[FittedSeries], metabolite: str, course: str) -> None:
    rows = [one for series in found for one in series.changes if (one.metabolite, one.course) == (metabolite, course)]
    for place, one in enumerate(reversed(rows)):
        colour = MODEL if one.excluded else BASELINE
        axes.plot((one.ci_low, one.ci_high), (place, place), color=colour, linewidth=1.0)
        axes.plot(one.change_percent, place, marker="o", markersize=4.0, color=colour,
                  markerfacecolor="white" if one.excluded else colour)  # fmt: skip
    axes.axvline(0.0, color=MUTED, linewidth=0.8, zorder=0)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    if len(rows) <= _LABELLED:
        axes.set_yticks(range(len(rows)), [one.series for one in reversed(rows)], fontsize=7.5)
    else:
        axes.set_yticks([])
        axes.set_ylabel("Series, in the order of the table")
    axes.set_xlabel(f"Change of {metabolite} with {course} (%)")
