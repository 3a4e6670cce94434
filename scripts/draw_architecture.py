"""The picture of the house from its contracts in pyproject.toml: `python scripts/draw_architecture.py [--check]`.

Writes docs/images/architecture.svg; with --check it only says whether it is that of the contracts (exit 1: no).
"""

from __future__ import annotations

import html
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "architecture.svg"
WIDTH, LINE, GAP, TOP = 1180, 22, 10, 34
COLOURS = {"cli": "#dbe7f5", "simulate": "#dbe7f5", "study": "#f6e7cf", "core": "#e6e6e6"}
ROOM_COLOUR = "#dff0df"


def contracts() -> tuple[list[list[str]], dict[str, list[str]]]:
    """Rooms from top to bottom, in one line where they do not know each other; floors of each room."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layered = [one for one in listed if one["type"] == "layers"]
    rooms = next(one["layers"] for one in layered if one["containers"] == ["pharmrs"])
    floors = {
        container.removeprefix("pharmrs."): one["layers"]
        for one in layered
        for container in one["containers"]
        if container != "pharmrs"
    }
    return [[room.strip() for room in line.split("|")] for line in rooms], floors


def picture() -> str:
    """The house: a room may use what lies below it, inside it too."""
    lines, floors = contracts()
    parts, top = [], GAP
    for line in lines:
        width = (WIDTH - GAP * (len(line) + 1)) / len(line)
        height = TOP + LINE * max(len(floors.get(room, ())) for room in line) + GAP
        for place, room in enumerate(line):
            left = GAP + place * (width + GAP)
            parts += _room(room, floors.get(room, []), (left, top, width, height))
        top += height + GAP
    size = f'viewBox="0 0 {WIDTH} {top:.0f}" width="{WIDTH}" height="{top:.0f}"'
    words = "The rooms of the house: each may use what lies below it, and inside a room the same"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif"><title>{words}</title>'
    return "\n".join([head, *parts, "</svg>"]) + "\n"


def _room(name: str, floors: list[str], box: tuple[float, float, float, float]) -> list[str]:
    left, top, width, height = box
    colour = COLOURS.get(name, ROOM_COLOUR)
    frame = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6"'
    found = [f'<rect {frame} fill="{colour}" stroke="#555"/>', _text(name, left + 10, top + 22, 'font-weight="bold"')]
    for number, floor in enumerate(floors):
        found.append(_text(floor.replace("|", "·"), left + 18, top + TOP + LINE * number + 14, 'font-size="13"'))
    return found


def _text(text: str, x: float, y: float, style: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="#111" {style}>{html.escape(text)}</text>'


def main() -> int:
    """Write the picture, or compare it."""
    if "--check" in sys.argv[1:]:
        return 0 if PICTURE.is_file() and PICTURE.read_text() == picture() else 1
    PICTURE.write_text(picture())
    return 0


if __name__ == "__main__":
    sys.exit(main())
