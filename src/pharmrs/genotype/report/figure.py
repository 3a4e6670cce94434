"""A gel as it should look beside the gel as it was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_rgba

from pharmrs.core.read.problems import shorten
from pharmrs.core.report.figure_style import BAND, BASELINE, INK, MODEL, MUTED, figure_style, new_figure
from pharmrs.genotype.records.marker import Genotyping, LaneCall, gel_text
from pharmrs.genotype.science.bands import genotype_pairs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LADDER_BP = (100, 200, 300, 400, 500, 600, 700, 800, 900, 1000)  # the usual 100 bp ladder, for orientation only
_HALF_LANE = 0.36
_MOST_NAMES = 100


def gel_figure(result: Genotyping, gel: str) -> Figure:
    """Predicted lanes (ladder, uncut amplicon, genotypes) at the left, the observed lanes of `gel` at the right.

    Vertical: size on a logarithmic scale, large at the top, as DNA runs. Grey ranges: the tolerance of each expected
    band. Red: bands of a lane that could not be called.
    """
    lanes = [call for call in result.lane_calls if call.lane.gel == gel]
    predicted = predicted_lanes(result)
    with figure_style():
        fig = new_figure(9.5)
        shares = [len(predicted) + 1, max(len(lanes), 6)]
        left, right = fig.subplots(1, 2, sharey=True, width_ratios=shares)
        _draw_predicted(left, predicted)
        _draw_observed(right, lanes)
        sizes = [size for _, bands in predicted[1:] for size in bands]
        seen = [size for call in lanes for size in call.lane.bands_bp]
        for axes in (left, right):
            for size in sorted(set(sizes)):
                tolerance = result.rules.tolerance_bp(size)
                axes.axhspan(size - tolerance, size + tolerance, color=BAND, alpha=0.55, linewidth=0, zorder=0)
        left.set_yscale("log")
        left.set_ylim(min([*sizes, *seen, 150]) / 1.35, max([*sizes, *seen]) * 1.4)
        left.set_yticks(sorted(set(sizes)), [f"{size:g}" for size in sorted(set(sizes))])
        left.minorticks_off()
        left.set_ylabel("Fragment size (bp)")
        left.set_title("Predicted")
        right.set_title(f"Observed, {shorten(gel_text(gel), 60)}")
    return fig


def predicted_lanes(result: Genotyping) -> list[tuple[str, tuple[int, ...]]]:
    """Name and bands of the lanes that the assay predicts, the ladder first."""
    assay, smallest = result.assay, result.rules.smallest_band_bp
    assert assay is not None

    def bands(*digests: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted({size for digest in digests for size in digest if size >= smallest}))

    return [
        ("ladder", LADDER_BP),
        ("uncut", bands(tuple(digest.amplicon_bp for digest in assay.digests))),
        *((name, bands(*(digest.fragments_bp for digest in pair))) for name, pair in genotype_pairs(assay).items()),
    ]


def _draw_predicted(axes: Axes, lanes: Sequence[tuple[str, tuple[int, ...]]]) -> None:
    for place, (_, bands) in enumerate(lanes):
        colour = MUTED if place == 0 else INK
        width = 1.0 if place == 0 else 2.6
        axes.hlines(bands, place - _HALF_LANE, place + _HALF_LANE, color=colour, linewidth=width)
    _label(axes, [name for name, _ in lanes])


def _draw_observed(axes: Axes, lanes: Sequence[LaneCall]) -> None:
    sizes: list[float] = []
    places: list[int] = []
    colours: list[tuple[float, float, float, float]] = []
    for place, call in enumerate(lanes):
        colour = MODEL if call.flag != "ok" else (BASELINE if call.lane.role == "sample" else INK)
        strongest = max(call.lane.intensities, default=0.0)
        shares = (
            [one / strongest for one in call.lane.intensities] if strongest > 0 else [1.0] * len(call.lane.bands_bp)
        )
        sizes += call.lane.bands_bp
        places += [place] * len(call.lane.bands_bp)
        colours += [to_rgba(colour, 0.25 + 0.75 * share) for share in shares]
        if not call.lane.bands_bp:
            axes.text(place, 0.5, "no band", transform=axes.get_xaxis_transform(), rotation=90, color=colour,
                      ha="center", va="center", fontsize=7.5)  # fmt: skip
    middle = np.array(places, dtype=float)
    axes.hlines(sizes, middle - _HALF_LANE, middle + _HALF_LANE, colors=colours, linewidth=2.6)
    _label(axes, [_lane_label(call) for call in lanes])
    shown = lanes[:: _step(len(lanes))]
    for label, call in zip(axes.get_xticklabels(), shown, strict=True):
        label.set_color(MODEL if call.flag != "ok" else INK)
    axes.tick_params(axis="y", length=0, labelleft=False)
    axes.spines["left"].set_visible(False)


def _lane_label(call: LaneCall) -> str:
    lane = call.lane
    if lane.role in ("uncut", "blank"):
        return f"{lane.lane}  {lane.role}"
    if lane.role == "control":
        return f"{lane.lane}  control {lane.genotype}"
    return f"{lane.lane}  {lane.sample}: {call.genotype or '?'}"


def _step(lanes: int) -> int:
    """Every how many lanes one is named, so that names can be read."""
    return max(-(-lanes // _MOST_NAMES), 1)


def _label(axes: Axes, names: Sequence[str]) -> None:
    every = _step(len(names))
    axes.set_xticks(range(0, len(names), every), names[::every], rotation=90, fontsize=7.5)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.7, max(len(names), 1) - 0.3)
