"""The report in a browser, used as a person would; skipped where there is no chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import report_factory

from pharmrs.records import ScanOutcome
from pharmrs.report.html import write_report

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
        settings=study.model_dump(),
        provenance={"pharmrs": "0.1.0"},
        scale_labels=report_factory.SCALE_LABELS,
        primary_scale="lcmodel_water",
    )
    return path


@pytest.fixture(params=[(size, scheme) for size in SIZES for scheme in ("light", "dark")], ids="-".join)
def page(request: pytest.FixtureRequest, browser: sync_api.Browser, report: Path) -> Iterator[sync_api.Page]:
    """The report, opened from disk without a network; whatever the console says is an error."""
    size, scheme = request.param
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, offline=True)
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.goto(report.as_uri())
    yield opened
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
    pictures = page.evaluate(
        "Promise.all([...document.querySelectorAll('#scan-1 img')].map((i) => i.decode().then(() => i.naturalWidth)))"
    )
    assert len(pictures) >= 2 and min(pictures) > 200


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
