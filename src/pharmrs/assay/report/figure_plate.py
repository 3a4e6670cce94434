"""A plate at a glance: the response of every well, what it holds, and which wells are in doubt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from pharmrs.assay.records.plate import well_name, well_position
from pharmrs.assay.records.results import PlateResult
from pharmrs.assay.records.standard_curve import AssayWell
from pharmrs.core.report.figure_style import BASELINE, INK, MODEL, MUTED, figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROLE_COLOURS = {"standard": BASELINE, "blank": BASELINE, "control": "#1a7f37", "sample": MUTED}
_MOST_LABELLED_COLUMNS = 12
_MISSING_WORDS = {"over": "OVER", "under": "UNDER", "masked": "masked", "empty": "empty"}
_LABEL_CHARACTERS = 13
_WIDE_CHARACTERS = 10  # of a label in the larger type


def plate_figure(result: PlateResult) -> Figure:
    """Heat map of the responses (grey scale, logarithmic); frames: role; red: outlier; crossed: no reading."""
    rows, columns = result.plate.shape
    wells = {well.well: well for well in result.wells}
    with figure_style():
        from matplotlib.lines import Line2D

        fig = new_figure(min(3.2 + 1.05 * rows, 20.0))
        axes = fig.add_subplot()
        values = _responses(wells, rows, columns)
        low, high = _range(values)
        image = axes.imshow(values, cmap="Greys", vmin=low, vmax=low + 1.6 * (high - low), aspect="auto")
        for row in range(rows):
            for column in range(columns):
                _draw_well(axes, wells.get(well_name(row, column)), row, column, columns <= _MOST_LABELLED_COLUMNS)
        axes.set_xticks(range(columns), [str(column + 1) for column in range(columns)])
        axes.set_yticks(range(rows), [well_name(row, 0)[:-1] for row in range(rows)])
        axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        bar = fig.colorbar(image, ax=axes, shrink=0.8, pad=0.01, aspect=30)
        ticks = [value for value in _ticks(low, high) if low <= value <= high]
        bar.set_ticks(ticks, labels=[f"{10**value:.2g}" for value in ticks])
        bar.ax.set_ylim(low, high)
        bar.set_label("Response")
        marks = [
            Line2D([], [], color=colour, linewidth=2.0, label=label)
            for label, colour in (
                ("standard, blank", BASELINE),
                ("control", ROLE_COLOURS["control"]),
                ("sample", MUTED),
                ("outlier", MODEL),
            )
        ]
        fig.legend(handles=marks, loc="outside lower left", ncols=4)
    return fig


def _responses(wells: Mapping[str, AssayWell], rows: int, columns: int) -> np.ndarray:
    values = np.full((rows, columns), np.nan)
    for well in wells.values():
        position = well_position(well.well)
        if position is not None and math.isfinite(well.response) and well.response > 0:
            values[position] = math.log10(well.response)
    return values


def _range(values: np.ndarray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    return (float(known.min()), max(float(known.max()), float(known.min()) + 0.1)) if known.size else (0.0, 1.0)


def _ticks(low: float, high: float) -> list[float]:
    return [math.log10(m * 10.0**e) for e in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)]


def _draw_well(axes: Axes, well: AssayWell | None, row: int, column: int, labelled: bool) -> None:
    from matplotlib.patches import Rectangle

    if well is None:
        return
    colour = MODEL if well.outlier else ROLE_COLOURS[well.role]
    frame = Rectangle(
        (column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor=colour, linewidth=1.8 if well.outlier else 1.1
    )
    frame.set_in_layout(False)
    axes.add_patch(frame)
    if well.missing or not well.used:
        axes.plot([column - 0.42, column + 0.42], [row + 0.42, row - 0.42], color=MODEL, linewidth=0.7)
    if not labelled:
        return
    value = _MISSING_WORDS[well.missing] if well.missing else f"{well.response:.3f}"
    label = _label(well)
    size = 5.2 if max(map(len, label.splitlines())) <= _WIDE_CHARACTERS else 4.4  # inside the frame
    texts = (
        axes.text(column, row - 0.14, label, ha="center", va="center", fontsize=size, color=INK),
        axes.text(column, row + 0.2, value, ha="center", va="center", fontsize=6.4, color=INK),
    )
    for text in texts:
        text.set_in_layout(False)  # it lies inside its well: nothing to make room for


def _label(well: AssayWell) -> str:
    if well.role in ("standard", "blank"):
        return "blank" if well.role == "blank" else f"std {well.nominal:g}"
    text = well.sample if len(well.sample) <= _LABEL_CHARACTERS else well.sample[: _LABEL_CHARACTERS - 1] + "…"
    return text if well.dilution == 1 else f"{text}\n1:{well.dilution:g}"
