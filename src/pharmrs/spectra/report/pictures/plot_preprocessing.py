"""What one preprocessing step changed: the spectrum before and after it, and its values per transient or coil."""

from __future__ import annotations

import math
import textwrap

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.core.report.figure_style import BASELINE, INK, MUTED
from pharmrs.core.report.svg_plot import WIDTH_PX, Panel, legend, nice_step, picture, text, title
from pharmrs.spectra.records.acquisition import Acquisition
from pharmrs.spectra.records.preprocessing import PreprocessingStep

_SHOWN_PPM = (0.0, 5.0)
_SCALED_PPM = (0.3, 4.3)  # the vertical scale follows the metabolites; water may leave the picture
_BEFORE = "#e5767d"  # the colour of models, lighter: the line after the step is drawn over it
_BEFORE_PX, _AFTER_PX = 1.0, 0.5  # half the width of the line: what a curve may miss without being seen
_ROWS = 3
_DOTTED_VALUES = 64
_TITLE_CHARACTERS = 34
_TOP, _LEFT, _BELOW, _GAP = 26.0, 24.0, 44.0, 56.0


def preprocessing_svg(step: PreprocessingStep, acquisition: Acquisition) -> str:
    """Spectra before and after the step, 0-5 ppm, real part, and one panel for each series of the step.

    Both spectra are turned by the same zero-order phase, for display only. When the step changed the scale more than
    threefold (coil weights, summation), the spectrum before it is drawn magnified and the legend says by how much.
    """
    columns = math.ceil(len(step.series) / _ROWS)
    rows = min(len(step.series), _ROWS)
    height = 196.0 if rows < _ROWS else 236.0
    whole = WIDTH_PX - _LEFT - 8
    width = whole if not columns else (whole - columns * _GAP) * 2.4 / (2.4 + columns)
    parts = [title(2, 17, step.name), *_spectra(step, acquisition, width, height)]
    if columns:
        each = (whole - columns * _GAP) / (2.4 + columns)
        room = (height + _TOP) / rows
        for number, (name, values) in enumerate(step.series.items()):
            column, row = divmod(number, _ROWS)
            left = _LEFT + width + _GAP + column * (each + _GAP)
            parts += _series(name, values, (left, row * room, each, room))
    return picture(_TOP + height + _BELOW, parts)


def magnification(before: tuple[float, float], after: tuple[float, float]) -> float:
    """By what the spectrum before a step is multiplied to be drawn with the one after it; extents of both."""
    first, second = before[1] - before[0], after[1] - after[0]
    ratio = second / first if first > 0 and second > 0 else 1.0
    return ratio if not 1 / 3 <= ratio <= 3 else 1.0


def _spectra(step: PreprocessingStep, acquisition: Acquisition, width: float, height: float) -> list[str]:
    before, before_ppm = _spectrum(step.before, acquisition)
    after, after_ppm = _spectrum(step.after, acquisition)
    upright = _display_phase(after, after_ppm)
    first, second = (before * upright).real, (after * upright).real
    before_extent, after_extent = _extent(before_ppm, first), _extent(after_ppm, second)
    factor = magnification(before_extent, after_extent)
    low = min(after_extent[0], factor * before_extent[0])
    high = max(after_extent[1], factor * before_extent[1])
    margin = 0.06 * max(high - low, 1e-300)
    limits = (low - margin, high + margin)
    panel = Panel(left=_LEFT, top=_TOP, width=width, height=height, x=_SHOWN_PPM[::-1], y=limits)
    name = "before" if factor == 1.0 else f"before (× {factor:.3g})"
    lines = [
        panel.curve(before_ppm, factor * first, _BEFORE, 1.8, _BEFORE_PX),
        panel.curve(after_ppm, second, INK, 0.9, _AFTER_PX),
    ]
    return [
        panel.clipped(lines),
        panel.y_axis("Signal (a.u.)"),
        panel.x_axis("Chemical shift (ppm)", 1.0, 0.2),
        legend(panel.right, 17, [(name, _BEFORE), ("after", INK)]),
    ]


def _series(name: str, values: tuple[float, ...], box: tuple[float, float, float, float]) -> list[str]:
    left, top, width, height = box
    lines = textwrap.wrap(name, _TITLE_CHARACTERS)[:2] or [""]
    head, foot = 6 + 13 * len(lines), 20
    numbers = np.array(values, dtype=float)
    known = numbers[np.isfinite(numbers)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    margin = 0.08 * (high - low) or 0.05 * abs(high) or 0.5
    index = np.arange(1, len(values) + 1).astype(np.float64)
    edges = (0.5, len(values) + 0.5) if len(values) else (0.5, 1.5)
    panel = Panel(
        left=left, top=top + head, width=width, height=height - head - foot, x=edges, y=(low - margin, high + margin)
    )
    drawn = [
        panel.level(0.0, MUTED) if low < 0 < high else "",
        panel.curve(index, numbers, BASELINE, 0.8),
        panel.dots(index, numbers, BASELINE) if len(values) <= _DOTTED_VALUES else "",
    ]
    return [
        *(text(left, top + 12 + 13 * number, line, size=11) for number, line in enumerate(lines)),
        panel.clipped(drawn),
        panel.y_axis(most=3),
        panel.x_axis("", max(1.0, nice_step(len(values), 5))),
    ]


def _spectrum(fid: ComplexArray, acquisition: Acquisition) -> tuple[ComplexArray, FloatArray]:
    """The part of the spectrum that is shown, descending chemical shift."""
    ppm = acquisition.ppm_axis(len(fid))
    inside = np.flatnonzero((ppm >= _SHOWN_PPM[0]) & (ppm <= _SHOWN_PPM[1]))
    inside = inside[np.argsort(-ppm[inside])]
    return np.fft.fft(fid)[inside], ppm[inside]


def _display_phase(spectrum: ComplexArray, ppm: FloatArray) -> complex:
    total = complex(np.sum(spectrum[(ppm >= _SCALED_PPM[0]) & (ppm <= _SCALED_PPM[1])]))
    return total.conjugate() / abs(total) if math.isfinite(abs(total)) and abs(total) > 0 else 1.0 + 0.0j


def _extent(ppm: FloatArray, values: FloatArray) -> tuple[float, float]:
    inside = values[(ppm >= _SCALED_PPM[0]) & (ppm <= _SCALED_PPM[1])]
    inside = inside[np.isfinite(inside)]
    return (float(inside.min()), float(inside.max())) if len(inside) else (0.0, 1.0)
