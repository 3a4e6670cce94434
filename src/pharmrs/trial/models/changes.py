"""The main model with other standard errors, within participants, and robust: models of the complete pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.chain.change_design import (
    ChangeModel,
    carry_over_columns,
    change_model,
    lines_of,
    outcome_of,
    period_columns,
    sequence_columns,
)
from pharmrs.trial.least_squares.coefficients import Coefficients
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.models.extension import OTHER_MODELS, OUTLIERS, PEOPLE, ExtensionModel, ModelInput
from pharmrs.trial.records.analysis import ModelOutcome, StatisticalTest
from pharmrs.trial.regression.cluster_robust import robust_least_squares
from pharmrs.trial.regression.m_estimation import fit_m, fit_mm
from pharmrs.trial.regression.mixed_model import MixedFit, fit_mixed
from pharmrs.trial.regression.regression_diagnostics import breusch_pagan, cook_distances

_BY_TREATMENT = "A residual variance for each treatment"
_WELCH = (
    "Each treatment has its own line and its own residual variance; rows of a participant under two treatments covary "
    "as their residuals do, and differences have Satterthwaite's degrees of freedom (10.1093/biomet/29.3-4.350)."
)
_HC3 = "Standard errors of the main model allow for unequal variances (HC3, 10.1016/0304-4076(85)90158-7)."
_CR2 = (
    "Standard errors of the main model allow for several rows of a participant (CR2 with Satterthwaite degrees of "
    "freedom, 10.1080/07350015.2016.1247004)."
)
_OTHERS = "are for comparison with other software; with few participants they are too small"
_SANDWICHES = {
    "HC1": ("HC1 standard errors", f"HC1 standard errors (10.1016/0304-4076(85)90158-7) {_OTHERS}."),
    "CR0": ("Cluster-robust (CR0)", f"CR0 standard errors by participant (10.1093/biomet/73.1.13) {_OTHERS}."),
    "CR1": ("Cluster-robust (CR1)", f"CR1 standard errors by participant (10.1093/biomet/73.1.13) {_OTHERS}."),
    "CR2": ("Cluster-robust (CR2)", _CR2),
}
_MIXED = (
    "A mixed model with a random intercept of the participant was fitted by REML; tests use Kenward-Roger standard "
    "errors and degrees of freedom (10.2307/2533558)."
)
_SEQUENCE = (
    "Period and sequence were added to the mixed model; in two periods, a difference between sequences is what a "
    "carry-over (or a treatment-by-period interaction) would look like (10.1201/b17537)."
)
_PERIODS = "Each period has its own mean in the mixed model."
_BEFORE = (
    "Each period has its own mean in the mixed model, and the treatment of the period before an effect of its own on "
    "the next (first-order carry-over, 10.1201/b17537)."
)
_CROSSOVER = "Mixed model, period (in two periods also sequence)"
_CARRIED = "Mixed model, period and carry-over"
_SYMMETRY = (
    "Generalised least squares with compound symmetry within participants (REML), in which the rows of a participant "
    "may also be less alike than those of different participants."
)
_FIXED = "Every participant has an intercept of his own: the slopes rest on differences within participants alone."


def run_by_treatment(given: ModelInput) -> ModelOutcome:
    """Main model, a residual variance for each treatment."""
    model = change_model(given.changes, given.plan)
    found, sd = lines_of(model, given.plan.alpha)
    facts = {f"residual_sd: {name}": value for name, value in sd.items()}
    return outcome_of("by_treatment", _BY_TREATMENT, model, found, facts=facts, methods=_WELCH)


def run_hc3(given: ModelInput) -> ModelOutcome:
    """Main model, HC3, with the diagnostics that would make one want it."""
    model = change_model(given.changes, given.plan)
    design = model.design
    level = 1 - given.plan.alpha
    found = robust_least_squares(model.outcome, design.matrix, design.terms, "HC3", level=level)
    tests = [_breusch_pagan(model, studentised=studentised) for studentised in (True, False)]
    distances = cook_distances(model.outcome, design.matrix)
    worst = int(np.nanargmax(distances))
    outcome = outcome_of("hc3", "HC3 standard errors", model, found, methods=_HC3,
                         facts={"largest_cook_distance": float(distances[worst])})  # fmt: skip
    note = f"largest Cook distance {distances[worst]:.2f} ({model.rows.subject[worst]}, {model.rows.treatment[worst]})"
    return ModelOutcome(
        name=outcome.name, title=outcome.title, estimates=outcome.estimates, tests=tuple(tests), facts=outcome.facts,
        notes=(*outcome.notes, note), methods=outcome.methods,
    )  # fmt: skip


def _breusch_pagan(model: ChangeModel, *, studentised: bool) -> StatisticalTest:
    found = breusch_pagan(model.outcome, model.design.matrix, studentised=studentised)
    method = "studentised" if studentised else "normal errors"
    return StatisticalTest(
        family="breusch_pagan", group=method, quantity="residuals of main", statistic_name="chi2",
        statistic=found.statistic, df=found.df, p=found.p, p_method=method, n=len(model.outcome),
    )  # fmt: skip


def _sandwich(kind: str, title: str, methods: str) -> Callable[[ModelInput], ModelOutcome]:
    """Main model with the robust standard errors `kind`."""

    def run(given: ModelInput) -> ModelOutcome:
        model = change_model(given.changes, given.plan)
        found = robust_least_squares(
            model.outcome, model.design.matrix, model.design.terms, kind, model.subject, level=1 - given.plan.alpha
        )
        return outcome_of(kind.lower(), title, model, found, methods=methods)

    return run


def _clustered(model: ChangeModel, alpha: float) -> Coefficients:
    return robust_least_squares(
        model.outcome, model.design.matrix, model.design.terms, "CR2", model.subject, level=1 - alpha
    )


def run_period(given: ModelInput) -> ModelOutcome:
    """Main model with the period, CR2."""
    model = change_model(given.changes, given.plan)
    model = model.with_columns(period_columns(model.rows))
    found = _clustered(model, given.plan.alpha)
    methods = f"The period of the treatment was added to the main model. {_CR2}"
    return outcome_of("period", "Period added (CR2)", model, found, methods=methods)


def run_within(given: ModelInput) -> ModelOutcome:
    """Each participant with an intercept of his own, CR2: least squares of what varies about each participant's mean.

    CR2 and its degrees of freedom are those of the model with an indicator per participant (Pustejovsky & Tipton 2018,
    theorem 2), whose matrix would have a column for each.
    """
    model = change_model(given.changes, given.plan)
    people = PersonRows.of(model.subject)
    several = people.sizes > 1
    terms = model.design.terms[1:]  # the intercept goes with those of the participants
    if len(model.outcome) - len(people) <= len(terms):
        raise NotEstimable(
            f"within: {len(model.outcome)} rows do not determine {len(people)} intercepts of participants and "
            f"{len(terms)} coefficients"
        )

    def about_mean(values: FloatArray) -> FloatArray:
        return np.asarray(values - (people.sums(values).T / people.sizes).T[people.codes])

    found = robust_least_squares(
        about_mean(model.outcome), about_mean(model.design.matrix[:, 1:]), terms, "CR2", model.subject,
        level=1 - given.plan.alpha,
    )  # fmt: skip
    shown = replace(found, subjects=int(several.sum()), notes=())
    alone = int(np.sum(~several))
    who = "participant" if alone == 1 else "participants"
    note = (f"nothing comes from the {alone} {who} with one row",) if alone else ()
    return outcome_of("within", "Within participants (fixed intercepts)", model, shown, notes=note, methods=_FIXED)


def _mixed(model: ChangeModel, alpha: float, *, bounded: bool = True) -> MixedFit:
    groups = {"participant": list(model.subject)}
    return fit_mixed(
        model.outcome, model.design.matrix, model.design.terms, groups, bounded=bounded, level=1 - alpha
    )  # fmt: skip


def _mixed_outcome(name: str, title: str, model: ChangeModel, fit: MixedFit, methods: str) -> ModelOutcome:
    facts = {
        "variance_participant": fit.components["participant"],
        "variance_residual": fit.residual_variance,
        "reml_deviance": fit.deviance,
    }
    return outcome_of(name, title, model, fit.kenward_roger, facts=facts, methods=methods)


def run_mixed(given: ModelInput) -> ModelOutcome:
    """Random intercept of the participant, REML, Kenward-Roger."""
    model = change_model(given.changes, given.plan)
    return _mixed_outcome("mixed", "Mixed model (Kenward-Roger)", model, _mixed(model, given.plan.alpha), _MIXED)


def run_crossover(given: ModelInput) -> ModelOutcome:
    """Mixed model with the period, in two periods also the sequence."""
    model = change_model(given.changes, given.plan)
    columns = period_columns(model.rows)
    two = len(columns) == 1
    model = model.with_columns({**columns, **(sequence_columns(model.rows) if two else {})})
    fit = _mixed(model, given.plan.alpha)
    methods = f"{_MIXED} {_SEQUENCE if two else _PERIODS}"
    return _mixed_outcome("crossover", _CROSSOVER, model, fit, methods)


def run_carry_over(given: ModelInput) -> ModelOutcome:
    """Mixed model with the period and what the treatment of the period before may have left."""
    model = change_model(given.changes, given.plan)
    model = model.with_columns({**period_columns(model.rows), **carry_over_columns(model.rows, given.changes)})
    fit = _mixed(model, given.plan.alpha)
    return _mixed_outcome("carry_over", _CARRIED, model, fit, f"{_MIXED} {_BEFORE}")


def run_symmetry(given: ModelInput) -> ModelOutcome:
    """Compound symmetry with a free sign."""
    model = change_model(given.changes, given.plan)
    fit = _mixed(model, given.plan.alpha, bounded=False)
    return _mixed_outcome("symmetry", "Compound symmetry (Kenward-Roger)", model, fit, _SYMMETRY)


def _robust(name: str, title: str, methods: str, kind: str) -> Callable[[ModelInput], ModelOutcome]:
    def run(given: ModelInput) -> ModelOutcome:
        model = change_model(given.changes, given.plan)
        level = 1 - given.plan.alpha
        arguments = (model.outcome, model.design.matrix, model.design.terms)
        if kind == "MM":
            fit = fit_mm(*arguments, seed=given.plan.seed, level=level)
        else:
            fit = fit_m(*arguments, kind, level=level)
        down = int(np.sum(fit.weights < 0.5))
        note = "1 row weighs less than one half" if down == 1 else f"{down} rows weigh less than one half"
        return outcome_of(name, title, model, fit.coefficients, facts={"robust_scale": fit.scale},
                          notes=(note,), methods=methods)  # fmt: skip

    return run


_FEW = "with few participants (its standard errors are too small)"
_UNEQUAL = "where the scatter of the biomarker differs between treatments (9 instead of 5 %)"
_ROBUST = {
    "huber": ("Robust regression (Huber)", "M-estimation with Huber's psi (10.1214/aoms/1177703732).", "Huber"),
    "bisquare": (
        "Robust regression (bisquare)",
        "M-estimation with Tukey's bisquare (10.1080/00401706.1974.10489171).",
        "bisquare",
    ),
    "mm": ("Robust regression (MM)", "MM-estimation with 50 % breakdown (10.1214/aos/1176350366).", "MM"),
}
_LIBERAL = {"symmetry": "with few participants (6.3 % of 12 people where 5 are due)"}
_EXACT = {
    "by_treatment": (_BY_TREATMENT, run_by_treatment),
    "hc3": ("HC3 standard errors", run_hc3),
    "period": ("Period added (CR2)", run_period),
    "within": ("Within participants (fixed intercepts)", run_within),
    "mixed": ("Mixed model (Kenward-Roger)", run_mixed),
    "crossover": (_CROSSOVER, run_crossover),
    "carry_over": (_CARRIED, run_carry_over),
    "symmetry": ("Compound symmetry (Kenward-Roger)", run_symmetry),
}
CHANGE_MODELS = (
    *(
        ExtensionModel(
            name=kind.lower(), title=title, run=_sandwich(kind, title, methods), misses="" if kind == "CR2" else _FEW,
            takes_as_exact=True, aspect=OTHER_MODELS if kind == "HC1" else PEOPLE,
        )
        for kind, (title, methods) in _SANDWICHES.items()
    ),
    *(
        ExtensionModel(
            name=name, title=title, run=run, takes_as_exact=True, misses=_LIBERAL.get(name, ""),
            aspect=OTHER_MODELS if name in ("hc3", "by_treatment") else PEOPLE,
        )
        for name, (title, run) in _EXACT.items()
    ),
    *(
        ExtensionModel(
            name=name, title=title, run=_robust(name, title, methods, kind), misses=_UNEQUAL, aspect=OUTLIERS
        )
        for name, (title, methods, kind) in _ROBUST.items()
    ),
)  # fmt: skip
