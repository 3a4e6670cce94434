"""Extension models about what was not measured exactly, or not in the declared way."""

from __future__ import annotations

import math

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.chain.change_design import ChangeModel, change_model, lines_of, outcome_of
from pharmrs.trial.chain.change_scores import change_table, log_ratios
from pharmrs.trial.chain.what_data_allow import reliabilities
from pharmrs.trial.joint.model import JointFit, ProfiledEffect, fit_joint
from pharmrs.trial.least_squares.linear import design_of
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.extension import ERROR, LIMITS, ExtensionModel, ModelInput
from pharmrs.trial.records.analysis import EffectEstimate, ModelOutcome
from pharmrs.trial.regression.censored_regression import fit_tobit
from pharmrs.trial.regression.cluster_robust import robust_least_squares
from pharmrs.trial.regression.measurement_error import errors_in_variables, simex

LOG_UNIT = "log ratio of both (biomarker per metabolite)"
_LOG = "Both changes were taken as log ratios, which do not depend on the unit of the assay; CR2 standard errors."
_EIV = (
    "The known error variance of the metabolite change was taken out of the normal equations under each treatment "
    "(10.1002/9780470316665)."
)
_EIV_CR2 = "CR2 standard errors by participant with Satterthwaite degrees of freedom."
_EIV_LINES = "Each treatment has its own residual variance; differences have Satterthwaite degrees of freedom."
_SIMEX = "SIMEX with the known error of the metabolite change (10.1080/01621459.1994.10476871), quadratic extrapolant."
_TOBIT = (
    "The log biomarker at follow-up, censored at its limit, was regressed on its baseline and on the metabolite's log "
    "ratio by treatment (Tobit, 10.2307/1907382; cluster-robust): follow-up values below the limit are kept."
)
_JOINT = (
    "A joint model of the log levels of metabolite and biomarker used every participant, the measurement SD of each "
    "value, and censored values by their probability; the coupling is the slope of the true log changes. Maximum "
    "likelihood with profile intervals (10.2307/2347496)."
)


def run_log_ratio(given: ModelInput) -> ModelOutcome:
    """Log ratios of both, CR2; the time of day is left out of a ratio."""
    plan = log_ratios(given.plan)
    changes, notes = change_table(given.table, plan)
    model = change_model(changes, plan)
    found = robust_least_squares(
        model.outcome, model.design.matrix, model.design.terms, "CR2", model.subject, level=1 - plan.alpha
    )
    return outcome_of("log_ratio", "Log ratios (CR2)", model, found, notes=notes, methods=_LOG, unit=LOG_UNIT)


def _error_prone(given: ModelInput) -> tuple[ChangeModel, FloatArray, FloatArray]:
    """The main model, how its columns move with the metabolite change, and the SD of the change's error."""
    model = change_model(given.changes, given.plan)
    sd = model.rows.change_metabolite_sd
    if not np.isfinite(sd).all():
        unknown = int(np.sum(~np.isfinite(sd)))
        raise NotEstimable(f"the measurement SD of the metabolite change is not known for {unknown} of {len(sd)} rows")
    loadings = np.zeros_like(model.design.matrix)
    loadings[:, 1] = 1.0
    for column in np.flatnonzero(model.design.hypothesis):
        treatment = column - (len(model.rows.treatments) - 1)
        loadings[:, column] = model.design.matrix[:, treatment]
    return model, loadings, sd


def run_errors(given: ModelInput) -> ModelOutcome:
    """Errors in variables by moments."""
    model, loadings, sd = _error_prone(given)
    level = 1 - given.plan.alpha
    if given.changes.repeated:  # several rows of a participant under one treatment
        found, methods = (
            errors_in_variables(
                model.outcome, model.design.matrix, loadings, sd, model.design.terms, model.subject, level=level
            ),
            _EIV_CR2,
        )
    else:
        found, methods = lines_of(model, given.plan.alpha, sd)[0], _EIV_LINES
    facts = {"mean_error_sd": float(np.mean(sd))}
    facts |= {f"reliability: {name}": share for name, share in reliabilities(given.changes).items()}
    listed = ", ".join(f"{share:.2f} under {name}" for name, share in reliabilities(given.changes).items())
    note = f"share of the variance of the metabolite change that is not measurement error: {listed}"
    return outcome_of("errors_in_variables", "Errors in variables", model, found, facts=facts, notes=(note,),
                      methods=f"{_EIV} {methods}")  # fmt: skip


def run_simex(given: ModelInput) -> ModelOutcome:
    """SIMEX."""
    model, loadings, sd = _error_prone(given)
    found = simex(
        model.outcome, model.design.matrix, loadings, sd, model.design.terms, seed=given.plan.seed,
        level=1 - given.plan.alpha,
    )  # fmt: skip
    return outcome_of("simex", "SIMEX", model, found, methods=_SIMEX)


