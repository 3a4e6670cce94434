"""What several spectra of one person, fitted together, tell of a course over them."""

from __future__ import annotations

from dataclasses import dataclass

from pharmrs.core.records.columns import column

_UNKNOWN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesChange:
    """How one metabolite follows one column of the course."""

    metabolite: str = column("Metabolite or sum.")
    course: str = column("Column of the course: the change is that for 1 in it, from 0.")
    change_percent: float = column("Change, of the level where every column of the course is 0.", "%")
    sd_percent: float = column("Its standard deviation.", "%")
    ci_low: float = column("Lower end of the 95 % interval of the change.", "%")
    ci_high: float = column("Upper end of the 95 % interval of the change.", "%")
    alone_percent: float = column("The same from fits of each spectrum alone: a second opinion.", "%", default=_UNKNOWN)
    alone_sd_percent: float = column("Its standard deviation, by the SD of each fit.", "%", default=_UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSpectrum:
    """One spectrum of the series: what drifted."""

    number: int = column("Place in the course, from 1.")
    spectrum: str = column("File, and its transients where it was cut.")
    shift_hz: float = column("Frequency, less that of the first.", "Hz")
    phase_deg: float = column("Phase, less that of the first.", "degrees")
    line_width_hz: float = column("Line width, free in each spectrum.", "Hz")
    signal_to_noise: float = column("Signal to noise of the spectrum fitted alone.", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedSeries:
    """Changes of every metabolite, the spectra, and `converged`: whether the search came to an end."""

    changes: tuple[SeriesChange, ...]
    spectra: tuple[SeriesSpectrum, ...]
    converged: bool
