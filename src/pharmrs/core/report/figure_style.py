"""One look for all figures, and how they are written: print size, readable fonts, the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from pharmrs.core.files.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_CM = 18.0
PNG_DPI = 130
INK = "#1a1a1a"
DATA = "#000000"
MODEL = "#d1242f"
BASELINE = "#1f6feb"
MUTED = "#8a929b"
BAND = "#d9dee5"
GAP = "#f6ebcd"  # points left out of a fit
_CM_PER_INCH = 2.54

_STYLE: dict[Any, object] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib: the same glyphs on every computer
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.linewidth": 0.7,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.use_mathtext": False,
    "text.color": INK,
    "text.parse_math": False,  # a scan name with a dollar sign is a name, not a formula
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "lines.solid_joinstyle": "round",
    "path.simplify_threshold": 0.2,
    "svg.hashsalt": "pharmrs",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,  # TrueType: journals refuse Type 3
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Matplotlib's own defaults plus the house style, whatever the user's matplotlibrc says; undone on exit."""
    import matplotlib as mpl

    defaults = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")}
    with mpl.rc_context({**defaults, **_STYLE}):
        yield


def new_figure(height_cm: float, width_cm: float = WIDTH_CM) -> Figure:
    """An empty figure of the given print size (cm) on white, laid out by constrained layout."""
    from matplotlib.figure import Figure

    size = (width_cm / _CM_PER_INCH, height_cm / _CM_PER_INCH)
    return Figure(figsize=size, layout="constrained", facecolor="white")


def chemical_shift_axis(axes: Axes, low: float, high: float, *, label: bool = True) -> None:
    """Chemical shift with its convention: high values at the left."""
    axes.set_xlim(high, low)
    axes.minorticks_on()
    axes.tick_params(axis="y", which="minor", left=False)
    if label:
        axes.set_xlabel("Chemical shift (ppm)")


def figure_png_bytes(fig: Figure, dpi: float = PNG_DPI, *, small: bool = False) -> bytes:
    """The figure as PNG without dates or versions; `small`: in the colours of the house only, a third of the size."""
    buffer = io.BytesIO()
    with figure_style():
        fig.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    if not small:
        return buffer.getvalue()
    from PIL import Image

    palette = Image.new("P", (1, 1))
    palette.putpalette(_house_palette())
    reduced = io.BytesIO()
    with Image.open(buffer) as picture:
        indexed = picture.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
        indexed.save(reduced, format="PNG", optimize=True)
    return reduced.getvalue()


def _house_palette() -> list[int]:
    """RGB values of the house colours and of their mixtures with white that anti-aliasing makes.

    A fixed palette, because one chosen per picture gives thin coloured lines away in favour of many grays.
    """
    shares = {INK: (1.0, 0.75, 0.5, 0.3, 0.15), MODEL: (1.0, 0.7, 0.45, 0.2), BASELINE: (1.0, 0.65, 0.3), BAND: (1.0,)}
    values = [255, 255, 255]
    for name, parts in shares.items():
        channels = [int(name[start : start + 2], 16) for start in (1, 3, 5)]
        values += [round(255 - part * (255 - channel)) for part in parts for channel in channels]
    return values


_DRAWN: WeakKeyDictionary[Figure, bytes] = WeakKeyDictionary()


def figure_svg_bytes(fig: Figure) -> bytes:
    """The figure as a complete SVG file, the same bytes for the same figure.

    It is drawn once, for the file and for the page: with thousands of participants that takes seconds. So a figure is
    complete before it is asked for.
    """
    if fig not in _DRAWN:
        buffer = io.BytesIO()
        with figure_style():
            fig.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
        _DRAWN[fig] = buffer.getvalue()
    return _DRAWN[fig]


def figure_svg_text(fig: Figure) -> str:
    """The figure as an `<svg>` element to put into HTML: no XML prologue, identifiers unique to this figure.

    Several figures share a page, so every identifier gets a prefix from the figure's content: the same figure gives
    the same text, two figures never share a clip path.
    """
    text = figure_svg_bytes(fig).decode("utf-8")
    prefix = "f" + hashlib.sha256(text.encode()).hexdigest()[:8] + "-"
    text = text[text.index("<svg") :].strip()
    text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", text)
    text = re.sub(r'\bid="', f'id="{prefix}', text)
    text = text.replace("url(#", f"url(#{prefix}").replace('href="#', f'href="#{prefix}').replace("xlink:href", "href")
    opening = text[: text.index(">")]
    sized = re.sub(r'\s(width|height)="[^"]*"', "", opening)  # the page sets the width, viewBox keeps the shape
    return sized + ' aria-hidden="true" focusable="false"' + text[len(opening) :]


def save_figure(fig: Figure, path: Path) -> None:
    """Write the figure whole or not at all; `.png` (130 dpi), `.svg` or `.pdf` by suffix."""
    suffix = path.suffix.lower()
    if suffix == ".png":
        write_bytes(path, figure_png_bytes(fig))
    elif suffix == ".svg":
        write_bytes(path, figure_svg_bytes(fig))
    elif suffix == ".pdf":
        write_bytes(path, figure_pdf_bytes(fig))
    else:
        raise ValueError(f"figure file must end in .png, .svg or .pdf, got {path.name!r}")


def figure_pdf_bytes(fig: Figure) -> bytes:
    """The figure as PDF without dates or versions."""
    buffer = io.BytesIO()
    undated = dict.fromkeys(("Creator", "Producer", "CreationDate"))
    with figure_style():
        fig.savefig(buffer, format="pdf", metadata=undated)
    return buffer.getvalue()
