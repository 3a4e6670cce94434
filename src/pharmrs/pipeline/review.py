"""`pharmrs review`: spectra one at a time in random order, without a word about whose they are."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pharmrs.errors import InputError, InputProblem
from pharmrs.io.review_log import DecisionLog, recording_digest
from pharmrs.pipeline.dataset import Dataset, open_dataset
from pharmrs.pipeline.derivative import REVIEW_FOLDER
from pharmrs.pipeline.scan import process_scan
from pharmrs.pipeline.settings import settings_of
from pharmrs.records.fit import LinearCombinationFit
from pharmrs.records.review import VERDICTS, WITHDRAWN, Decision, standing_decisions
from pharmrs.records.scan import ScanFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a rater is. `position`: of the next spectrum, None when all are judged; `can_undo`: anything to undo."""

    judged: int
    total: int
    counts: dict[str, int]
    position: int | None
    can_undo: bool


class ReviewSession:
    """One rater's way through the scans.

    The order is a permutation of the names of the scans drawn from `seed` and the label of the rater, so that two
    raters see different orders and the same rater the same one after a restart. Positions count from 1.
    """

    def __init__(self, dataset: Dataset, log: DecisionLog, rater: str, seed: int) -> None:
        self._study, self._basis = dataset.usable()
        self._log, self._rater, self._seed = log, rater, seed
        self._order = shuffled(dataset.scans, rater, seed)
        self._without_spectrum: set[int] = set()

    def progress(self) -> Progress:
        """Counts of this rater alone; how others decided is not told before the end."""
        standing = self._standing()
        counts = {verdict: sum(one.decision == verdict for one in standing.values()) for verdict in VERDICTS}
        open_ones = self._open()
        return Progress(
            judged=len(standing), total=len(self._order) - len(self._without_spectrum), counts=counts,
            position=open_ones[0] if open_ones else None, can_undo=bool(self._last()),
        )  # fmt: skip

    def position_after(self, position: int | None) -> int | None:
        """The open position that comes after the next one, to be computed in advance."""
        open_ones = self._open()
        later = [place for place in open_ones if position is not None and place > position]
        return later[0] if later else None

    def fit_at(self, position: int) -> LinearCombinationFit | None:
        """The fitted spectrum at a position; None, and passed over from now on, where there is none to look at."""
        files = self._files(position)
        outcome = process_scan(files, self._basis, settings_of(self._study, files.name))
        if outcome.result is None:
            self._without_spectrum.add(position)
            return None
        return outcome.result.fit

    def decide(self, position: int, decision: str, reason: str) -> None:
        """Save a verdict on the scan at a position; it is on the disk when this returns."""
        if decision not in VERDICTS:
            raise ValueError(f"not a verdict: {decision!r}")
        self._add(self._files(position), position, decision, reason)

    def undo(self) -> int | None:
        """Withdraw the last decision that stands; its position, None when there is none."""
        last = self._last()
        if last is None:
            return None
        position = next(place for place, files in enumerate(self._order, start=1) if files.name == last.scan)
        self._add(self._files(position), position, WITHDRAWN, "")
        return position

    def _open(self) -> list[int]:
        standing = self._standing()
        return [
            place
            for place, files in enumerate(self._order, start=1)
            if files.name not in standing and place not in self._without_spectrum
        ]

    def _files(self, position: int) -> ScanFiles:
        if not 1 <= position <= len(self._order):
            raise ValueError(f"no spectrum at position {position}")
        return self._order[position - 1]

    def _add(self, files: ScanFiles, position: int, decision: str, reason: str) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._log.add(
            Decision(
                rater=self._rater, scan=files.name, decision=decision, reason=reason, position=position,
                seed=self._seed, recording=recording_digest(files.metabolite), decided_at=now,
            )
        )  # fmt: skip

    def _standing(self) -> dict[str, Decision]:
        """Scan -> decision, of the scans that are still in the dataset."""
        names = {files.name for files in self._order}
        standing = standing_decisions(self._log.decisions)
        return {scan: raters[self._rater] for scan, raters in standing.items() if scan in names}

    def _last(self) -> Decision | None:
        standing = self._standing().values()
        return next((one for one in reversed(self._log.decisions) if one in standing), None)


def shuffled(scans: tuple[ScanFiles, ...], rater: str, seed: int) -> list[ScanFiles]:
    """The scans in the random order of a rater."""
    ordered = sorted(scans, key=lambda files: files.name)
    rng = np.random.default_rng([seed, zlib.crc32(rater.encode("utf-8"))])
    return [ordered[place] for place in rng.permutation(len(ordered))]


def with_session(root: Path, output: Path, rater: str, seed: int, use: Callable[[ReviewSession], None]) -> None:
    """Open the dataset and the log in the derivative `output`, and `use` the session. Raises InputError for both."""
    folder = output / REVIEW_FOLDER
    if not (rater.isalnum() and rater.isascii()):
        remedy = "choose a label of letters and digits, e.g. --rater AB"
        rule = "must consist of letters and digits"
        raise InputError([InputProblem(file=str(folder), field="rater", rule=rule, value=rater, remedy=remedy)])
    dataset = open_dataset(root, output)
    dataset.usable()
    with DecisionLog(folder, rater) as log:
        use(ReviewSession(dataset, log, rater, seed))
