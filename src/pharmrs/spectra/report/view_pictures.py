"""The pictures of one scan as its page holds them: in files beside it, or in the page where there is no file."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from pharmrs.core.report.embedded import EmbeddedFigure, LinkedFigure
from pharmrs.spectra.report.pictures.scan_figures import ScanFigures

_Picture = EmbeddedFigure | LinkedFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPictures:
    """Pictures of a scan. `page`: the fit to explore, as base64."""

    fit: _Picture
    steps: tuple[_Picture, ...]
    water: _Picture | None
    page: str


def linked_pictures(figures: ScanFigures, above: str) -> ScanPictures:
    """Every picture in its file, `above` the folder of the page; one without a file is in the page."""

    def place(figure: EmbeddedFigure) -> _Picture:
        return figure.linked(above) if figure.place else figure

    return ScanPictures(
        fit=place(figures.fit),
        steps=tuple(place(step) for step in figures.steps),
        water=place(figures.water) if figures.water is not None else None,
        page=base64.b64encode(figures.page).decode("ascii"),
    )
