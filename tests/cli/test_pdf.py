"""`pharmrs pdf`: the whole report on paper, or a clear word why not."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from pharmrs.core.report import pdf
from tests.study.e2e import pharmrs

PAGE = "<h1>Report</h1><details><summary>scan</summary><p style='height:30cm'>tall</p></details><script>{}</script>"
ROOT = Path(__file__).parents[2]


def pages(content: bytes) -> int:
    """Pages of a PDF, by the objects of type Page, also inside its compressed object streams."""
    text = content
    for part in content.split(b"stream\r\n" if b"stream\r\n" in content else b"stream\n")[1:]:
        try:
            text += zlib.decompressobj().decompress(part.split(b"endstream")[0])
        except zlib.error:
            continue
    return text.count(b"/Type /Page\n") + text.count(b"/Type /Page ") + text.count(b"/Type/Page/")


@pytest.mark.skipif(pdf._browser() is None, reason="no chromium on this computer")
def test_every_scan_is_opened_for_print(tmp_path: Path) -> None:
    script = (ROOT / "src/pharmrs/core/report/templates/report.js").read_text().split("// On paper")[1]
    for name, code in (("closed", ""), ("opened", "// On paper" + script)):
        (tmp_path / f"{name}.html").write_text(PAGE.format(code))
        end = pharmrs("pdf", tmp_path / f"{name}.html")
        assert end.code == 0, end.err
        assert end.out.strip() == str(tmp_path / f"{name}.pdf")
    closed, opened = ((tmp_path / f"{name}.pdf").read_bytes() for name in ("closed", "opened"))
    assert closed[:5] == opened[:5] == b"%PDF-"
    assert (pages(closed), pages(opened)) == (1, 2)
    assert {path.name for path in tmp_path.iterdir()} == {"closed.html", "closed.pdf", "opened.html", "opened.pdf"}


@pytest.mark.parametrize(("user", "said", "sandbox"), [(1000, None, True), (1000, "off", False), (0, None, False)])
def test_the_browser_has_its_sandbox_where_it_can(
    user: int, said: str | None, sandbox: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "$@" > "$(dirname "$0")/called"\n')
    browser.chmod(0o755)
    (tmp_path / "report.html").write_text(PAGE)
    monkeypatch.setattr(pdf, "_browser", lambda: str(browser))
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.delenv(pdf.SANDBOX_VARIABLE, raising=False)
    if said is not None:
        monkeypatch.setenv(pdf.SANDBOX_VARIABLE, said)
    assert pharmrs("pdf", tmp_path / "report.html").code == 2  # it prints nothing
    assert ("--no-sandbox" not in (tmp_path / "called").read_text()) is sandbox


def test_no_report(tmp_path: Path) -> None:
    end = pharmrs("pdf", tmp_path / "report.html")
    assert end.code == 2
    assert "must exist" in end.err and "Traceback" not in end.err


def test_no_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_browser", lambda: None)
    (tmp_path / "report.html").write_text(PAGE)
    end = pharmrs("pdf", tmp_path / "report.html")
    assert end.code == 2
    assert "Chromium" in end.err and not (tmp_path / "report.pdf").exists()


def test_a_browser_that_prints_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_browser", lambda: "true")
    (tmp_path / "report.html").write_text(PAGE)
    end = pharmrs("pdf", tmp_path / "report.html")
    assert end.code == 2
    assert "the browser must print it" in end.err
    assert {path.name for path in tmp_path.iterdir()} == {"report.html"}
