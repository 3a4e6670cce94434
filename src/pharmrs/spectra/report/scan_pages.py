"""The scans of a report: each has a page of its own beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.files.owned import remove
from pharmrs.core.report.page import environment
from pharmrs.core.report.site import PAGES_FOLDER, Link
from pharmrs.core.unit import Within, unbounded
from pharmrs.spectra.records.scan import ScanResult, ValuesOutcome
from pharmrs.spectra.report.pictures.scan_figures import ScanFigures, render_scan_figures
from pharmrs.spectra.report.view_cells import anchor_of
from pharmrs.spectra.report.view_pictures import linked_pictures
from pharmrs.spectra.report.view_scan import ScanView, exclusion_text, scan_head, scan_view

_STYLE, _SCRIPT = "page.css", "page.js"

FigureSource = Callable[[ValuesOutcome], ScanFigures | None]


class KeptPages(Protocol):
    """What an earlier run noted about the pages it wrote."""

    def key(self, outcome: ValuesOutcome, *around: object) -> str:
        """Of all that the page depends on: the scan as it is kept and what is `around` it; empty: not known."""

    def is_right(self, page: Path, key: str) -> bool:
        """Whether the page is there as it was written, and was made of the same."""

    def remember(self, page: Path, key: str, content: bytes) -> None:
        """Note what is written to `page`."""

    def write(self) -> None:
        """Keep the notes for the next run."""


def drawn_figures(outcome: ValuesOutcome) -> ScanFigures | None:
    """The pictures of a scan that still has its signals."""
    return render_scan_figures(outcome.result) if isinstance(outcome.result, ScanResult) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPages:
    """The scans of one report in their order. `figures` gives the pictures of one scan when its turn has come.

    `links`: the ways to the other pages of the report. `kept`: notes of an earlier run; a page that would come out the
    same is neither made nor written.
    """

    report: Path
    title: str
    outcomes: Sequence[ValuesOutcome]
    scale: str
    label: str
    figures: FigureSource
    links: Sequence[Link] = ()
    kept: KeptPages | None = None

    @property
    def folder(self) -> Path:
        return self.report.parent / PAGES_FOLDER

    def with_links(self, links: Sequence[Link]) -> ScanPages:
        """The same with the ways to the other pages, which are known when those are made."""
        return replace(self, links=tuple(links))

    def name(self, position: int) -> str:
        """Of the scan at this position."""
        return self.outcomes[position].files.name

    def link(self, position: int) -> str:
        """Where the other pages in the folder find the scan at this position."""
        return f"{anchor_of(position)}.html"

    def heads(self) -> Iterator[ScanView]:
        """Name and quality of each scan, for a list."""
        for position, outcome in enumerate(self.outcomes):
            yield scan_head(outcome, anchor_of(position), self.link(position))

    def write(self, within: Within = unbounded) -> None:
        """The pages of the scans, without those of a former run; a page that is right stays.

        `within`: the boundary of each page.
        """
        shared = self._shared() if self.outcomes else {}
        pages = {self.link(at): at for at in range(len(self.outcomes))}
        former = [*self.folder.glob("scan-*.html"), *(self.folder / name for name in (_STYLE, _SCRIPT))]
        for path in former:
            if path.name not in shared and path.name not in pages:
                remove(path)
        for name, content in shared.items():
            _write_changed(self.folder / name, content().encode("utf-8"))
        for name, position in pages.items():
            within(partial(self._write_page, self.folder / name, position), f"page of {self.name(position)}", "report")
        if self.kept is not None:
            self.kept.write()

    def _shared(self) -> dict[str, Callable[[], str]]:
        """The files that all pages use."""
        pages = environment()
        style, panels, fit = (pages.get_template(f"{name}.css").render for name in ("report", "panels", "fit"))
        code = [pages.get_template(f"{name}.js").render() for name in ("panels", "fit_view", "fit_plot", "fit_page")]
        script = pages.get_template("scan_page.js.j2")
        return {
            _STYLE: style,
            _SCRIPT: lambda: script.render(style=style() + panels() + fit(), code="".join(code)),
        }

    def _write_page(self, path: Path, position: int) -> None:
        outcome = self.outcomes[position]
        key = self.kept.key(outcome, *self._around(position, outcome)) if self.kept is not None else ""
        if self.kept is None or not self.kept.is_right(path, key):
            content = self._page(position, outcome).encode("utf-8")
            _write_changed(path, content)
            if self.kept is not None:
                self.kept.remember(path, key, content)

    def _around(self, position: int, outcome: ValuesOutcome) -> Iterator[object]:
        """What a page shows beside the fit and its pictures."""
        result = outcome.result
        yield (
            self.title,
            self.scale,
            self.label,
            position,
            len(self.outcomes),
            outcome.files.name,
            outcome.without_value,
        )
        yield [(link.href, link.title) for link in self.links]
        yield [str(problem) for problem in outcome.problems]
        if result is not None:
            yield [(item.metabolite, item.rule, exclusion_text(item)) for item in result.exclusions]
            yield [
                (item.metabolite, float(item.value), float(item.sd), item.reason)
                for item in result.concentrations
                if item.scale == self.scale
            ]

    def _page(self, position: int, outcome: ValuesOutcome) -> str:
        def name(at: int) -> str:
            return self.link(at) if 0 <= at < len(self.outcomes) else ""

        figures = self.figures(outcome)
        pictures = linked_pictures(figures, "../") if figures is not None else None
        return environment().get_template("scan_page.html.j2").render(
            kind=self.title,
            heading=outcome.files.name,
            title=self.title,
            sections=(),
            links=self.links,
            scan=scan_view(outcome, anchor_of(position), self.scale, self.label, pictures),
            before=name(position - 1),
            after=name(position + 1),
        )  # fmt: skip


def _write_changed(path: Path, content: bytes) -> None:
    """Leave a file that is right alone: thousands of pages are not written again for one scan."""
    if not path.is_file() or path.read_bytes() != content:
        write_bytes(path, content)
