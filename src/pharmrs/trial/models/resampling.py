"""Extension models that draw the data again: permutation, bootstrap, and every participant left out once."""

from __future__ import annotations

import numpy as np

from pharmrs.core.records.arrays import FloatArray, IntArray
from pharmrs.trial.chain.change_design import ChangeModel, change_model, outcome_of
from pharmrs.trial.least_squares.coefficients import Coefficients, check_estimable
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.models.extension import DRAWN, OUTLIERS, ExtensionModel, ModelInput
from pharmrs.trial.records.analysis import EffectEstimate, ModelOutcome, StatisticalTest
from pharmrs.trial.regression.cluster_robust import robust_least_squares
from pharmrs.trial.regression.quantile_regression import fit_quantile
from pharmrs.trial.tests.bootstrap import bca_interval, leave_one_out
from pharmrs.trial.tests.permutation import permutation_p, permuted_treatments
from pharmrs.trial.tests.resampling_weights import BatchedFits, clustered_fits

PERMUTATIONS = 5000
_MEDIAN_SAMPLES = 400
_MOST_CELLS = 500_000  # allocations x rows at a time: some hundred MB at the most
_PERMUTATION = (
    f"The interaction was tested by {PERMUTATIONS} permutations of the allocation (sequences exchanged between "
    "participants), after the mean changes under each treatment were aligned; the statistic is the cluster-robust t."
)
_BOOTSTRAP = "Intervals by the BCa bootstrap over participants, 4000 samples (10.1080/01621459.1987.10478410)."
_LEFT_OUT = "The main model was fitted again without each participant."
_MEDIAN = "Median regression (10.2307/1913643); intervals are percentiles of 400 bootstrap samples of participants."


def interaction_designs(metabolite: FloatArray, treatment: IntArray, count: int) -> FloatArray:
    """Main-model designs (draws, rows, 2 count) of `metabolite` (rows,) under the treatments (draws, rows)."""
    x = np.broadcast_to(metabolite, treatment.shape)
    given = [(treatment == k).astype(float) for k in range(1, count)]
    return np.stack([np.ones(treatment.shape), x, *given, *(x * column for column in given)], axis=2)


def run_permutation(given: ModelInput) -> ModelOutcome:
    """Permutation test of each interaction."""
    model = change_model(given.changes, given.plan)
    check_estimable("permutation", model.outcome, model.design.matrix, model.design.terms)
    count = len(model.rows.treatments)
    drawn = permuted_treatments(model.rows, PERMUTATIONS, given.plan.seed, given.changes)
    names = {name: place for place, name in enumerate(model.rows.treatments)}
    real = np.array([[names[name] for name in model.rows.treatment]], dtype=np.intp)
    aligned = _aligned(model.outcome, real[0], count)
    metabolite = _aligned(model.rows.change_metabolite, real[0], count)
    people = PersonRows.of(model.subject)
    observed = clustered_fits(aligned, interaction_designs(metabolite, real, count), people)
    permuted = _in_parts(aligned, metabolite, drawn, count, people)
    tested = np.flatnonzero(model.design.hypothesis)
    ordinary = robust_least_squares(model.outcome, model.design.matrix, model.design.terms, "CR1", model.subject)
    estimates = []
    for column in tested:
        t = np.where(permuted.usable, permuted.estimate[:, column] / np.maximum(permuted.se[:, column], 1e-300), np.nan)
        statistic = float(observed.estimate[0, column] / observed.se[0, column])
        estimates.append(
            EffectEstimate(
                model="permutation", term=model.design.terms[column], estimate=float(ordinary.estimate[column]),
                statistic_name="t", statistic=statistic, p=permutation_p(statistic, t), n=len(model.outcome),
                subjects=len(people), hypothesis=True, treatment=model.design.treatments[column],
            )
        )  # fmt: skip
    lost = int(np.sum(~permuted.usable))
    notes = (f"{lost} of {PERMUTATIONS} allocations were singular and are left out",) if lost else ()
    return ModelOutcome(name="permutation", title="Permutation of the allocation", estimates=tuple(estimates),
                        facts={"permutations": float(PERMUTATIONS)}, notes=notes, methods=(_PERMUTATION,))  # fmt: skip


