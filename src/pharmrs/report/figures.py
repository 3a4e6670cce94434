"""All figures of the report, drawn from records; see the modules for what each one shows."""

from pharmrs.report.figure_fit import fit_figure
from pharmrs.report.figure_study import overview_figure, quality_figure
from pharmrs.report.figure_style import figure_png_bytes, figure_svg_text, save_figure

__all__ = [
    "figure_png_bytes",
    "figure_svg_text",
    "fit_figure",
    "overview_figure",
    "quality_figure",
    "save_figure",
]
