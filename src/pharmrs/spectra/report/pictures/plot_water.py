"""The water reference and the model that carries it back to the start of the signal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.report.figure_style import BASELINE, INK, MODEL, MUTED
from pharmrs.core.report.numbers import number_text
from pharmrs.core.report.svg_plot import WIDTH_PX, Panel, legend, nice_step, picture, title
from pharmrs.spectra.records.preprocessing import WaterAmplitude

_MILLISECONDS = 1e3
_SHOWN_BEYOND = 1.25  # times the range the model was fitted in
_SCALED_PERCENT = 98  # the first points, where the receiver rings, would hide the rest
_LEFT, _TOP = 62.0, 30.0


def water_svg(water: WaterAmplitude) -> str:
    """Magnitude of the water reference with its model, the amplitude at t = 0 with its SD, and the residual."""
    time_ms, model_ms = (_time_ms(water, len(values)) for values in (water.observed, water.fitted))
    common = min(len(time_ms), len(model_ms))
    residual = water.observed[:common] - water.fitted[:common]
    modelled = model_ms[np.isfinite(water.fitted)]
    end = _SHOWN_BEYOND * float(modelled[-1]) if len(modelled) else float(time_ms[-1]) if len(time_ms) else 1.0
    edges = (-0.015 * max(end, 1e-9), max(end, 1e-9))
    inside = time_ms <= edges[1]
    limits = _limits(water, water.observed[inside])
    top = Panel(left=_LEFT, top=_TOP, width=WIDTH_PX - _LEFT - 10, height=150, x=edges, y=limits)
    bottom = replace(top, top=_TOP + 166, height=52, y=_residual_limits(residual))
    amplitude = f"t = 0: {number_text(water.amplitude, 4)} ± {number_text(water.sd, 2)}"
    zero, bar = np.zeros(1), water.amplitude + water.sd * np.array([-1.0, 1.0])
    return picture(
        bottom.bottom + 42,
        [
            title(2, 17, f"Water reference, line width {water.line_width_hz:.1f} Hz"),
            legend(top.right, 17, [("reference", INK), ("model", MODEL), (amplitude, BASELINE)]),
            top.clipped(
                [
                    top.dots(time_ms[inside], water.observed[inside], INK, 2.4),
                    top.curve(model_ms, water.fitted, MODEL, 1.6),
                    top.curve(np.array([0.0, 1e-9]), bar, BASELINE, 2.0),
                    top.dots(zero, zero + water.amplitude, BASELINE, 8.0),
                ]
            ),
            top.y_axis(most=4),
            top.x_axis("", nice_step(end, 8), named=False),
            bottom.clipped(
                [bottom.level(0.0, MUTED), bottom.curve(time_ms[:common], residual, INK, 0.9, 0.6)],
            ),
            bottom.y_axis("Residual"),
            bottom.x_axis("Time from the first point (ms)", nice_step(end, 8)),
        ],
    )


def _time_ms(water: WaterAmplitude, points: int) -> FloatArray:
    return np.arange(points).astype(np.float64) * (water.dwell_time_s * _MILLISECONDS)


def _limits(water: WaterAmplitude, shown: FloatArray) -> tuple[float, float]:
    values = np.concatenate([shown, water.fitted, [0.0, water.amplitude + water.sd]])
    values = values[np.isfinite(values)]
    margin = 0.06 * max(float(np.ptp(values)), 1e-300)
    return float(values.min()) - margin, float(values.max()) + margin


def _residual_limits(residual: FloatArray) -> tuple[float, float]:
    finite = np.abs(residual[np.isfinite(residual)])
    reach = 1.5 * float(np.percentile(finite, _SCALED_PERCENT)) if len(finite) else 0.0
    return (-reach, reach) if reach > 0 else (-1.0, 1.0)
