"""Folders that are one thing, as a basis set of a file per metabolite is: whole, as they were before, or absent."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pharmrs.core.files.atomic import part_of
from pharmrs.core.files.no_room import not_written

_OPENING = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST)
_TRIES = 5  # others may write the same folder at the same time


@contextmanager
def writing_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder, which takes the name and place of `folder` when the block has ended well.

    `folder` is complete, old or new, and absent only where the process was killed between two renames. The place of the
    temporary folder, hidden beside `folder`, is locked while it is needed: what a killed process left there is deleted
    by the next one that writes the same. Raises OSError with the place below `folder` that the system refused.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        place, handle = _new_place(folder)
    except OSError as error:
        raise not_written(folder, 0, error) from error
    new, former = place / "new", place / "former"
    try:
        new.mkdir()
        yield new
        _exchange(new, folder, former)
    except OSError as error:
        with contextlib.suppress(OSError):  # where somebody else has written it since, that one stays
            former.replace(folder)
        raise _meant(error, new, folder) from error
    finally:
        shutil.rmtree(place)
        os.close(handle)


def _new_place(folder: Path) -> tuple[Path, int]:
    """An empty hidden folder, open and locked; another one where somebody else uses that one now."""
    usual, handle = folder.with_name(part_of(folder.name)), -1
    try:
        usual.mkdir(exist_ok=True)
        handle = os.open(usual, _OPENING)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(usual.lstat(), os.fstat(handle)):
            for path in usual.iterdir():
                _remove(path)
            return usual, handle
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:  # a link in the way, which stays; or a file system without locks
        if handle >= 0:
            _remove(usual)
    if handle >= 0:
        os.close(handle)
    own = folder.with_name(part_of(folder.name, own=True))
    own.mkdir()
    return own, os.open(own, _OPENING)


def _exchange(new: Path, folder: Path, former: Path) -> None:
    """`new` in the place of `folder`, which becomes `former`."""
    for last in (False,) * _TRIES + (True,):
        try:
            new.replace(folder)
            return
        except OSError as error:
            if last or error.errno not in _TAKEN:
                raise
        _remove(former)
        with contextlib.suppress(FileNotFoundError):  # somebody else moved it
            folder.replace(former)


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _meant(error: OSError, new: Path, folder: Path) -> OSError:
    """The same error, which names what was to be written by its final name."""
    place = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else folder
    meant = folder / place.relative_to(new) if place.is_relative_to(new) else folder
    return OSError(error.errno or errno.EIO, error.strerror or str(error), str(meant))
