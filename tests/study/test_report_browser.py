"""The report in a browser, used as a person would; skipped where there is no chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pharmrs.core.report import embedded
from pharmrs.spectra.records import ScanOutcome
from pharmrs.spectra.report import scan_pages
from pharmrs.spectra.report.pictures.scan_figures import render_scan_figures
from pharmrs.study.report.page_of_study import write_report
from tests.study import report_factory

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
SIZES = {"laptop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, outcomes: tuple[ScanOutcome, ...]) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    study = report_factory.study()
    write_report(
        path,
        "A study",
        outcomes,
        rules=study.quality,
        methods="## Data\n\nText.",
        settings=asdict(study),
        provenance={"pharmrs": "0.1.0"},
        scale_labels=report_factory.SCALE_LABELS,
        primary_scale="lcmodel_water",
    )
    return path


@pytest.fixture(scope="module")
def modes(tmp_path_factory: pytest.TempPathFactory, outcomes: tuple[ScanOutcome, ...]) -> dict[str, Path]:
    """Reports of many scans: pictures packed in the page, or a page for each scan."""
    folder = tmp_path_factory.mktemp("modes")
    for mode, (packed, linked) in {"packed": (1, 99), "linked": (1, 2)}.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scan_pages, "PACKED_ABOVE_SCANS", packed)
            patch.setattr(embedded, "LINKED_ABOVE_SCANS", linked)
            write_report(
                folder / mode / "report.html",
                "A study",
                outcomes[:3],
                rules=report_factory.study().quality,
                methods="Text.",
                settings={},
                provenance={},
                scale_labels=report_factory.SCALE_LABELS,
                primary_scale="lcmodel_water",
            )
    return {mode: folder / mode / "report.html" for mode in ("packed", "linked")}


@pytest.fixture(params=[(size, scheme) for size in SIZES for scheme in ("light", "dark")], ids="-".join)
def page(request: pytest.FixtureRequest, browser: sync_api.Browser, report: Path) -> Iterator[sync_api.Page]:
    """The report, opened from disk without a network; whatever the console says is an error."""
    size, scheme = request.param
    with opened(browser, report, size, color_scheme=scheme) as page:
        yield page


@contextmanager
def opened(browser: sync_api.Browser, report: Path, size: str = "laptop", **more: Any) -> Iterator[sync_api.Page]:
    """A page from disk without a network, of which the console has nothing to say."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, offline=True, **more)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(report.as_uri())
    yield page
    context.close()
    assert said == []


def test_every_link_leads_somewhere_on_the_page(page: sync_api.Page) -> None:
    lost = page.evaluate(
        "[...document.querySelectorAll('a')].map((a) => a.getAttribute('href'))"
        ".filter((href) => !href.startsWith('#') || !document.getElementById(href.slice(1)))"
    )
    assert lost == []
    assert page.evaluate("document.querySelectorAll('nav a').length") >= 9


