"""Pages of scans that would become what they are, are not made again; every other one is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pharmrs.core.files.seal import opened, sealed
from pharmrs.spectra.report.scan_pages import ScanPages
from pharmrs.spectra.stage import page_cache
from tests.study.e2e import RESULTS, pharmrs, results


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Positions of the scans whose pages are made from here on."""
    found: list[int] = []
    original = ScanPages._page

    def noting(self: ScanPages, position: int, *rest: object) -> str:
        found.append(position)
        return original(self, position, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(ScanPages, "_page", noting)
    return found


@pytest.fixture(scope="module")
def done_once(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scans, run with a page for each."""
    root = Path(shutil.copytree(demo, tmp_path_factory.mktemp("pages") / "dataset"))
    assert pharmrs("run", root, "--workers", 1).code == 0
    return root


@pytest.fixture
def dataset(done_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done_once, tmp_path / "dataset"))


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    assert change(before) != before
    path.write_text(change(before), encoding="utf-8")


def fresh_results(root: Path, folder: Path) -> dict[str, bytes]:
    """What a run leaves that knows nothing of an earlier one."""
    shutil.copytree(root, folder, ignore=shutil.ignore_patterns("derivatives"))
    assert pharmrs("run", folder, "--workers", 1).code == 0
    return results(folder)


def test_nothing_changed_no_page_is_made(dataset: Path, made: list[int]) -> None:
    before = results(dataset)
    assert {f"report_pages/scan-{number}.html" for number in (1, 2)} <= before.keys()
    assert pharmrs("run", dataset, "--workers", 1).code == 0
    assert made == [] and results(dataset) == before


@pytest.mark.parametrize("damage", [lambda page: page.unlink(), lambda page: page.write_bytes(page.read_bytes()[:-1])])
def test_a_page_that_is_not_as_it_was_written_is_made(
    dataset: Path, made: list[int], damage: Callable[[Path], object]
) -> None:
    before = results(dataset)
    damage(dataset / RESULTS / "report_pages" / "scan-2.html")
    assert pharmrs("run", dataset, "--workers", 1).code == 0
    assert made == [1] and results(dataset) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("max_line_width_hz: 24", "max_line_width_hz: 1"),  # excluded now, by a rule that the page names
        ("primary_scale: gm_wm_normalised", "primary_scale: lcmodel_water"),
        ("Simulated trial", "Another trial"),
        ("sd: 0.04", "sd: 0.05"),  # the SD of the values shown
    ],
)
def test_what_a_page_shows_is_never_old(dataset: Path, made: list[int], tmp_path: Path, old: str, new: str) -> None:
    edit(dataset / "study.yaml", lambda text: text.replace(old, new))
    assert pharmrs("run", dataset, "--workers", 1).code == 0
    assert made == [0, 1]
    assert results(dataset) == fresh_results(dataset, tmp_path / "fresh")


def test_another_program_makes_every_page(dataset: Path, made: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "code_checksum", lambda *_: "another")
    assert pharmrs("run", dataset, "--workers", 1).code == 0
    assert made == [0, 1]


@pytest.mark.parametrize("text", ["", "[]", '{"scan-1.html": 3}', '{"scan-1.html": ["a"]}', "{", "null"])
def test_damaged_notes_are_no_notes(dataset: Path, made: list[int], text: str) -> None:
    before = results(dataset)
    notes = dataset / RESULTS / page_cache.PAGES_FILE
    assert set(json.loads(opened(notes.read_text()))) == {"scan-1.html", "scan-2.html"}
    notes.write_text(sealed(text))
    assert pharmrs("run", dataset, "--workers", 1).code == 0
    assert made == [0, 1] and results(dataset) == before
