"""Fits that a run has left, for who only looks at them."""

from __future__ import annotations

from pathlib import Path

from pharmrs.core.files.checksums import Checksums
from pharmrs.core.files.places import CHECKSUMS_FILE
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.records.dataset import Dataset
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.spectra.review.page import review_traces_of_page
from pharmrs.spectra.stage.scan_cache import ScanCache
from pharmrs.spectra.stage.scan_key import basis_checksum, scan_key
from pharmrs.spectra.stage.settings import settings_of


class KeptFits:
    """Fits below `output` that were made of the same inputs with the same settings, basis set and code."""

    def __init__(self, dataset: Dataset[SpectraPlan], output: Path) -> None:
        self._study, basis = dataset.to_fit()
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
