"""The statistics as tidy tables: observations, changes, estimates, tests, sample flow, unit check, facts of models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields

from pharmrs.core.records.columns import Column
from pharmrs.core.report.tables import Cell, Row, Table
from pharmrs.trial.records.analysis import EffectEstimate, ModelOutcome, StatisticalTest
from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.records.changes import BASELINE, FOLLOW_UP, ChangeTable
from pharmrs.trial.records.multiverse import SpecificationCurve
from pharmrs.trial.records.observations import RULES_APART, ObservationTable
from pharmrs.trial.report import dictionary as dictionaries


def observations_table(table: ObservationTable) -> Table:
    """Every observation, covariates last; the input of `pharmrs analyse`."""
    columns = dict(dictionaries.OBSERVATIONS)
    columns["metabolite"] = Column(columns["metabolite"].description, table.metabolite_unit)
    columns["biomarker"] = Column(columns["biomarker"].description, table.biomarker_unit)
    scales = tuple(dict.fromkeys(name for row in table.rows for name in row.metabolite_scales))
    columns |= {f"metabolite@{name}": Column(f"Metabolite on the scale {name}, for the multiverse.") for name in scales}
    columns |= {name: Column(f"Covariate {name}.") for name in table.covariate_names}
    rows: list[Row] = []
    for row in table.rows:
        cells: Row = {name: getattr(row, name) for name in dictionaries.OBSERVATIONS if name not in _EXCLUSION}
        cells["metabolite_excluded"], cells["exclusion_rule"] = bool(row.exclusions), RULES_APART.join(row.exclusions)
        cells |= {f"metabolite@{name}": value for name, value in row.metabolite_scales.items()}
        rows.append({name: _exact(value) for name, value in (cells | dict(row.covariates)).items()})
    return Table(name="observations", columns=columns, rows=tuple(rows))


_EXCLUSION = ("metabolite_excluded", "exclusion_rule")


def _exact(value: Cell) -> Cell:
    """A number with all its digits: ten are not enough to give an input back, and a lost tie moves a rank test."""
    return repr(value) if isinstance(value, float) and math.isfinite(value) else value


def changes_table(changes: ChangeTable) -> Table:
    """One row per participant and treatment: levels, changes, whether the pair is analysed."""
    rows: list[Row] = []
    for i in range(len(changes)):
        rows.append(
            {
                "subject": changes.subject[i],
                "sequence": changes.sequence[i],
                "period": None if math.isnan(changes.period[i]) else int(changes.period[i]),
                "treatment": changes.treatment[i],
                "metabolite_baseline": float(changes.metabolite[i, BASELINE]),
                "metabolite_follow_up": float(changes.metabolite[i, FOLLOW_UP]),
                "biomarker_level_baseline": float(changes.biomarker_level[i, BASELINE]),
                "biomarker_level_follow_up": float(changes.biomarker_level[i, FOLLOW_UP]),
                "change_metabolite": float(changes.change_metabolite[i]),
                "change_metabolite_sd": float(changes.change_metabolite_sd[i]),
                "change_biomarker": float(changes.change_biomarker[i]),
                "analysed": bool(changes.complete[i]),
            }
            | {name: values[i] for name, values in changes.covariates.items()}
        )
    columns = dict(dictionaries.CHANGES) | {name: Column(f"Covariate {name}.") for name in changes.covariates}
    return Table(name="changes", columns=columns, rows=tuple(rows))


def estimates_table(result: AnalysisResult) -> Table:
    """Every term of every model; a model without a result is a row with its reason."""
    rows: list[Row] = []
    chain = result.chain
    if chain.model is None and result.couples:
        rows.append({"model": "main", "declared": True, "reason": chain.reason})
    elif chain.model is not None:
        rows += [_estimate_row(item, True) for item in chain.model.estimates]
    for effect in chain.effects:
        rows += [{"model": effect.name, "declared": True, "reason": effect.reason}] if effect.reason else []
        rows += [_estimate_row(item, True) for item in effect.estimates]
    for one in chain.covariate_models:
        if one.model is None:
            rows.append({"model": f"main + {one.covariate}", "declared": True, "reason": one.reason})
        else:
            rows += [_estimate_row(item, True) for item in one.model.estimates]
    for model in result.models:
        if model.reason:
            rows.append({"model": model.name, "declared": model.declared, "reason": model.reason})
        rows += [_estimate_row(item, model.declared) for item in model.estimates]
    return Table(name="estimates", columns=dictionaries.ESTIMATES, rows=tuple(rows))


def _estimate_row(item: EffectEstimate, declared: bool) -> Row:
    return {name: getattr(item, name, None) for name in dictionaries.ESTIMATES} | {"declared": declared}


def tests_table(result: AnalysisResult) -> Table:
    """Every test of the reference chain and of the extension models."""
    rows = [_test_row(test, None) for test in reference_tests(result)]
    rows += [_test_row(test, model) for model in result.models for test in model.tests]
    return Table(name="tests", columns=dictionaries.TESTS, rows=tuple(rows))


def reference_tests(result: AnalysisResult) -> list[StatisticalTest]:
    """The tests of the reference chain in the order they are reported."""
    chain = result.chain
    tests: list[StatisticalTest] = []
    models = [chain.model, *(one.model for one in chain.covariate_models)]
    for model in models:
        if model is not None:
            tests.append(
                StatisticalTest(
                    family="model_f", group="", quantity=model.formula, statistic_name="F", statistic=model.f,
                    df=model.df[0], df2=model.df[1], p=model.f_p, p_method="F", estimate_name="R2",
                    estimate=model.r2, n=model.n,
                )
            )  # fmt: skip
            tests.append(model.shapiro)
    return [
        *tests,
        *chain.joint,
        *chain.terms,
        *chain.covariates,
        *chain.correlations,
        *chain.oldham,
        *chain.paired,
        *chain.families,
    ]


def _test_row(test: StatisticalTest, model: ModelOutcome | None) -> Row:
    row: Row = {item.name: getattr(test, item.name) for item in fields(StatisticalTest)}
    return row | {"model": model.name if model else None, "declared": model.declared if model else True}


def analysis_flow_table(result: AnalysisResult) -> Table:
    """The sample flow."""
    rows = tuple(_cells(item, dictionaries.FLOW) for item in result.chain.flow)
    return Table(name="analysis_flow", columns=dictionaries.FLOW, rows=rows)


def baseline_table(result: AnalysisResult) -> Table:
    """Who took part, by sequence or arm."""
    rows = tuple(_cells(item, dictionaries.BASELINE) for item in result.chain.baseline)
    return Table(name="baseline", columns=dictionaries.BASELINE, rows=rows)


def periods_table(result: AnalysisResult) -> Table:
    """Who was planned and is analysed, by sequence and period."""
    rows = tuple(_cells(item, dictionaries.PERIODS) for item in result.chain.periods)
    return Table(name="periods", columns=dictionaries.PERIODS, rows=rows)


def unit_changes_table(result: AnalysisResult) -> Table:
    """The interaction in other units of the assay."""
    rows = tuple(_cells(item, dictionaries.UNIT_CHANGES) for item in result.chain.unit_changes)
    return Table(name="unit_changes", columns=dictionaries.UNIT_CHANGES, rows=rows)


def rule_changes_table(result: AnalysisResult) -> Table:
    """The interaction with and without each exclusion rule."""
    rows = tuple(_cells(item, dictionaries.RULE_CHANGES) for item in result.chain.rule_changes)
    return Table(name="rule_changes", columns=dictionaries.RULE_CHANGES, rows=rows)


def facts_table(models: Sequence[ModelOutcome]) -> Table:
    """Single numbers of the treatment effects and of the extension models."""
    rows: list[Row] = [
        {"model": model.name, "declared": model.declared, "fact": name, "value": value}
        for model in models
        for name, value in model.facts.items()
    ]
    return Table(name="model_facts", columns=dictionaries.FACTS, rows=tuple(rows))


def specifications_table(name: str, curve: SpecificationCurve) -> Table:
    """Every specification of a multiverse in the order of its effect, with what it chose."""
    columns = {axis.replace(" ", "_"): Column(f"Choice of {axis}.") for axis in curve.axes}
    columns |= dictionaries.SPECIFICATIONS
    rows: list[Row] = []
    for place in range(len(curve)):
        cells: Row = {axis.replace(" ", "_"): curve.level(place, position) for position, axis in enumerate(curve.axes)}
        cells |= {
            "effect": float(curve.effect[place]), "se": float(curve.se[place]), "p": float(curve.p[place]),
            "n": int(curve.n[place]),
        }  # fmt: skip
        rows.append(cells)
    return Table(name=f"{name}_specifications", columns=columns, rows=tuple(rows))


def _cells(item: object, columns: dict[str, Column]) -> Row:
    found: dict[str, Cell] = {name: getattr(item, name) for name in columns}
    return found


def analysis_tables(result: AnalysisResult) -> tuple[Table, ...]:
    """All tidy tables of the statistics but the observations."""
    changes = result.chain.changes
    return (
        *((changes_table(changes),) if changes is not None else ()),
        estimates_table(result),
        tests_table(result),
        analysis_flow_table(result),
        baseline_table(result),
        periods_table(result),
        unit_changes_table(result),
        rule_changes_table(result),
        facts_table((*result.chain.effects, *result.models)),
        *(specifications_table(model.name, model.curve) for model in result.models if model.curve is not None),
    )
