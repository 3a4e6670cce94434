"""Whose files those of a folder are: pharmrs replaces and deletes what it wrote, and nothing else, and follows no link.

A folder for results carries the file `.pharmrs`, which names every file that was written there, before it is there. So
a note or a table that somebody else put beside them stays, whatever its name.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pharmrs.core.errors import InputError, input_problem, some_of
from pharmrs.core.files.no_room import not_written

MARKER = ".pharmrs"
_HEAD = "# written by pharmrs, which replaces and deletes the files named here, and no others\n"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LISTING = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_DEEPEST = 8  # folders between a file and the marker above it
_known: dict[str, _Listing] = {}  # by folder


def claim(folder: Path, *, all_ours: bool = False) -> None:
    """Make `folder` one that carries the marker. Raises InputError where links in it lead to other folders.

    Files that lie there already stay whose they are, unless `all_ours`: an earlier version wrote them. Whether the
    folder may be taken is the question of `targets`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    former = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()] if all_ours else []
    content = "".join([_HEAD, *(f"{name}\n" for name in former)]).encode("utf-8", "surrogateescape")
    with suppress(FileExistsError), _named(folder / MARKER, len(content)):
        handle = os.open(folder / MARKER, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    if links := sorted(_links_to_folders(folder)):
        rule = "must not hold links to other folders: what is written would land there"
        remedy = "put the folders themselves in their place, or choose another folder"
        raise InputError([input_problem(folder, "output", rule, some_of(links), remedy)])


def release(folder: Path) -> None:
    """Take the marker off a claimed folder that got nothing; the folder too, where nothing else is in it."""
    folder = Path(os.path.normpath(folder.absolute()))  # as `owner_of` knows it
    if is_marked(folder) and not any((folder / name).exists() for name in _listed(folder)):
        _known.pop(str(folder), None)
        (folder / MARKER).unlink()
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def _named(path: Path, size: int) -> Iterator[None]:
    """Errors of the system tell which file they are about, and how much room there is."""
    try:
        yield
    except OSError as error:
        raise not_written(Path(error.filename or path), size, error) from error


def is_marked(folder: Path) -> bool:
    """Whether pharmrs made the folder, or was given it empty."""
    try:
        return stat.S_ISREG((folder / MARKER).lstat().st_mode)
    except OSError:
        return False


def owner_of(path: Path) -> tuple[Path, str] | None:
    """The outermost marked folder above `path`, and the name of `path` in it; None where there is none."""
    place = Path(os.path.normpath(path.absolute()))
    for above in reversed(place.parents[:_DEEPEST]):
        if is_marked(above):
            return above, place.relative_to(above).as_posix()
    return None


@contextmanager
def folder_of(path: Path) -> Iterator[int]:
    """The folder of `path`, open; made where it is missing. Below a marker no link on the way to it is followed."""
    owner = owner_of(path)
    if owner is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.parent, _FOLDER & ~os.O_NOFOLLOW)
    else:
        handle = _opened(owner[0], PurePosixPath(owner[1]).parent.parts)
    try:
        yield handle
    finally:
        os.close(handle)


def take(path: Path) -> None:
    """List `path` as written here. Raises InputError where there is a file that somebody else put there."""
    owner = owner_of(path)
    if owner is None:
        return
    root, name = owner
    if name in _listed(root):
        return
    try:
        state = path.lstat()
    except OSError:
        state = None
    if state is not None and not stat.S_ISLNK(state.st_mode):
        rule, remedy = "must not replace a file that pharmrs did not write", "move it elsewhere, then run again"
        raise InputError([input_problem(path, "output", rule, "a file of somebody else", remedy)])
    with _named(path.parents[len(PurePosixPath(name).parts) - 1] / MARKER, len(name) + 1):  # as the person typed it
        _known[str(root)].add(root / MARKER, name)


def open_written(path: Path, flags: int, *, continued: bool = False) -> int:
    """A file that is written to while it is open (a log, a lock). A link in its place gives way to it.

    `continued`: it is only added to, whoever began it.
    """
    with folder_of(path) as folder:
        if not continued or not path.exists():
            take(path)
        flags |= os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return os.open(path.name, flags, 0o666, dir_fd=folder)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise OSError(error.errno, error.strerror, str(path)) from error
        os.unlink(path.name, dir_fd=folder)
        return os.open(path.name, flags, 0o666, dir_fd=folder)


def remove_written(folder: Path, patterns: Iterable[str]) -> None:
    """Delete the files below `folder` that match and that were written here."""
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            remove(path)


def remove(path: Path) -> None:
    """Delete `path` if it was written here (or lies in no folder of ours, where the caller knows whose it is)."""
    owner = owner_of(path)
    if owner is None:
        path.unlink(missing_ok=True)
    elif owner[1] in _listed(owner[0]):
        with suppress(FileNotFoundError, NotADirectoryError), folder_of(path) as handle:
            os.unlink(path.name, dir_fd=handle)


def _opened(root: Path, parts: Iterable[str]) -> int:
    handle = os.open(root, _FOLDER & ~os.O_NOFOLLOW)
    for part in parts:
        try:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=handle)
            inner = os.open(part, _FOLDER, dir_fd=handle)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                rule, remedy = "must be a folder, not a link or a file", "put a folder in its place"
                raise InputError([input_problem(root, "output", rule, part, remedy)]) from None
            raise
        finally:
            os.close(handle)
        handle = inner
    return handle


@dataclass(slots=True)
class _Listing:
    """The names in a marker, as far as it has been read."""

    inode: int
    size: int = 0
    names: set[str] = field(default_factory=set)
    torn: bool = False  # whether a killed process left half a line at its end

    def read(self, handle: int, size: int) -> None:
        """What was added since, by whichever process."""
        text = os.pread(handle, size - self.size, self.size)
        whole = text[: text.rfind(b"\n") + 1]
        self.names.update(line for line in whole.decode("utf-8", "surrogateescape").split("\n") if line)
        self.size, self.torn = self.size + len(whole), len(whole) < len(text)

    def add(self, marker: Path, name: str) -> None:
        handle = os.open(marker, _LISTING)
        try:
            line = f"{name}\n".encode("utf-8", "surrogateescape")
            if os.write(handle, b"\n" * self.torn + line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(handle)


def _listed(root: Path) -> set[str]:
    """The names in the marker of `root`."""
    handle = os.open(root / MARKER, _LISTING)
    try:
        state = os.fstat(handle)
        known = _known.get(str(root))
        if known is None or known.inode != state.st_ino or known.size > state.st_size:
            known = _known[str(root)] = _Listing(state.st_ino)
        if known.size < state.st_size:
            known.read(handle, state.st_size)
        return known.names
    finally:
        os.close(handle)


def _links_to_folders(folder: Path) -> Iterator[str]:
    for place, folders, _ in os.walk(folder):
        for name in folders:
            if Path(place, name).is_symlink():
                yield Path(place, name).relative_to(folder).as_posix()
