"""Files that may be gzipped."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

from pharmrs.core.files.content import LARGEST_BYTES, read_content, too_large
from pharmrs.core.read.problems import Problems

_HARMLESS_BYTES = 1 << 28
_SWELLING = 50


def read_bytes(path: Path, problems: Problems, copy_again: str) -> bytes | None:
    """The content of `path`, uncompressed; None, with the reason in `problems`, where it cannot be read.

    `copy_again`: the remedy for an incomplete gzip file. More than a gibibyte, or more than 256 MiB from a file that
    swells more than 50 times, is never unpacked: a gzip file of a few megabytes may hold more than there is memory.
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
    """Recordings and images become 1 to 30 times larger; what swells beyond that may stay small, or is a bomb."""
    limit = min(LARGEST_BYTES, max(_HARMLESS_BYTES, _SWELLING * len(raw)))
    member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # in one call: GzipFile takes twice the time
    content = member.decompress(raw, limit + 1)
    if member.eof and member.unused_data.strip(b"\x00"):  # several members, or something that is no member
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
            content = stream.read(limit + 1)
    if len(content) > limit:
        raise too_large(limit)
    if not member.eof:
        raise EOFError("Compressed file ended before the end-of-stream marker was reached")
    return content
