"""A picture written by `svg_plot` as a matplotlib figure, for PNG and PDF: one drawing, whatever it is saved as."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.report.figure_style import figure_style
from pharmrs.core.report.svg_path import UNITS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

_PX_PER_INCH, _POINTS_PER_PX = 96.0, 0.75
_MOVE = re.compile(r"([MlhvmL])|(-?\d+(?:\.\d+)?)")
_ALIGN = {"start": "left", "middle": "center", "end": "right"}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an element is drawn: the corner and size of what holds it, and the attributes it inherits."""

    left: float
    top: float
    width: float
    height: float
    given: Mapping[str, str]


def svg_figure(svg: str) -> Figure:
    """The same picture; only what `svg_plot` writes is understood: paths, rectangles, lines of text."""
    from matplotlib.figure import Figure

    root = ElementTree.fromstring(svg)
    width, height = (float(root.get(side, "0")) for side in ("width", "height"))
    with figure_style():
        figure = Figure(figsize=(width / _PX_PER_INCH, height / _PX_PER_INCH), facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, UNITS * width)
        axes.set_ylim(UNITS * height, 0)
        _draw_all(axes, root, _Place(0.0, 0.0, UNITS * width, UNITS * height, dict(root.attrib)))
    return figure


def _draw_all(axes: Axes, holder: ElementTree.Element, place: _Place) -> None:
    for element in holder:
        kind = element.tag.rsplit("}", 1)[-1]
        own = replace(place, given={**place.given, **element.attrib})
        if kind == "g":
            _draw_all(axes, element, own)
        elif kind == "svg":
            corner = place.left + _number(element, "x"), place.top + _number(element, "y")
            size = _number(element, "width"), _number(element, "height")
            _draw_all(axes, element, _Place(*corner, *size, own.given))
        elif kind == "rect":
            _draw_rectangle(axes, element, own)
        elif kind == "path":
            _draw_path(axes, element, own)
        elif kind == "text":
            _draw_text(axes, element, own)


def _draw_rectangle(axes: Axes, element: ElementTree.Element, place: _Place) -> None:
    from matplotlib.patches import Rectangle

    size = [
        whole if element.get(side) == "100%" else _number(element, side)
        for side, whole in (("width", place.width), ("height", place.height))
    ]
    corner = place.left + _number(element, "x"), place.top + _number(element, "y")
    fill = place.given.get("fill", "#000000")
    axes.add_patch(Rectangle(corner, size[0], size[1], facecolor=fill, linewidth=0))


def _draw_path(axes: Axes, element: ElementTree.Element, place: _Place) -> None:
    runs = list(_runs(element.get("d", "")))
    wide = float(place.given.get("stroke-width", UNITS)) / UNITS * _POINTS_PER_PX
    colour = place.given.get("stroke", "#000000")
    dots = np.array([run[0] for run in runs if not np.ptp(run, axis=0).any()]).reshape(-1, 2)
    if len(dots):
        axes.plot(place.left + dots[:, 0], place.top + dots[:, 1], "o", color=colour, markersize=wide, linewidth=0)
    lines = [np.vstack([run, [np.nan, np.nan]]) for run in runs if np.ptp(run, axis=0).any()]
    if lines:
        drawn = np.vstack(lines)
        (line,) = axes.plot(place.left + drawn[:, 0], place.top + drawn[:, 1], color=colour, linewidth=wide)
        line.set_clip_path(_box(axes, place))


def _box(axes: Axes, place: _Place) -> Rectangle:
    from matplotlib.patches import Rectangle

    return Rectangle((place.left, place.top), place.width, place.height, transform=axes.transData)


def _runs(data: str) -> Iterator[FloatArray]:
    """The vertices of each part of a path."""
    here, command = np.zeros(2), "M"
    points: list[FloatArray] = []
    numbers: list[float] = []
    for letter, number in _MOVE.findall(data):
        if letter:
            command, numbers = letter, []
            continue
        numbers.append(float(number))
        if len(numbers) < (1 if command in "hv" else 2):
            continue
        step = {"h": (numbers[0], 0.0), "v": (0.0, numbers[0])}.get(command, tuple(numbers))
        if command in "Mm":
            if points:
                yield np.array(points)
            points = []
        here = np.array(step) if command == "M" else here + np.array(step)
        points.append(here)
        numbers = []
    if points:
        yield np.array(points)


def _draw_text(axes: Axes, element: ElementTree.Element, place: _Place) -> None:
    x, y, turned = _number(element, "x"), _number(element, "y"), 0.0
    moved = re.match(r"translate\((-?\d+) (-?\d+)\)rotate\((-?\d+)\)", element.get("transform", ""))
    if moved:
        x, y, turned = float(moved[1]), float(moved[2]), -float(moved[3])
    axes.text(
        place.left + x,
        place.top + y,
        element.text or "",
        rotation=turned,
        rotation_mode="anchor",
        fontsize=float(place.given.get("font-size", 12 * UNITS)) / UNITS * _POINTS_PER_PX,
        fontweight=place.given.get("font-weight", "normal"),
        color=place.given.get("fill", "#000000"),
        ha=_ALIGN[place.given.get("text-anchor", "start")],
        va="baseline",
    )


def _number(element: ElementTree.Element, name: str) -> float:
    return float(element.get(name) or 0.0)
