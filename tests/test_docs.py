"""The documents: every page is in the navigation, every link leads somewhere, every command is explained and exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
GENERATED = {f"reference/{name}.md" for name in ("keys", "columns", "checks", "commands", "api")}


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


def test_every_test_that_a_page_names_is_there() -> None:
    """`test_a.py` or `folder/test_a.py`, `::test_b` after it or as the next word of the line."""
    texts = {
        path.relative_to(ROOT / "tests"): path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py")
    }
    wrong, named = [], 0
    for line in (ROOT / "docs" / "robustness.md").read_text(encoding="utf-8").splitlines():
        found: list[str] = []
        for word in re.findall(r"`([^`]+)`", line):
            if not (parts := re.fullmatch(r"(?:tests/)?((?:\w+/)*test_\w+\.py)?(?:::)?(test_\w+)?", word)):
                continue
            named += 1
            if parts[1]:
                found = [text for path, text in texts.items() if parts[1] in (path.as_posix(), path.name)]
            if not found or (parts[2] and not any(f"def {parts[2]}(" in text for text in found)):
                wrong.append(word)
    assert wrong == [] and named > 30


def _command_lines(text: str) -> Iterator[list[str]]:
    """Every `pharmrs ...` of a page: in code blocks line by line (continued lines joined), and in inline code."""
    blocks = re.findall(r"```[a-z]*\n(.*?)```", text, flags=re.S)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    for line in lines:
        for part in re.split(r"\s#\s|&&|\||;|>", line.strip().removeprefix("$ ")):
            words = part.split()
            if words[:1] == ["pharmrs"] and len(words) > 1:
                yield words[1:]


def _unknown(words: list[str]) -> list[str]:
    """What of a command line the program does not know: its command, or options of it."""
    from pharmrs.cli.main import app

    program = get_command(app)
    assert isinstance(program, TyperGroup)
    options = {option for one in program.params for option in one.opts} | {"--help"}
    options |= {"--install-completion", "--show-completion"}
    if not words[0].startswith("-"):
        if words[0] not in program.commands:
            return [words[0]]
        command = program.commands[words[0]]
        options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
    given = [word.split("=")[0].rstrip(",") for word in words if re.match(r"--?[a-zA-Z]", word)]
    return [option for option in given if option not in options]


@pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md"], ids=lambda path: path.name)
def test_commands_of_the_pages_exist_with_their_options(path: Path) -> None:
    found = list(_command_lines(path.read_text(encoding="utf-8")))
    assert [(words, wrong) for words in found if (wrong := _unknown(words))] == []


def test_the_check_of_commands_would_notice() -> None:
    text = "```sh\npharmrs fit x.nii.gz \\\n  --basi b   # why\n```\n`pharmrs frob` and `pharmrs run D -j 2`, `pharmrs`"
    assert [_unknown(words) for words in _command_lines(text)] == [["--basi"], ["frob"], []]


def test_every_command_is_named_in_a_page() -> None:
    from pharmrs.cli.main import app

    named = {words[0] for path in [*PAGES, ROOT / "README.md"] for words in _command_lines(path.read_text("utf-8"))}
    assert {command.name for command in app.registered_commands} - named == set()


@pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md"], ids=lambda path: path.name)
def test_make_targets_of_the_pages_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", path.read_text(encoding="utf-8"), flags=re.M))
    assert named - targets == set()
