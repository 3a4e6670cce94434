"""The observation table of a study: derivatives joined with sessions, allocation, participants and genotypes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, input_problem, some_of
from pharmrs.core.read.numbers import Commas
from pharmrs.core.read.participants import PARTICIPANTS, SessionTables, read_participants, sessions_file
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow
from pharmrs.spectra.records.scaling import SCALES
from pharmrs.study.declared import Study
from pharmrs.trial.read.allocation import ALLOCATION, AllocatedSession, read_allocation, read_visits, sequence_of
from pharmrs.trial.read.derivative_values import (
    ACCEPTANCE_RULE,
    SERIES,
    BiomarkerValue,
    MetaboliteValue,
    Place,
    read_biomarker,
    read_genotypes,
    read_metabolite,
    read_series,
    read_set_aside,
    read_shared,
)
from pharmrs.trial.read.observation_checks import check_periods, with_occasions
from pharmrs.trial.read.observations import numbers_or_texts, observation_table
from pharmrs.trial.read.phenotype import Phenotype, read_phenotype
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.observations import NOT_CENSORED, CovariateValue, Observation, ObservationTable, SetAside

_NAN = float("nan")
_NO_COMMAS = Commas.UNKNOWN
GENOTYPE = "genotype"
_SOURCES = "must be a column here, of a table in phenotype/, or a marker of genotypes.tsv"
_NO_METABOLITE = MetaboliteValue(value=_NAN, sd=_NAN)
_NO_BIOMARKER = BiomarkerValue(value=_NAN, sd=_NAN, censored=NOT_CENSORED, limit=_NAN, unit="")


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoTakesPart:
    """Who takes part in the trial: treatment by period, and the sessions, by participant (without `sub-`)."""

    allocation: dict[str, dict[int, str]]
    visits: dict[str, list[AllocatedSession]]


def read_trial(root: Path, study: Study) -> tuple[WhoTakesPart, list[InputProblem]]:
    """Allocation and sessions of every allocated participant, and what is wrong with them."""
    assert study.design is not None
    problems = Problems(str(root / ALLOCATION))
    allocation = read_allocation(root, study.design, problems)
    found = list(problems.found)
    visits: dict[str, list[AllocatedSession]] = {}
    tables = SessionTables(root)
    for label in allocation:
        own = Problems(str(sessions_file(root, label)))
        visits[label] = read_visits(tables, label, study.design, own)
        found += own.found
    return WhoTakesPart(allocation=allocation, visits=visits), found


def build_observations(
    root: Path, folder: Path, study: Study, plan: AnalysisPlan, spectra: Path | None = None
) -> tuple[ObservationTable, list[InputProblem]]:
    """The observation table from the dataset `root` and the derivative in `folder`, and warnings.

    `spectra`: folder of other tables of metabolites and exclusions.

    Raises `InputError` with everything that makes the table impossible.
    """
    assert study.design is not None and study.analysis is not None
    trial, found = read_trial(root, study)
    of_scans = spectra or folder
    metabolite_problems = Problems(str(of_scans / "metabolites.tsv"))
    others = [name for name in SCALES if name != plan.scale]
    metabolites = (
        read_metabolite(of_scans, plan, study.analysis.scan, metabolite_problems, others) if plan.metabolite else {}
    )
    biomarker_problems = Problems(str(folder / "biomarkers.tsv"))
    further, phenotype_problems = _phenotype(root, plan, trial)
    if plan.biomarker in further:  # a clinical scale, a connectivity value: it takes the place of an analyte
        biomarkers, aside = _as_biomarker(further[plan.biomarker], trial), {}
    else:
        biomarkers = read_biomarker(folder, plan.biomarker, biomarker_problems) if plan.biomarker else {}
        aside = read_set_aside(folder, plan.biomarker, biomarker_problems)
    measured = _measured(folder, plan, [one.name for one in plan.outcomes if one.name not in further], study)
    covariates, covariate_problems = _covariates(root, folder, study, plan, list(trial.allocation), further)
    found += [*metabolite_problems.found, *biomarker_problems.found, *covariate_problems, *phenotype_problems]
    found += measured.problems
    found += _unallocated(root, trial, {subject for subject, _ in (*metabolites, *biomarkers)})
    if any(problem.severity == "error" for problem in found):
        raise InputError(found)
    observations = [
        _observation(
            label,
            visit,
            periods,
            metabolites,
            biomarkers,
            aside,
            covariates[label]
            | {name: one.at(label, visit) for name, one in further.items() if name != plan.biomarker}
            | {name: values.get((label, visit.session), _NAN) for name, values in measured.values.items()},
        )
        for label, periods in trial.allocation.items()
        for visit in _visits(trial.visits[label], periods, study.design)
        if visit.period in periods
    ]
    observations = with_occasions(observations, study.design)
    allocated = Problems(str(root / ALLOCATION))
    check_periods(observations, study.design, allocated)
    if allocated.found:
        raise InputError([*found, *allocated.found])
    units = list(dict.fromkeys(value.unit for value in biomarkers.values() if value.unit))
    if len(units) > 1:
        remedy = "give all plates of the analyte one unit"
        problem = input_problem(folder / "biomarkers.tsv", "unit", "must be one unit", ", ".join(units), remedy)
        raise InputError([*found, problem])
    unit = SCALES[plan.scale].unit
    unit = "" if unit == "1" else unit
    of_sessions = plan.of_sessions
    return observation_table(observations, study.design, unit, "".join(units), of_sessions=of_sessions), found


def _visits(visits: Sequence[AllocatedSession], periods: dict[int, str], design: Design) -> list[AllocatedSession]:
    """The visits, and one without anything for each allocated period that has none: it was planned all the same."""
    seen = {visit.period for visit in visits}
    missed = [
        AllocatedSession(session="", period=period, time_point=design.baseline, clock_time_h=_NAN)
        for period in periods
        if period not in seen
    ]
    return [*visits, *missed]


def _observation(
    label: str, visit: AllocatedSession, periods: dict[int, str], metabolites: dict[tuple[str, str], MetaboliteValue],
    biomarkers: dict[tuple[str, str], BiomarkerValue], aside: dict[tuple[str, str], BiomarkerValue],
    covariates: dict[str, CovariateValue],
) -> Observation:  # fmt: skip
    metabolite = metabolites.get((label, visit.session), _NO_METABOLITE)
    biomarker = biomarkers.get((label, visit.session), _NO_BIOMARKER)
    rejected = aside.get((label, visit.session))
    return Observation(
        subject=f"sub-{label}",
        treatment=periods[visit.period],
        time_point=visit.time_point,
        sequence=sequence_of(periods),
        period=visit.period,
        clock_time_h=visit.clock_time_h,
        metabolite=metabolite.value,
        metabolite_sd=metabolite.sd,
        exclusions=metabolite.exclusions,
        biomarker=biomarker.value,
        biomarker_sd=biomarker.sd,
        biomarker_censored=biomarker.censored,
        biomarker_limit=biomarker.limit,
        covariates=covariates,
        metabolite_scales=metabolite.scales,
        biomarker_set_aside=None if rejected is None else _set_aside(rejected),
    )


def _set_aside(one: BiomarkerValue) -> SetAside:
    return SetAside(value=one.value, sd=one.sd, censored=one.censored, limit=one.limit, rule=ACCEPTANCE_RULE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """Outcomes that are other metabolites or analytes, by name and place; what is wrong with them."""

    values: dict[str, dict[Place, float]]
    problems: list[InputProblem]


def _measured(folder: Path, plan: AnalysisPlan, names: Sequence[str], study: Study) -> _Measured:
    """What `names` are in the tables of series and of shared macromolecules, in metabolites.tsv or in biomarkers.tsv.

    A value that a rule excludes, or that is only known to lie beyond a limit, is missing: a further outcome is analysed
    as measured.
    """
    assert study.analysis is not None
    values: dict[str, dict[Place, float]] = {}
    problems: list[InputProblem] = []
    for name in names:
        as_change = Problems(str(folder / SERIES))
        entity = study.analysis.scan
        if changes := read_series(folder, name, as_change) or read_shared(folder, name, entity, as_change):
            values[name] = changes
            problems += as_change.found
            continue
        as_metabolite = Problems(str(folder / "metabolites.tsv"))
        found = read_metabolite(folder, replace(plan, metabolite=name), study.analysis.scan, as_metabolite)
        if found:
            values[name] = {place: _NAN if one.exclusions else one.value for place, one in found.items()}
            problems += as_metabolite.found
            continue
        as_analyte = Problems(str(folder / "biomarkers.tsv"))
        other = read_biomarker(folder, name, as_analyte)
        values[name] = {place: one.value for place, one in other.items()}
        if not other:
            rule = (
                f"must be a column of a table in {ALLOCATION.parent}/, a metabolite, an analyte or a change of a series"
            )
            remedy = "correct analysis.outcomes, or bring the table"
            problems.append(input_problem(folder, "analysis.outcomes", rule, name, remedy))
    return _Measured(values=values, problems=problems)


def _phenotype(root: Path, plan: AnalysisPlan, trial: WhoTakesPart) -> tuple[dict[str, Phenotype], list[InputProblem]]:
    """The columns of tables in phenotype/ that the plan names, and lines of theirs that belong to nobody's visit."""
    problems = Problems(str(root / ALLOCATION.parent))
    categories = [one.name for one in (*plan.covariates, *plan.exposures) if one.categorical]
    found = read_phenotype(root, [plan.biomarker, *plan.columns], categories, problems)
    for one in found.values():
        if lost := one.strangers(trial.visits):
            named = some_of([", ".join(filter(None, place)) for place in lost], 3)
            rule, remedy = "should belong to a session of an allocated participant", "correct the labels, or leave it"
            problems.add(f"{one.file.name}: {one.name}", rule, named, remedy, severity="warning")
    return found, problems.found


