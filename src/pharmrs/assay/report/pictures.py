"""The pictures of the assay, drawn once: written to files and embedded in the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pharmrs.assay.records.results import AssayStudy, PlateResult
from pharmrs.assay.report.figure_controls import control_figure
from pharmrs.assay.report.figure_plate import plate_figure
from pharmrs.assay.report.figure_standard_curve import standard_curve_figure
from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.core.report.figure_style import figure_png_bytes, figure_svg_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = Path("figures") / "assay"


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


def draw_assay(study: AssayStudy) -> AssayPictures:
    """All pictures of a study's plates."""
    return AssayPictures(plates={plate.name: _plate(plate) for plate in study.plates}, controls=_controls(study))


def write_assay_pictures(folder: Path, pictures: AssayPictures) -> tuple[Path, ...]:
    """Write every picture as PNG and SVG below `folder`; returns the files."""
    named: dict[str, Picture] = {}
    for plate, (heat_map, curve) in pictures.plates.items():
        name = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in plate)
        named |= {f"{name}_plate": heat_map, f"{name}_curve": curve}
    if pictures.controls is not None:
        named["controls"] = pictures.controls
    written = []
    for name, picture in named.items():
        for suffix, content in ((".png", picture.embedded.content), (".svg", picture.svg)):
            path = folder / FIGURES / f"{name}{suffix}"
            write_bytes(path, content)
            written.append(path)
    return tuple(written)


def _plate(result: PlateResult) -> tuple[Picture, Picture]:
    heat_map = f"Heat map of the responses of plate {result.name}. The same numbers are in assay_wells.tsv."
    curve = (
        f"Standard curve of plate {result.name} with its samples and the recovery of the standards. "
        "The same numbers are in assay_standards.tsv and assay_estimates.tsv."
    )
    return _picture(plate_figure(result), heat_map), _picture(standard_curve_figure(result), curve, small=True)


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
