"""The little Markdown that the methods text uses (headings, paragraphs, lists) as HTML, everything escaped."""

from __future__ import annotations

import html
import re


def to_html(text: str, first_level: int = 3) -> str:
    """Headings, paragraphs, `- ` lists, **bold** and `code`; a top heading becomes `<h{first_level}>`.

    All else, HTML included, is shown as it is written.
    """
    blocks = [block.strip("\n") for block in re.split(r"\n\s*\n", text.strip()) if block.strip()]
    return "\n".join(_block(block, first_level) for block in blocks)


def _block(block: str, first_level: int) -> str:
    heading = re.match(r"(#{1,4})\s+(.*)", block)
    if heading:
        level = min(first_level - 1 + max(1, len(heading[1]) - 1), 6)
        rest = block[heading.end() :].strip()
        title = f"<h{level}>{_inline(heading[2])}</h{level}>"
        return title + ("\n" + _block(rest, first_level) if rest else "")
    lines = block.splitlines()
    if lines[0].lstrip().startswith("- "):
        return f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in _items(lines))}</ul>"
    return f"<p>{_inline(' '.join(line.strip() for line in lines))}</p>"


def _items(lines: list[str]) -> list[str]:
    items: list[str] = []
    for line in lines:
        stripped = line.strip()
        if stripped.startswith("- "):
            items.append(stripped[2:])
        else:
            items[-1] += f" {stripped}"
    return items


def _inline(text: str) -> str:
    escaped = html.escape(text)
    escaped = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escaped)
    return re.sub(r"`(.+?)`", r"<code>\1</code>", escaped)
