"""The pages of the scans: they lead to each other, come and go with their scans, and are never held together."""

from __future__ import annotations

import dataclasses
import itertools
import re
import tracemalloc
from pathlib import Path
from urllib.parse import unquote

import pytest

from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.core.report.site import PAGES_FOLDER
from pharmrs.spectra.records import ScanOutcome, ScanResult
from pharmrs.spectra.report import scan_pages
from pharmrs.spectra.report.pictures.scan_figures import ScanFigures, render_scan_figures
from pharmrs.study.report.site_of_study import write_report
from tests.study import report_factory
from tests.study.html_page import Page


@pytest.fixture(scope="module")
def figures(results: list[ScanResult]) -> dict[str, ScanFigures]:
    return {result.files.name: render_scan_figures(result) for result in results}


def write(
    folder: Path, outcomes: tuple[ScanOutcome, ...], source: scan_pages.FigureSource = scan_pages.drawn_figures
) -> None:
    """A report of these scans in `folder`."""
    study = report_factory.study()
    write_report(
        folder / "report.html",
        "A study",
        outcomes,
        rules=study.quality,
        methods="Text.",
        settings={"a": 1},
        provenance={"pharmrs": "0.1.0"},
        scale_labels=report_factory.SCALE_LABELS,
        primary_scale="lcmodel_water",
        figures=source,
    )


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, outcomes: tuple[ScanOutcome, ...], figures: dict[str, ScanFigures]
) -> Path:
    """Six scans; their pictures lie in files, as a run leaves them."""

    def stored(outcome: ScanOutcome) -> ScanFigures | None:
        drawn = figures.get(outcome.files.name)
        if drawn is None:
            return None
        number = iter(range(99))

        def placed(figure: EmbeddedFigure) -> EmbeddedFigure:
            return dataclasses.replace(figure, place=f"sub #1/{outcome.files.name}_{next(number)}.svg")

        water = placed(drawn.water) if drawn.water is not None else None
        steps = tuple(placed(one) for one in drawn.steps)
        return dataclasses.replace(drawn, fit=placed(drawn.fit), steps=steps, water=water)

    folder = tmp_path_factory.mktemp("site")
    write(folder, outcomes, stored)
    for outcome in outcomes:
        shown = stored(outcome)
        for one in (shown.fit, *shown.steps, shown.water) if shown is not None else ():
            assert one is not None
            (folder / one.place).parent.mkdir(exist_ok=True)
            (folder / one.place).write_bytes(one.content)
    return folder


def test_the_pages_hold_every_picture_once(site: Path, figures: dict[str, ScanFigures]) -> None:
    alts = sorted(one.alt for drawn in figures.values() for one in (drawn.fit, *drawn.steps, drawn.water) if one)
    read = [Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")]
    assert sorted(str(one["alt"]) for page in read for one in page.all("img")) == alts


def test_pages_lead_to_each_other_and_to_files_that_are_there(site: Path) -> None:
    spectra = Page((site / PAGES_FOLDER / "spectra.html").read_text(encoding="utf-8"))
    pages = sorted((site / PAGES_FOLDER).glob("scan-*.html"))
    links = {str(one["href"]) for one in spectra.all("a")}
    assert {path.name for path in pages} <= links and len(pages) == 6
    for path in pages:
        page = Page(path.read_text(encoding="utf-8"))
        places = [str(one.get("href") or one.get("src")) for tag in ("a", "img", "link") for one in page.all(tag)]
        places += [str(one["src"]) for one in page.all("script") if "src" in one]
        assert "page.css" in places and "page.js" in places and "../report.html" in places and "spectra.html" in places
        for place in places:
            assert place.startswith("#") or (path.parent / unquote(place.split("#")[0])).is_file(), place


def test_pages_come_stay_and_go(tmp_path: Path, outcomes: tuple[ScanOutcome, ...]) -> None:
    folder = tmp_path / PAGES_FOLDER
    write(tmp_path, outcomes[:4])
    text = (tmp_path / "report.html").read_bytes()
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.glob("scan-*")}
    (folder / "scan-99.html").write_text("of a former run")
    write(tmp_path, outcomes[:4])
    assert (tmp_path / "report.html").read_bytes() == text
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.glob("scan-*")} == before
    (folder / "former.html").write_text("a stage of a former run")
    write(tmp_path, outcomes[:2])
    assert sorted(path.name for path in folder.glob("scan-*")) == ["scan-1.html", "scan-2.html"]
    assert not (folder / "former.html").exists()


def test_pictures_are_never_held_together(
    tmp_path: Path, outcomes: tuple[ScanOutcome, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty scans with 400 kB of pictures each: 24 MB, of which the report may hold a few scans' worth."""
    first = next(one for one in outcomes if one.result is not None)
    assert first.result is not None
    drawn = render_scan_figures(first.result)
    small = dataclasses.replace(first.result.without_signals(), amplitudes=(), concentrations=(), exclusions=())
    scans = tuple(
        ScanOutcome(files=dataclasses.replace(first.files, name=f"sub-{number:03d}"), result=small)
        for number in range(60)
    )
    monkeypatch.setattr("pharmrs.spectra.report.study_sections.quality_figure", lambda *_: None)
    monkeypatch.setattr("pharmrs.spectra.report.study_sections.figure_svg_text", lambda *_: "")
    write(tmp_path, scans[:6], lambda _outcome: drawn)  # templates compiled

    def large(_outcome: ScanOutcome) -> ScanFigures:
        return dataclasses.replace(drawn, page=bytes(400_000))

    tracemalloc.start()
    write_started = tracemalloc.get_traced_memory()[0]
    write(tmp_path, scans, large)
    peak = tracemalloc.get_traced_memory()[1] - write_started
    tracemalloc.stop()
    assert peak < 8e6
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.html")) > 60 * 400_000


def test_a_report_of_140_scans_opens_at_once(tmp_path: Path, outcomes: tuple[ScanOutcome, ...]) -> None:
    """The first page stays below 2 MB, every other one too; pictures are in files."""
    first = next(one for one in outcomes if one.result is not None)
    assert first.result is not None
    drawn = render_scan_figures(first.result)
    small = first.result.without_signals()
    scans = tuple(
        ScanOutcome(files=dataclasses.replace(first.files, name=f"sub-{number:03d}"), result=small)
        for number in range(140)
    )
    write(tmp_path, scans, lambda _outcome: drawn)
    sizes = {path.name: path.stat().st_size for path in tmp_path.rglob("*.html")}
    assert sizes["report.html"] < 0.5e6 and max(sizes.values()) < 2e6
    assert len(sizes) == 140 + 5


def test_headings_of_every_page_descend_one_level_at_a_time(site: Path) -> None:
    for path in site.rglob("*.html"):
        page = Page(path.read_text(encoding="utf-8"))
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), path.name
        assert len(page.all("main")) == len(page.all("nav")) == 1
        for control in page.all("button"):
            assert control["type"] == "button"
