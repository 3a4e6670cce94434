"""A simulated trial: its settings, its people, and what is true of every visit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from pharmrs.core.read.problems import Problems
from pharmrs.simulate.effects import Effects, PlantedSeries, reference_effects
from pharmrs.trial.records.declared_design import Design

MOST_PARTICIPANTS = 9999


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSettings:
    """What is simulated: design, number of people, effects, seed. Nothing else decides on the numbers.

    `marker`: genotyping marker; `metabolite`: component of the basis set whose change is planted; `analyte`, `unit`:
    of the biomarker. `series`: what is planted in recordings of a session as a course.
    """

    design: Design
    participants: int = 35
    seed: int = 1
    effects: Effects | None = None
    metabolite: str = "Glu"
    analyte: str = "BDNF"
    unit: str = "pg/mL"
    marker: str = "rs6265"
    series: PlantedSeries | None = None

    @property
    def planted(self) -> Effects:
        """The effects, those of the reference study where none are given."""
        return self.effects or reference_effects(tuple(self.design.treatments))

    def check(self, source: str) -> None:
        """Raise `InputError` with everything that cannot be simulated; `source` names where the settings are from."""
        problems = Problems(source)
        _check_size(self, problems)
        _check_treatments(self, problems)
        population, losses = self.planted.population, self.planted.losses
        shares = {name: getattr(losses, name) for name in ("lost_scans", "bad_scans", "lost_samples")}
        _check_shares(shares, "losses", problems)
        _check_shares({"female_share": population.female_share}, "population", problems)
        _check_population(self, problems)
        problems.raise_errors()


def _check_size(settings: TrialSettings, problems: Problems) -> None:
    if not 1 <= settings.participants <= MOST_PARTICIPANTS:
        rule = f"must be 1 to {MOST_PARTICIPANTS}"
        problems.add("participants", rule, settings.participants, "give another number of participants")
    if settings.seed < 0:
        problems.add("seed", "must not be negative", settings.seed, "give 0 or a positive whole number")


def _check_treatments(settings: TrialSettings, problems: Problems) -> None:
    design, effects = settings.design, settings.planted
    if odd := sorted(set(effects.treatments) ^ set(design.treatments)):
        rule = "effects and design must name the same treatments"
        problems.add("effects.treatments", rule, ", ".join(odd), "give one effect for each treatment of the design")
    for name, effect in effects.treatments.items():
        values = {item.name: getattr(effect, item.name) for item in fields(effect)}
        for key, value in values.items():
            if not math.isfinite(value):
                problems.add(f"effects.{name}.{key}", "must be a finite number", value, "correct it")
        if effect.metabolite_sd < 0:
            problems.add(f"effects.{name}.metabolite_sd", "must not be negative", effect.metabolite_sd, "give an SD")


def _check_shares(shares: dict[str, float], where: str, problems: Problems) -> None:
    for name, value in shares.items():
        if not 0 <= value <= 1:
            problems.add(f"{where}.{name}", "must lie between 0 and 1", value, "give a share, not percent")


def _check_population(settings: TrialSettings, problems: Problems) -> None:
    population = settings.planted.population
    for item in fields(population):
        value = getattr(population, item.name)
        if item.name.endswith("_sd") and not value >= 0:
            problems.add(f"population.{item.name}", "must not be negative", value, "give an SD")
    for name in ("metabolite_mm", "biomarker_median"):
        if not getattr(population, name) > 0:
            problems.add(f"population.{name}", "must be positive", getattr(population, name), "give a concentration")
    early, late = population.sampling_hours
    if not 0 <= early < late <= 24:
        found = f"{early:g} to {late:g}"
        problems.add("population.sampling_hours", "must be two ordered hours of a day", found, "e.g. 8 to 19")
    _check_genotypes(population.genotypes.values(), problems)


def _check_genotypes(shares: Iterable[float], problems: Problems) -> None:
    found = tuple(shares)
    if not found or min(found) < 0 or abs(sum(found) - 1.0) > 1e-6:
        problems.add("population.genotypes", "must be shares that sum to 1", found, "correct the shares")


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """`label`: BIDS label; `sequence`: treatments in the order they are given, one per period."""

    label: str
    age_years: float
    bmi: float
    sex: str
    genotype: str
    sequence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What is true at one visit.

    `metabolite_mm`: concentration in brain tissue (grey and white matter), mmol/L. `biomarker`: concentration in the
    sample, in the unit of the trial. `clock_time_h`: hour of day of scan and sample. Fractions are of the voxel.
    `has_scan`, `has_sample`: whether there is a recording and a tube; `bad_scan`: a recording that the quality rules
    should exclude.
    """

    participant: Participant
    session: str
    period: int
    time_point: str
    treatment: str
    day: int
    clock_time_h: float
    metabolite_mm: float
    biomarker: float
    gray_matter: float
    white_matter: float
    csf: float
    has_scan: bool = True
    bad_scan: bool = False
    has_sample: bool = True

    @property
    def name(self) -> str:
        """BIDS label of subject and session, which is also the label of the sample."""
        return f"sub-{self.participant.label}_ses-{self.session}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Settings and truth. Visits are ordered by participant, period and time point."""

    settings: TrialSettings
    participants: tuple[Participant, ...]
    visits: tuple[Visit, ...] = field(default_factory=tuple)
