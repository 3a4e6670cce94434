"""Files that may be gzipped."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

from pharmrs.io.content import LARGEST_BYTES, read_content, too_large
from pharmrs.io.problems import Problems


def read_bytes(path: Path, problems: Problems, copy_again: str) -> bytes | None:
    """The content of `path`, uncompressed; None, with the reason in `problems`, where it cannot be read.

    `copy_again`: the remedy for an incomplete gzip file. More than a gibibyte is never unpacked: a gzip file of a few
    kilobytes may hold more than there is memory.
    """
    try:
        raw = read_content(path)
        return _unpacked(raw) if raw[:2] == b"\x1f\x8b" or path.suffix == ".gz" else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        problems.add("file", "must be a complete gzip file", error, copy_again)
    except OSError as error:
        problems.add("file", "must be readable", error.strerror or error, "check the permissions and the disk")
    return None


def _unpacked(raw: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
        content = stream.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise too_large(LARGEST_BYTES)
    return content
