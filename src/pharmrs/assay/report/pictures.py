"""The pictures of the assay, drawn once: written to files and embedded in the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pharmrs.assay.records.results import AssayStudy, PlateResult
from pharmrs.assay.report.figure_plate import plate_figure
from pharmrs.assay.report.figure_standard_curve import standard_curve_figure
from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.files.places import file_names
from pharmrs.core.report.embedded import EmbeddedFigure, not_drawn
from pharmrs.core.report.figure_style import figure_png_bytes, figure_svg_bytes
from pharmrs.core.unit import Within, unbounded

if TYPE_CHECKING:
    from matplotlib.figure import Figure
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pharmrs.assay.records.results import InterPlate
from pharmrs.core.report.figure_style import BAND, BASELINE, MODEL, MUTED, figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FIGURES: Path = Path("figures") / "assay"


_LABELLED_PLATES = 12


def control_figure(controls: Sequence[InterPlate], unit: str) -> Figure:
    """One panel per control: values in the order of the plates, mean, mean +- 2 and 3 SD."""
    with figure_style():
        fig = new_figure(4.2 * len(controls) + 1.2)
        panels = fig.subplots(len(controls), 1, squeeze=False).ravel()
        for axes, control in zip(panels, controls, strict=True):
            _draw(axes, control)
        fig.supylabel(f"Concentration ({unit})" if unit else "Concentration", fontsize=9)
    return fig


def _draw(axes: Axes, control: InterPlate) -> None:
    places = range(len(control.points))
    for factor, colour in ((3, BAND), (2, "#eef1f5")):
        axes.axhspan(
            control.mean - factor * control.sd, control.mean + factor * control.sd, color=colour, linewidth=0, zorder=0
        )
    axes.axhline(control.mean, color=MUTED, linewidth=0.8)
    values = [point.value for point in control.points]
    axes.plot(places, values, color=BASELINE, linewidth=0.8, marker="o", markersize=4.5)
    far = [(place, point.value) for place, point in zip(places, control.points, strict=True) if point.verdict == "out"]
    if far:
        axes.plot(*zip(*far, strict=True), "o", markersize=9, markerfacecolor="none", color=MODEL)
    cv = f"{control.cv_percent:.1f} %" if math.isfinite(control.cv_percent) else "n/a"
    axes.set_title(f"{control.name}: inter-plate CV {cv}")
    if len(control.points) <= _LABELLED_PLATES:
        axes.set_xticks(places, [point.plate for point in control.points])
    else:
        axes.set_xlabel("Plate, in the order of measurement")
    axes.margins(x=0.08)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture: for the page, and as SVG for print."""

    embedded: EmbeddedFigure
    svg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AssayPictures:
    """Plate name -> heat map and standard curve; the control charts where there are controls on several plates."""

    plates: Mapping[str, tuple[Picture, Picture]]
    controls: Picture | None


def draw_assay(study: AssayStudy, within: Within = unbounded) -> AssayPictures:
    """All pictures of a study's plates; one that fails is replaced by a word."""
    plates = {plate.name: _plate(plate, within) for plate in study.plates}
    return AssayPictures(plates=plates, controls=within(partial(_controls, study), "control charts", "drawing"))


def write_assay_pictures(folder: Path, pictures: AssayPictures) -> tuple[Path, ...]:
    """Write every picture as PNG and SVG below `folder`; returns the files."""
    named: dict[str, Picture] = {}
    names = file_names(pictures.plates)
    for plate, (heat_map, curve) in pictures.plates.items():
        name = names[plate]
        named |= {f"{name}_plate": heat_map, f"{name}_curve": curve}
    if pictures.controls is not None:
        named["controls"] = pictures.controls
    written = []
    for name, picture in named.items():
        for suffix, content in {picture.embedded.suffix: picture.embedded.content, ".svg": picture.svg}.items():
            path = folder / FIGURES / f"{name}{suffix}"
            write_bytes(path, content)
            written.append(path)
    return tuple(written)


def _plate(result: PlateResult, within: Within) -> tuple[Picture, Picture]:
    heat_map = f"Heat map of the responses of plate {result.name}. The same numbers are in assay_wells.tsv."
    curve = (
        f"Standard curve of plate {result.name} with its samples and the recovery of the standards. "
        "The same numbers are in assay_standards.tsv and assay_estimates.tsv."
    )
    return (
        _drawn(lambda: _picture(plate_figure(result), heat_map), f"heat map of plate {result.name}", within),
        _drawn(lambda: _picture(standard_curve_figure(result), curve, small=True), f"curve of {result.name}", within),
    )


def _drawn(draw: Callable[[], Picture], what: str, within: Within) -> Picture:
    instead = not_drawn(what)
    return within(draw, what, "drawing") or Picture(embedded=instead, svg=instead.content)


def _controls(study: AssayStudy) -> Picture | None:
    controls = [one for one in study.inter_plate if one.quantity == "concentration"]
    if not controls:
        return None
    alt = "Control charts: " + "; ".join(f"{one.name}, inter-plate CV {one.cv_percent:.1f} %" for one in controls)
    return _picture(control_figure(controls, study.settings.unit), alt, small=True)


def _picture(figure: Figure, alt: str, *, small: bool = False) -> Picture:
    png = figure_png_bytes(figure, small=small)
    figure.set_layout_engine("none")  # the places found for the PNG serve the SVG
    return Picture(embedded=EmbeddedFigure(content=png, alt=alt), svg=figure_svg_bytes(figure))
