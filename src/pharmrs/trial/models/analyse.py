"""The whole analysis: reference chain, then every extension model the plan names, each with its outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial

from pharmrs.core.unit import Within, unbounded
from pharmrs.trial.chain.analysis_flow import analysis_flow
from pharmrs.trial.chain.change_scores import change_table, log_ratios
from pharmrs.trial.chain.reference_chain import reference_chain
from pharmrs.trial.chain.what_data_allow import says_nothing, unequal_reliability, unequal_scatter
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.models.registry import MODELS, ExtensionModel, ModelInput
from pharmrs.trial.records.analysis import AnalysisPlan, ModelOutcome
from pharmrs.trial.records.analysis_result import AnalysisResult, ReferenceChain
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.declared_design import Design
from pharmrs.trial.records.error_rates import DUE, RATES, level_note
from pharmrs.trial.records.observations import ObservationTable

_FAULT = "a fault of pharmrs, see problems"
# keys that came later: where they hold nothing they are left out, so that plans without them keep their hash
_LATER = ("outcomes", "exposures", "families", "contrasts", "ed50", "estimand", "repeated")


def plan_hash(design: ObservationTable | Design, plan: AnalysisPlan) -> str:
    """SHA-256 of design and plan, without exploratory models: results with the same hash were planned alike."""
    why_beside = {name: getattr(design, name) for name in ("kind", "treatments", "baseline", "follow_up")}
    why_beside |= {name: getattr(design, name) for name in ("sequences", "doses") if getattr(design, name)}
    plain = AnalysisPlan()
    later = {name for name in _LATER if getattr(plan, name) == getattr(plain, name)}
    declared = {name: value for name, value in asdict(replace(plan, exploratory=())).items() if name not in later}
    text = json.dumps({"design": why_beside, "analysis": declared}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def unknown_models(plan: AnalysisPlan) -> list[str]:
    """Names in the plan that no model has."""
    return [name for name in (*plan.models, *plan.exploratory) if name not in MODELS]


def analyse(
    table: ObservationTable,
    plan: AnalysisPlan,
    tell: Callable[[str], None] = lambda _what: None,
    within: Within = unbounded,
) -> AnalysisResult:
    """Run the plan. `tell` is told what is being done. Names of models must be known (`unknown_models`).

    `within`: the boundary in which the reference analysis and each model are fitted.
    """
    tell("reference analysis")
    chain = within(partial(reference_chain, table, plan), "reference analysis", "analysis")
    if chain is None:
        flow = analysis_flow(table, None, plan)
        chain = ReferenceChain(levels=None, changes=None, flow=flow, notes=table.notes, reason=_FAULT)
    models = []
    for name in (*plan.models, *plan.exploratory):
        tell(MODELS[name].title)
        outcome = within(partial(_outcome, name, table, chain, plan), MODELS[name].title, "model")
        outcome = outcome or ModelOutcome(name=name, title=MODELS[name].title, reason=_FAULT)
        models.append(_judged(outcome, table, chain, plan))
    return AnalysisResult(table=table, plan=plan, plan_hash=plan_hash(table, plan), chain=chain, models=tuple(models))


def _judged(outcome: ModelOutcome, table: ObservationTable, chain: ReferenceChain, plan: AnalysisPlan) -> ModelOutcome:
    """The outcome with what the plan, the level of its test and the spread of the data make of it."""
    model, planned = MODELS[outcome.name], outcome.name in plan.models
    why = why_not_declared(model, chain.changes) if chain.changes is not None else ""
    why_beside = (f"{'declared, but shown beside the plan: ' if planned else ''}{why}",)
    empty = dict(_says_nothing(model, outcome, table, chain, plan))
    level = () if why or outcome.reason or chain.changes is None else _of_level(outcome, chain.changes)
    return replace(
        outcome,
        declared=planned and not why,
        aspect=model.aspect,
        misses=why,
        says_nothing=(*outcome.says_nothing, *empty),
        notes=(
            *(why_beside if why and (planned or not outcome.reason) else ()),
            *outcome.notes,
            *level,
            *empty.values(),
        ),
    )


def _of_level(outcome: ModelOutcome, changes: ChangeTable) -> tuple[str, ...]:
    """That the test does not reject in 5 % of such trials where there is nothing, with the figure that was measured."""
    people = len(set(changes.where(changes.complete).subject))
    note = level_note(outcome.name, people, unequal=bool(unequal_scatter(changes)))
    return (note,) if note else ()


def why_not_declared(model: ExtensionModel, changes: ChangeTable) -> str:
    """Why this model is shown beside the plan although the plan names it; empty where it is part of it."""
    unequal = unequal_reliability(changes) if model.takes_as_exact and not model.why_never_declared else ""
    if not unequal:
        return model.why_never_declared
    return (
        f"{unequal}, and it takes the change for exact: equal slopes look unequal{_measured(model.name)} "
        "(errors_in_variables allows for it)"
    )


def _measured(name: str) -> str:
    return f", in {RATES[name].metabolite:.1f} % of simulated trials instead of {DUE:g}" if name in RATES else ""


def _says_nothing(
    model: ExtensionModel, outcome: ModelOutcome, table: ObservationTable, chain: ReferenceChain, plan: AnalysisPlan
) -> Iterator[tuple[str, str]]:
    """Terms whose interval holds everything there can be, on the scale of the model, each with the sentence."""
    changes = chain.changes
    if changes is None or not plan.couples or model.of_effects or not outcome.tested:
        return
    if model.logs:
        changes, _ = change_table(table, log_ratios(plan))
    for one in outcome.tested:
        yield from ((one.term, said) for said in says_nothing([one], changes, corrected=model.corrects_error))


def _outcome(name: str, table: ObservationTable, chain: ReferenceChain, plan: AnalysisPlan) -> ModelOutcome:
    model = MODELS[name]
    if chain.changes is None:
        return ModelOutcome(name=name, title=model.title, reason=chain.reason)
    try:
        return model.run(ModelInput(table=table, changes=chain.changes, plan=plan))
    except NotEstimable as why:
        return ModelOutcome(name=name, title=model.title, reason=str(why))
