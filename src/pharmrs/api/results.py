"""What all results of the Python surface share: a table, a picture, and how a notebook shows them."""

from __future__ import annotations

import html
import io
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


class Result(ABC):
    """A result with a table and a picture."""

    __slots__ = ()

    @abstractmethod
    def to_frame(self) -> DataFrame:
        """The numbers, one row per observation."""

    @abstractmethod
    def plot(self) -> Figure:
        """The picture of the report, as a matplotlib figure."""

    def _repr_html_(self) -> str:
        """Title, picture and table, as a notebook shows them."""
        from pharmrs.core.report.figure_style import figure_style

        drawn = io.StringIO()
        with figure_style():
            self.plot().savefig(drawn, format="svg")
        svg = drawn.getvalue()
        table = self.to_frame().head(40).to_html(index=False, border=0, float_format=lambda value: f"{value:.4g}")
        return f"<p><b>{html.escape(repr(self))}</b></p>{svg[svg.index('<svg') :]}{table}"