def _as_biomarker(one: Phenotype, trial: WhoTakesPart) -> dict[Place, BiomarkerValue]:
    found = {}
    for label, visits in trial.visits.items():
        for visit in visits:
            value = one.at(label, visit)
            found[label, visit.session] = replace(_NO_BIOMARKER, value=value if isinstance(value, float) else _NAN)
    return found


def _covariates(
    root: Path, folder: Path, study: Study, plan: AnalysisPlan, labels: Sequence[str], elsewhere: Collection[str]
) -> tuple[dict[str, dict[str, CovariateValue]], list[InputProblem]]:
    """The declared covariates of each participant, from participants.tsv or genotypes.tsv."""
    problems = Problems(str(root / PARTICIPANTS))
    values: dict[str, dict[str, CovariateValue]] = {label: {} for label in labels}
    wanted = [one for one in (*plan.covariates, *plan.exposures) if one.name not in elsewhere]
    if not wanted:
        return values, []
    people = {row.text("participant_id").removeprefix("sub-"): row for row in read_participants(root, problems)}
    genotype_problems = Problems(str(folder / "genotypes.tsv"))
    genotypes = read_genotypes(folder, genotype_problems)
    for covariate in wanted:
        texts = _texts(covariate.name, labels, people, genotypes)
        commas = next(
            (row.commas[covariate.name] for row in people.values() if covariate.name in row.cells), _NO_COMMAS
        )
        if texts is None:
            found, remedy = "missing", "add the column, correct analysis.covariates, or declare genotyping"
            if not genotypes and study.genotype and covariate.name in (GENOTYPE, *study.genotype.markers):
                found, remedy = "no genotype came out", "mend first what else is said of the genotyping"
            problems.add(covariate.name, _SOURCES, found, remedy)
            continue
        typed: list[CovariateValue] = (
            list(texts) if covariate.categorical else numbers_or_texts(texts, commas, problems, covariate.name)
        )
        for label, value in zip(labels, typed, strict=True):
            values[label][covariate.name] = value
    return values, [*problems.found, *genotype_problems.found]


def _texts(
    name: str, labels: Sequence[str], people: dict[str, TextRow], genotypes: dict[str, dict[str, str]]
) -> list[str] | None:
    """The covariate as text: a column of participants.tsv, else a marker (or `genotype`: the only marker)."""
    if any(name in row.cells for row in people.values()):
        return [people[label].text(name) if label in people else "" for label in labels]
    marker = next(iter(genotypes)) if name == GENOTYPE and len(genotypes) == 1 else name
    return [genotypes[marker].get(label, "") for label in labels] if marker in genotypes else None


def _unallocated(root: Path, trial: WhoTakesPart, measured: set[str]) -> list[InputProblem]:
    """Participants with data and no allocation are left out, and said so."""
    return [
        input_problem(
            root / ALLOCATION, f"sub-{label}", "has measurements but no treatment and is left out", "no line",
            "add its lines", "warning",
        )
        for label in sorted(measured - set(trial.allocation))
    ]  # fmt: skip
