"""The reference analysis from the observation table to every number a paper prints."""

from __future__ import annotations

import numpy as np
from scipy import linalg, stats

from pharmrs.trial.chain.analysis_flow import analysis_flow
from pharmrs.trial.chain.associations import change_correlations, oldham_tests
from pharmrs.trial.chain.baseline import baseline_values, period_counts
from pharmrs.trial.chain.change_design import clustered_interactions, scatter_by_treatment
from pharmrs.trial.chain.change_scores import change_table, in_unit
from pharmrs.trial.chain.comparisons import level_comparisons
from pharmrs.trial.chain.effects import treatment_effects
from pharmrs.trial.chain.families import family_tests
from pharmrs.trial.chain.levels import biomarker_levels
from pharmrs.trial.chain.main_model import main_model
from pharmrs.trial.chain.rule_sensitivity import rule_changes
from pharmrs.trial.chain.term_tests import covariate_test, type_two_tests
from pharmrs.trial.chain.what_data_allow import says_nothing, warnings_of_pairs
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.records.analysis import AnalysisPlan, StatisticalTest
from pharmrs.trial.records.analysis_result import CovariateModel, ReferenceChain, UnitChange
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.linear_model import LinearModel
from pharmrs.trial.records.observations import ObservationTable
from pharmrs.trial.tests.p_adjustment import adjusted

UNIT_FACTORS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


def unit_changes(changes: ChangeTable, plan: AnalysisPlan) -> tuple[UnitChange, ...]:
    """The interaction of the main model after every biomarker value is multiplied by each factor."""
    found: list[UnitChange] = []
    for factor in UNIT_FACTORS:
        try:
            model = main_model(in_unit(changes, plan, factor), plan)
        except NotEstimable as why:
            found.append(UnitChange(factor=factor, term="", estimate=float("nan"), p=float("nan"), reason=str(why)))
            continue
        found += [
            UnitChange(factor=factor, term=item.term, estimate=item.estimate, p=item.p) for item in model.hypothesis
        ]
    return tuple(found)


def joint_interaction_test(model: LinearModel) -> StatisticalTest:
    """F of all hypothesis terms together: the Wald test of the fitted model, the same as comparing nested models."""
    chosen = [position for position, item in enumerate(model.estimates) if item.hypothesis]
    values = model.coefficients[chosen]
    f = float(values @ linalg.solve(model.covariance[np.ix_(chosen, chosen)], values, assume_a="pos")) / len(chosen)
    return StatisticalTest(
        family="joint_interaction", group="", quantity=f"all interactions of {model.name}", statistic_name="F",
        statistic=f, df=float(len(chosen)), df2=model.df[1], p=float(stats.f.sf(f, len(chosen), model.df[1])),
        p_method="F", n=model.n,
    )  # fmt: skip


def reference_chain(table: ObservationTable, plan: AnalysisPlan) -> ReferenceChain:
    """Levels, changes, main model, covariates one at a time, correlations, Oldham, t tests, unit check, sample flow.

    What cannot be estimated carries its reason; nothing is replaced by another method.
    """
    try:
        levels = biomarker_levels(table, plan)
    except NotEstimable as why:
        return ReferenceChain(
            levels=None, changes=None, flow=analysis_flow(table, None, plan), notes=table.notes, reason=str(why)
        )
    changes, notes = change_table(table, plan, levels)
    effects = treatment_effects(table.kind, changes, plan)
    baseline, periods = baseline_values(table, plan), period_counts(changes, plan)
    if not plan.couples or len(table.treatments) == 1:
        return ReferenceChain(
            levels=levels, changes=changes, flow=analysis_flow(table, changes, plan), effects=effects,
            families=family_tests(plan, effects, None, table.treatments), baseline=baseline, periods=periods,
            paired=adjusted(level_comparisons(table, changes.one_row_each(), plan)),
            notes=(*table.notes, *levels.notes, *notes, *_averages(changes)),
        )  # fmt: skip
    try:
        model, reason = main_model(changes, plan), ""
    except NotEstimable as why:
        model, reason = None, str(why)
    excludes = () if model is None else says_nothing(model.hypothesis, changes)
    with_covariate = _covariate_models(changes, plan)
    scatter, by_treatment = ({}, ()) if model is None else scatter_by_treatment(changes, plan)
    return ReferenceChain(
        levels=levels,
        changes=changes,
        flow=analysis_flow(table, changes, plan),
        model=model,
        covariate_models=with_covariate,
        joint=() if model is None else (joint_interaction_test(model),),
        terms=() if model is None else type_two_tests(model, f"change in {plan.metabolite}"),
        effects=effects,
        families=family_tests(plan, effects, model, table.treatments),
        baseline=baseline,
        periods=periods,
        clustered=() if model is None else clustered_interactions(changes, plan),
        residual_sd=scatter,
        by_treatment=by_treatment,
        covariates=adjusted([covariate_test(one.model, one.covariate) for one in with_covariate if one.model]),
        correlations=_judged(change_correlations(changes.one_row_each(), plan)),
        oldham=oldham_tests(changes.one_row_each(), plan),
        paired=adjusted(level_comparisons(table, changes.one_row_each(), plan)),
        unit_changes=unit_changes(changes, plan),
        rule_changes=rule_changes(table, plan),
        notes=(*table.notes, *levels.notes, *notes, *_averages(changes), *warnings_of_pairs(changes, plan), *excludes),
        reason=reason,
    )


def _averages(changes: ChangeTable) -> tuple[str, ...]:
    text = "a treatment was given to a participant more than once: rank correlations and t tests take his mean"
    return (text,) if changes.repeated else ()


def _judged(correlations: tuple[StatisticalTest, ...]) -> tuple[StatisticalTest, ...]:
    """Rank correlations adjusted for the number of treatments; Pearson's stand beside them and are not judged."""
    ranks = iter(adjusted([test for test in correlations if test.family == "spearman"]))
    return tuple(next(ranks) if test.family == "spearman" else test for test in correlations)


def _covariate_models(changes: ChangeTable, plan: AnalysisPlan) -> tuple[CovariateModel, ...]:
    found: list[CovariateModel] = []
    for covariate in plan.covariates:
        try:
            found.append(CovariateModel(covariate=covariate.name, model=main_model(changes, plan, covariate)))
        except NotEstimable as why:
            found.append(CovariateModel(covariate=covariate.name, model=None, reason=str(why)))
    return tuple(found)
