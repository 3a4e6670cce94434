"""Whether a picture shows all of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def beyond_the_edge_mm(figure: Figure) -> float:
    """How far what is drawn (titles, legends, labels) goes beyond the edge of the figure; 0 where all is inside."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from pharmrs.core.report.figure_style import figure_style

    with figure_style():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = figure.get_tightbbox(canvas.get_renderer())
    width, height = figure.get_size_inches()
    beyond = max(-drawn.x0, -drawn.y0, drawn.x1 - width, drawn.y1 - height)
    return max(0.0, 25.4 * float(beyond))
