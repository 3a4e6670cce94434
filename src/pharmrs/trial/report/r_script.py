"""The same analysis as an R script beside the tables: it reads `observations.tsv` and compares its numbers to ours.

The models are in `analysis.R` of this folder, the same for every trial; written here is what was declared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files

from pharmrs.trial.models.imputation import TABLES
from pharmrs.trial.records.analysis import AnalysisPlan, Covariate
from pharmrs.trial.records.analysis_result import AnalysisResult

_HEAD = """\
# Written by pharmrs: the declared analysis in R, from observations.tsv of the folder above.
# Plan SHA-256 {hash}. Run it in its folder: Rscript analysis.R
# It prints every estimate beside that of estimates.tsv and stops where one differs by more than 1e-5 of its error
# (models that draw random numbers: by more than chance). Models beside the plan are not repeated.
plan <- {plan}
"""
NOT_REPEATED = {
    "multiverse": "repeats the main model under every combination of choices",
}
_PARTS = ("covariates", "correlations", "comparisons", "effects")  # of the reference chain, under other names
_TESTS_ALONE = ("leave_one_out", "within_correlation", "repeatability", "equivalence", "ranks", "summaries")


def r_script(result: AnalysisResult) -> str:
    """The script: what was declared, and the models."""
    models = files("pharmrs.trial.report").joinpath("analysis.R").read_text(encoding="utf-8")
    return _HEAD.format(hash=result.plan_hash, plan=_list(dict(_settings(result)))) + models


def _settings(result: AnalysisResult) -> Iterator[tuple[str, object]]:
    plan, table, chain = result.plan, result.table, result.chain
    yield "treatments", table.treatments
    yield "kind", table.kind
    yield "replicate", any(row.occasion for row in table.rows)
    yield from ((name, getattr(table, name)) for name in ("baseline", "follow_up"))
    yield from ((name, getattr(plan, name)) for name in ("metabolite", "biomarker", "metabolite_change"))
    yield "biomarker_change", plan.biomarker_change
    yield "transform", plan.biomarker_transform
    yield "adjust", plan.time_adjustment == "linear"
    yield "alpha", plan.alpha
    yield "outcomes", {one.name: one.change for one in plan.outcomes}
    yield "covariates", {one.covariate: _about(plan.covariates, one.covariate)
                         for one in chain.covariate_models if one.model}  # fmt: skip
    yield "exposures", {one.name: {"reference": one.reference, "at": one.at} for one in plan.exposures}
    yield "contrasts", {one.name: one.weights for one in plan.contrasts}
    yield "equivalence", [
        {"quantity": one.quantity, "low": one.low, "high": one.high,
         "label": f"{one.quantity} within {one.low:g} to {one.high:g}"}
        for one in plan.equivalence
    ]  # fmt: skip
    yield "doses", table.doses
    yield "ed50", plan.ed50
    yield "emax_label", f"Emax trend, ED50 {plan.ed50:g}"
    yield "tables", TABLES
    points = dict.fromkeys(row.time_point for row in table.rows if row.time_point != table.baseline)
    later = plan.repeated.time_points if plan.repeated else sorted(points, key=lambda one: one != table.follow_up)
    yield "later", tuple(later)
    yield "ar1", bool(plan.repeated and plan.repeated.covariance == "ar1")
    yield "logged", _logged(plan)
    effects = [(name, one) for name, one in zip(plan.quantities, chain.effects, strict=False) if one.tested]
    yield "effects", {name: one.tested[0].term for name, one in effects}
    declared = [one.name for one in result.models if one.declared and not one.reason]
    run = [
        *(["main", "covariates", "correlations", "comparisons"] if chain.model else []),
        *(["effects"] if effects else []),
        *(name for name in declared if name not in NOT_REPEATED),
    ]
    yield "run", tuple(run)
    yield (
        "expected",
        tuple(name for name in run if name not in ("covariates", "correlations", "comparisons", "effects")),
    )
    yield "by_tests", _TESTS_ALONE


def _about(covariates: tuple[Covariate, ...], name: str) -> dict[str, object]:
    one = next(one for one in covariates if one.name == name)
    return {"reference": one.reference, "at": one.at}


def _logged(plan: AnalysisPlan) -> tuple[str, ...]:
    """Quantities whose levels mmrm takes as logarithms."""
    found = [plan.metabolite] if plan.metabolite_change == "log_ratio" else []
    found += [plan.biomarker] if plan.biomarker_change == "log_ratio" or plan.biomarker_transform != "none" else []
    return tuple(name for name in (*found, *(one.name for one in plan.outcomes if one.change == "log_ratio")) if name)


def _list(values: Mapping[str, object]) -> str:
    """An R list."""
    return f"list({', '.join(f'{_text(name)} = {_value(value)}' for name, value in values.items())})"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return _list(value)
    if isinstance(value, list):
        return f"list({', '.join(_value(one) for one in value)})"
    if isinstance(value, tuple):
        return f"c({', '.join(_value(one) for one in value)})"
    return repr(value)


def _text(text: str) -> str:
    """An R string: quotes and backslashes escaped, and letters that a plain locale does not have."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if ord(one) < 128 else f"\\U{ord(one):08x}" for one in plain) + '"'
