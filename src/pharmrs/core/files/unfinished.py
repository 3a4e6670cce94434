"""A folder that is being filled says so until it is complete: a command that was killed goes on when given again."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.files.atomic import remove_leftovers
from pharmrs.core.files.no_room import not_written

MARK = ".unfinished"
_LARGEST_BYTES = 4096


def is_left(folder: Path, command: str, work: str) -> bool:
    """Whether the same `command`, with the same `work` (all that decides what is written), was killed in `folder`.

    Raises InputError where it was another one: the two must not be mixed.
    """
    if not _marked(folder):
        return False
    left = _read(folder)
    if left not in ("", _line(command, work)):  # killed before it had written the mark, it had written nothing
        raise InputError([_problem(folder, left)])
    return True


@contextmanager
def unfinished(folder: Path, command: str, work: str) -> Iterator[None]:
    """Mark `folder` until the block has ended well; one process at a time, and its death lets go of it.

    What killed processes left half-written is deleted. Raises InputError where another process is at it.
    """
    mark = folder / MARK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise not_written(mark, 0, error) from error
    try:
        _hold(handle, mark)
        _sign(handle, mark, f"{_line(command, work)}\n".encode())
        remove_leftovers(folder)
        yield
        mark.unlink(missing_ok=True)
    finally:
        os.close(handle)


def incomplete(folder: Path) -> InputProblem | None:
    """What is wrong with a folder that is being filled, or was left so."""
    return _problem(folder, _read(folder)) if _marked(folder) else None


def _hold(handle: int, mark: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone = os.path.samestat(mark.lstat(), os.fstat(handle))
    except (BlockingIOError, FileNotFoundError):
        alone = False
    except OSError:  # a file system without locks
        alone = True
    if not alone:
        rule, remedy = "only one command at a time may write here", "wait until the other one has ended"
        problem = InputProblem(file=str(mark.parent), field="folder", rule=rule, value="another one", remedy=remedy)
        raise InputError([problem])


def _sign(handle: int, mark: Path, line: bytes) -> None:
    """Write what is done here, unless it stands there already; half of it is what a killed process left."""
    try:
        if not os.pread(handle, _LARGEST_BYTES, 0).endswith(b"\n"):
            os.ftruncate(handle, 0)
            if os.write(handle, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise not_written(mark, len(line), error) from error


def _marked(folder: Path) -> bool:
    return (folder / MARK).is_file()


def _read(folder: Path) -> str:
    try:
        with (folder / MARK).open("rb") as stream:
            content = stream.read(_LARGEST_BYTES)
            return content.decode("utf-8", "replace").strip() if content.endswith(b"\n") else ""
    except OSError:
        return ""


def _line(command: str, work: str) -> str:
    return f"{command} {hashlib.sha256(work.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


def _problem(folder: Path, left: str) -> InputProblem:
    """`left`: command, and digest of its work."""
    command = left.rpartition(" ")[0] or "a command"
    value = f"{command} has not finished here"
    remedy = "give the command that began it again, it goes on; or delete the folder"
    return InputProblem(file=str(folder), field="folder", rule="must be complete", value=value, remedy=remedy)
