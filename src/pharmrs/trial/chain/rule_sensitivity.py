"""The main result with and without each exclusion rule: what the declared rules did to it."""

from __future__ import annotations

from dataclasses import replace

from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.main_model import main_model
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.analysis_result import RuleChange
from pharmrs.trial.records.observations import Observation, ObservationTable

ALL_RULES = "all rules"


def rules_of(row: Observation) -> tuple[str, ...]:
    """The rules that exclude the metabolite or set the biomarker of an observation aside."""
    return (*row.exclusions, *((row.biomarker_set_aside.rule,) if row.biomarker_set_aside is not None else ()))


def rule_changes(table: ObservationTable, plan: AnalysisPlan) -> tuple[RuleChange, ...]:
    """The main model's interaction as declared, with each rule lifted that excluded something, and with all lifted.

    A value excluded by several rules returns only when all of them are lifted. Empty where nothing was excluded.
    """
    rules = list(dict.fromkeys(rule for row in table.paired_rows for rule in rules_of(row)))
    if not rules:
        return ()
    lifted: dict[str, frozenset[str]] = {"": frozenset()}
    lifted |= {rule: frozenset({rule}) for rule in rules}
    if len(rules) > 1:
        lifted[ALL_RULES] = frozenset(rules)
    return tuple(change for name, gone in lifted.items() for change in _without(name, gone, table, plan))


def _without(name: str, gone: frozenset[str], table: ObservationTable, plan: AnalysisPlan) -> list[RuleChange]:
    def lift(row: Observation) -> Observation:
        kept = replace(row, exclusions=tuple(rule for rule in row.exclusions if rule not in gone))
        aside = row.biomarker_set_aside
        if aside is None or aside.rule not in gone:
            return kept
        return replace(
            kept,
            biomarker=aside.value,
            biomarker_sd=aside.sd,
            biomarker_censored=aside.censored,
            biomarker_limit=aside.limit,
            biomarker_set_aside=None,
        )

    try:
        model = main_model(change_table(table.mapped(lift), plan)[0], plan)
    except NotEstimable as why:
        return [RuleChange(lifted=name, reason=str(why))]
    return [
        RuleChange(
            lifted=name, term=row.term, estimate=row.estimate, ci_low=row.ci_low, ci_high=row.ci_high, p=row.p, n=row.n
        )
        for row in model.hypothesis
    ]
