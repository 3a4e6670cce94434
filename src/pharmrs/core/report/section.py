"""What a stage of the study adds to the report: a section of the page and paragraphs of the methods text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pharmrs.core.report.page import environment
from pharmrs.core.report.references import Citations
from pharmrs.core.report.view_tables import TableView

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of the report.

    `anchor`: its identifier in the page, lower case and hyphens, unique; `body`: HTML from `render_section`, in which
    everything that comes from data is escaped. Identifiers inside the body begin with the anchor. `page`: name of the
    page of the site it stands on, with others that name it; empty: a page of its own. `page_title`: of that page.
    """

    anchor: str
    title: str
    body: Markup
    page: str = ""
    page_title: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9-]*", self.anchor):
            raise ValueError(f"not an anchor: {self.anchor!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodsPart:
    """A part of the methods text: its heading, and what writes its paragraphs and notes what they cite."""

    title: str
    write: Callable[[Citations], Sequence[str]]


def render_section(
    anchor: str, title: str, template: str, *, page: str = "", page_title: str = "", **context: object
) -> Section:
    """A section from the template `section_<topic>.html.j2`; `table` and `picture` come from `macros.html.j2`."""
    from markupsafe import Markup

    text = environment().get_template(template).render(anchor=anchor, **context)
    return Section(anchor=anchor, title=title, body=Markup(text), page=page, page_title=page_title)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picture in the page: an `<svg>` that this program drew, what it shows in words, and its caption."""

    svg: str
    alt: str
    caption: str


def section_of_tables(
    anchor: str,
    title: str,
    paragraphs: Sequence[str],
    tables: Sequence[TableView],
    *,
    page: str = "",
    figures: Sequence[Drawn] = (),
) -> Section:
    """A section of plain paragraphs, pictures and tables, which needs no template of its own."""
    return render_section(
        anchor, title, "section_tables.html.j2", page=page, paragraphs=paragraphs, tables=tables, figures=figures
    )
