"""The log file of a run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOG_FILE = "pharmrs.log"


class _LogFile(logging.FileHandler):
    """A line that cannot be written (a full disk) is left out: what the run cannot write it says itself."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass

    def close(self) -> None:
        with suppress(OSError):
            super().close()


@contextmanager
def log_to(folder: Path) -> Iterator[None]:
    """Everything the package logs goes to `folder`/pharmrs.log, one file per run."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = _LogFile(folder / LOG_FILE, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("pharmrs")
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()
