"""Files appear whole or not at all: a reader, or a run that resumes, never meets half a table."""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pharmrs.core.files.no_room import not_written
from pharmrs.core.files.owned import folder_of, take
from pharmrs.core.files.targets import refuse_input

_OPENING = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_PART = ".pharmrs-part"  # ends the hidden names of files and folders that are still being written


@contextmanager
def writing(path: Path, size: int = 0) -> Iterator[BinaryIO]:
    """A stream to a temporary file in the folder of `path`, which takes that name when everything is written.

    The temporary file has a name of its own for each `path`, and is locked while it is written: what a killed process
    left is taken over by the next one that writes the same. In a folder of ours no link is followed, and a file that
    somebody else put there stays. Raises OSError with `path`, what was needed (`size` bytes; 0: not known, what there
    is so far) and what there was.
    """
    refuse_input(path)
    try:
        with folder_of(path) as folder:
            take(path)
            part, handle = _open_part(path, folder)
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.truncate(0)
                    yield stream
                    stream.flush()
                    os.fsync(stream.fileno())
                    os.replace(part, path.name, src_dir_fd=folder, dst_dir_fd=folder)  # while it is locked
            except BaseException:
                with suppress(FileNotFoundError):
                    size = size or os.stat(part, dir_fd=folder, follow_symlinks=False).st_size
                    os.unlink(part, dir_fd=folder)
                raise
    except OSError as error:
        raise not_written(path, size, error) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all; see `writing`."""
    with writing(path, len(content)) as stream:
        stream.write(content)


def write_text(path: Path, content: str) -> None:
    """Write text as UTF-8 with Unix line ends, whole or not at all."""
    write_bytes(path, content.encode("utf-8"))


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files and folders of processes that were killed; only for who holds `folder` alone."""
    for place, folders, names in os.walk(folder):  # in one go: there may be a hundred thousand files
        for name in filter(_is_leftover, names):
            Path(place, name).unlink(missing_ok=True)
        for name in filter(_is_leftover, list(folders)):
            folders.remove(name)
            path = Path(place, name)
            if path.is_symlink():
                path.unlink(missing_ok=True)
            else:
                shutil.rmtree(path, ignore_errors=True)


def _is_leftover(name: str) -> bool:
    return name.startswith(".") and name.endswith(_PART)


def part_of(name: str, own: bool = False) -> str:
    """The hidden name under which `name` is written; `own`: of this thread alone."""
    return f".{name}.{os.getpid()}-{threading.get_ident()}{_PART}" if own else f".{name}{_PART}"


def _open_part(path: Path, folder: int) -> tuple[str, int]:
    """The temporary file for `path`, open and locked; another one where somebody else is writing that one now."""
    usual = part_of(path.name)
    try:
        handle = os.open(usual, _OPENING, 0o666, dir_fd=folder)
    except OSError:
        handle = -1
    if handle >= 0:
        if _is_ours(handle, usual, folder):
            return usual, handle
        os.close(handle)
    own = part_of(path.name, own=True)
    return own, os.open(own, _OPENING, 0o666, dir_fd=folder)


def _is_ours(handle: int, name: str, folder: int) -> bool:
    """Whether the open file could be locked and still is called `name`: its former owner may have renamed it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.stat(name, dir_fd=folder, follow_symlinks=False), os.fstat(handle))
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError:  # a file system without locks
        os.unlink(name, dir_fd=folder)
        return False