def _in_parts(
    outcome: FloatArray, metabolite: FloatArray, drawn: IntArray, count: int, people: PersonRows
) -> BatchedFits:
    """Fits under all allocations, so many at a time as memory is meant for."""
    step = max(1, _MOST_CELLS // drawn.shape[1])
    parts = [
        clustered_fits(outcome, interaction_designs(metabolite, drawn[first : first + step], count), people)
        for first in range(0, len(drawn), step)
    ]
    return BatchedFits(
        estimate=np.concatenate([part.estimate for part in parts]), se=np.concatenate([part.se for part in parts]),
        usable=np.concatenate([part.usable for part in parts]),
    )  # fmt: skip


def _aligned(values: FloatArray, treatment: IntArray, count: int) -> FloatArray:
    """Values less the mean of their treatment: the main effect, which the permutations must not test, is taken out."""
    means = np.array([values[treatment == k].mean() for k in range(count)])
    return np.asarray(values - means[treatment])


def run_bootstrap(given: ModelInput) -> ModelOutcome:
    """BCa intervals of the main model."""
    model = change_model(given.changes, given.plan)
    check_estimable("bootstrap", model.outcome, model.design.matrix, model.design.terms)
    level = 1 - given.plan.alpha
    found = robust_least_squares(model.outcome, model.design.matrix, model.design.terms, "CR1", model.subject)
    drawn = bca_interval(model.outcome, model.design.matrix, model.subject, seed=given.plan.seed, level=level)
    nothing = np.full(len(found.terms), np.nan)
    shown = Coefficients(
        method="BCa bootstrap", terms=found.terms, estimate=found.estimate, se=drawn.se, df=nothing, p=nothing,
        ci_low=drawn.ci_low, ci_high=drawn.ci_high, n=found.n, subjects=found.subjects,
        notes=(f"{drawn.lost} of {drawn.samples} samples were singular",) if drawn.lost else (),
    )  # fmt: skip
    return outcome_of("bootstrap", "Bootstrap over participants (BCa)", model, shown, methods=_BOOTSTRAP)


def run_leave_one_out(given: ModelInput) -> ModelOutcome:
    """Range of each interaction when one participant is missing."""
    model = change_model(given.changes, given.plan)
    check_estimable("leave one out", model.outcome, model.design.matrix, model.design.terms)
    found, names = leave_one_out(model.outcome, model.design.matrix, model.subject)
    whole = robust_least_squares(model.outcome, model.design.matrix, model.design.terms, "CR1", model.subject)
    tests, notes = [], []
    facts: dict[str, float] = {}
    for column in np.flatnonzero(model.design.hypothesis):
        term, values = model.design.terms[column], found[:, column]
        if not np.isfinite(values).any():
            raise NotEstimable("leave one out: without any one participant the terms cannot be told apart")
        furthest = int(np.nanargmax(np.abs(values - whole.estimate[column])))
        tests.append(
            StatisticalTest(
                family="leave_one_out", group=names[furthest], quantity=term, estimate_name="without",
                estimate=float(values[furthest]), ci_low=float(np.nanmin(values)), ci_high=float(np.nanmax(values)),
                interval="range",
                n=len(model.outcome) - model.subject.count(names[furthest]),
            )
        )  # fmt: skip
        facts |= {f"smallest: {term}": float(np.nanmin(values)), f"largest: {term}": float(np.nanmax(values))}
        notes.append(
            f"{term}: {whole.estimate[column]:.3g} with everybody, {np.nanmin(values):.3g} to {np.nanmax(values):.3g} "
            f"without one, furthest without {names[furthest]}"
        )
    return ModelOutcome(name="leave_one_out", title="Each participant left out", tests=tuple(tests), facts=facts,
                        notes=tuple(notes), methods=(_LEFT_OUT,))  # fmt: skip


def run_median(given: ModelInput) -> ModelOutcome:
    """Median regression with percentile intervals."""
    model = change_model(given.changes, given.plan)
    matrix, terms = model.design.matrix, model.design.terms
    fit = fit_quantile(model.outcome, matrix, terms)
    drawn = _median_samples(model, given.plan.seed)
    share = given.plan.alpha / 2
    nothing = np.full(len(terms), np.nan)
    notes = () if fit.unique else ("several lines fit the median equally well; one of them is shown",)
    shown = Coefficients(
        method="median regression", terms=terms, estimate=fit.estimate, se=drawn.std(axis=0, ddof=1), df=nothing,
        p=nothing, ci_low=np.quantile(drawn, share, axis=0), ci_high=np.quantile(drawn, 1 - share, axis=0),
        n=len(model.outcome), subjects=len(set(model.subject)), notes=notes,
    )  # fmt: skip
    return outcome_of("median", "Median regression", model, shown, methods=_MEDIAN)


def _median_samples(model: ChangeModel, seed: int) -> FloatArray:
    """Estimates in bootstrap samples of participants (samples, terms); singular samples are left out."""
    people = PersonRows.of(model.subject)
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(_MEDIAN_SAMPLES):
        rows = np.concatenate([people.rows(person) for person in generator.integers(0, len(people), len(people))])
        try:
            fit = fit_quantile(model.outcome[rows], model.design.matrix[rows], model.design.terms)
        except NotEstimable:
            continue
        found.append(fit.estimate)
    if len(found) < 0.95 * _MEDIAN_SAMPLES:
        raise NotEstimable(
            f"median regression: only {len(found)} of {_MEDIAN_SAMPLES} bootstrap samples have a solution"
        )
    return np.array(found)


RESAMPLING_MODELS = (
    ExtensionModel(name="permutation", title="Permutation of the allocation", run=run_permutation, takes_as_exact=True,
                   aspect=DRAWN),
    ExtensionModel(name="bootstrap", title="Bootstrap over participants (BCa)", run=run_bootstrap, takes_as_exact=True,
                   aspect=DRAWN),
    ExtensionModel(name="leave_one_out", title="Each participant left out", run=run_leave_one_out, aspect=DRAWN),
    ExtensionModel(name="median", title="Median regression", run=run_median, takes_as_exact=True, unmeasured=True,
                   aspect=OUTLIERS),
)  # fmt: skip
