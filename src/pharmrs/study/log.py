"""The log file of a run."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from pharmrs.core.files.owned import open_written

LOG_FILE = "pharmrs.log"


class _LogFile(logging.StreamHandler[TextIO]):
    """A line that cannot be written (a full disk) is left out: what the run cannot write it says itself."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass

    def close(self) -> None:
        with suppress(OSError):
            self.stream.close()
        super().close()


@contextmanager
def log_to(folder: Path) -> Iterator[None]:
    """Everything the package logs goes to `folder`/pharmrs.log, one file per run."""
    opened = open_written(folder / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    handler = _LogFile(os.fdopen(opened, "w", encoding="utf-8", errors="backslashreplace"))
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
