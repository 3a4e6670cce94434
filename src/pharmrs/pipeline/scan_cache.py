"""Fitted scans kept beside the derivative: a rerun fits only what changed. JSON, so reading it cannot run code."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from pharmrs.io.checksums import Checksums
from pharmrs.io.content import is_file, read_text
from pharmrs.io.record_json import NotARecord, from_json, to_json
from pharmrs.pipeline.derivative import CACHE_FOLDER
from pharmrs.pipeline.relative_paths import relative_to
from pharmrs.pipeline.scan_key import ScanKey
from pharmrs.records.scan import ScanFiles, ScanOutcome
from pharmrs.report.atomic import write_text
from pharmrs.report.embedded import EmbeddedFigure
from pharmrs.report.scan_figures import ScanFigures

SCANS_FOLDER = Path(CACHE_FOLDER) / "scans"
NEW = "not done yet"
_LARGEST_BYTES = 1 << 28


@dataclass(frozen=True, slots=True)
class ScanDone:
    """What a worker gives back: the outcome without signals, and its pictures."""

    outcome: ScanOutcome
    figures: ScanFigures | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanEntry:
    """What is kept of one scan.

    `files`: every file it left, relative to the derivative -> SHA-256. `pictures`: those that make up the figures (fit,
    steps, water) with their words. `page`: the fit to explore.
    """

    files: dict[str, str]
    outcome: ScanOutcome
    pictures: tuple[tuple[str, str], ...]
    water: bool
    page: bytes


class ScanCache:
    """The entries below `output`/cache/scans, one file a scan: its key in the first line, the entry in the second."""

    def __init__(self, output: Path, root: Path) -> None:
        self._output, self._root = output, root

    def reasons(self, files: ScanFiles, key: ScanKey) -> tuple[str, ...]:
        """Why the scan has to be done again; none: it need not."""
        if not is_file(self._place(files)):
            return (NEW,)
        try:
            with self._place(files).open(encoding="utf-8") as stream:
                former = json.loads(stream.readline(_LARGEST_BYTES))
        except (OSError, ValueError, RecursionError):
            return (NEW,)
        if not isinstance(former, dict):
            return (NEW,)
        return key.differences(former)

    def load(self, files: ScanFiles) -> ScanDone | None:
        """The scan as it was left; None where the entry is damaged or a file it left is missing or changed."""
        try:
            text = read_text(self._place(files), "utf-8", largest=_LARGEST_BYTES).split("\n", 1)[1]
            entry = from_json(ScanEntry, json.loads(text))
        except (OSError, ValueError, IndexError, NotARecord, RecursionError):
            return None
        checksums = Checksums()
        if any(checksums.of(self._output / name) != sha for name, sha in entry.files.items()):
            return None
        if len(entry.pictures) <= entry.water or any(name not in entry.files for name, _ in entry.pictures):
            return None
        places = [(self._output / name, words) for name, words in entry.pictures]
        figures = [EmbeddedFigure(content=place.read_bytes(), alt=words) for place, words in places]
        water = figures.pop() if entry.water else None
        drawn = ScanFigures(fit=figures[0], page=entry.page, steps=tuple(figures[1:]), water=water)
        problems = tuple(replace(one, file=self._typed(one.file)) for one in entry.outcome.problems)
        result = entry.outcome.result
        here = replace(result, files=files) if result is not None else None
        return ScanDone(ScanOutcome(files=files, result=here, problems=problems), drawn)

    def store(self, done: ScanDone, key: ScanKey, left: tuple[Path, ...]) -> None:
        """Keep a fitted scan. `left`: the files it left in the derivative, at the end pictures in the order
        fit, steps, water."""
        outcome, figures = done.outcome, done.figures
        if outcome.result is None or figures is None:
            return
        checksums = Checksums()
        names = [path.relative_to(self._output).as_posix() for path in left]
        drawn = [figures.fit, *figures.steps, *([figures.water] if figures.water is not None else [])]
        pictures = names[-len(drawn) :]
        problems = tuple(relative_to(self._root, problem) for problem in outcome.problems)
        entry = ScanEntry(
            files={name: checksums.of(self._output / name) for name in names},
            outcome=replace(outcome, problems=problems),
            pictures=tuple((name, figure.alt) for name, figure in zip(pictures, drawn, strict=True)),
            water=figures.water is not None,
            page=figures.page,
        )
        lines = (json.dumps(dict(sorted(key.parts.items()))), json.dumps(to_json(entry)))
        write_text(self._place(outcome.files), "\n".join(lines))

    def forget(self, files: ScanFiles) -> None:
        """Drop the entry: what it describes is about to be replaced."""
        self._place(files).unlink(missing_ok=True)

    def _place(self, files: ScanFiles) -> Path:
        return self._output / SCANS_FOLDER / f"{files.name}.json"

    def _typed(self, file: str) -> str:
        """A path below the dataset as the person typed it this time."""
        return str(self._root / file) if (self._root / file).exists() else file
