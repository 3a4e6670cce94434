"""What `study.yaml` says about power, for `pharmrs power`."""

from __future__ import annotations

from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.study.study_file import read_power_plan
from pharmrs.trial.models.registry import MODELS
from pharmrs.trial.power.simulated import MAIN
from pharmrs.trial.records.declared_analysis import StudyPlan
from pharmrs.trial.stage.power import declared


def read_power(path: Path) -> StudyPlan:
    """The plan of a file. Raises InputError with everything wrong, unknown models included."""
    plan = read_power_plan(path)
    unknown = [name for name in declared(plan).models if name != MAIN and name not in MODELS]
    if unknown:
        rule = f"must be {MAIN} or one of {', '.join(MODELS)}"
        raise InputError(
            InputProblem(file=str(path), field="power.models", rule=rule, value=name, remedy="correct the name")
            for name in unknown
        )
    return plan
