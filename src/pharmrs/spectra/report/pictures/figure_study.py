"""The whole sample at a glance: concentrations scan by scan, and the quality that decides what counts."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pharmrs.core.report.figure_style import BASELINE, MODEL, MUTED, figure_style, new_figure
from pharmrs.spectra.records.scan import ScanValues
from pharmrs.spectra.report.summary import (
    concentration_of,
    is_excluded,
    main_metabolites,
    scan_exclusions,
    short_name,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pharmrs.spectra.records.declared import QualityRules

_LABELLED_SCANS = 24  # more names than this cannot be read along 18 cm
_LABELLED_POINTS = 15
_LABEL_CHARACTERS = 56
_NAME_PT, _LINE_PT = 4.6, 9.0  # width of a character, height of a line of the names at points


def overview_figure(
    results: Sequence[ScanValues],
    scale: str,
    metabolites: Sequence[str] | None = None,
    scale_label: str = "",
) -> Figure:
    """Concentration of each chosen metabolite in each scan with its SD; excluded values are hollow.

    `scale`: key of the concentration scale. Without `metabolites`, the six best determined ones are shown. The line
    is the mean of the values that are kept.
    """
    ordered = sorted(results, key=lambda result: result.files.name)
    chosen = list(metabolites) if metabolites else main_metabolites(ordered, scale)
    rows = max(1, math.ceil(len(chosen) / 2))
    with figure_style():
        fig = new_figure(3.7 * rows + 1.6 + (1.2 if len(ordered) <= _LABELLED_SCANS else 0.0))
        panels = fig.subplots(rows, 2, sharex=True, squeeze=False).ravel()
        for axes, metabolite in zip(panels, chosen, strict=False):
            _draw_metabolite(axes, ordered, metabolite, scale)
        for axes in panels[len(chosen) :]:
            axes.set_axis_off()
        for axes in panels[max(0, len(chosen) - 2) : len(chosen)]:
            axes.tick_params(labelbottom=True)
            _label_scans(axes, ordered)
        fig.supylabel(textwrap.fill(scale_label or scale, _LABEL_CHARACTERS), fontsize=9, multialignment="center")
    return fig


def _draw_metabolite(axes: Axes, results: Sequence[ScanValues], metabolite: str, scale: str) -> None:
    groups: dict[bool, list[tuple[float, float, float]]] = {True: [], False: []}
    for position, result in enumerate(results):
        found = concentration_of(result, metabolite, scale)
        if found is not None and math.isfinite(found.value):
            sd = found.sd if math.isfinite(found.sd) else 0.0
            groups[is_excluded(result, metabolite)].append((position, found.value, sd))
    for hollow, points in groups.items():
        position_value_sd = np.array(points).reshape(-1, 3).T
        axes.errorbar(
            position_value_sd[0], position_value_sd[1], yerr=position_value_sd[2],
            color=MODEL if hollow else BASELINE, linestyle="none", elinewidth=0.9, marker="o",
            markersize=4.2 if len(results) <= 40 else 2.6, markerfacecolor="white" if hollow else BASELINE,
        )  # fmt: skip
    if groups[False]:
        axes.axhline(float(np.mean([value for _, value, _ in groups[False]])), color=MUTED, linewidth=0.8, zorder=0)
    axes.set_title(metabolite)
    axes.set_xlim(-0.7, max(len(results), 1) - 0.3)
    axes.margins(y=0.12)


def _label_scans(axes: Axes, results: Sequence[ScanValues]) -> None:
    if len(results) <= _LABELLED_SCANS:
        short = [short_name(result.files) for result in results]
        axes.set_xticks(range(len(results)), short, rotation=90, fontsize=7.5)
    else:
        axes.set_xlabel("Scan, in the order of the tables")


def quality_figure(results: Sequence[ScanValues], rules: QualityRules) -> Figure:
    """Line width against signal-to-noise of every scan, with the pre-declared limits; excluded scans are hollow."""
    with figure_style():
        fig = new_figure(8.5)
        axes = fig.add_subplot()
        groups = ((False, "kept", BASELINE, BASELINE), (True, "excluded by a rule", "white", MODEL))
        for excluded, label, face, edge in groups:
            group = [result for result in results if bool(scan_exclusions(result)) is excluded]
            axes.scatter(
                [result.quality.line_width_hz for result in group],
                [result.quality.signal_to_noise for result in group],
                s=24, facecolor=face, edgecolor=edge, linewidth=1.0, zorder=3, label=f"{label} (n = {len(group)})",
            )  # fmt: skip
        axes.margins(0.12)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        _draw_limits(axes, rules)
        excluded_scans = [result for result in results if scan_exclusions(result)]
        if len(excluded_scans) <= _LABELLED_POINTS:
            _label_points(fig, axes, excluded_scans)
        axes.set_xlabel("Line width of a modelled singlet, FWHM (Hz)")
        axes.set_ylabel("S/N (highest peak / 2 × RMS residual)")
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2)
    return fig


def _label_points(fig: Figure, axes: Axes, group: Sequence[ScanValues]) -> None:
    """Names beside their points; one that would lie on another is lifted line by line until it does not."""
    size_pt = 72 * fig.get_size_inches()  # a little more than the axes have: names come no closer than meant
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    taken: list[tuple[float, float, float]] = []
    for result in sorted(group, key=lambda one: (one.quality.signal_to_noise, one.quality.line_width_hz)):
        place = (result.quality.line_width_hz, result.quality.signal_to_noise)
        if all(math.isfinite(value) for value in place):
            text = short_name(result.files)
            side = -1 if place[0] > (left + right) / 2 else 1  # towards the middle: no name leaves the picture
            start = 0.8 * size_pt[0] * (place[0] - left) / (right - left) + 6 * side
            length = _NAME_PT * len(text)
            begin, end = (start - length, start) if side < 0 else (start, start + length)
            at = 0.75 * size_pt[1] * (place[1] - bottom) / (top - bottom)
            lift = 4.0
            while any(begin < e and b < end and abs(at + lift - y) < _LINE_PT for b, e, y in taken):
                lift += _LINE_PT / 2
            taken.append((begin, end, at + lift))
            thread = {"arrowstyle": "-", "color": MODEL, "linewidth": 0.4, "shrinkA": 0, "shrinkB": 3}
            axes.annotate(
                text, place, xytext=(6 * side, lift), textcoords="offset points", fontsize=7.5, color=MODEL,
                ha="right" if side < 0 else "left", arrowprops=thread if lift > _LINE_PT else None,
            )  # fmt: skip


def _draw_limits(axes: Axes, rules: QualityRules) -> None:
    """Limits as lines with the rejected side tinted; the axes are widened so that a limit is always in sight."""
    width, ratio = rules.max_line_width_hz, rules.min_signal_to_noise
    if width is not None:
        axes.set_xlim(right=max(axes.get_xlim()[1], 1.15 * width))
        axes.axvline(width, color=MODEL, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.axvspan(width, axes.get_xlim()[1], color=MODEL, alpha=0.06, linewidth=0)
        at_top = axes.get_xaxis_transform()
        axes.text(width, 0.99, f" limit {width:g} Hz", transform=at_top, va="top", color=MODEL, fontsize=8)
    if ratio is not None:
        axes.set_ylim(top=max(axes.get_ylim()[1], 1.3 * ratio))
        axes.axhline(ratio, color=MODEL, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.axhspan(0, ratio, color=MODEL, alpha=0.06, linewidth=0)
        at_left = axes.get_yaxis_transform()
        axes.text(0.0, ratio, f" limit {ratio:g}", transform=at_left, va="bottom", color=MODEL, fontsize=8)
