"""Gzipped content comes back byte for byte, in one member or several; what is damaged is said, never half read."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.core.read.compressed import read_bytes
from pharmrs.core.read.problems import Problems

_CONTENT = np.random.default_rng(3).integers(0, 40, 200_000, dtype=np.uint8).tobytes()
_WHOLE = gzip.compress(_CONTENT, 6, mtime=0)


def _read(folder: Path, raw: bytes) -> tuple[bytes | None, str]:
    place, problems = folder / "one.gz", Problems("one.gz")
    place.write_bytes(raw)
    content = read_bytes(place, problems, "copy it again")
    try:
        problems.raise_errors()
    except InputError as error:
        return content, str(error)
    return content, ""


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        (_WHOLE, _CONTENT),
        (_WHOLE + bytes(512), _CONTENT),  # padded, as tapes and some scanners do
        (_WHOLE + gzip.compress(b"more", mtime=0), _CONTENT + b"more"),  # what `cat a.gz b.gz` makes
        (gzip.compress(b"", mtime=0), b""),
    ],
)
def test_complete_files_are_read(tmp_path: Path, raw: bytes, content: bytes) -> None:
    assert gzip.decompress(raw) == content
    assert _read(tmp_path, raw) == (content, "")


@pytest.mark.parametrize(
    "raw",
    [
        _WHOLE[:-9],
        _WHOLE[:-1],
        _WHOLE[:1000],
        _WHOLE[:12],
        b"",
        b"no gzip",
        _WHOLE[:-8] + bytes([_WHOLE[-8] ^ 1]) + _WHOLE[-7:],  # checksum
        _WHOLE[:-1] + bytes([_WHOLE[-1] ^ 1]),  # length
        _WHOLE[:5000] + bytes([_WHOLE[5000] ^ 255]) + _WHOLE[5001:],
        _WHOLE + b"rubbish",
        _WHOLE + _WHOLE[:100],
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises((EOFError, zlib.error, gzip.BadGzipFile)):
        if not raw:
            raise EOFError  # the standard library takes an empty file for an empty content
        gzip.decompress(raw)
    content, said = _read(tmp_path, raw)
    assert content is None and "must be a complete gzip file" in said
