"""All figures of the report, drawn from records; see the modules for what each one shows."""

from pharmrs.core.report.figure_style import figure_png_bytes, figure_svg_text, save_figure
from pharmrs.spectra.report.pictures.figure_study import overview_figure, quality_figure

__all__ = [
    "figure_png_bytes",
    "figure_svg_text",
    "overview_figure",
    "quality_figure",
    "save_figure",
]
