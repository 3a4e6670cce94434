"""The observation table: one row per participant, treatment and time point, metabolite and biomarker side by side."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

CovariateValue = float | str
NOT_CENSORED, LEFT, RIGHT = "none", "left", "right"
CENSORING = (NOT_CENSORED, LEFT, RIGHT)
RULES_APART = "; "  # between the rules of one value where a table writes them
_NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A biomarker value that the assay's acceptance rejected: what it would have been, and the `rule`."""

    value: float
    sd: float
    censored: str
    limit: float
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One participant at one time point under one treatment. NaN and empty text mean missing.

    `occasion`: the period, where a participant gets a treatment several times; else 0. `clock_time_h`: time of the
    blood sample, hours since midnight; `metabolite`: concentration on the declared scale, `exclusions`: the rules that
    exclude it (none: kept; the value stays); `biomarker`: concentration, missing where it is `biomarker_censored`
    (`left`: below, `right`: above `biomarker_limit`). `covariates` belong to the participant where they are the same
    in all his rows, else to the session. `metabolite_scales`: the same measurement on other scales, for the
    multiverse. `biomarker_set_aside`: a rejected biomarker value; `biomarker` is missing then.
    """

    subject: str
    treatment: str
    time_point: str
    sequence: str = ""
    period: int | None = None
    occasion: int = 0
    clock_time_h: float = _NAN
    metabolite: float = _NAN
    metabolite_sd: float = _NAN
    exclusions: tuple[str, ...] = ()
    biomarker: float = _NAN
    biomarker_sd: float = _NAN
    biomarker_censored: str = NOT_CENSORED
    biomarker_limit: float = _NAN
    covariates: Mapping[str, CovariateValue] = field(default_factory=dict)
    metabolite_scales: Mapping[str, float] = field(default_factory=dict)
    biomarker_set_aside: SetAside | None = None

    @property
    def key(self) -> tuple[str, str, str, int]:
        return (self.subject, self.treatment, self.time_point, self.occasion)

    def number(self, name: str) -> float:
        """A further column as a number; NaN where it is missing or text."""
        value = self.covariates.get(name, _NAN)
        return value if isinstance(value, float) else _NAN

    @property
    def metabolite_kept(self) -> float:
        """The metabolite, NaN where a rule excludes it."""
        return _NAN if self.exclusions else self.metabolite

    @property
    def biomarker_measured(self) -> float:
        """The biomarker, NaN where it is missing or only known to lie beyond a limit."""
        return self.biomarker if self.biomarker_censored == NOT_CENSORED else _NAN


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationTable:
    """Every observation of a study in canonical order, with the design that gives them meaning.

    `treatments`: the levels, the first is the reference; `baseline`, `follow_up`: labels of the two time points that
    make a change; `notes`: what a reader left out. Build it with `of`: rows that are missing altogether become
    rows with missing values, so that explicit and implicit missing rows are the same table, and the order of the rows
    does not matter.
    """

    rows: tuple[Observation, ...]
    kind: str
    treatments: tuple[str, ...]
    baseline: str
    follow_up: str
    sequences: tuple[tuple[str, ...], ...] = ()
    doses: tuple[float, ...] = ()
    metabolite_unit: str = ""
    biomarker_unit: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[Observation], *, kind: str, treatments: Iterable[str], baseline: str, follow_up: str,
           sequences: tuple[tuple[str, ...], ...] = (), doses: tuple[float, ...] = (), notes: tuple[str, ...] = (),
           of_sessions: Collection[str] = (), **units: str) -> ObservationTable:  # fmt: skip
        """The canonical table. `of_sessions`: columns of which a missing value is not that of other rows. Raises
        ValueError on a row given twice (readers report it before).
        """
        levels = tuple(treatments)
        given = list(rows)
        twice = [key for key, count in Counter(row.key for row in given).items() if count > 1]
        if twice:
            raise ValueError(f"observations given twice: {twice}")
        completed = _completed(given, kind, levels, (baseline, follow_up), sequences, of_sessions)
        place = {name: position for position, name in enumerate((baseline, follow_up))}
        rank = {name: position for position, name in enumerate(levels)}

        def order(row: Observation) -> tuple[object, ...]:
            return (row.subject, rank.get(row.treatment, len(rank)), row.treatment,
                    row.occasion, place.get(row.time_point, len(place)), row.time_point)  # fmt: skip

        return cls(rows=tuple(sorted(completed, key=order)), kind=kind, treatments=levels, baseline=baseline,
                   follow_up=follow_up, sequences=sequences, doses=doses, notes=notes, **units)  # fmt: skip

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
        return next((row for row in self.rows if row.key[:3] == (subject, treatment, time_point)), None)

    def mapped(self, change: Callable[[Observation], Observation]) -> ObservationTable:
        """The same table with `change` applied to every row (which keeps its key)."""
        return replace(self, rows=tuple(change(row) for row in self.rows))


def _completed(
    rows: list[Observation], kind: str, treatments: tuple[str, ...], time_points: tuple[str, str],
    sequences: tuple[tuple[str, ...], ...], of_sessions: Collection[str],
) -> list[Observation]:  # fmt: skip
    """`rows` and an empty row for every combination the design asks for; what is known of a participant is in each."""
    completed: list[Observation] = []
    elsewhere = _periods_of_sequences(rows)
    apart = {*of_sessions, *varying_covariates(rows)}
    for subject, given in _by_subject(rows).items():
        own = {row.key: row for row in given}
        sequence = next((row.sequence for row in given if row.sequence), "")
        taken = dict.fromkeys(row.treatment for row in given)
        wanted = tuple(taken) if kind == "parallel" else treatments
        periods = _periods(given, wanted, {name: elsewhere.get((sequence, name)) for name in wanted if sequence})
        cells = [(treatment, 0) for treatment in wanted]
        if sequences:
            order = _order_of(given, sequences)
            repeated = len(set(order)) < len(order) or any(row.occasion for row in given)
            cells = [(name, place if repeated else 0) for place, name in enumerate(order, start=1)]
            cells = cells or list(dict.fromkeys((row.treatment, row.occasion) for row in given))
            periods = {name: place for place, name in enumerate(order, start=1)} if not repeated else {}
        for treatment, occasion in cells:
            for time_point in time_points:
                row = Observation(subject=subject, treatment=treatment, time_point=time_point, occasion=occasion,
                                  period=occasion or None)  # fmt: skip
                own.setdefault(row.key, row)
        shared = {name: value for name, value in _shared_covariates(own.values()).items() if name not in apart}
        completed += [
            replace(row, sequence=sequence, covariates={**row.covariates, **shared},
                    period=row.period or periods.get(row.treatment))
            for row in own.values()
        ]  # fmt: skip
    return completed


def _order_of(given: Iterable[Observation], sequences: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """The one declared sequence that the rows of a participant fit; empty where several do, or none."""
    rows = [row for row in given if row.period is not None]
    fitting = orders_that_fit(rows, sequences)
    return fitting[0] if len(fitting) == 1 else ()


def orders_that_fit(rows: Iterable[Observation], sequences: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    """The declared sequences that have every treatment of the rows in its period."""
    assigned = {(row.period, row.treatment) for row in rows if row.period is not None}
    return tuple(order for order in sequences if assigned <= set(enumerate(order, start=1)))


def _by_subject(rows: Iterable[Observation]) -> dict[str, list[Observation]]:
    found: dict[str, list[Observation]] = {}
    for row in rows:
        found.setdefault(row.subject, []).append(row)
    return found


def _periods_of_sequences(rows: Iterable[Observation]) -> dict[tuple[str, str], int]:
    """Period by (sequence, treatment), where all rows of a sequence say the same."""
    assigned: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        if row.sequence and row.period is not None:
            assigned.setdefault((row.sequence, row.treatment), set()).add(row.period)
    return {key: next(iter(periods)) for key, periods in assigned.items() if len(periods) == 1}


def _periods(
    given: Iterable[Observation], treatments: tuple[str, ...], of_sequence: Mapping[str, int | None]
) -> dict[str, int]:
    """Period of each treatment of one participant: as his rows say, else as others of his sequence had it, else the
    only one that is left. A visit that has no row had its period all the same.
    """
    found: dict[str, int] = {}
    for row in given:
        if row.period is not None:
            found.setdefault(row.treatment, row.period)
    for name, period in of_sequence.items():
        if period is not None and name not in found and period not in found.values():
            found[name] = period
    unknown = [name for name in treatments if name not in found]
    left = sorted(set(range(1, len(treatments) + 1)) - set(found.values()))
    return found | {unknown[0]: left[0]} if len(unknown) == len(left) == 1 else found


def varying_covariates(rows: Iterable[Observation]) -> dict[str, list[str]]:
    """Covariates that differ between the rows of a participant, with the participants in whom they do."""
    found: dict[str, list[str]] = {}
    for subject, own in _by_subject(rows).items():
        for name in dict.fromkeys(name for row in own for name in row.covariates):
            values = {value for row in own if not is_missing(value := row.covariates.get(name, ""))}
            if len(values) > 1:
                found.setdefault(name, []).append(subject)
    return found


def _shared_covariates(rows: Iterable[Observation]) -> Mapping[str, CovariateValue]:
    """Covariates that are the same in every row that has them: those of the participant, not of a session."""
    found: dict[str, CovariateValue] = {}
    several: set[str] = set()
    for row in rows:
        for name, value in row.covariates.items():
            if name not in found or is_missing(found[name]):
                found[name] = value
            elif not is_missing(value) and value != found[name]:
                several.add(name)
    return {name: value for name, value in found.items() if name not in several}


def is_missing(value: CovariateValue) -> bool:
    """Whether a covariate is missing: NaN or empty text."""
    return value == "" if isinstance(value, str) else math.isnan(value)
