"""The standard curve with its band, the samples on it, the limits, and the recovery of the standards."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from pharmrs.assay.records.results import PlateResult
from pharmrs.assay.records.standard_curve import CurveBand
from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.report.figure_style import BAND, BASELINE, DATA, INK, MODEL, MUTED, figure_style, new_figure
from pharmrs.core.report.numbers import number_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ZERO_GAP = 3.0  # zero standards stand this factor below the lowest concentration shown
_IN_RANGE = ("ok", "high_cv", "discordant")


def standard_curve_figure(result: PlateResult) -> Figure:
    """Above: responses against concentration in the well; below: recovery of each standard."""
    curve, unit = result.curve, result.settings.unit or "unit of the standards"
    left = curve.lowest_standard / _ZERO_GAP
    if result.limits.detection > 0:
        left = max(min(left, result.limits.detection / 1.5), left / 100)

    def place(x: FloatArray) -> FloatArray:
        return np.where(x > 0, np.maximum(x, left / _ZERO_GAP), left / 1.5)

    with figure_style():
        fig = new_figure(12.5)
        upper, lower = fig.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        _draw_curve(upper, result, result.band)
        upper.plot(place(curve.x), curve.y, "o", color=DATA, markersize=4.5, label="standards", zorder=4)
        outliers = [well for well in result.wells if well.outlier and well.role in ("standard", "blank")]
        if outliers:
            x = place(np.array([0.0 if math.isnan(well.nominal) else well.nominal for well in outliers]))
            upper.plot(
                x, [well.response for well in outliers], "o", markersize=9, markerfacecolor="none", color=MODEL,
                label="outlier",
            )  # fmt: skip
        _draw_samples(upper, result, left)
        _draw_limits(upper, result, left)
        upper.set_xscale("log")
        upper.set_ylabel("Response")
        upper.set_title(
            f"{result.name}: {curve.model.upper()}, weights {result.settings.weights.replace('^2', '²')}", pad=16
        )
        # on paper of its own: the lines of the limits run behind it
        upper.legend(loc="upper left", frameon=True, framealpha=1.0, edgecolor="none", borderpad=0.1)
        _draw_recovery(lower, result, place)
        lower.set_xlabel(f"{result.analyte} in the well ({unit}); zero standards at the left edge")
        upper.set_xlim(left / 2, curve.highest_standard * 2)
        decades = range(math.ceil(math.log10(left / 2)), math.floor(math.log10(curve.highest_standard * 2)) + 1)
        lower.set_xticks([10.0**decade for decade in decades], [f"{10.0**decade:g}" for decade in decades])
    return fig


def _draw_curve(axes: Axes, result: PlateResult, band: CurveBand) -> None:
    axes.fill_between(band.x, band.low, band.high, color=BAND, linewidth=0, label="95 % band of the curve")
    axes.plot(band.x, band.response, color=BASELINE, linewidth=1.2)


def _draw_samples(axes: Axes, result: PlateResult, left: float) -> None:
    """Ticks where responses meet the curve; those beyond the curve stand at the edge."""
    groups = {
        "samples and controls in range": (BASELINE, [one for one in result.estimates if one.flag in _IN_RANGE]),
        "out of range": (MODEL, [one for one in result.estimates if one.censored != "none"]),
    }
    for label, (colour, estimates) in groups.items():
        seen = [one for one in estimates if math.isfinite(one.response)]
        if seen:
            low, high = left / 1.9, result.curve.highest_standard * 1.9
            edges = {"left": low, "right": high}  # for those beyond the curve
            places = [one.in_well if math.isfinite(one.in_well) else edges[one.censored] for one in seen]
            axes.plot(
                np.clip(places, low, high), [one.response for one in seen], "|", color=colour, markersize=9,
                markeredgewidth=0.9, label=f"{label} (n = {len(estimates)})", zorder=3,
            )  # fmt: skip


def _draw_limits(axes: Axes, result: PlateResult, left: float) -> None:
    limits = result.limits
    dilutions = {one.dilution for one in result.estimates if one.role == "sample"}
    lines = [("LOD", limits.detection, "in_well")]
    lines += [("LLOQ", limits.lower, limits.lower_refers_to), ("ULOQ", limits.upper, limits.upper_refers_to)]
    for name, stated, refers_to in lines:
        if refers_to == "in_sample" and len(dilutions) != 1:
            continue
        value = stated / next(iter(dilutions)) if refers_to == "in_sample" else stated
        if not (math.isfinite(value) and value > left):
            continue
        axes.axvline(value, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        axes.text(
            value, 1.0, f"{name} {number_text(value)}", transform=axes.get_xaxis_transform(), ha="center", va="bottom",
            fontsize=7.5, color=INK,
        )  # fmt: skip


def _draw_recovery(axes: Axes, result: PlateResult, place: Callable[[FloatArray], FloatArray]) -> None:
    low, high = result.settings.recovery_percent
    levels = [level for level in result.levels if math.isfinite(level.recovery_percent)]
    axes.axhspan(low, high, color=BAND, linewidth=0)
    axes.axhline(100.0, color=MUTED, linewidth=0.8)
    for accepted, face in ((True, DATA), (False, "white")):
        group = [level for level in levels if level.accepted is accepted]
        axes.plot(
            place(np.array([level.nominal for level in group])), [level.recovery_percent for level in group], "o",
            markersize=4.5, markerfacecolor=face, color=DATA if accepted else MODEL,
        )  # fmt: skip
    axes.margins(y=0.15)
    axes.set_ylabel("Recovery (%)")
