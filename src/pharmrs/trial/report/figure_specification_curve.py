"""The specification curve: all effects in order over what each specification chose, against the permuted curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pharmrs.core.report.figure_style import BAND, BASELINE, INK, MODEL, MUTED, figure_style, new_figure
from pharmrs.trial.records.multiverse import SpecificationCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW_CM = 0.40
_MOST_BARS = 700  # one bar per specification up to here, beyond it neighbours share a bar


def specification_curve_figure(curve: SpecificationCurve, alpha: float) -> Figure:
    """Above: sorted effects (significant ones in colour) with the 95 % band of permuted curves; below: the choices.

    Axes with a single level are left out below; they are named in the caption and the table. Thousands of marks are
    drawn as pixels also in an SVG, which would otherwise be megabytes.
    """
    shown = [axis for axis, levels in enumerate(curve.levels) if len(levels) > 1]
    rows = sum(len(curve.levels[axis]) for axis in shown) + max(len(shown) - 1, 0)
    known = int(np.isfinite(curve.effect).sum())
    with figure_style():
        fig = new_figure(6.0 + _ROW_CM * rows + 0.8)
        upper, lower = fig.subplots(2, 1, sharex=True, height_ratios=[5.2, max(_ROW_CM * rows, 0.5)])
        _draw_effects(upper, curve, known, alpha)
        _draw_choices(lower, curve, shown, known)
        lower.set_xlabel(f"Specifications, sorted by effect (n = {known})")
    return fig


def _draw_effects(axes: Axes, curve: SpecificationCurve, known: int, alpha: float) -> None:
    place = np.arange(known)
    effect, p = curve.effect[:known], curve.p[:known]
    if len(curve.null_low) == known:
        axes.fill_between(place, curve.null_low, curve.null_high, color=BAND, linewidth=0,
                          label="95 % of the curves under permutation")  # fmt: skip
    axes.axhline(0, color=MUTED, linewidth=0.6, zorder=1)
    significant = p < alpha
    for chosen, colour, label in (
        (~significant, MUTED, f"p ≥ {alpha:g} ({int(np.sum(~significant))})"),
        (significant, MODEL, f"p < {alpha:g} ({int(np.sum(significant))})"),
    ):
        axes.scatter(
            place[chosen], effect[chosen], s=5, color=colour, linewidth=0, zorder=3, label=label, rasterized=True
        )
    axes.set_ylabel("Interaction (SD per SD)")
    axes.set_xlim(-0.01 * known - 0.5, 1.01 * known - 0.5)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, markerscale=2, borderaxespad=0, fontsize=8,
        handletextpad=0.4, columnspacing=1.2,
    )  # fmt: skip


def _draw_choices(axes: Axes, curve: SpecificationCurve, shown: list[int], known: int) -> None:
    labels: list[str] = []
    places: list[float] = []
    at = 0.0
    for axis in shown:
        for level, name in enumerate(curve.levels[axis]):
            chosen = np.flatnonzero(curve.choices[:known, axis] == level)
            width = max(1, known // _MOST_BARS)
            bars = np.unique(chosen // width) * width
            axes.vlines(bars, at - 0.38, at + 0.38, color=BASELINE if axis % 2 else INK, linewidth=0.5,
                        rasterized=True)  # fmt: skip
            labels.append(f"{curve.axes[axis]}: {name}" if level == 0 else name)
            places.append(at)
            at += 1
        at += 1
    axes.set_yticks(places, labels, fontsize=7.5)
    axes.set_ylim(at - 1.4, -0.8)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
