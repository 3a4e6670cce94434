"""`pharmrs review`: spectra one at a time in random order, without a word about whose they are."""

from __future__ import annotations

import math
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.files.checksums import Checksums
from pharmrs.core.files.places import CHECKSUMS_FILE, default_output
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.dataset import Dataset
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.spectra.review.log import DecisionLog, recording_digest
from pharmrs.spectra.review.page import review_traces, review_traces_of_curves, review_traces_of_page
from pharmrs.spectra.review.records import VERDICTS, WITHDRAWN, Decision, standing_decisions
from pharmrs.spectra.review.shown import shown_scans
from pharmrs.spectra.stage.scan import process_scan
from pharmrs.spectra.stage.scan_cache import ScanCache
from pharmrs.spectra.stage.scan_key import basis_checksum, scan_key
from pharmrs.spectra.stage.settings import settings_of

_APART = 5  # other spectra at least, where there are as many, between the two showings of a scan


class KeptFits:
    """Fits below `output` that were made of the same inputs with the same settings, basis set and code."""

    def __init__(self, dataset: Dataset[SpectraPlan], basis: BasisSet, output: Path) -> None:
        self._study = dataset.usable()
        self._root, self._basis = dataset.root, basis_checksum(basis)
        self._cache = ScanCache(output, dataset.root)
        self._checksums = Checksums.load(output / CHECKSUMS_FILE)

    def traces(self, files: ScanFiles) -> dict[str, object] | None:
        """The spectrum of a scan as `pharmrs review` shows it; None where it has to be fitted."""
        settings = settings_of(self._study, files.name)
        key = scan_key(files, self._root, settings, self._basis, self._checksums)
        if self._cache.reasons(files, key) or self._cache.load(files) is None:
            return None
        figures = self._cache.figures(files)
        if figures is None:
            return None
        try:
            return review_traces_of_page(figures.page)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a rater is, in showings of spectra.

    `position`: of the next spectrum, None when all are judged; `can_undo`: anything to undo.
    """

    judged: int
    total: int
    counts: dict[str, int]
    position: int | None
    can_undo: bool


@dataclass(frozen=True, slots=True)
class Showing:
    """A scan at its place in the order of a rater. `number`: 1, or 2 where it is shown again."""

    files: ScanFiles
    number: int

    @property
    def key(self) -> tuple[str, int]:
        return self.files.name, self.number


class ReviewSession:
    """One rater's way through the scans.

    The order is drawn from `seed` and the label of the rater, so that two raters see different orders and the same
    rater the same one after a restart. Positions count from 1. Spectra that a run has fitted with the same inputs,
    settings and code are taken from `output` (default: where `run` writes them).
    """

    def __init__(
        self, dataset: Dataset[SpectraPlan], log: DecisionLog, rater: str, seed: int, output: Path | None = None
    ) -> None:
        """Raises InputError where there is nothing to see, or scans are to be shown again and the log has no place."""
        self._study, self._basis = dataset.usable(), dataset.basis
        shown = shown_scans(dataset.all_scans, dataset.foreign, fitted=self._basis is not None)
        if not shown:
            raise InputError([*dataset.problems, _nothing_to_see(dataset.root)])
        self._shown = {one.files.name: one for one in shown}
        self._log, self._rater, self._seed = log, rater, seed
        declared = self._study.quality.visual_inspection
        self._order = presented(
            tuple(one.files for one in shown), rater, seed, declared.repeats if declared is not None else 0.0
        )
        self._without_spectrum: set[int] = set()
        place = output or default_output(dataset.root)
        self._kept = KeptFits(dataset, self._basis, place) if self._basis is not None else None
        if len(self._order) > len(shown) and not log.takes_repeats:
            remedy = "move it elsewhere and judge anew, or declare no repeats"
            rule = "must be a column where scans are shown twice"
            value = "missing: the log was begun by an earlier version"
            raise InputError([input_problem(log.path, "showing", rule, value, remedy)])

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

    def traces_at(self, position: int) -> dict[str, object] | None:
        """The spectrum at a position, as the page takes it; None, and passed over from now on, where there is none."""
        files = self._showing(position).files
        curves = self._shown[files.name].curves
        if curves is not None:
            return review_traces_of_curves(curves)
        assert self._basis is not None and self._kept is not None  # else only what has curves is shown
        kept = self._kept.traces(files)
        if kept is not None:
            return kept
        outcome = process_scan(files, self._basis, settings_of(self._study, files.name))
        if outcome.result is None:
            self._without_spectrum.add(position)
            return None
        return review_traces(outcome.result.fit)

    def decide(self, position: int, decision: str, reason: str) -> None:
        """Save a verdict on the scan at a position; it is on the disk when this returns."""
        if decision not in VERDICTS:
            raise ValueError(f"not a verdict: {decision!r}")
        self._add(self._showing(position), position, decision, reason)

    def undo(self) -> int | None:
        """Withdraw the last decision that stands; its position, None when there is none."""
        last = self._last()
        if last is None:
            return None
        keys = [showing.key for showing in self._order]
        position = 1 + keys.index((last.scan, last.showing))
        self._add(self._showing(position), position, WITHDRAWN, "")
        return position

    def _open(self) -> list[int]:
        standing = self._standing()
        return [
            place
            for place, showing in enumerate(self._order, start=1)
            if showing.key not in standing and place not in self._without_spectrum
        ]

    def _showing(self, position: int) -> Showing:
        if not 1 <= position <= len(self._order):
            raise ValueError(f"no spectrum at position {position}")
        return self._order[position - 1]

    def _add(self, showing: Showing, position: int, decision: str, reason: str) -> None:
        judged = self._shown[showing.files.name]
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._log.add(
            Decision(
                rater=self._rater, scan=judged.files.name, decision=decision, reason=reason, position=position,
                seed=self._seed, recording=recording_digest(judged.file), decided_at=now,
                showing=showing.number,
            )
        )  # fmt: skip

    def _standing(self) -> dict[tuple[str, int], Decision]:
        """(scan, showing) -> decision, of the scans that are still in the dataset."""
        known = {showing.key for showing in self._order}
        return {
            (scan, number): raters[self._rater]
            for number in (1, 2)
            for scan, raters in standing_decisions(self._log.decisions, number).items()
            if (scan, number) in known
        }

    def _last(self) -> Decision | None:
        standing = self._standing().values()
        return next((one for one in reversed(self._log.decisions) if one in standing), None)


def _nothing_to_see(root: Path) -> InputProblem:
    rule = "needs spectra: recordings with a basis set, or files of another program that hold the curves of its fits"
    remedy = "bring recordings (*_svs.nii.gz) and declare a basis set, or have LCModel write .coord (LCOORD = 9)"
    return input_problem(root, "spectra", rule, "none", remedy)


def shuffled(scans: tuple[ScanFiles, ...], rater: str, seed: int) -> list[ScanFiles]:
    """The scans in the random order of a rater."""
    ordered = sorted(scans, key=lambda files: files.name)
    rng = np.random.default_rng([seed, zlib.crc32(rater.encode("utf-8"))])
    return [ordered[place] for place in rng.permutation(len(ordered))]


def presented(scans: tuple[ScanFiles, ...], rater: str, seed: int, repeats: float) -> list[Showing]:
    """The order of a rater in which a share `repeats` of the scans, at most one half, comes a second time.

    The repeated ones are drawn from the first half, which is itself drawn at random, and come back at random places of
    the second half, in the order in which they were seen and never right after their first showing.
    """
    first = shuffled(scans, rater, seed)
    half = len(first) // 2
    count = min(half, math.ceil(repeats * len(first)))
    rng = np.random.default_rng([seed, zlib.crc32(rater.encode("utf-8")), 2])
    chosen = sorted(rng.choice(half, size=count, replace=False).tolist()) if count else []
    begun = [Showing(files, 1) for files in first[: half + _APART]]
    coming = [[Showing(files, 1) for files in first[half + _APART :]], [Showing(first[place], 2) for place in chosen]]
    which = rng.permutation([0] * len(coming[0]) + [1] * count)
    return begun + [coming[one].pop(0) for one in which]
