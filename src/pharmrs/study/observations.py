"""The observation table of a study: derivatives joined with sessions, allocation, participants and genotypes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.read.numbers import Commas
from pharmrs.core.read.participants import PARTICIPANTS, read_participants, sessions_file
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow
from pharmrs.spectra.records.scaling import SCALES
from pharmrs.study.declared import Study
from pharmrs.trial.read.allocation import ALLOCATION, Visit, read_allocation, read_visits, sequence_of
from pharmrs.trial.read.derivative_values import (
    ACCEPTANCE_RULE,
    BiomarkerValue,
    MetaboliteValue,
    read_biomarker,
    read_genotypes,
    read_metabolite,
    read_set_aside,
)
from pharmrs.trial.read.observation_checks import check_periods
from pharmrs.trial.read.observations import numbers_or_texts, observation_table
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.observations import NOT_CENSORED, CovariateValue, Observation, ObservationTable, SetAside

_NAN = float("nan")
_NO_COMMAS = Commas.UNKNOWN
GENOTYPE = "genotype"
_NO_METABOLITE = MetaboliteValue(value=_NAN, sd=_NAN)
_NO_BIOMARKER = BiomarkerValue(value=_NAN, sd=_NAN, censored=NOT_CENSORED, limit=_NAN, unit="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Who takes part in the trial: treatment by period, and the sessions, by participant (without `sub-`)."""

    allocation: dict[str, dict[int, str]]
    visits: dict[str, list[Visit]]


def read_trial(root: Path, study: Study) -> tuple[Trial, list[InputProblem]]:
    """Allocation and sessions of every allocated participant, and what is wrong with them."""
    assert study.design is not None
    problems = Problems(str(root / ALLOCATION))
    allocation = read_allocation(root, study.design, problems)
    found = list(problems.found)
    visits: dict[str, list[Visit]] = {}
    for label in allocation:
        own = Problems(str(sessions_file(root, label)))
        visits[label] = read_visits(root, label, study.design, own)
        found += own.found
    return Trial(allocation=allocation, visits=visits), found


def build_observations(
    root: Path, folder: Path, study: Study, plan: AnalysisPlan
) -> tuple[ObservationTable, list[InputProblem]]:
    """The observation table from the dataset `root` and the derivative in `folder`, and warnings.

    Raises `InputError` with everything that makes the table impossible.
    """
    assert study.design is not None and study.analysis is not None
    trial, found = read_trial(root, study)
    metabolite_problems = Problems(str(folder / "metabolites.tsv"))
    others = [name for name in SCALES if name != plan.scale]
    metabolites = (
        read_metabolite(folder, plan, study.analysis.scan, metabolite_problems, others) if plan.metabolite else {}
    )
    biomarker_problems = Problems(str(folder / "biomarkers.tsv"))
    biomarkers = read_biomarker(folder, plan.biomarker, biomarker_problems) if plan.biomarker else {}
    aside = read_set_aside(folder, plan.biomarker, biomarker_problems)
    covariates, covariate_problems = _covariates(root, folder, plan, list(trial.allocation))
    found += [*metabolite_problems.found, *biomarker_problems.found, *covariate_problems]
    found += _unallocated(root, trial, {subject for subject, _ in (*metabolites, *biomarkers)})
    if any(problem.severity == "error" for problem in found):
        raise InputError(found)
    observations = [
        _observation(label, visit, periods, metabolites, biomarkers, aside, covariates[label])
        for label, periods in trial.allocation.items()
        for visit in _visits(trial.visits[label], periods, study.design)
        if visit.period in periods
    ]
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
    return observation_table(observations, study.design, "" if unit == "1" else unit, "".join(units)), found


def _visits(visits: Sequence[Visit], periods: dict[int, str], design: Design) -> list[Visit]:
    """The visits, and one without anything for each allocated period that has none: it was planned all the same."""
    seen = {visit.period for visit in visits}
    missed = [
        Visit(session="", period=period, time_point=design.baseline, clock_time_h=_NAN)
        for period in periods
        if period not in seen
    ]
    return [*visits, *missed]


def _observation(
    label: str, visit: Visit, periods: dict[int, str], metabolites: dict[tuple[str, str], MetaboliteValue],
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


def _covariates(
    root: Path, folder: Path, plan: AnalysisPlan, labels: Sequence[str]
) -> tuple[dict[str, dict[str, CovariateValue]], list[InputProblem]]:
    """The declared covariates of each participant, from participants.tsv or genotypes.tsv."""
    problems = Problems(str(root / PARTICIPANTS))
    values: dict[str, dict[str, CovariateValue]] = {label: {} for label in labels}
    if not plan.covariates:
        return values, []
    people = {row.text("participant_id").removeprefix("sub-"): row for row in read_participants(root, problems)}
    genotype_problems = Problems(str(folder / "genotypes.tsv"))
    genotypes = read_genotypes(folder, genotype_problems)
    for covariate in plan.covariates:
        texts = _texts(covariate.name, labels, people, genotypes)
        commas = next(
            (row.commas[covariate.name] for row in people.values() if covariate.name in row.cells), _NO_COMMAS
        )
        if texts is None:
            remedy = "add the column, correct analysis.covariates, or declare genotyping"
            problems.add(covariate.name, "must be a column here or a marker of genotypes.tsv", "missing", remedy)
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


def _unallocated(root: Path, trial: Trial, measured: set[str]) -> list[InputProblem]:
    """Participants with data and no allocation are left out, and said so."""
    return [
        input_problem(
            root / ALLOCATION, f"sub-{label}", "has measurements but no treatment and is left out", "no line",
            "add its lines", "warning",
        )
        for label in sorted(measured - set(trial.allocation))
    ]  # fmt: skip
