"""Which page of a scan an earlier run made of what: thousands of pages are not made again for nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.content import read_text
from pharmrs.core.files.json_text import parse_json
from pharmrs.core.files.places import CACHE_FOLDER
from pharmrs.core.files.program import code_checksum, library_versions
from pharmrs.core.files.seal import opened, sealed
from pharmrs.spectra.records.scan import ScanResult, ValuesOutcome
from pharmrs.spectra.stage.scan_cache import ScanCache

PAGES_FILE = Path(CACHE_FOLDER) / "pages.json"
_LARGEST_BYTES = 1 << 28
# everything that turns a scan into a page; what a scan holds is in its entry of the cache
_ROOMS: tuple[str, ...] = ("core", "spectra", "study/report")
_MODULES: tuple[str, ...] = ()
_LIBRARIES = ("jinja2", "markupsafe", "numpy")


class PageCache:
    """Pages by name -> key of what they were made of and SHA-256 of what was written, below `output`/cache."""

    def __init__(self, output: Path, scans: ScanCache) -> None:
        self._place, self._scans = output / PAGES_FILE, scans
        self._program = json.dumps([code_checksum(_ROOMS, _MODULES), library_versions(_LIBRARIES)])
        self._known = _read(self._place)
        self._used: dict[str, list[str]] = {}

    def key(self, outcome: ValuesOutcome, *around: object) -> str:
        """Checksum of all that the page of a scan depends on; empty: not known, the page has to be made.

        `around`: what the page shows beside what is kept of the scan; its `repr` tells differences.
        """
        entry = self._scans.checksum(outcome.files) if isinstance(outcome.result, ScanResult) else ""
        return hashlib.sha256(repr((self._program, entry, around)).encode()).hexdigest() if entry else ""

    def is_right(self, page: Path, key: str) -> bool:
        """Whether the page is there, was made of the same, and is as it was written."""
        former = self._known.get(page.name)
        if not key or former is None or former[0] != key:
            return False
        try:
            right = hashlib.sha256(page.read_bytes()).hexdigest() == former[1]
        except OSError:
            return False
        if right:
            self._used[page.name] = former
        return right

    def remember(self, page: Path, key: str, content: bytes) -> None:
        """Note what is written to `page`."""
        if key:
            self._used[page.name] = [key, hashlib.sha256(content).hexdigest()]

    def write(self) -> None:
        """Keep what was noted or found right for the next run."""
        write_text(self._place, sealed(json.dumps(self._used, indent=0) + "\n"))


def _read(place: Path) -> dict[str, list[str]]:
    try:
        content = parse_json(opened(read_text(place, largest=_LARGEST_BYTES)))
        return {str(name): [str(key), str(sha)] for name, (key, sha) in content.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
