"""What a run found against what was planted: the last table of the demonstration."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import read_text_table
from pharmrs.core.records.columns import Column
from pharmrs.core.report.tables import Row, Table
from pharmrs.simulate.observations import observed_table
from pharmrs.simulate.trial_records import Trial
from pharmrs.study.declared import Study
from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.main_model import main_model
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.analyse import analyse
from pharmrs.trial.read.observations import read_observations
from pharmrs.trial.records.analysis import AnalysisPlan, EffectEstimate
from pharmrs.trial.records.observations import ObservationTable

OBSERVATIONS = "observations.tsv"
_ALPHA = 0.05  # whatever the study declares, the table shows 95 % intervals
_COLUMNS = {
    "quantity": Column("What was planted."),
    "planted": Column("Its true value."),
    "recovered": Column("Its value in the results of the run."),
    "ci_low": Column("Lower end of the 95 % interval; n/a where there is none."),
    "ci_high": Column("Upper end of the 95 % interval."),
    "n": Column("Values behind it."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """One planted quantity and what became of it; NaN limits where there is no interval."""

    quantity: str
    planted: float
    recovered: float
    ci_low: float = math.nan
    ci_high: float = math.nan
    n: int = 0


def recovered_table(rows: Iterable[Recovered]) -> Table:
    """The comparison as a table to be written."""
    return Table(
        name="recovered",
        columns=_COLUMNS,
        rows=tuple(Row({name: getattr(row, name) for name in _COLUMNS}) for row in rows),
    )


def planted_plan(plan: AnalysisPlan) -> AnalysisPlan:
    """The main model of `plan`, and no other, on the scale on which effects are planted: differences of logarithms."""
    return replace(
        plan,
        biomarker_transform="log",
        biomarker_change="difference",
        metabolite_change="log_ratio",
        covariates=(),
        models=(),
        exploratory=(),
    )


def compare(trial: Trial, study: Study, output: Path) -> list[Recovered]:
    """Planted against recovered, from the files in `output`; what was not analysed is left out."""
    rows: list[Recovered] = []
    if study.design is not None and study.analysis is not None and (output / OBSERVATIONS).is_file():
        plan = replace(study.analysis.plan(study.quantification.primary_scale), alpha=_ALPHA)
        found = read_observations(output / OBSERVATIONS, study.design, plan)
        truth = observed_table(trial)
        rows += _coupling(trial, found, truth, plan)
        rows += _changes(trial, found, plan)
        rows += _censored(trial, found)
    return [*rows, *_tissue(trial, output), *_genotypes(trial, output)]


def _coupling(trial: Trial, found: ObservationTable, truth: ObservationTable, plan: AnalysisPlan) -> list[Recovered]:
    effects, reference = trial.settings.planted, trial.settings.design.treatments[0]
    metabolite, analyte = trial.settings.metabolite, trial.settings.analyte
    rows = []
    for estimate in _estimates(found, planted_plan(plan)):
        if estimate.hypothesis:
            treatment = estimate.treatment
            name = f"interaction, {treatment}: ln {analyte} per ln {metabolite}"
            rows.append(_effect(name, effects.interaction(treatment, reference), estimate))
        elif estimate.term == f"change in {plan.metabolite}":
            name = f"slope, {reference}: ln {analyte} per ln {metabolite}"
            rows.append(_effect(name, effects.treatments[reference].slope, estimate))
    joint = analyse(found, replace(planted_plan(plan), models=("joint",))).models[0]
    for estimate in (one for one in joint.estimates if one.hypothesis):
        treatment = estimate.treatment
        name = f"interaction, {treatment}: the same by the joint model (errors and censored values in the likelihood)"
        rows.append(_effect(name, effects.interaction(treatment, reference), estimate))
    planned = {one.term: one for one in _estimates(found, plan) if one.hypothesis}
    for ideal in _estimates(truth, plan):
        if ideal.term in planned:
            treatment = ideal.treatment
            name = f"interaction, {treatment}, by the declared plan (planted: what it gives on the true values)"
            rows.append(_effect(name, ideal.estimate, planned[ideal.term]))
    return rows


def _estimates(table: ObservationTable, plan: AnalysisPlan) -> tuple[EffectEstimate, ...]:
    try:
        return main_model(change_table(table, plan)[0], plan).estimates
    except NotEstimable:
        return ()


def _effect(name: str, planted: float, estimate: EffectEstimate) -> Recovered:
    return Recovered(
        quantity=name,
        planted=planted,
        recovered=estimate.estimate,
        ci_low=estimate.ci_low,
        ci_high=estimate.ci_high,
        n=estimate.n,
    )


def _changes(trial: Trial, found: ObservationTable, plan: AnalysisPlan) -> list[Recovered]:
    """Mean changes under each treatment; those of the biomarker from complete pairs above the limit."""
    settings = trial.settings
    try:
        changes, _ = change_table(found, planted_plan(plan))
    except NotEstimable:
        return []
    rows = []
    for name, effect in settings.planted.treatments.items():
        given = changes.of_treatment(name)
        for what, planted, values in (
            (f"change of ln {settings.metabolite}", effect.metabolite_change, changes.change_metabolite),
            (f"change of ln {settings.analyte}", effect.biomarker_change, changes.change_biomarker),
        ):
            rows.append(_mean(f"mean {what}, {name}", planted, values[given]))
    return rows


def _mean(name: str, planted: float, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Recovered:
    from scipy.stats import t

    known = values[np.isfinite(values)]
    n = int(known.size)
    if n < 2:
        return Recovered(quantity=name, planted=planted, recovered=float(known.mean()) if n else math.nan, n=n)
    mean, half = float(known.mean()), float(t.ppf(0.975, n - 1) * known.std(ddof=1) / math.sqrt(n))
    return Recovered(quantity=name, planted=planted, recovered=mean, ci_low=mean - half, ci_high=mean + half, n=n)


def _censored(trial: Trial, found: ObservationTable) -> list[Recovered]:
    limits = [row.biomarker_limit for row in found.rows if row.biomarker_censored == "left"]
    if not limits:
        return []
    true = sum(visit.has_sample and visit.biomarker < limits[0] for visit in trial.visits)
    name = f"samples below the limit of {limits[0]:.4g} {trial.settings.unit}"
    return [Recovered(quantity=name, planted=true, recovered=len(limits), n=len(trial.visits))]


def _tissue(trial: Trial, output: Path) -> list[Recovered]:
    """Grey and white matter in the voxel, mean over the scans."""
    rows = _rows(output / "tissue.tsv")
    true = {visit.name: visit.gray_matter + visit.white_matter for visit in trial.visits}
    pairs = [
        (true[f"sub-{row['subject']}_ses-{row['session']}"], float(row["gm"]) + float(row["wm"]))
        for row in rows
        if row["gm"] not in ("", "n/a")
    ]
    if not pairs:
        return []
    planted, recovered = np.array(pairs).T
    error = float(np.abs(recovered - planted).mean())
    return [
        Recovered(
            quantity=f"grey and white matter in the voxel, mean (mean absolute error {error:.3f})",
            planted=float(planted.mean()),
            recovered=float(recovered.mean()),
            n=len(pairs),
        )
    ]


def _genotypes(trial: Trial, output: Path) -> list[Recovered]:
    called = {row["subject"]: row["genotype"] for row in _rows(output / "genotypes.tsv")}
    if not called:
        return []
    right = sum(called.get(person.label) == person.genotype for person in trial.participants)
    count = len(trial.participants)
    return [Recovered(quantity="genotypes called right", planted=count, recovered=right, n=count)]


def _rows(path: Path) -> list[dict[str, str]]:
    return [] if not path.is_file() else [row.cells for row in read_text_table(path, Problems(str(path)), ())]
