"""The documents: every page is in the navigation, every link leads somewhere, every command is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
GENERATED = {f"reference/{name}.md" for name in ("keys", "columns", "commands", "api")}


def _listed(nav: object) -> set[str]:
    if isinstance(nav, str):
        return {nav}
    entries = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ()
    return {page for entry in entries for page in _listed(entry)}


def test_navigation_lists_every_page_and_no_other() -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert _listed(settings["nav"]) == {path.relative_to(ROOT / "docs").as_posix() for path in PAGES} | GENERATED


@pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.S)
    text = re.sub(r"^ {4}.*$", "", text, flags=re.M)  # equations
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [target for target in targets if target and not re.match(r"[a-z]+:", target) and target not in GENERATED]
    assert [target for target in local if not (path.parent / target).exists()] == []
