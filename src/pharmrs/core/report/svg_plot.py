"""Small pictures of curves written as SVG: sharp at any size, a few kilobytes, drawn in milliseconds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.report.figure_style import INK
from pharmrs.core.report.svg_path import TOLERANCE_PX, UNITS, curve_data, dots_data

WIDTH_PX = 720
SOFT = "#59626d"  # of explaining texts: readable where MUTED is too faint
_FONT_PX = 12.0
_LETTER = 0.56  # width of a letter on average, of the font size
_TICK_PX = 4.0


def picture(height: float, parts: Iterable[str], width: int = WIDTH_PX) -> str:
    """A complete SVG of `width` times `height` pixels on white, on one line."""
    height = math.ceil(height)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
        f"viewBox='0 0 {UNITS * width} {UNITS * height}' fill='{INK}' font-size='{UNITS * _FONT_PX:g}' "
        "font-family='DejaVu Sans,Verdana,Arial,sans-serif'><rect width='100%' height='100%' fill='#fff'/>"
        + "".join(parts)
        + "</svg>"
    )


def text(x: float, y: float, content: str, *, anchor: str = "", size: float = 0, more: str = "") -> str:
    """One line of text with its baseline at `y` pixels; `anchor` as in SVG; `more`: further attributes."""
    anchored = f" text-anchor='{anchor}'" if anchor else ""
    sized = f" font-size='{UNITS * size:g}'" if size else ""
    return f"<text x='{_grid(x)}' y='{_grid(y)}'{anchored}{sized}{more}>{escape(content)}</text>"


def group(parts: Iterable[str], *, size: float) -> str:
    """Texts of one size."""
    return f"<g font-size='{UNITS * size:g}'>{''.join(parts)}</g>"


def title(x: float, y: float, content: str) -> str:
    """A heading."""
    return text(x, y, content, size=13, more=" font-weight='bold'")


def legend(right: float, y: float, entries: Sequence[tuple[str, str]]) -> str:
    """Samples of lines with their names, ending at `right`, the baseline of the names at `y`: (name, colour) each."""
    parts = []
    for name, colour in reversed(entries):
        parts.append(text(right, y, name, anchor="end"))
        start = right - _LETTER * _FONT_PX * len(name) - 26
        parts.append(_lines(f"M{_grid(start)} {_grid(y - 4)}h{UNITS * 18}", colour, 1.8))
        right = start - 14
    return "".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A rectangle of the picture (pixels) and the values at its edges: `x` left and right, `y` bottom and top."""

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def right(self) -> float:
        return self.left + self.width

    def across(self, values: FloatArray) -> FloatArray:
        """Pixels from the left edge."""
        return (values - self.x[0]) / ((self.x[1] - self.x[0]) or 1.0) * self.width

    def down(self, values: FloatArray) -> FloatArray:
        """Pixels from the top edge, not further outside than a height of the panel."""
        with np.errstate(over="ignore", invalid="ignore"):
            places = (self.y[1] - values) / ((self.y[1] - self.y[0]) or 1.0) * self.height
        return np.clip(places, -self.height, 2 * self.height)

    def curve(
        self, x: FloatArray, y: FloatArray, colour: str, width: float = 1.0, tolerance: float = TOLERANCE_PX
    ) -> str:
        """A line through the points, for `clipped`; `x` from the left edge to the right one."""
        return _lines(curve_data(self.across(x), self.down(y), tolerance), colour, width)

    def rows(self, x: FloatArray, rows: Iterable[FloatArray], offsets: Iterable[float], grid: str, colour: str) -> str:
        """Several lines of one colour, each above its own level drawn in `grid`, for `clipped`."""
        across = self.across(x)
        lines = "".join(curve_data(across, self.down(row)) for row in rows)
        levels = "".join(self._level(offset) for offset in offsets)
        return _lines(levels, grid, 0.6) + _lines(lines, colour, 1.1)

    def dots(self, x: FloatArray, y: FloatArray, colour: str, width: float = 3.0) -> str:
        """A dot at each point, for `clipped`."""
        return _lines(dots_data(self.across(x), self.down(y)), colour, width, more=" stroke-linecap='round'")

    def level(self, value: float, colour: str, width: float = 0.6) -> str:
        """A horizontal line, for `clipped`."""
        return _lines(self._level(value), colour, width)

    def band(self, low: float, high: float, colour: str) -> str:
        """A horizontal band, for `clipped`."""
        top, bottom = (UNITS * float(self.down(np.array(value))) for value in (high, low))
        return f"<rect y='{top:.0f}' width='100%' height='{max(0.0, bottom - top):.0f}' fill='{colour}'/>"

    def stripe(self, low: float, high: float, colour: str) -> str:
        """A vertical band between two values of `x`, for `clipped`."""
        left, right = sorted(UNITS * float(place) for place in self.across(np.array([low, high])))
        return f"<rect x='{left:.0f}' width='{right - left:.0f}' height='100%' fill='{colour}'/>"

    def clipped(self, parts: Iterable[str]) -> str:
        """What is drawn in the panel, cut off at its edges."""
        box = (self.left, self.top, self.width, self.height)
        left, top, width, height = (f"{_grid(value)}" for value in box)
        return f"<svg x='{left}' y='{top}' width='{width}' height='{height}'>{''.join(parts)}</svg>"

    def x_axis(self, label: str, step: float, minor: float = 0, *, named: bool = True) -> str:
        """Line, ticks and numbers at multiples of `step`, small ticks at those of `minor`; `named` False: no text."""
        ticks = multiples(step, *sorted(self.x))
        parts = [_lines(self._x_line(ticks, multiples(minor, *sorted(self.x)) if minor else []), INK, 0.9)]
        if named:
            places = self.across(np.array(ticks)) + self.left
            numbers = "".join(
                text(place, self.bottom + 17, _number(value, step)) for value, place in zip(ticks, places, strict=True)
            )
            named_axis = text(self.left + self.width / 2, self.bottom + 35, label) if label else ""
            parts.append(f"<g text-anchor='middle'>{numbers}{named_axis}</g>")
        return "".join(parts)

    def _x_line(self, ticks: Sequence[float], minor: Sequence[float]) -> str:
        """Along the axis in one stroke, down and up again at each tick."""
        marks = {_grid(place): _TICK_PX / 2 for place in self.across(np.array(minor)).tolist()}
        marks |= {_grid(place): _TICK_PX for place in self.across(np.array(ticks)).tolist()}
        data, here = f"M{_grid(self.left)} {_grid(self.bottom)}", 0
        for place, length in sorted(marks.items()):
            data += f"h{place - here}v{_grid(length)}v-{_grid(length)}"
            here = place
        return data + f"h{_grid(self.width) - here}"

    def _level(self, value: float) -> str:
        return f"M0 {_grid(float(self.down(np.array(value))))}h{_grid(self.width)}"

    def y_axis(self, label: str = "", most: int = 0) -> str:
        """Line, and with `most` up to so many ticks with numbers; `label` stands upright beside it."""
        left, top = UNITS * self.left, UNITS * self.top
        data = f"M{left:.0f} {top:.0f}v{_grid(self.height)}"
        parts = []
        if most and self.y[1] > self.y[0]:
            step = nice_step(self.y[1] - self.y[0], most)
            for value in multiples(step, *self.y):
                place = self.top + float(self.down(np.array(value)))
                data += f"M{left:.0f} {_grid(place)}h-{_grid(_TICK_PX)}"
                parts.append(text(self.left - 7, place + 4, _number(value, step), anchor="end", size=11))
        if label:
            x, y = UNITS * (self.left - 8), UNITS * (self.top + self.height / 2)
            parts.append(
                f"<text transform='translate({x:.0f} {y:.0f})rotate(-90)' text-anchor='middle'>{escape(label)}</text>"
            )
        return _lines(data, INK, 0.9) + "".join(parts)


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that divides `span` into no more than `most` parts."""
    if not (math.isfinite(span) and span > 0):
        return 1.0
    power = 10.0 ** math.floor(math.log10(span / most))
    return next((factor * power for factor in (1, 2, 5) if span <= most * factor * power), 10 * power)


def multiples(step: float, low: float, high: float) -> list[float]:
    """The multiples of `step` from `low` to `high`."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return []
    return [number * step for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _number(value: float, step: float) -> str:
    if abs(value) < 1e-9 * step:
        return "0"
    plain = step >= 1e-4 and abs(value) < 1e6
    shown = f"{value:.{max(0, -math.floor(math.log10(step)))}f}" if plain else f"{value:.3g}"
    return shown.replace("-", "−")


def _grid(pixels: float) -> int:
    return round(UNITS * pixels)


def _lines(data: str, colour: str, width: float, more: str = "") -> str:
    if not data:
        return ""
    return (
        f"<path d='{data}' fill='none' stroke='{colour}' stroke-width='{UNITS * width:g}' "
        f"stroke-linejoin='round'{more}/>"
    )
