"""JSON in: whatever is wrong with it, or would be too much for what comes after, is one kind of error."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pharmrs.core.files.content import LARGEST_TEXT_BYTES, read_text

_DEEPEST = 64
_Pairs = Callable[[list[tuple[str, Any]]], dict[str, Any]]


def parse_json(text: str, pairs: _Pairs | None = None) -> Any:
    """The content of a JSON text. Raises ValueError, also for what Python's own parser lets pass or answers otherwise.

    That is: nesting of more than 64 levels, whole numbers that no float can hold, half surrogates in texts. `pairs`: as
    `object_pairs_hook` of `json.loads`.
    """
    try:
        content = json.loads(text, object_pairs_hook=pairs, parse_int=_whole)
    except RecursionError as error:
        raise ValueError(f"nested more than {_DEEPEST} levels deep") from error
    _check(content, 0)
    return content


def read_json(path: Path, pairs: _Pairs | None = None, largest: int = LARGEST_TEXT_BYTES) -> Any:
    """The same for a file in UTF-8. Raises OSError, ValueError."""
    return parse_json(read_text(path, largest=largest), pairs)


def _whole(digits: str) -> int:
    if not math.isfinite(float(digits)):
        raise ValueError(f"a whole number of {len(digits)} digits")
    return int(digits)


def _check(content: Any, depth: int) -> None:
    if isinstance(content, str):
        if any("\ud800" <= letter <= "\udfff" for letter in content):
            raise ValueError("half a surrogate pair in a text")
        return
    if not isinstance(content, (dict, list)):
        return
    if depth >= _DEEPEST:
        raise ValueError(f"nested more than {_DEEPEST} levels deep")
    if isinstance(content, dict):
        for key in content:
            _check(key, depth)
    for inner in content.values() if isinstance(content, dict) else content:
        _check(inner, depth + 1)


def json_text(content: Mapping[str, object]) -> str:
    """`content` as JSON in its own order."""
    return json.dumps(content, indent=2, sort_keys=False, ensure_ascii=False, default=str) + "\n"
