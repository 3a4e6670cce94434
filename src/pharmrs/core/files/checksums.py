"""SHA-256 of input files, remembered as long as a file has not been touched, so that a rerun need not read them."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path

from pharmrs.core.files.content import read_text
from pharmrs.core.files.json_text import parse_json
from pharmrs.core.files.seal import opened, sealed

UNREADABLE = "not readable"
_LARGEST_BYTES = 1 << 28  # a million files
# a file touched this shortly before it was hashed could be touched again within one tick of a coarse clock
_SETTLED_NS = 2_000_000_000
Signature = tuple[int, int, int, int]


def signature(path: Path) -> Signature | None:
    """Size, times of change of content and of inode (ns), and inode number; None where there is no such file.

    A pipe or a device is no file: it would be waited for, or read for ever.
    """
    try:
        found = path.stat()
    except (OSError, ValueError):  # a name with a NUL character is no name
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


class Checksums:
    """Checksums of files, from memory where signature and age allow it.

    A file is read again when its signature changed, or when it had been changed within two seconds before it was
    hashed, or in the future of this computer's clock: then the signature proves nothing.
    """

    def __init__(self, remembered: dict[str, tuple[Signature, str]] | None = None, place: Path | None = None) -> None:
        self._known = dict(remembered or {})
        self._place = os.path.abspath(place or ".")  # noqa: PTH100
        self._used: dict[str, tuple[Signature, str]] = {}

    @classmethod
    def load(cls, path: Path) -> Checksums:
        """What `text` wrote; nothing remembered where the file is missing or damaged."""
        place = os.path.abspath(path.parent)  # noqa: PTH100
        try:
            content = parse_json(opened(read_text(path, largest=_LARGEST_BYTES)))
            known = {
                os.path.normpath(f"{place}/{name}"): ((int(size), int(changed), int(moved), int(inode)), str(sha))
                for name, (size, changed, moved, inode, sha) in content.items()
            }
        except (OSError, ValueError, TypeError, AttributeError, OverflowError):
            return cls(place=path.parent)
        return cls(known, path.parent)

    def text(self) -> str:
        """Everything asked for, to be written and loaded again; names from the folder of that file on."""
        rows = {os.path.relpath(name, self._place): [*found, sha] for name, (found, sha) in sorted(self._used.items())}
        return sealed(json.dumps(rows, indent=0) + "\n")

    def of(self, path: Path) -> str:
        """SHA-256 of a file, of a folder from those of its files by name, or `not readable`."""
        if path.is_dir():
            return combined(self.of(part) for part in sorted(path.iterdir()) if part.is_file())
        name, now = os.path.abspath(path), signature(path)  # noqa: PTH100  links are not followed
        if now is None:
            return UNREADABLE
        remembered = self._known.get(name)
        if remembered is not None and remembered[0] == now:
            self._used[name] = remembered
            return remembered[1]
        began = time.time_ns()
        try:
            with path.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:
            return UNREADABLE
        if max(now[1], now[2]) < began - _SETTLED_NS:
            self._known[name] = self._used[name] = (now, found)
        return found


def combined(parts: Iterable[str]) -> str:
    """One checksum of several, in their order."""
    return hashlib.sha256("".join(parts).encode()).hexdigest()
