"""A small drawing of a fit as SVG for readers whose browser runs no scripts."""

from __future__ import annotations

import math

import numpy as np

from pharmrs.records.arrays import FloatArray
from pharmrs.report.traces import FitTraces

_WIDTH, _HEIGHT = 760.0, 420.0
_RESIDUAL = (14.0, 94.0)  # top and bottom of the panels, in units of the drawing
_MAIN = (112.0, 372.0)
_MOST_POINTS = 1200  # more do not show at this width


def static_fit_svg(traces: FitTraces, noise_sd: float) -> str:
    """Residual with its band of +-2 noise SD, data, model + baseline, baseline; numbers only, nothing to escape."""
    thin = slice(None, None, -(-len(traces.ppm) // _MOST_POINTS))
    ppm = traces.ppm[thin]
    across = np.interp(-ppm, (-ppm[0], -ppm[-1]), (0.0, _WIDTH))
    fitted = traces.model + traces.baseline
    shown = np.concatenate([traces.data, fitted, traces.baseline, [0.0]])
    low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
    reach = max(float(np.nanmax(np.abs(traces.residual))), 3 * noise_sd if math.isfinite(noise_sd) else 0.0)
    band = _down(np.array([2 * noise_sd, -2 * noise_sd]), -reach, reach, _RESIDUAL)
    lines = [
        ("data", _down(traces.residual[thin], -reach, reach, _RESIDUAL)),
        ("data", _down(traces.data[thin], low, high, _MAIN)),
        ("model", _down(fitted[thin], low, high, _MAIN)),
        ("baseline", _down(traces.baseline[thin], low, high, _MAIN)),
    ]
    parts = [
        f'<rect class="band" x="0" width="{_WIDTH:g}" y="{band[0]:.1f}" height="{band[1] - band[0]:.1f}"/>'
        if math.isfinite(noise_sd)
        else "",
        *(f'<polyline class="line {name}" points="{_points(across, down)}"/>' for name, down in lines),
        *_axis(float(ppm[0]), float(ppm[-1])),
    ]
    return f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" aria-hidden="true">' + "".join(parts) + "</svg>"


def _down(values: FloatArray, low: float, high: float, panel: tuple[float, float]) -> FloatArray:
    top, bottom = panel
    return bottom - (values - low) / ((high - low) or 1.0) * (bottom - top)


def _points(across: FloatArray, down: FloatArray) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True) if math.isfinite(y))


def _axis(left: float, right: float) -> list[str]:
    bottom = _MAIN[1] + 8
    parts = [f'<line class="axis" x1="0" x2="{_WIDTH:g}" y1="{bottom:g}" y2="{bottom:g}"/>']
    for half in range(math.ceil(2 * right), math.floor(2 * left) + 1):
        x = (left - half / 2) / (left - right) * _WIDTH
        parts.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom:g}" y2="{bottom + 5:g}"/>')
        if 10 < x < _WIDTH - 10:
            parts.append(f'<text x="{x:.1f}" y="{bottom + 19:g}" text-anchor="middle">{half / 2:.1f}</text>')
    parts.append(f'<text x="{_WIDTH / 2:g}" y="{_HEIGHT - 4:g}" text-anchor="middle">Chemical shift (ppm)</text>')
    return parts
