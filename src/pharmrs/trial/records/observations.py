"""The observation table: one row per participant, treatment and time point, metabolite and biomarker side by side."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

CovariateValue = float | str
NOT_CENSORED, LEFT, RIGHT = "none", "left", "right"
CENSORING = (NOT_CENSORED, LEFT, RIGHT)
_NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One participant at one time point under one treatment. NaN and empty text mean missing.

    `clock_time_h`: time of the blood sample, hours since midnight; `metabolite`: concentration on the declared scale,
    `exclusion`: the rules that exclude it (empty: kept; the value stays); `biomarker`: concentration, missing where it
    is `biomarker_censored` (`left`: below, `right`: above `biomarker_limit`). `covariates` belong to the participant.
    `metabolite_scales`: the same measurement on other scales, for the multiverse.
    """

    subject: str
    treatment: str
    time_point: str
    sequence: str = ""
    period: int | None = None
    clock_time_h: float = _NAN
    metabolite: float = _NAN
    metabolite_sd: float = _NAN
    exclusion: str = ""
    biomarker: float = _NAN
    biomarker_sd: float = _NAN
    biomarker_censored: str = NOT_CENSORED
    biomarker_limit: float = _NAN
    covariates: Mapping[str, CovariateValue] = field(default_factory=dict)
    metabolite_scales: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.subject, self.treatment, self.time_point)

    @property
    def metabolite_kept(self) -> float:
        """The metabolite, NaN where a rule excludes it."""
        return _NAN if self.exclusion else self.metabolite

    @property
    def biomarker_measured(self) -> float:
        """The biomarker, NaN where it is missing or only known to lie beyond a limit."""
        return self.biomarker if self.biomarker_censored == NOT_CENSORED else _NAN


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationTable:
    """Every observation of a study in canonical order, with the design that gives them meaning.

    `treatments`: the levels, the first is the reference; `baseline`, `follow_up`: labels of the two time points that
    make a change. Build it with `of`: rows that are missing altogether become rows with missing values, so that
    explicit and implicit missing rows are the same table, and the order of the rows does not matter.
    """

    rows: tuple[Observation, ...]
    kind: str
    treatments: tuple[str, ...]
    baseline: str
    follow_up: str
    metabolite_unit: str = ""
    biomarker_unit: str = ""

    @classmethod
    def of(cls, rows: Iterable[Observation], *, kind: str, treatments: Iterable[str], baseline: str, follow_up: str,
           **units: str) -> ObservationTable:  # fmt: skip
        """The canonical table. Raises ValueError on a row given twice (readers report it before)."""
        levels = tuple(treatments)
        given = list(rows)
        twice = [key for key, count in Counter(row.key for row in given).items() if count > 1]
        if twice:
            raise ValueError(f"observations given twice: {twice}")
        completed = _completed(given, kind, levels, (baseline, follow_up))
        place = {name: position for position, name in enumerate((baseline, follow_up))}
        rank = {name: position for position, name in enumerate(levels)}

        def order(row: Observation) -> tuple[object, ...]:
            return (row.subject, rank.get(row.treatment, len(rank)), row.treatment,
                    place.get(row.time_point, len(place)), row.time_point)  # fmt: skip

        return cls(rows=tuple(sorted(completed, key=order)), kind=kind, treatments=levels, baseline=baseline,
                   follow_up=follow_up, **units)  # fmt: skip

    @property
    def subjects(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.subject for row in self.rows))

    @property
    def paired_rows(self) -> tuple[Observation, ...]:
        """The rows at baseline and follow-up under a declared treatment: what changes are made of."""
        points = (self.baseline, self.follow_up)
        return tuple(row for row in self.rows if row.time_point in points and row.treatment in self.treatments)

    @property
    def covariate_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for row in self.rows for name in row.covariates))

    def at(self, subject: str, treatment: str, time_point: str) -> Observation | None:
        """One observation; None where the participant never was to get that treatment."""
        return next((row for row in self.rows if row.key == (subject, treatment, time_point)), None)

    def mapped(self, change: Callable[[Observation], Observation]) -> ObservationTable:
        """The same table with `change` applied to every row (which keeps its key)."""
        return replace(self, rows=tuple(change(row) for row in self.rows))


def _completed(
    rows: list[Observation], kind: str, treatments: tuple[str, ...], time_points: tuple[str, str]
) -> list[Observation]:
    """`rows` and an empty row for every combination the design asks for; what is known of a participant is in each."""
    completed: list[Observation] = []
    for subject in dict.fromkeys(row.subject for row in rows):
        own = {row.key: row for row in rows if row.subject == subject}
        sequence = next((row.sequence for row in own.values() if row.sequence), "")
        covariates = _shared_covariates(own.values())
        periods: dict[str, int] = {}
        for row in own.values():
            if row.period is not None:
                periods.setdefault(row.treatment, row.period)
        taken = dict.fromkeys(row.treatment for row in own.values())
        for treatment in taken if kind == "parallel" else treatments:
            for time_point in time_points:
                key = (subject, treatment, time_point)
                own.setdefault(key, Observation(subject=subject, treatment=treatment, time_point=time_point))
        completed += [
            replace(row, sequence=sequence, covariates=covariates, period=row.period or periods.get(row.treatment))
            for row in own.values()
        ]
    return completed


def _shared_covariates(rows: Iterable[Observation]) -> Mapping[str, CovariateValue]:
    found: dict[str, CovariateValue] = {}
    for row in rows:
        for name, value in row.covariates.items():
            if name not in found or is_missing(found[name]):
                found[name] = value
    return found


def is_missing(value: CovariateValue) -> bool:
    """Whether a covariate is missing: NaN or empty text."""
    return value == "" if isinstance(value, str) else math.isnan(value)
