"""Open the page in the browser without its secret on a command line, where every user of the computer can read it."""

from __future__ import annotations

import atexit
import contextlib
import os
import tempfile
import webbrowser
from html import escape
from pathlib import Path

_PAGE = """<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={0}"><title>pharmrs review</title><a href="{0}">the page</a>
"""


def open_in_browser(address: str) -> None:
    """Open a file that only this user can read and that leads to `address`; it is deleted when the process ends."""
    handle, name = tempfile.mkstemp(prefix="pharmrs-review-", suffix=".html")  # readable for this user only
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(_PAGE.format(escape(address, quote=True)))
    atexit.register(_delete, Path(name))
    webbrowser.open(Path(name).as_uri())


def _delete(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()
