"""Pictures of a page: carried within it, or beside it in a file of their own."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from urllib.parse import quote

_SVG_START = b"<svg"
_SVG_SIZE = re.compile(rb"<svg[^>]* width='(\d+)' height='(\d+)'")
_NOT_DRAWN = b"""<svg xmlns='http://www.w3.org/2000/svg' width='480' height='60' viewBox='0 0 480 60'>\
<text x='12' y='36' font-family='sans-serif' font-size='14'>This picture could not be drawn, see the problems.</text>\
</svg>"""
_PLAIN = "<>/=' ,;.-()!"  # needs no escape in an attribute in double quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedFigure:
    """A picture, PNG or SVG as `svg_plot.picture` writes it, and what it shows in words for who cannot see it.

    `place`: where a file holds it too, relative to the folder of the report; empty: nowhere.
    """

    content: bytes
    alt: str
    place: str = ""

    @property
    def suffix(self) -> str:
        """Of a file that holds it."""
        return ".svg" if self.content.startswith(_SVG_START) else ".png"

    @property
    def source(self) -> str:
        """The picture itself, for an attribute in double quotes.

        Holds neither such a quote nor an ampersand, whatever the picture says.
        """
        if self.suffix == ".svg":
            return "data:image/svg+xml," + quote(self.content, safe=_PLAIN)
        return f"data:image/{self.suffix[1:]};base64," + base64.b64encode(self.content).decode("ascii")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, so that the page does not jump while loading."""
        found = _SVG_SIZE.match(self.content)
        if found:
            return int(found[1]), int(found[2])
        return int.from_bytes(self.content[16:20], "big"), int.from_bytes(self.content[20:24], "big")

    def linked(self, above: str = "") -> LinkedFigure:
        """The file that holds it; `above`: the way from the page to the folder of the report."""
        return LinkedFigure(source=above + quote(self.place), alt=self.alt, size=self.size)


def not_drawn(what: str) -> EmbeddedFigure:
    """In the place of a picture whose drawing failed: the numbers it was to show are not lost with it."""
    return EmbeddedFigure(content=_NOT_DRAWN, alt=f"{what}: this picture could not be drawn.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedFigure:
    """A picture in a file. `source`: its address relative to the page, quoted."""

    source: str
    alt: str
    size: tuple[int, int]
