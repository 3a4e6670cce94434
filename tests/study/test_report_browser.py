"""The report in a browser, used as a person would; skipped where there is no chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pharmrs.core.report.site import PAGES_FOLDER
from pharmrs.spectra.records import ScanOutcome
from pharmrs.study.report.site_of_study import write_report
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.report.answer import trial_answer
from pharmrs.trial.report.section import analysis_figures, analysis_section
from tests.study import report_factory
from tests.trial.random_trials import random_rows, table_of

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
SIZES = {"laptop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, outcomes: tuple[ScanOutcome, ...]) -> Path:
    """The first page of a study with an answer; all other pages lie beside it."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    study = report_factory.study()
    result = analyse(table_of(random_rows(21, subjects=20)), AnalysisPlan(biomarker="BDNF", models=("cr2", "mixed")))
    write_report(
        path,
        "A study",
        outcomes,
        rules=study.quality,
        methods="## Data\n\nText.",
        settings=asdict(study),
        provenance={"pharmrs": "0.1.0", "inputs_sha256": {f"sub-{n}/x.nii.gz": 64 * "a" for n in range(40)}},
        scale_labels=report_factory.SCALE_LABELS,
        primary_scale="lcmodel_water",
        sections=(analysis_section(result, analysis_figures(result)),),
        answer=trial_answer(result),
    )
    return path


@pytest.fixture
def scan(report: Path) -> Path:
    return report.parent / PAGES_FOLDER / "scan-1.html"


@pytest.fixture
def spectra(report: Path) -> Path:
    return report.parent / PAGES_FOLDER / "spectra.html"


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


def test_the_answer_is_on_the_first_screen(browser: sync_api.Browser, report: Path) -> None:
    """Question, finding, estimate and figure end above the fold of a laptop; the page stays small."""
    assert report.stat().st_size < 2e6
    with opened(browser, report) as page:
        for part in ("#answer h2", "#answer .finding", "#answer .estimate", "#answer .paper svg"):
            assert page.evaluate("(s) => document.querySelector(s).getBoundingClientRect().bottom", part) < 900, part
        assert page.locator("#hangs .status").count() >= 2
        assert page.locator("#flow .box").count() >= 4


