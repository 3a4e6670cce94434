"""The picture a spectroscopist judges a fit by: data, model, baseline, residual, and every component."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.report.figure_style import (
    BAND,
    BASELINE,
    DATA,
    GAP,
    INK,
    MODEL,
    MUTED,
    chemical_shift_axis,
    figure_style,
    new_figure,
)
from pharmrs.spectra.records.fit import LinearCombinationFit, MetaboliteAmplitude
from pharmrs.spectra.report.pictures.component_rows import (
    LOWEST_ROW,
    crlb_labels,
    quality_line,
    row_offsets,
    shown_components,
)
from pharmrs.spectra.report.pictures.traces import FitTraces, phased_traces

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RESIDUAL_CM = 2.2
_MAIN_CM = 6.6
_ROW_CM = 0.42
_FRAME_CM = 2.2


def fit_figure(
    fit: LinearCombinationFit, title: str, amplitudes: Sequence[MetaboliteAmplitude] | None = None
) -> Figure:
    """Residual with its noise band, data with model and baseline, and the components, all phased, real part.

    Components held at zero are left out. With `amplitudes`, each component carries its CRLB in percent.
    """
    traces = phased_traces(fit, np.argsort(fit.ppm))
    ppm = traces.ppm
    shown = shown_components(fit, traces.components, ppm)
    offsets = row_offsets([row for _, row in shown])
    stack_cm = max(1.0, _ROW_CM * (float(offsets[0]) / LOWEST_ROW + 2.0)) if shown else 0.0
    ratios = [_RESIDUAL_CM, _MAIN_CM] + ([stack_cm] if shown else [])
    with figure_style():
        fig = new_figure(sum(ratios) + _FRAME_CM)
        panels = fig.subplots(len(ratios), 1, sharex=True, height_ratios=ratios, squeeze=False)[:, 0]
        _draw_residual(panels[0], ppm, traces.residual, fit.noise_sd)
        for low, high in fit.gaps_ppm:
            for panel in panels[:2]:
                panel.axvspan(low, high, color=GAP, linewidth=0, zorder=0)
        _draw_main(panels[1], traces, quality_line(fit))
        if shown:
            _draw_components(panels[2], ppm, shown, offsets, crlb_labels(amplitudes))
        panels[0].set_title(title)
        for panel in panels:
            chemical_shift_axis(panel, float(ppm[0]), float(ppm[-1]), label=panel is panels[-1])
    return fig


def _draw_residual(axes: Axes, ppm: FloatArray, residual: FloatArray, noise_sd: float) -> None:
    axes.axhspan(-2 * noise_sd, 2 * noise_sd, color=BAND, linewidth=0)
    axes.axhline(0.0, color=MUTED, linewidth=0.6)
    axes.plot(ppm, residual, color=DATA, linewidth=0.7)
    largest = max(float(np.nanmax(np.abs(residual), initial=0.0)), 3 * noise_sd, 1e-300)
    axes.set_ylim(-1.1 * largest, 1.1 * largest)
    axes.set_yticks([])
    axes.set_ylabel("Residual")
    note = "own scale, band: ±2 SD of the noise"
    axes.text(1.0, 1.02, note, transform=axes.transAxes, ha="right", va="bottom", fontsize=8, color=MUTED)


def _draw_main(axes: Axes, traces: FitTraces, quality: str) -> None:
    axes.plot(traces.ppm, traces.data, color=DATA, linewidth=0.7, label="data")
    fitted = traces.model + traces.baseline
    axes.plot(traces.ppm, fitted, color=MODEL, linewidth=1.2, alpha=0.85, label="model + baseline")
    axes.plot(traces.ppm, traces.baseline, color=BASELINE, linewidth=1.2, label="baseline")
    axes.set_yticks([])
    axes.set_ylabel("Signal (a.u.)")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.1, handlelength=1.6)
    axes.text(1.0, 1.02, quality, transform=axes.transAxes, ha="right", va="bottom", fontsize=8.5)


def _draw_components(
    axes: Axes, ppm: FloatArray, shown: list[tuple[str, FloatArray]], offsets: FloatArray, crlb: dict[str, str]
) -> None:
    unit = max(float(np.max([row for _, row in shown])), 1e-300)
    for (_, row), offset in zip(shown, offsets, strict=True):
        axes.axhline(float(offset), color=BAND, linewidth=0.5, zorder=1)
        axes.plot(ppm, row / unit + offset, color=INK, linewidth=0.9, zorder=2)
    axes.set_yticks(offsets, [name for name, _ in shown])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    top = max(float((row / unit + offset).max()) for (_, row), offset in zip(shown, offsets, strict=True))
    axes.set_ylim(-0.6 * LOWEST_ROW, top + 0.4 * LOWEST_ROW)
    if any(name in crlb for name, _ in shown):
        for (name, _), offset in zip(shown, offsets, strict=True):
            axes.annotate(
                crlb.get(name, ""),
                (1.005, float(offset)),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8.5,
            )
        axes.annotate("CRLB", (1.005, 1.0), xycoords="axes fraction", va="bottom", fontsize=8, color=MUTED)
    axes.set_title("Components (same scale)", fontsize=8.5, fontweight="normal", color=MUTED)
