"""What a run keeps for the next one is sealed: damage, and an edit by hand, show when it is read back."""

from __future__ import annotations

import hashlib

_WORDS = "sha256 of what follows: "


def sealed(content: str) -> str:
    """`content` behind a first line that holds its checksum."""
    return f"{_WORDS}{_digest(content)}\n{content}"


def opened(text: str) -> str:
    """What was sealed. Raises ValueError where it is not as it was."""
    head, _, content = text.partition("\n")
    if head != _WORDS + _digest(content):
        raise ValueError("not as it was written: its checksum differs")
    return content


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
