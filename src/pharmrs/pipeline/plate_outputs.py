"""What plates leave behind, from `pharmrs plate` as from `pharmrs run`: tables and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pharmrs.records.assay import AssayStudy
from pharmrs.report.assay_tables import write_assay_tables
from pharmrs.report.atomic import write_bytes
from pharmrs.report.figure_controls import control_figure
from pharmrs.report.figure_plate import plate_figure
from pharmrs.report.figure_standard_curve import standard_curve_figure
from pharmrs.report.figure_style import figure_png_bytes, figure_svg_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = Path("figures") / "assay"


def write_plates(folder: Path, study: AssayStudy) -> tuple[Path, ...]:
    """Write tables and pictures of all plates into `folder`; returns the files."""
    written = [*write_assay_tables(folder, study)]
    for plate in study.plates:
        name = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in plate.name)
        written += _draw(folder / FIGURES / f"{name}_plate", plate_figure(plate))
        written += _draw(folder / FIGURES / f"{name}_curve", standard_curve_figure(plate))
    controls = [one for one in study.inter_plate if one.quantity == "concentration"]
    if controls:
        written += _draw(folder / FIGURES / "controls", control_figure(controls, study.settings.unit))
    return tuple(written)


def _draw(target: Path, figure: Figure) -> list[Path]:
    written = []
    for suffix, content in ((".png", figure_png_bytes(figure)), (".svg", figure_svg_bytes(figure))):
        path = target.with_name(target.name + suffix)
        write_bytes(path, content)
        written.append(path)
    return written
