"""One scan's way through the pipeline: what goes in, and what came out or why it did not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.errors import InputProblem
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.records.acquisition import Acquisition
from pharmrs.spectra.records.edited import EditedScan
from pharmrs.spectra.records.fit import LinearCombinationFit, MetaboliteAmplitude
from pharmrs.spectra.records.foreign import ForeignResult
from pharmrs.spectra.records.preprocessing import PreprocessedScan, WaterAmplitude
from pharmrs.spectra.records.quantification import Concentration, Exclusion, ScanQuality


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanValues:
    """What tables, rules and statistics take of one scan, whoever fitted it."""

    files: ScanFiles
    amplitudes: tuple[MetaboliteAmplitude, ...]
    concentrations: tuple[Concentration, ...]
    quality: ScanQuality
    exclusions: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignValues(ScanValues):
    """The values of a scan that another program fitted, and the file they were read from."""

    source: ForeignResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult(ScanValues):
    """Everything computed for one scan. `points`: complex points of the preprocessed spectrum.

    `edited`: of an edited scan, whose `fit` is that of OFF with the amplitudes of all its spectra.
    """

    acquisition: Acquisition
    preprocessed: PreprocessedScan
    points: int
    fit: LinearCombinationFit
    water: WaterAmplitude | None
    cpu_s: float = 0.0
    edited: EditedScan | None = None

    def without_signals(self) -> ScanResult:
        """The same without what has one value per point: all that tables, texts and statistics need."""
        nothing = np.zeros(0, dtype=np.complex128)
        spectrum, water = self.preprocessed.spectrum, self.preprocessed.water
        prepared = replace(
            self.preprocessed,
            spectrum=replace(spectrum, fid=nothing),
            water=replace(water, fid=nothing) if water is not None else None,
            steps=tuple(replace(step, before=nothing, after=nothing) for step in self.preprocessed.steps),
            edited=tuple(replace(one, fid=nothing) for one in self.preprocessed.edited),
        )
        edited = self.edited
        if edited is not None:
            edited = replace(edited, differences=tuple(_without_spectra(one) for one in edited.differences))
        amplitude = replace(self.water, observed=nothing.real, fitted=nothing.real) if self.water is not None else None
        return replace(self, preprocessed=prepared, fit=_without_spectra(self.fit), water=amplitude, edited=edited)


def _without_spectra(fit: LinearCombinationFit) -> LinearCombinationFit:
    nothing = np.zeros(0, dtype=np.complex128)
    return replace(
        fit,
        ppm=nothing.real,
        data=nothing,
        model=nothing,
        baseline=nothing,
        phase=nothing,
        components=np.zeros((len(fit.names), 0), dtype=np.complex128),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesOutcome:
    """Values, or the problems that prevented them. `problems` may hold warnings beside a result.

    `without_value`: why no metabolite has a value on the primary scale of the study, although the fit is there.
    """

    files: ScanFiles
    result: ScanValues | None
    problems: tuple[InputProblem, ...] = ()
    without_value: str = ""

    @property
    def failed(self) -> bool:
        """Whether the study does not get from this scan what it asked for."""
        return self.status != "analysed"

    @property
    def status(self) -> str:
        """What became of the scan; levels in the data dictionary of quality.tsv."""
        return "failed" if self.result is None else "no value" if self.without_value else "analysed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOutcome(ValuesOutcome):
    """The outcome of a scan that was fitted here."""

    result: ScanResult | None


def fitted_here(outcomes: Iterable[ValuesOutcome]) -> list[ScanResult]:
    """The results that are fits of this program."""
    return [one.result for one in outcomes if isinstance(one.result, ScanResult)]
