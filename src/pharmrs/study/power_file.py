"""What `study.yaml` says about power, for `pharmrs power`."""

from __future__ import annotations

from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.study.study_file import read_power_plan
from pharmrs.trial.power.simulated import models_of
from pharmrs.trial.records.declared_analysis import StudyPlan
from pharmrs.trial.stage.power import declared


def read_power(path: Path) -> StudyPlan:
    """The plan of a file. Raises InputError with everything wrong, unknown models included."""
    plan = read_power_plan(path)
    known = models_of(plan.analysis.plan())
    unknown = [name for name in declared(plan).models if name not in known]
    if unknown:
        rule = f"must be one of {', '.join(known)}"
        raise InputError(
            InputProblem(file=str(path), field="power.models", rule=rule, value=name, remedy="correct the name")
            for name in unknown
        )
    return plan
