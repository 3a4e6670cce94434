"""One run at a time in one derivative."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.files.owned import open_written
from pharmrs.core.files.places import CACHE_FOLDER


@contextlib.contextmanager
def only_run(output: Path) -> Iterator[Path]:
    """Hold the derivative for this process by a lock on the file it gives.

    The system lets go of it however the process ends, killed or not. Raises InputError where
    another run holds it. Where the file system knows no locks, none is held.
    """
    place = output / CACHE_FOLDER / "lock"
    with os.fdopen(open_written(place, os.O_RDWR | os.O_CREAT | os.O_APPEND), "r+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            raise _taken(output, stream.read().strip()) from None
        except OSError:
            yield place
            return
        with contextlib.suppress(OSError):  # only a hint for people: that the disk is full is told by what matters
            os.ftruncate(stream.fileno(), 0)
            os.write(stream.fileno(), f"process {os.getpid()}\n".encode())
        yield place


def _taken(output: Path, holder: str) -> InputError:
    remedy = "wait until it has ended, or choose another folder with --output"
    rule = "only one run at a time may write here"
    return InputError([InputProblem(file=str(output), field="output", rule=rule, value=holder, remedy=remedy)])