def test_nothing_is_wider_than_the_window_and_no_text_is_cut(page: sync_api.Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")
    cut = page.evaluate(
        "[...document.querySelectorAll('main p, main li, main b, main dd, main svg')]"
        ".filter((one) => !one.closest('.scroll') && one.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert cut == 0


@pytest.mark.parametrize("size", SIZES)
def test_every_page_fits_the_window_and_says_nothing(browser: sync_api.Browser, report: Path, size: str) -> None:
    pages = sorted((report.parent / PAGES_FOLDER).glob("*.html"))
    assert {"spectra", "statistics", "problems", "methods", "provenance"} <= {path.stem for path in pages}
    for path in pages:
        with opened(browser, path, size) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth"), path.name
            assert page.locator("nav a[aria-current=page]").count() == (0 if path.stem.startswith("scan") else 1)


@pytest.mark.parametrize(("size", "scheme"), [("laptop", "light"), ("phone", "dark")])
def test_axe_finds_nothing_serious(browser: sync_api.Browser, report: Path, size: str, scheme: str) -> None:
    """axe-core, which knows the rules of accessibility that a machine can check: contrast, names, roles, keyboard."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    folder = report.parent / PAGES_FOLDER
    every = [path for path in sorted(folder.glob("*.html")) if not path.stem.startswith("scan-")]
    for path in (report, *every, folder / "scan-1.html"):
        with opened(browser, path, size, color_scheme=scheme) as page:
            # `preload` would fetch the style sheet, which the policy of the page forbids
            found = axe.Axe().run(page, options={"resultTypes": ["violations"], "preload": False}).response
            serious = [
                (one["id"], one["nodes"][0]["html"][:150])
                for one in found["violations"]
                if one["impact"] in ("serious", "critical")
            ]
            assert serious == [], path.name


def test_the_ways_between_the_pages(browser: sync_api.Browser, report: Path) -> None:
    with opened(browser, report) as page:
        page.click("nav >> text=Spectra")
        page.wait_for_url("**/spectra.html")
        page.click("#quality tbody a >> nth=0")
        page.wait_for_url("**/scan-1.html")
        page.click("nav a[rel=next]")
        page.wait_for_url("**/scan-2.html")
        page.click("nav >> text=Answer")
        page.wait_for_url("**/report.html")


def test_the_pictures_of_a_scan_are_drawn(browser: sync_api.Browser, scan: Path) -> None:
    with opened(browser, scan) as page:
        pictures = page.evaluate(
            "Promise.all([...document.images].map((i) => { i.loading = 'eager'; return i.decode().then(() => "
            "i.naturalWidth); }))"
        )
        assert len(pictures) == 6 and min(pictures) > 200
        columns = page.evaluate("[...document.querySelectorAll('.sheet > *')].map((o) => o.getBoundingClientRect().x)")
        assert columns[0] + 300 < columns[-1]  # the result stands beside the picture


def test_a_table_is_sorted_by_its_heading(browser: sync_api.Browser, spectra: Path) -> None:
    values = "[...document.querySelectorAll('#quality tbody tr td:nth-child(3)')].map((c) => c.dataset.order ?? '')"
    with opened(browser, spectra) as page:
        page.click("#quality th:nth-child(3) button")
        rising = [float(text) for text in page.evaluate(values) if text]
        page.click("#quality th:nth-child(3) button")
        falling = [float(text) for text in page.evaluate(values) if text]
    assert rising == sorted(rising) == falling[::-1] and len(rising) > 1


@pytest.mark.parametrize("size", SIZES)
def test_a_fit_can_be_explored_in_the_report(browser: sync_api.Browser, scan: Path, size: str) -> None:
    with opened(browser, scan, size) as page:
        page.click("button.explore")
        canvas = page.frame_locator("iframe").locator("canvas#plot")
        canvas.wait_for(state="visible")
        assert page.evaluate("document.querySelector('iframe').getBoundingClientRect().height") > 600
        inside = page.frames[1]
        before = canvas.evaluate("(c) => c.toDataURL()")
        inside.click("button#none")
        inside.wait_for_function("(before) => document.getElementById('plot').toDataURL() !== before", arg=before)
        # the numbers are those of the table beside the plot: every component has its row and its trace
        rows = inside.evaluate("document.querySelectorAll('#amplitudes tr[data-part]').length")
        assert rows == inside.evaluate("parts.length") > 10


def test_the_explored_fit_holds_the_numbers_of_the_record(
    browser: sync_api.Browser, scan: Path, outcomes: tuple[ScanOutcome, ...]
) -> None:
    """16382 levels between lowest and highest value: an error of at most 1 / 32764 of the span; 2046 for components."""
    import numpy as np

    first = sorted((one for one in outcomes if one.result), key=lambda one: one.files.name)[0]
    assert first.result is not None
    fit = first.result.fit
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(scan.as_uri())
    assert page.inner_text("h1") == first.files.name
    page.click("button.explore")
    page.frame_locator("iframe").locator("canvas#plot").wait_for(state="visible")
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
    context.close()


def test_everything_is_open_while_it_is_printed(browser: sync_api.Browser, report: Path) -> None:
    with opened(browser, report) as page:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate("[...document.querySelectorAll('details')].every((one) => one.open)")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert not page.evaluate("[...document.querySelectorAll('details')].some((one) => one.open)")


def test_without_scripts_every_fit_and_table_is_there(browser: sync_api.Browser, scan: Path) -> None:
    with opened(browser, scan, java_script_enabled=False) as page:
        assert page.locator("img").first.is_visible() and page.locator("table").first.is_visible()


def test_keys_alone_sort_a_table_and_open_what_is_folded(browser: sync_api.Browser, spectra: Path) -> None:
    with opened(browser, spectra) as page:
        page.focus("#quality th:nth-child(3) button")
        page.keyboard.press("Enter")
        assert page.get_attribute("#quality th:nth-child(3)", "aria-sort") == "ascending"
        page.keyboard.press("Space")
        assert page.get_attribute("#quality th:nth-child(3)", "aria-sort") == "descending"
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) == "solid"  # the focus is seen
        page.focus("#exclusions summary")
        page.keyboard.press("Enter")
        assert page.evaluate("document.querySelector('#exclusions details').open")
