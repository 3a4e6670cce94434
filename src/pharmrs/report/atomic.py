"""Files appear whole or not at all: a reader, or a run that resumes, never meets half a table."""

from __future__ import annotations

import os
import threading
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` by way of a temporary file in the same folder, which is renamed when complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with part.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_text(path: Path, content: str) -> None:
    """Write text as UTF-8 with Unix line ends, whole or not at all."""
    write_bytes(path, content.encode("utf-8"))
