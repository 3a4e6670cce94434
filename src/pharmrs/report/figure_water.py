"""The water reference and the model that carries it back to the start of the signal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pharmrs.records.preprocessing import WaterAmplitude
from pharmrs.report.figure_style import BASELINE, INK, MODEL, MUTED, figure_style, new_figure
from pharmrs.report.numbers import number_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MILLISECONDS = 1e3
_SHOWN_BEYOND = 1.25  # times the range the model was fitted in
_SCALED_PERCENT = 98  # the first points, where the receiver rings, would hide the rest


def water_figure(water: WaterAmplitude) -> Figure:
    """Magnitude of the water reference with its model, the amplitude at t = 0 with its SD, and the residual."""
    time_ms = np.arange(len(water.observed)) * water.dwell_time_s * _MILLISECONDS
    model_ms = np.arange(len(water.fitted)) * water.dwell_time_s * _MILLISECONDS
    common = min(len(water.observed), len(water.fitted))
    with figure_style():
        fig = new_figure(6.6)
        top, bottom = fig.subplots(2, 1, sharex=True, height_ratios=[3.0, 1.0])
        top.plot(time_ms, water.observed, color=INK, linewidth=0, marker=".", markersize=2.5, label="reference")
        top.plot(model_ms, water.fitted, color=MODEL, linewidth=1.2, label="model")
        top.errorbar(
            [0.0], [water.amplitude], yerr=[water.sd], color=BASELINE, marker="D", markersize=5, capsize=4,
            clip_on=False, zorder=5, label=f"t = 0: {number_text(water.amplitude, 4)} ± {number_text(water.sd, 2)}",
        )  # fmt: skip
        top.set_ylabel("Signal (a.u.)")
        top.set_title(f"Water reference, line width {water.line_width_hz:.1f} Hz")
        top.legend(loc="upper right")
        bottom.axhline(0.0, color=MUTED, linewidth=0.6)
        residual = water.observed[:common] - water.fitted[:common]
        bottom.plot(time_ms[:common], residual, color=INK, linewidth=0.7)
        finite = np.abs(residual[np.isfinite(residual)])
        largest = float(np.percentile(finite, _SCALED_PERCENT)) if len(finite) else 0.0
        if largest > 0:
            bottom.set_ylim(-1.5 * largest, 1.5 * largest)
        bottom.set_ylabel("Residual")
        bottom.set_xlabel("Time from the first point (ms)")
        modelled = model_ms[np.isfinite(water.fitted)]
        end_ms = _SHOWN_BEYOND * float(modelled[-1]) if len(modelled) else float(time_ms[-1]) if len(time_ms) else 1.0
        bottom.set_xlim(-0.01 * end_ms, max(end_ms, 1e-9))
    return fig
