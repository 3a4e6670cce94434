"""`results.json`: the whole analysis for programs. The structure is described in docs/statistics.md."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass

import numpy as np

from pharmrs.trial.records.analysis_result import AnalysisResult
from pharmrs.trial.records.linear_model import LinearModel
from pharmrs.trial.report.tables import reference_tests

SCHEMA = "pharmrs-results-1"
_MODEL_ARRAYS = ("design", "outcome", "coefficients", "covariance", "residuals", "estimates", "shapiro")


def results_json(result: AnalysisResult) -> str:
    """The analysis as JSON: numbers that are missing are null, every part says why it is missing."""
    chain, table = result.chain, result.table
    content = {
        "schema": SCHEMA,
        "plan_sha256": result.plan_hash,
        "plan": asdict(result.plan),
        "design": {
            "kind": table.kind,
            "treatments": list(table.treatments),
            "baseline": table.baseline,
            "follow_up": table.follow_up,
            "participants": len(table.subjects),
        },
        "units": {"metabolite": table.metabolite_unit, "biomarker": table.biomarker_unit},
        "analysis_flow": chain.flow,
        "levels": None
        if chain.levels is None
        else {name: getattr(chain.levels, name) for name in ("samples", "intercept", "slope_per_h", "shift", "notes")},
        "main_model": {"reason": chain.reason} if chain.model is None else _model(chain.model),
        "effects": chain.effects,
        "families": chain.families,
        "baseline": chain.baseline,
        "periods": chain.periods,
        "covariate_models": [
            {"covariate": one.covariate, "reason": one.reason, **(_model(one.model) if one.model else {})}
            for one in chain.covariate_models
        ],
        "tests": reference_tests(result),
        "unit_changes": chain.unit_changes,
        "rule_changes": chain.rule_changes,
        "models": result.models,
        "notes": chain.notes,
    }
    return json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _model(model: LinearModel) -> dict[str, object]:
    numbers = {item.name: getattr(model, item.name) for item in fields(model) if item.name not in _MODEL_ARRAYS}
    return {**numbers, "terms": model.estimates, "covariance": model.covariance, "shapiro": model.shapiro}


def _plain(value: object) -> object:
    """Records, arrays and mappings as JSON knows them; what is not finite becomes null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value
