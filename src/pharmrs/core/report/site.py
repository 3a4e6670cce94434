"""A report as a small site: pages of sections, each with the way to all others; every page opens from disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.files.atomic import write_text
from pharmrs.core.report.page import environment
from pharmrs.core.report.section import Section

PAGES_FOLDER = "report_pages"  # beside the first page


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePage:
    """A page of the site: the name of its file without suffix, its title, and what it shows."""

    name: str
    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A way to another page; `current`: it is this one."""

    href: str
    title: str
    current: bool = False


def site_links(pages: Sequence[SitePage], front: str, here: str = "") -> tuple[Link, ...]:
    """The ways to every page. `front`: name of the first page; `here`: name of the page they stand on, empty: that one.

    Pages other than the first lie in `PAGES_FOLDER`.
    """
    down, up = ("", "../") if here else (f"{PAGES_FOLDER}/", "")
    first = Link(f"{up}{front}", "Answer", current=not here)
    return (first, *(Link(f"{down}{page.name}.html", page.title, current=page.name == here) for page in pages))


def render_page(*, kind: str, heading: str, title: str, sections: Sequence[Section], links: Sequence[Link] = ()) -> str:
    """A page of sections in the frame of the house."""
    page = environment().get_template("frame.html.j2")
    return page.render(kind=kind, heading=heading, title=title, sections=sections, links=links)


def write_page(path: Path, *, kind: str, heading: str, sections: Sequence[Section]) -> Path:
    """A page that stands alone, for a command that works on one thing."""
    write_text(path, render_page(kind=kind, heading=heading, title=heading, sections=sections))
    return path


def pages_of(sections: Sequence[Section]) -> tuple[SitePage, ...]:
    """The sections on the pages they name, in their order; a page has the title of its first section."""
    found: dict[str, list[Section]] = {}
    for section in sections:
        found.setdefault(section.page or section.anchor, []).append(section)
    return tuple(
        SitePage(name=name, title=shown[0].page_title or shown[0].title, sections=tuple(shown))
        for name, shown in found.items()
    )
