"""What a file holds: only of files that end, never more than memory can take, and without what no page can show."""

from __future__ import annotations

import errno
import io
import re
import stat
from pathlib import Path

LARGEST_BYTES = 1 << 30  # recordings and images, uncompressed; a scan of 32 coils x 128 transients takes 64 MiB
LARGEST_TEXT_BYTES = 1 << 25  # declarations, JSON, pulses, plates
# control characters other than tab and line ends, half surrogates: neither XML nor UTF-8 can hold them; and marks that
# turn the direction of what follows (CVE-2021-42574): a page would show other words than were compared
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")

# marks nobody sees that make two labels of one: of no width, of direction (Windows adds them to what it copies)
_MARKS = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")

# what a spreadsheet computes instead of showing it; -0.5 is a number, and so is -0.36 to 0.87 no formula
_FORMULA = re.compile(r"[=@＝＠＋－]|[-+](?=[^\d\s.])(?=.)|[-+].*[(|!=]", re.S)


def shown_as_text(cell: str) -> str:
    """A cell of a table as a spreadsheet shows it: before what it would compute stands the apostrophe of a text."""
    return f"'{cell}" if _FORMULA.match(cell.lstrip("'")) and len(cell) > 1 else cell


def text_shown(cell: str) -> str:
    """What `shown_as_text` was given."""
    return cell[1:] if cell.startswith("'") and shown_as_text(cell[1:]) == cell else cell


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
    return "a folder" if is_there(path) and path.is_dir() else "missing"


def too_large(largest: int) -> OSError:
    """The error for content of more than `largest` bytes."""
    return OSError(errno.EFBIG, f"Larger than {largest >> 20} MiB")


def read_text(path: Path, encoding: str = "utf-8-sig", largest: int = LARGEST_TEXT_BYTES) -> str:
    """The text of such a file with Unix line ends. Raises OSError, UnicodeDecodeError."""
    return io.TextIOWrapper(io.BytesIO(read_content(path, largest)), encoding=encoding).read()


def hidden_character(text: str) -> str:
    """The first character that nobody can see and no page can hold, in ASCII; empty where there is none."""
    found = _HIDDEN.search(text)
    return ascii(found[0]) if found else ""


def without_hidden(text: str) -> str:
    """`text` without such characters, for labels that instruments write."""
    return _HIDDEN.sub("", text)


def without_marks(text: str) -> str:
    """`text` without invisible marks of direction and of no width, which come with what people paste."""
    return text if text.isascii() else _MARKS.sub("", text)
