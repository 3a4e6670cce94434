"""What tests of several rooms share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of this computer, driven by Playwright; skipped where either is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    place = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if place is None:
        pytest.skip("no chromium on this computer")
    with sync_api.sync_playwright() as play:
        try:
            started = play.chromium.launch(executable_path=place, args=["--no-sandbox"])
        except sync_api.Error as error:
            pytest.skip(f"chromium does not run here: {error}")
        yield started
        started.close()