def test_nothing_is_wider_than_the_window(page: sync_api.Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")


def test_a_link_to_a_scan_opens_it_and_its_pictures_are_drawn(page: sync_api.Page) -> None:
    page.click("#quality a[href='#scan-1']")
    assert page.evaluate("document.getElementById('scan-1').open")
    pictures = page.locator("#scan-1 img")
    assert pictures.count() >= 2
    for picture in pictures.all():  # they are loaded when they come into view
        picture.scroll_into_view_if_needed()
        place = picture.element_handle()
        page.wait_for_function("(image) => image.complete && image.naturalWidth > 200", arg=place)


def test_a_table_is_sorted_by_its_heading(page: sync_api.Page) -> None:
    values = "[...document.querySelectorAll('#quality tbody tr td:nth-child(3)')].map((c) => c.dataset.order ?? '')"
    page.click("#quality th:nth-child(3) button")
    rising = [float(text) for text in page.evaluate(values) if text]
    page.click("#quality th:nth-child(3) button")
    falling = [float(text) for text in page.evaluate(values) if text]
    assert rising == sorted(rising) == falling[::-1] and len(rising) > 1


def test_a_fit_can_be_explored_in_the_report(page: sync_api.Page) -> None:
    page.click("#quality a[href='#scan-1']")
    page.click("#scan-1 button.explore")
    canvas = page.frame_locator("#scan-1 iframe").locator("canvas#plot")
    canvas.wait_for(state="visible")
    assert page.evaluate("document.querySelector('#scan-1 iframe').getBoundingClientRect().height") > 600
    inside = page.frames[1]
    before = canvas.evaluate("(c) => c.toDataURL()")
    inside.click("button#none")
    inside.wait_for_function("(before) => document.getElementById('plot').toDataURL() !== before", arg=before)
    # the numbers are those of the table beside the plot: every component has its row and its trace
    rows = inside.evaluate("document.querySelectorAll('#amplitudes tr[data-part]').length")
    assert rows == inside.evaluate("parts.length") > 10


def test_the_explored_fit_holds_the_numbers_of_the_record(
    page: sync_api.Page, outcomes: tuple[ScanOutcome, ...]
) -> None:
    """16382 levels between lowest and highest value: an error of at most 1 / 32764 of the span; 2046 for components."""
    import numpy as np

    first = sorted((one for one in outcomes if one.result), key=lambda one: one.files.name)[0]
    assert first.result is not None
    fit = first.result.fit
    scan = page.evaluate(
        "(n) => [...document.querySelectorAll('details.scan')].find((d) => d.textContent.includes(n)).id",
        first.files.name,
    )
    page.evaluate("(id) => { document.getElementById(id).open = true; }", scan)
    page.click(f"#{scan} button.explore")
    page.frame_locator(f"#{scan} iframe").locator("canvas#plot").wait_for(state="visible")
    inside = page.frames[1]
    order = np.argsort(-fit.ppm)
    upright = np.conj(fit.phase)
    for line, values in {
        "data": (fit.data * upright).real[order],
        "model": ((fit.model + fit.baseline) * upright).real[order],
        "residual": (fit.residual * upright).real[order],
    }.items():
        shown = np.array(inside.evaluate(f"[...lines.{line}]"))
        span = np.ptp((fit.data * upright).real)
        np.testing.assert_allclose(shown, values, atol=1.1 * span / 16382, err_msg=line)
    np.testing.assert_allclose(inside.evaluate("[...ppm]"), fit.ppm[order], atol=2e-4)


def test_packed_pictures_are_drawn_when_a_scan_is_opened(
    browser: sync_api.Browser, modes: dict[str, Path], outcomes: tuple[ScanOutcome, ...]
) -> None:
    assert outcomes[0].result is not None
    drawn = render_scan_figures(outcomes[0].result)
    with opened(browser, modes["packed"]) as page:
        assert page.evaluate("document.querySelectorAll('.drawn svg').length") == 0
        page.click("#quality a[href='#scan-1']")
        page.wait_for_selector("#scan-1 .drawn svg")
        lines = page.evaluate("[...document.querySelectorAll('#scan-1 .drawn path')].map((p) => p.getAttribute('d'))")
        pictures = [*drawn.steps, *([drawn.water] if drawn.water else [])]
        assert lines == [one for picture in pictures for one in re.findall(r" d='([^']*)'", picture.content.decode())]
        sizes = page.evaluate(
            "[...document.querySelectorAll('#scan-1 .drawn > svg')].map((s) => s.getBoundingClientRect().height)"
        )
        assert len(sizes) == len(pictures) and min(sizes) > 150
        page.click("#scan-1 button.explore")
        page.frame_locator("#scan-1 iframe").locator("canvas#plot").wait_for(state="visible")


def test_everything_is_drawn_before_it_is_printed(browser: sync_api.Browser, modes: dict[str, Path]) -> None:
    with opened(browser, modes["packed"]) as page:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        waiting = "document.querySelectorAll('.drawn:empty').length"
        assert page.evaluate(waiting) == 0  # at once: the printer does not wait
        assert page.evaluate("[...document.querySelectorAll('details')].every((one) => one.open)")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert not page.evaluate("[...document.querySelectorAll('details')].some((one) => one.open)")


def test_without_scripts_every_fit_and_table_is_there(browser: sync_api.Browser, modes: dict[str, Path]) -> None:
    with opened(browser, modes["packed"], java_script_enabled=False) as page:
        page.locator("#scan-1 summary").click()
        assert page.locator("#scan-1 img").first.is_visible() and page.locator("#scan-1 table").first.is_visible()
        assert "needs scripts" in page.locator("#scan-1 noscript").first.inner_text()


def test_linked_pages_open_from_disk(browser: sync_api.Browser, modes: dict[str, Path]) -> None:
    with opened(browser, modes["linked"]) as page:
        assert "3 scans" in page.inner_text("#scans")
        page.click("#quality a >> nth=0")
        page.wait_for_url("**/report_scans/scan-1.html")
        page.evaluate("[...document.images].forEach((image) => { image.loading = 'eager'; })")
        page.wait_for_function("[...document.images].every((image) => image.complete)", timeout=20_000)
        widths = page.evaluate("[...document.images].map((image) => image.naturalWidth)")
        assert len(widths) == 6 and min(widths) > 200
        assert page.evaluate("getComputedStyle(document.querySelector('figure')).maxWidth") == "736px"  # page.css
        page.click("button.explore")
        page.frame_locator("iframe").locator("canvas#plot").wait_for(state="visible")
        page.click("nav a[rel=next]")
        page.wait_for_url("**/report_scans/scan-2.html")
        page.click("nav a >> nth=0")
        page.wait_for_url("**/report.html#scans")


def test_keys_alone_sort_a_table_and_open_a_scan(browser: sync_api.Browser, report: Path) -> None:
    with opened(browser, report) as page:
        page.focus("#quality th:nth-child(3) button")
        page.keyboard.press("Enter")
        assert page.get_attribute("#quality th:nth-child(3)", "aria-sort") == "ascending"
        page.keyboard.press("Space")
        assert page.get_attribute("#quality th:nth-child(3)", "aria-sort") == "descending"
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) == "solid"  # the focus is seen
        page.focus("#scan-1 summary")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.getElementById('scan-1').open")
        assert page.evaluate("document.activeElement.closest('#scan-1') !== null")
