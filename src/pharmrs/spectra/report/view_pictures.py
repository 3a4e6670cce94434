"""The pictures of one scan as a page holds them: each whole, packed together, or in files beside the page."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from urllib.parse import quote

from pharmrs.core.report.embedded import EmbeddedFigure, LinkedFigure, PackedFigure
from pharmrs.spectra.report.pictures.scan_figures import ScanFigures

_Picture = EmbeddedFigure | LinkedFigure | PackedFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPictures:
    """Pictures of a scan. `page`: the fit to explore, as base64. `packed`: the packed ones; empty: there are none."""

    fit: _Picture
    steps: tuple[_Picture, ...]
    water: _Picture | None
    page: str
    packed: str = ""


def embedded_pictures(figures: ScanFigures) -> ScanPictures:
    """Every picture in the page."""
    return ScanPictures(fit=figures.fit, steps=figures.steps, water=figures.water, page=_text(figures.page))


def linked_pictures(figures: ScanFigures, above: str) -> ScanPictures:
    """Every picture in its file, `above` the folder of the page; one without a file is in the page."""

    def place(figure: EmbeddedFigure) -> _Picture:
        return figure.linked(above) if figure.place else figure

    return ScanPictures(
        fit=place(figures.fit),
        steps=tuple(place(step) for step in figures.steps),
        water=place(figures.water) if figures.water is not None else None,
        page=_text(figures.page),
    )


def packed_pictures(figures: ScanFigures) -> ScanPictures:
    """The fit in the page; all others, SVG of one line each, packed together in a third of the size."""
    others = [*figures.steps, *([figures.water] if figures.water is not None else [])]
    if any(one.suffix != ".svg" for one in others):
        return embedded_pictures(figures)
    packed = [
        PackedFigure(index=index, alt=one.alt, size=one.size, place=quote(one.place))
        for index, one in enumerate(others)
    ]
    water = packed.pop() if figures.water is not None else None
    content = b"\n".join(one.content for one in others)
    return ScanPictures(
        fit=figures.fit,
        steps=tuple(packed),
        water=water,
        page=_text(figures.page),
        packed=_text(zlib.compress(content, 9)) if others else "",
    )


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
