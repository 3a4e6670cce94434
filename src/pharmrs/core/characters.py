"""Characters that nobody can see, or that a terminal, a page or a spreadsheet would act upon."""

from __future__ import annotations

import re

# control characters other than tab and line ends, half surrogates: neither XML nor UTF-8 can hold them; and marks that
# turn the direction of what follows (CVE-2021-42574): a page would show other words than were compared
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")

# marks nobody sees that make two labels of one: of no width, of direction (Windows adds them to what it copies)
_MARKS = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")

# what a spreadsheet computes instead of showing it; -0.5 is a number, and so is -0.36 to 0.87 no formula
_FORMULA = re.compile(r"[=@＝＠＋－]|[-+](?=[^\d\s.])(?=.)|[-+].*[(|!=]", re.S)


def hidden_character(text: str) -> str:
    """The first character that nobody can see and no page can hold, in ASCII; empty where there is none."""
    found = _HIDDEN.search(text)
    return ascii(found[0]) if found else ""


def without_hidden(text: str) -> str:
    """`text` without such characters, for labels that instruments write."""
    return _HIDDEN.sub("", text)


def without_marks(text: str) -> str:
    """`text` without invisible marks of direction and of no width, which come with what people paste."""
    return text if text.isascii() else _MARKS.sub("", text)


def in_sight(text: str) -> str:
    """`text` in one line with such characters written out (`\\x1b`), for messages: a terminal would obey them."""
    return text if text.isprintable() else _HIDDEN.sub(_written_out, " ".join(text.split()))


def _written_out(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def shown_as_text(cell: str) -> str:
    """A cell of a table as a spreadsheet shows it: before what it would compute stands the apostrophe of a text."""
    return f"'{cell}" if _FORMULA.match(cell.lstrip("'")) and len(cell) > 1 else cell


def text_shown(cell: str) -> str:
    """What `shown_as_text` was given."""
    return cell[1:] if cell.startswith("'") and shown_as_text(cell[1:]) == cell else cell
