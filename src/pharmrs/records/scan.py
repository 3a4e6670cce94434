"""One scan's way through the pipeline: what goes in, and what came out or why it did not."""

from __future__ import annotations

from dataclasses import dataclass

from pharmrs.errors import InputProblem
from pharmrs.records.acquisition import Acquisition
from pharmrs.records.fit import LinearCombinationFit, MetaboliteAmplitude
from pharmrs.records.preprocessing import PreprocessedScan, WaterAmplitude
from pharmrs.records.quantification import Concentration, Exclusion, ScanQuality


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFiles:
    """The files of one scan, paths as text; empty text: not there.

    `name`: BIDS name without suffix (`sub-01_ses-1_acq-steam`), unique in the dataset.
    """

    name: str
    subject: str
    session: str
    metabolite: str
    quantification: str = ""
    eddy_current: str = ""
    coil_combination: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """Everything computed for one scan."""

    files: ScanFiles
    acquisition: Acquisition
    preprocessed: PreprocessedScan
    fit: LinearCombinationFit
    amplitudes: tuple[MetaboliteAmplitude, ...]
    water: WaterAmplitude | None
    concentrations: tuple[Concentration, ...]
    quality: ScanQuality
    exclusions: tuple[Exclusion, ...]
    cpu_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOutcome:
    """A result, or the problems that prevented it. `problems` may hold warnings beside a result."""

    files: ScanFiles
    result: ScanResult | None
    problems: tuple[InputProblem, ...] = ()

    @property
    def failed(self) -> bool:
        return self.result is None
