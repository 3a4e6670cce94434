"""`study.yaml` in, and its JSON Schema out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from pharmrs.assay.records.declared import Assay
from pharmrs.core.read.declarations import fields_of, read_declaration, read_keys
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.declaration import declaration
from pharmrs.study.declared import Study
from pharmrs.trial.power.simulated import models_of
from pharmrs.trial.records.declared_analysis import StudyPlan

_SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_WHEN_MISSING = (
    "check the path, or write a study.yaml at the root of the dataset with a title and what the study has: basis and "
    "quantification for spectra, assay, genotype, design and analysis (`pharmrs init`)"
)
_NO_ASSAY = "check the path, or write a file with analyte, unit and lower_limit, see docs/assay.md"
_NO_PLAN = "check the path, or write a plan with title, design and analysis, see docs/statistics.md"


def read_study(path: str | Path) -> Study:
    """Read and check `study.yaml`. Raises `InputError` with every mistake in it."""
    return read_declaration(path, Study, _WHEN_MISSING)


def read_plan(path: str | Path) -> StudyPlan:
    """Title, design and analysis plan of a `study.yaml`, whether it declares a whole study or only these.

    Raises `InputError` with every mistake in the file.
    """
    keys = read_keys(path, _NO_PLAN, "begin with `title:`, `design:`, `analysis:`")
    if not set(keys) - {one.name for one in fields_of(StudyPlan)}:
        return read_declaration(path, StudyPlan, _NO_PLAN)
    study = read_study(path)  # a whole study: everything in it must be right
    problems = Problems(str(path))
    for name in ("design", "analysis"):
        if getattr(study, name) is None:
            problems.add(name, "this key is required for the analysis", "missing", f"add '{name}' to study.yaml")
    problems.raise_errors()
    assert study.design is not None and study.analysis is not None
    return StudyPlan(
        title=study.title, design=study.design, analysis=study.analysis, power=study.power,
        power_series=study.power_series,
    )  # fmt: skip


def read_power_plan(path: str | Path) -> StudyPlan:
    """As `read_plan`, with what the planned trial is expected to be like. Raises `InputError`, of models too."""
    plan = read_plan(path)
    problems = Problems(str(path))
    if plan.power is None and plan.power_series is None:
        rule, remedy = "this key is required for a power calculation", "add 'power' or 'power_series' to study.yaml"
        problems.add("power", rule, "missing", remedy)
    known = models_of(plan.analysis.plan())
    for name in plan.power.models if plan.power is not None else ():
        if name not in known:
            problems.add("power.models", f"must be one of {', '.join(known)}", name, "correct the name")
    problems.raise_errors()
    return plan


def read_assay(path: str | Path) -> Assay:
    """The assay of a `study.yaml`, or of a file that declares an assay alone (`assay:` or its keys, nothing else).

    Raises `InputError` with every mistake in the file.
    """
    keys = set(read_keys(path, _NO_ASSAY, "begin with `analyte:`, `unit:`, `lower_limit:`"))
    if "assay" not in keys and keys & {one.name for one in fields_of(Assay)}:
        return read_declaration(path, Assay, _NO_ASSAY)
    if keys == {"assay"}:
        return read_declaration(path, _AssayAlone, _NO_ASSAY).assay
    declared = read_study(path).assay
    if declared is None:
        problems = Problems(str(path))
        problems.add("assay", "must be declared", "missing", "add assay: with analyte, unit and lower_limit")
        problems.raise_errors()
    assert declared is not None
    return declared


@declaration
class _AssayAlone:
    """A file that declares the assay and nothing else."""

    assay: Assay


def study_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `study.yaml`."""
    return {"$schema": _SCHEMA_DIALECT, **TypeAdapter(Study).json_schema()}
