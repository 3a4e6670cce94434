"""What a file holds: only of files that end, and never more than memory can take."""

from __future__ import annotations

import errno
import io
import stat
from pathlib import Path

LARGEST_BYTES = 1 << 30  # recordings and images, uncompressed; a scan of 32 coils x 128 transients takes 64 MiB
LARGEST_TEXT_BYTES = 1 << 25  # declarations, JSON, pulses, plates


def read_content(path: Path, largest: int = LARGEST_BYTES) -> bytes:
    """The bytes of a regular file of at most `largest` bytes.

    Raises OSError for anything else: a pipe would be waited for, a device such as /dev/zero read for ever.
    """
    try:
        about = path.stat()
    except ValueError as error:  # a name with a NUL character
        raise OSError(errno.EINVAL, str(error)) from error
    except RuntimeError as error:  # links in a circle, as Python 3.11 tells them
        raise OSError(errno.ELOOP, str(error)) from error
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, "Is a directory")
    if not stat.S_ISREG(about.st_mode):
        raise OSError(errno.EINVAL, "Is a pipe or a device, not a file")
    if about.st_size > largest:
        raise too_large(largest)
    return path.read_bytes()


def is_there(path: Path) -> bool:
    """Whether there is anything; no name, however long or circular, is an error."""
    try:
        return path.exists()
    except (OSError, RuntimeError):
        return False


def is_file(path: Path) -> bool:
    """Whether there is a regular file."""
    return is_there(path) and path.is_file()


def instead_of_file(path: Path) -> str:
    """What is there where `is_file` says no, for messages."""
    if not is_there(path):
        return "missing"
    return "a folder" if path.is_dir() else "a pipe or a device"


def too_large(largest: int) -> OSError:
    """The error for content of more than `largest` bytes."""
    return OSError(errno.EFBIG, f"Larger than {largest >> 20} MiB")


def read_text(path: Path, encoding: str = "utf-8-sig", largest: int = LARGEST_TEXT_BYTES) -> str:
    """The text of such a file with Unix line ends. Raises OSError, UnicodeDecodeError."""
    return io.TextIOWrapper(io.BytesIO(read_content(path, largest)), encoding=encoding).read()
