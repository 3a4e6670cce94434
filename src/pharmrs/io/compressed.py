"""Files that may be gzipped."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from pharmrs.io.problems import Problems


def read_bytes(path: Path, problems: Problems, copy_again: str) -> bytes | None:
    """The content of `path`, uncompressed; None, with the reason in `problems`, where it cannot be read.

    `copy_again`: the remedy for an incomplete gzip file.
    """
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" or path.suffix == ".gz" else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        problems.add("file", "must be a complete gzip file", error, copy_again)
    except OSError as error:
        problems.add("file", "must be readable", error.strerror or error, "check the permissions and the disk")
    return None
