"""A report of any number of scans: all in one file, pictures packed, or a page for each scan; the same content."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import re
import tracemalloc
import zlib
from pathlib import Path
from urllib.parse import unquote

import pytest

from pharmrs.core.report import embedded
from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.spectra.records import ScanOutcome, ScanResult
from pharmrs.spectra.report import scan_pages
from pharmrs.spectra.report.pictures.scan_figures import ScanFigures, render_scan_figures
from pharmrs.study.report.page_of_study import write_report
from tests.study import report_factory
from tests.study.html_page import Page

MODES = {"embedded": (99, 99), "packed": (1, 99), "linked": (1, 5)}


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
def modes(
    tmp_path_factory: pytest.TempPathFactory, outcomes: tuple[ScanOutcome, ...], figures: dict[str, ScanFigures]
) -> dict[str, Path]:
    """The same six scans in every mode; their pictures lie in files too, as a run leaves them."""

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

    folder = tmp_path_factory.mktemp("modes")
    for mode, (packed, linked) in MODES.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scan_pages, "PACKED_ABOVE_SCANS", packed)
            patch.setattr(embedded, "LINKED_ABOVE_SCANS", linked)
            write(folder / mode, outcomes, stored)
        for outcome in outcomes:
            shown = stored(outcome)
            for one in (shown.fit, *shown.steps, shown.water) if shown is not None else ():
                assert one is not None
                (folder / mode / one.place).parent.mkdir(exist_ok=True)
                (folder / mode / one.place).write_bytes(one.content)
    return {mode: folder / mode for mode in MODES}


def bodies(folder: Path) -> dict[str, str]:
    """What the report says of each scan, without pictures and scripts."""
    text = (folder / "report.html").read_text(encoding="utf-8")
    found = re.findall(r'<details id="scan-\d+" class="scan">\s*<summary>(.*?)</summary>(.*?)</details>', text, re.S)
    for path in sorted((folder / scan_pages.PAGES_FOLDER).glob("*.html")):
        page = path.read_text(encoding="utf-8")
        head = re.search(r"<h1>(.*?)</h1>", page)
        body = re.search(r'<section id="scan" aria-label="Scan">(.*)</section>\s*</main>', page, re.S)
        assert head and body
        found.append((head[1], body[1]))
    said = {}
    for head, body in found:
        shown = re.sub(r"src=\"[^\"]*\"", "", body)
        plain = re.sub(r"<script.*?</script>|<noscript>.*?</noscript>", "", head + " " + shown, flags=re.S)
        plain = " ".join(re.sub(r"<[^>]+>", " ", plain).split())
        said[plain.split()[0]] = plain
    return said


def test_every_mode_tells_the_same_of_every_scan(modes: dict[str, Path], outcomes: tuple[ScanOutcome, ...]) -> None:
    told = {mode: bodies(folder) for mode, folder in modes.items()}
    assert set(told["embedded"]) == {outcome.files.name for outcome in outcomes}
    assert told["embedded"] == told["packed"] == told["linked"]


def test_every_mode_holds_the_same_pictures(modes: dict[str, Path], figures: dict[str, ScanFigures]) -> None:
    alts = sorted(one.alt for drawn in figures.values() for one in (drawn.fit, *drawn.steps, drawn.water) if one)
    for folder in modes.values():
        pages = [folder / "report.html", *(folder / scan_pages.PAGES_FOLDER).glob("*.html")]
        read = [Page(path.read_text(encoding="utf-8")) for path in pages]
        pictures = [str(one["alt"]) for page in read for one in page.all("img")]
        pictures += [str(one["aria-label"]) for page in read for one in page.all("div") if "data-picture" in one]
        assert sorted(pictures) == alts


def test_packed_pictures_are_those_that_were_drawn(modes: dict[str, Path], figures: dict[str, ScanFigures]) -> None:
    text = (modes["packed"] / "report.html").read_text(encoding="utf-8")
    packed = re.findall(r'<script type="text/plain" class="packed">([^<]+)</script>', text)
    found = [zlib.decompress(base64.b64decode(one)).decode().split("\n") for one in packed]
    drawn = [figures[name] for name in sorted(figures)]
    assert found == [[one.content.decode() for one in (*d.steps, d.water) if one is not None] for d in drawn]
    assert sum(map(len, packed)) < 0.45 * sum(len(one) for scan in found for one in scan)


def test_linked_pages_lead_to_each_other_and_to_files_that_are_there(modes: dict[str, Path]) -> None:
    folder = modes["linked"]
    report = Page((folder / "report.html").read_text(encoding="utf-8"))
    pages = sorted((folder / scan_pages.PAGES_FOLDER).glob("*.html"))
    links = {str(one["href"]) for one in report.all("a")}
    assert {f"{scan_pages.PAGES_FOLDER}/{path.name}" for path in pages} <= links and len(pages) == 6
    assert "6 scans" in report.text("p")
    for path in pages:
        page = Page(path.read_text(encoding="utf-8"))
        places = [str(one.get("href") or one.get("src")) for tag in ("a", "img", "link") for one in page.all(tag)]
        places += [str(one["src"]) for one in page.all("script") if "src" in one]
        assert "page.css" in places and "page.js" in places and "../report.html#scans" in places
        for place in places:
            assert place.startswith("#") or (path.parent / unquote(place.split("#")[0])).is_file(), place


def test_pages_come_stay_and_go(
    tmp_path: Path, outcomes: tuple[ScanOutcome, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "LINKED_ABOVE_SCANS", 2)
    folder = tmp_path / scan_pages.PAGES_FOLDER
    write(tmp_path, outcomes[:4])
    text = (tmp_path / "report.html").read_bytes()
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    (folder / "scan-99.html").write_text("of a former run")
    write(tmp_path, outcomes[:4])
    assert (tmp_path / "report.html").read_bytes() == text
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()} == before
    write(tmp_path, outcomes[:2])
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("mode", ["packed", "linked"])
def test_pictures_are_never_held_together(
    tmp_path: Path, outcomes: tuple[ScanOutcome, ...], monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Sixty scans with 400 kB of pictures each: 24 MB, of which the report may hold a few scans' worth."""
    monkeypatch.setattr(scan_pages, "PACKED_ABOVE_SCANS", MODES[mode][0])
    monkeypatch.setattr(embedded, "LINKED_ABOVE_SCANS", MODES[mode][1])
    first = next(one for one in outcomes if one.result is not None)
    assert first.result is not None
    drawn = render_scan_figures(first.result)
    small = dataclasses.replace(first.result.without_signals(), amplitudes=(), concentrations=(), exclusions=())
    scans = tuple(
        ScanOutcome(files=dataclasses.replace(first.files, name=f"sub-{number:03d}"), result=small)
        for number in range(60)
    )
    monkeypatch.setattr("pharmrs.study.report.page_of_study.quality_figure", lambda *_: None)
    monkeypatch.setattr("pharmrs.study.report.page_of_study.figure_svg_text", lambda *_: "")
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


def test_a_report_of_140_scans_stays_below_15_megabytes(tmp_path: Path, outcomes: tuple[ScanOutcome, ...]) -> None:
    first = next(one for one in outcomes if one.result is not None)
    assert first.result is not None
    drawn = render_scan_figures(first.result)
    small = first.result.without_signals()
    scans = tuple(
        ScanOutcome(files=dataclasses.replace(first.files, name=f"sub-{number:03d}"), result=small)
        for number in range(140)
    )
    write(tmp_path, scans, lambda _outcome: drawn)
    # spectra of the factory have twice the points of a usual recording
    assert 5e6 < (tmp_path / "report.html").stat().st_size < 13e6
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("mode", MODES)
def test_headings_of_every_page_descend_one_level_at_a_time(modes: dict[str, Path], mode: str) -> None:
    pages = [modes[mode] / "report.html", *(modes[mode] / scan_pages.PAGES_FOLDER).glob("*.html")]
    for path in pages:
        page = Page(path.read_text(encoding="utf-8"))
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), path.name
        assert len(page.all("main")) == len(page.all("nav")) == 1
        for control in page.all("button"):
            assert control["type"] == "button"
