"""Fitted scans kept beside the derivative: a rerun fits only what changed. JSON, so reading it cannot run code."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.checksums import Checksums
from pharmrs.core.files.content import is_file, read_content, read_text
from pharmrs.core.files.owned import remove
from pharmrs.core.files.places import CACHE_FOLDER
from pharmrs.core.files.record_json import NotARecord, from_json, to_json
from pharmrs.core.files.relative_paths import relative_to
from pharmrs.core.files.seal import opened, sealed
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.spectra.records.scan import ScanOutcome
from pharmrs.spectra.report.pictures.scan_figures import ScanFigures
from pharmrs.spectra.stage.scan_key import ScanKey

SCANS_FOLDER = Path(CACHE_FOLDER) / "scans"
NEW = "not done yet"
DAMAGED = "what was kept of it is not as it was written"
_LARGEST_BYTES = 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnScan:
    """`pictures`: the files that make up the figures (fit, steps, water) with their words. `page`: fit to explore."""

    pictures: tuple[tuple[str, str], ...]
    water: bool
    page: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanEntry:
    """What is kept of one scan.

    `files`: every file it left, relative to the derivative -> SHA-256. `drawn`: its pictures.
    """

    files: dict[str, str]
    outcome: ScanOutcome
    drawn: DrawnScan


class ScanCache:
    """The entries below `output`/cache/scans, one sealed file a scan: its key in a line, the entry in the next."""

    def __init__(self, output: Path, root: Path) -> None:
        self._output, self._root = output, root

    def knows(self, files: ScanFiles) -> bool:
        """Whether anything is kept of the scan."""
        return is_file(self._place(files))

    def reasons(self, files: ScanFiles, key: ScanKey) -> tuple[str, ...]:
        """Why the scan has to be done again; none: it need not."""
        if not self.knows(files):
            return (NEW,)
        try:
            former = json.loads(self._lines(files)[0])
        except (OSError, ValueError, RecursionError):
            return (DAMAGED,)
        if not isinstance(former, dict):
            return (NEW,)
        return key.differences(former)

    def load(self, files: ScanFiles) -> ScanOutcome | None:
        """The scan as it was left; None where the entry is damaged or a file it left is missing or changed."""
        try:
            entry = from_json(ScanEntry, self._entry(files))
        except (OSError, ValueError, IndexError, NotARecord, RecursionError):
            return None
        checksums = Checksums()
        if any(checksums.of(self._output / name) != sha for name, sha in entry.files.items()):
            return None
        pictures = entry.drawn.pictures
        if len(pictures) <= entry.drawn.water or any(name not in entry.files for name, _ in pictures):
            return None
        problems = tuple(replace(one, file=self._typed(one.file)) for one in entry.outcome.problems)
        result = entry.outcome.result
        here = replace(result, files=files) if result is not None else None
        return ScanOutcome(files=files, result=here, problems=problems)

    def figures(self, files: ScanFiles) -> ScanFigures | None:
        """The pictures of a scan that was stored or loaded; None where somebody has damaged them since."""
        try:
            content = self._entry(files)
            drawn = from_json(DrawnScan, content["drawn"] if isinstance(content, dict) else None)
            figures = [
                EmbeddedFigure(content=(self._output / name).read_bytes(), alt=words, place=name)
                for name, words in drawn.pictures
            ]
        except (OSError, ValueError, LookupError, NotARecord, RecursionError):
            return None
        if len(figures) <= drawn.water:
            return None
        water = figures.pop() if drawn.water else None
        return ScanFigures(fit=figures[0], page=drawn.page, steps=tuple(figures[1:]), water=water)

    def store(self, outcome: ScanOutcome, figures: ScanFigures, key: ScanKey, left: tuple[Path, ...]) -> None:
        """Keep a fitted scan. `left`: the files it left in the derivative, at the end pictures in the order
        fit, steps, water."""
        checksums = Checksums()
        names = [path.relative_to(self._output).as_posix() for path in left]
        drawn = [figures.fit, *figures.steps, *([figures.water] if figures.water is not None else [])]
        problems = tuple(relative_to(self._root, problem) for problem in outcome.problems)
        entry = ScanEntry(
            files={name: checksums.of(self._output / name) for name in names},
            outcome=replace(outcome, problems=problems),
            drawn=DrawnScan(
                pictures=tuple((name, one.alt) for name, one in zip(names[-len(drawn) :], drawn, strict=True)),
                water=figures.water is not None,
                page=figures.page,
            ),
        )
        here = json.dumps(f"{self._root.absolute()}/")[1:-1]  # the place of the dataset stays on this computer
        lines = (json.dumps(dict(sorted(key.parts.items()))), json.dumps(to_json(entry)).replace(here, ""))
        write_text(self._place(outcome.files), sealed("\n".join(lines)))

    def checksum(self, files: ScanFiles) -> str:
        """SHA-256 of all that is kept of a scan; empty where there is nothing."""
        try:
            return hashlib.sha256(read_content(self._place(files), _LARGEST_BYTES)).hexdigest()
        except OSError:
            return ""

    def forget(self, files: ScanFiles) -> None:
        """Drop the entry: what it describes is about to be replaced."""
        remove(self._place(files))

    def _entry(self, files: ScanFiles) -> object:
        return json.loads(self._lines(files)[1])

    def _lines(self, files: ScanFiles) -> tuple[str, str]:
        """Key and entry. Raises OSError, ValueError where they are not as they were written."""
        key, _, entry = opened(read_text(self._place(files), "utf-8", largest=_LARGEST_BYTES)).partition("\n")
        return key, entry

    def _place(self, files: ScanFiles) -> Path:
        return self._output / SCANS_FOLDER / f"{files.name}.json"

    def _typed(self, file: str) -> str:
        """A path below the dataset as the person typed it this time."""
        return str(self._root / file) if (self._root / file).exists() else file
