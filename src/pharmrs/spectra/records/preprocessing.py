"""What preprocessing did, step by step, with the data before and after for the report."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray, read_only
from pharmrs.core.records.declaration import declaration, key
from pharmrs.spectra.records.acquisition import Spectrum


@declaration
class Preprocessing:
    """Steps that a study may switch off, e.g. for data already combined or corrected at the scanner."""

    eddy_current_correction: bool = True
    align_transients: bool = True
    reject_transients: bool = True
    remove_residual_water: bool = True
    skip_points: int = key("corrupt points at the start of each FID to drop", default=0, ge=0, le=64)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreprocessingStep:
    """One step: its name, what it did in words, its numbers, and the mean signal before and after it.

    `before`, `after`: complex, shape (points,), time domain (may differ in length). `numbers`: name with unit -> value.
    `series`: per-transient or per-coil values worth plotting, name with unit -> values.
    """

    name: str
    summary: str
    before: ComplexArray
    after: ComplexArray
    numbers: dict[str, float] = field(default_factory=dict)
    series: dict[str, tuple[float, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "before", read_only(self.before, np.complex128))
        object.__setattr__(self, "after", read_only(self.after, np.complex128))


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternation:
    """Difference of two halves of the transients, taken apart by `pattern`.

    `share`: of the signal (RMS in the metabolite band, noise taken off), 1 where one half has all of it;
    `noise_ratio`: power of the difference over that of noise alone.
    """

    pattern: str
    share: float
    noise_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PreprocessedScan:
    """The spectrum ready to be fitted, its water reference (same coil weights), and the steps that led there.

    `alternations`: whether the transients that were averaged are of one kind. `edited`: of an edited measurement, the
    spectra of the conditions with the editing pulses on; `spectrum` is then that of OFF; `editing_order`: how they
    follow one another.
    """

    spectrum: Spectrum
    water: Spectrum | None
    steps: tuple[PreprocessingStep, ...]
    rejected_transients: tuple[int, ...] = ()
    alternations: tuple[Alternation, ...] = ()
    edited: tuple[Spectrum, ...] = ()
    editing_order: str = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(f"{step.name}: {text}" for step in self.steps for text in step.warnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterAmplitude:
    """Water reference extrapolated to t = 0: amplitude and SD in receiver units, line width in Hz.

    `observed`, `fitted`: magnitude of the first part of the reference and its model, (points,), for the figure;
    `fitted` is NaN where the model was not fitted.
    """

    amplitude: float
    sd: float
    line_width_hz: float
    shift_hz: float
    observed: FloatArray
    fitted: FloatArray
    dwell_time_s: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "observed", read_only(self.observed, np.float64))
        object.__setattr__(self, "fitted", read_only(self.fitted, np.float64))
