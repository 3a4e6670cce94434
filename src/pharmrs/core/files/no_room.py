"""What the system refused to write, as a person is told it: which file, and how much room was needed and is there."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path


def not_written(path: Path, size: int, error: OSError) -> OSError:
    """The same kind of error, which names the file and, where there is no room, says how much is needed."""
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        reason += f" ({_size_text(size)} to be written, {_free(path)} free)"
    return OSError(error.errno or errno.EIO, reason, str(path))


def _free(path: Path) -> str:
    try:
        return _size_text(shutil.disk_usage(path.parent).free)
    except OSError:
        return "unknown"


def _size_text(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"