def run_tobit(given: ModelInput) -> ModelOutcome:
    """Follow-up on baseline with the follow-up censored."""
    rows = given.changes
    side = rows.biomarker_censored[:, 1].astype(float)
    later = np.where(side == 0, rows.biomarker[:, 1], rows.biomarker_limit[:, 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        outcome, baseline = np.log(later), np.log(rows.biomarker[:, 0])
        change = np.log(rows.metabolite[:, 1] / rows.metabolite[:, 0])
    used = np.isfinite(outcome) & np.isfinite(baseline) & np.isfinite(change)
    kept = rows.where(used)
    if len(kept) == 0:
        raise NotEstimable("no pair has a biomarker baseline and both metabolites")
    center = float(np.mean(baseline[used]))
    treated = [(name, kept.of_treatment(name).astype(float)) for name in kept.treatments[1:]]
    metabolite = f"log ratio of {given.plan.metabolite}"
    at_zero, reference = f"at {metabolite} = 0", kept.treatments[0]
    columns = [
        ("(intercept)", np.ones(len(kept)), False, reference, f"{reference}, {at_zero}"),
        (f"log {given.plan.biomarker} at baseline", baseline[used] - center, False, "", ""),
        (metabolite, change[used], False, reference, f"under {reference}"),
        *((name, column, False, name, at_zero) for name, column in treated),
        *((f"{metabolite} × {name}", change[used] * column, True, name, "") for name, column in treated),
    ]
    design = design_of(columns, "log follow-up ~ log baseline + change * treatment")
    fit = fit_tobit(outcome[used], side[used], design.matrix, design.terms, kept.subject, level=1 - given.plan.alpha)
    model = ChangeModel(outcome=outcome[used], design=design, rows=kept)
    facts = {"censored": float(fit.censored), "residual_sd": fit.scale, "log_likelihood": fit.log_likelihood}
    note = "log follow-up given baseline; pairs without a measured baseline are left out"
    return outcome_of("tobit", "Censored regression (Tobit)", model, fit.coefficients, facts=facts, notes=(note,),
                      methods=_TOBIT, unit=LOG_UNIT)  # fmt: skip


def run_joint(given: ModelInput) -> ModelOutcome:
    """The joint model of all participants."""
    fit = fit_joint(given.changes, adjust_clock=given.plan.time_adjustment == "linear", level=1 - given.plan.alpha)
    estimates = [_profiled(fit.slope, fit, tested=False, unit=LOG_UNIT)]
    estimates += [_profiled(one, fit, tested=True, unit=LOG_UNIT) for one in fit.interactions]
    estimates += [_profiled(one, fit, tested=False, unit="log ratio") for one in fit.treatment_effects]
    facts = {
        "log_likelihood": fit.log_likelihood, "pairs": float(fit.pairs), "complete_pairs": float(fit.complete),
        "censored_values": float(fit.censored),
    }  # fmt: skip
    open_ended = [one.term for one in fit.interactions if math.isnan(one.ci_low) or math.isnan(one.ci_high)]
    notes = tuple(f"these data do not bound {term}: no end of its interval could be found" for term in open_ended)
    notes += (*fit.notes, f"{fit.pairs} pairs, of them {fit.complete} complete; {fit.censored} values beyond a limit")
    return ModelOutcome(name="joint", title="Joint model, censored values kept", estimates=tuple(estimates),
                        facts=facts, notes=notes, methods=(_JOINT,), says_nothing=tuple(open_ended))  # fmt: skip


def _profiled(effect: ProfiledEffect, fit: JointFit, *, tested: bool, unit: str) -> EffectEstimate:
    return EffectEstimate(
        model="joint", term=effect.term, estimate=effect.estimate, ci_low=effect.ci_low, ci_high=effect.ci_high,
        statistic_name="", df=float(fit.df), p=effect.p, n=fit.pairs, subjects=fit.subjects, unit=unit,
        hypothesis=tested, treatment=effect.treatment,
    )  # fmt: skip


_ROWS = "where participants have several rows, which it takes for independent"
_FEW = "in samples of this size (about 8 % of 35, 12 % of 12 people where 5 are due)"
_SCATTER = "where the scatter of the biomarker differs between treatments (about 8 % of 35 people where 5 are due)"
ERROR_MODELS = (
    ExtensionModel(name="log_ratio", title="Log ratios (CR2)", run=run_log_ratio, takes_as_exact=True, logs=True),
    ExtensionModel(
        name="errors_in_variables", title="Errors in variables", run=run_errors, corrects_error=True, aspect=ERROR
    ),
    ExtensionModel(name="simex", title="SIMEX", run=run_simex, misses=_ROWS, corrects_error=True, aspect=ERROR),
    ExtensionModel(
        name="tobit", title="Censored regression (Tobit)", run=run_tobit, misses=_FEW, logs=True, aspect=LIMITS
    ),
    ExtensionModel(
        name="joint",
        title="Joint model, censored values kept",
        run=run_joint,
        misses=_SCATTER,
        logs=True,
        corrects_error=True,
        aspect=LIMITS,
    ),
)
