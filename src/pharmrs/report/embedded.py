"""Pictures that a page carries within itself."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from urllib.parse import quote

_SVG_START = b"<svg"
_SVG_SIZE = re.compile(rb"<svg[^>]* width='(\d+)' height='(\d+)'")
_PLAIN = "<>/=' ,;.-()!"  # needs no escape in an attribute in double quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedFigure:
    """A picture, PNG or SVG as `svg_plot.picture` writes it, and what it shows in words for who cannot see it."""

    content: bytes
    alt: str

    @property
    def suffix(self) -> str:
        """Of a file that holds it."""
        return ".svg" if self.content.startswith(_SVG_START) else ".png"

    @property
    def data_uri(self) -> str:
        """For an attribute in double quotes: holds neither such a quote nor an ampersand whatever the picture says."""
        if self.suffix == ".svg":
            return "data:image/svg+xml," + quote(self.content, safe=_PLAIN)
        return "data:image/png;base64," + base64.b64encode(self.content).decode("ascii")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, so that the page does not jump while loading."""
        found = _SVG_SIZE.match(self.content)
        if found:
            return int(found[1]), int(found[2])
        return int.from_bytes(self.content[16:20], "big"), int.from_bytes(self.content[20:24], "big")
