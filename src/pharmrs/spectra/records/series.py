"""What several spectra of one person, fitted together, tell of a course over them."""

from __future__ import annotations

from dataclasses import dataclass

from pharmrs.core.records.columns import column

_UNKNOWN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows:
    """`metabolites` or sums follow the course freely (none: all do). `others_sd`: how much all others may change, as SD
    in shares of their level (None: as freely, 0: not at all)."""

    metabolites: tuple[str, ...] = ()
    others_sd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesChange:
    """How one metabolite follows one column of the course."""

    series: str = column("Series: the name its recordings share.", default="")
    subject: str = column("Participant.", default="")
    session: str = column("Session.", default="")
    outcome: str = column("Name of this change among the outcomes of a trial: metabolite and course.", default="")
    metabolite: str = column("Metabolite or sum.")
    course: str = column("Course: the change is that for 1 in it, from 0.")
    change_percent: float = column("Change, of the level where every course is 0.", "%")
    sd_percent: float = column("Its standard deviation.", "%")
    ci_low: float = column("Lower end of the 95 % interval of the change.", "%")
    ci_high: float = column("Upper end of the 95 % interval of the change.", "%")
    alone_percent: float = column("The same from fits of each spectrum alone: a second opinion.", "%", default=_UNKNOWN)
    alone_sd_percent: float = column("Its standard deviation, by the SD of each fit.", "%", default=_UNKNOWN)
    declared: bool = column(
        "Whether it was declared to follow freely; the change of others was held near 0.", default=True
    )
    excluded: str = column("Why the change does not count in the statistics; empty: it counts.", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSpectrum:
    """One spectrum of the series: what drifted."""

    series: str = column("Series: the name its recordings share.", default="")
    number: int = column("Place in the course, from 1.")
    spectrum: str = column("File, and its transients where it was cut.")
    start_min: float = column("When it began, on the clock of the session.", "min", default=_UNKNOWN)
    end_min: float = column("When it ended.", "min", default=_UNKNOWN)
    courses: str = column("Value of each course: its mean over this time.", default="")
    shift_hz: float = column("Frequency, less that of the first.", "Hz")
    phase_deg: float = column("Phase, less that of the first.", "degrees")
    line_width_hz: float = column("Line width, free in each spectrum.", "Hz")
    signal_to_noise: float = column("Signal to noise of the spectrum fitted alone.", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPoint:
    """One metabolite in one spectrum of the series, in percent of its level where every course is 0."""

    series: str = column("Series: the name its recordings share.", default="")
    number: int = column("Place in the course, from 1.")
    metabolite: str = column("Metabolite or sum.")
    alone_percent: float = column("By the fit of this spectrum alone.", "%")
    alone_sd_percent: float = column("Its standard deviation.", "%")
    fitted_percent: float = column("By the fit of the whole series.", "%")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDrift:
    """How what is no metabolite follows one column of the course: a BOLD effect narrows lines."""

    series: str = column("Series: the name its recordings share.", default="")
    quantity: str = column("Line width or frequency.")
    course: str = column("Course: the change is that for 1 in it, from 0.")
    change_hz: float = column("Change, by least squares through the spectra.", "Hz", head="Change")
    ci_low: float = column("Lower end of its 95 % interval (t).", "Hz", head="95 % from")
    ci_high: float = column("Upper end of its 95 % interval (t).", "Hz", head="to")


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedSeries:
    """Changes of every metabolite, the spectra, each metabolite in each of them, what drifted, and `converged`: whether
    the search came to an end."""

    changes: tuple[SeriesChange, ...]
    spectra: tuple[SeriesSpectrum, ...]
    points: tuple[SeriesPoint, ...] = ()
    drifts: tuple[SeriesDrift, ...] = ()
    converged: bool = True
