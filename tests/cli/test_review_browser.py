"""The page of `pharmrs review` in a browser, by keyboard; skipped where there is no chromium."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from pharmrs.spectra.review.log import read_decisions
from tests.cli.review_process import StartReview
from tests.study.small_trial import write_small_trial

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("review") / "dataset"
    write_small_trial(folder, participants=2)
    return folder


def _wait_for(page: sync_api.Page, judged: int) -> None:
    page.locator("#progress", has_text=f"{judged} of 4 judged").wait_for()


def _drawn(page: sync_api.Page) -> bytes:
    """The plot, once it is there: before, the canvas says that it is being computed."""
    page.locator("#work").wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    return bytes(page.locator("#plot").screenshot())


def test_a_review_by_keyboard(
    browser: sync_api.Browser, dataset: Path, tmp_path: Path, start_review: StartReview
) -> None:
    server, address = start_review(dataset, tmp_path)
    said: list[str] = []
    asked: set[str] = set()
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.add(request.url.split("/")[2]))
    page.goto(address)
    _wait_for(page, 0)
    with_fit = _drawn(page)
    page.keyboard.press("f")
    without_fit = _drawn(page)
    page.keyboard.press("+")
    zoomed = _drawn(page)
    assert len({with_fit, without_fit, zoomed}) == 3
    page.keyboard.press("a")
    _wait_for(page, 1)
    assert _drawn(page) != without_fit  # the next spectrum
    page.keyboard.press("r")
    assert page.locator("#why-title").inner_text() == "Why is it rejected?"
    page.keyboard.press("a")  # no verdict while the list is open
    page.keyboard.press("3")
    _wait_for(page, 2)
    page.keyboard.press("z")
    _wait_for(page, 1)
    _drawn(page)
    page.keyboard.press("u")
    page.locator("#text").fill("odd <b>line</b> at 3")  # digits are text here
    page.keyboard.press("Enter")
    _wait_for(page, 2)
    _drawn(page)
    decided = [(one.decision, one.reason) for one in read_decisions(tmp_path / "review")]
    assert decided == [
        ("accept", ""),
        ("reject", "lipid contamination"),
        ("withdrawn", ""),
        ("unsure", "odd <b>line</b> at 3"),
    ]
    assert said == []
    assert asked == {address.split("/")[2]}
    os.kill(server.pid, signal.SIGKILL)
    server.communicate()
    page.keyboard.press("a")
    message = page.locator("#message")
    message.wait_for()
    assert re.match("The verdict was NOT saved", message.inner_text())
    _wait_for(page, 2)
    page.close()
    assert len(read_decisions(tmp_path / "review")) == 4


def test_a_phone_shows_the_verdicts_without_scrolling(
    browser: sync_api.Browser, dataset: Path, tmp_path: Path, start_review: StartReview
) -> None:
    server, address = start_review(dataset, tmp_path)
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.goto(address)
    _wait_for(page, 0)
    _drawn(page)
    for name in ("accept", "reject", "unsure"):
        box = page.locator(f"#{name}").bounding_box()
        assert box is not None
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["y"] + box["height"] <= 844
    page.locator("#accept").click()
    _wait_for(page, 1)
    page.close()
    server.send_signal(signal.SIGINT)
    server.communicate(timeout=60)
