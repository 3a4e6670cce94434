"""One scan's way through the pipeline: what goes in, and what came out or why it did not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.errors import InputProblem
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.records.acquisition import Acquisition
from pharmrs.spectra.records.fit import LinearCombinationFit, MetaboliteAmplitude
from pharmrs.spectra.records.preprocessing import PreprocessedScan, WaterAmplitude
from pharmrs.spectra.records.quantification import Concentration, Exclusion, ScanQuality


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """Everything computed for one scan. `points`: complex points of the preprocessed spectrum."""

    files: ScanFiles
    acquisition: Acquisition
    preprocessed: PreprocessedScan
    points: int
    fit: LinearCombinationFit
    amplitudes: tuple[MetaboliteAmplitude, ...]
    water: WaterAmplitude | None
    concentrations: tuple[Concentration, ...]
    quality: ScanQuality
    exclusions: tuple[Exclusion, ...]
    cpu_s: float = 0.0

    def without_signals(self) -> ScanResult:
        """The same without what has one value per point: all that tables, texts and statistics need."""
        nothing = np.zeros(0, dtype=np.complex128)
        spectrum, water = self.preprocessed.spectrum, self.preprocessed.water
        prepared = replace(
            self.preprocessed,
            spectrum=replace(spectrum, fid=nothing),
            water=replace(water, fid=nothing) if water is not None else None,
            steps=tuple(replace(step, before=nothing, after=nothing) for step in self.preprocessed.steps),
        )
        fit = replace(
            self.fit,
            ppm=nothing.real,
            data=nothing,
            model=nothing,
            baseline=nothing,
            phase=nothing,
            components=np.zeros((len(self.fit.names), 0), dtype=np.complex128),
        )
        amplitude = replace(self.water, observed=nothing.real, fitted=nothing.real) if self.water is not None else None
        return replace(self, preprocessed=prepared, fit=fit, water=amplitude)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOutcome:
    """A result, or the problems that prevented it. `problems` may hold warnings beside a result."""

    files: ScanFiles
    result: ScanResult | None
    problems: tuple[InputProblem, ...] = ()

    @property
    def failed(self) -> bool:
        return self.result is None
