"""Zip archives (docx, xlsx) without times: the same content gives the same bytes, whatever the clock says."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip archive can hold; the library refuses a clock before it


class UndatedZip(zipfile.ZipFile):
    """A compressed archive to be written, every member dated 1980."""

    def __init__(self, target: Any) -> None:
        super().__init__(target, "w", zipfile.ZIP_DEFLATED)

    def writestr(self, zinfo_or_arcname: str | zipfile.ZipInfo, data: Any, *_unused: object, **_more: object) -> None:
        """Add a member of that name."""
        name = zinfo_or_arcname if isinstance(zinfo_or_arcname, str) else zinfo_or_arcname.filename
        entry = zipfile.ZipInfo(name, EPOCH)
        entry.compress_type = zipfile.ZIP_DEFLATED
        super().writestr(entry, data)

    def write(self, filename: Any, arcname: Any = None, *_unused: object, **_more: object) -> None:
        """Add a file."""
        self.writestr(str(arcname or filename), Path(filename).read_bytes())
