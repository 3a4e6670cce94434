"""`study.yaml` in, and its JSON Schema out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pharmrs.io.declarations import read_declaration
from pharmrs.records.study import Study

_SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_WHEN_MISSING = "write a study.yaml at the root of the dataset with title, basis, quantification and quality"


def read_study(path: str | Path) -> Study:
    """Read and check `study.yaml`. Raises `InputError` with every mistake in it."""
    return read_declaration(path, Study, _WHEN_MISSING)


def study_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `study.yaml`."""
    return {"$schema": _SCHEMA_DIALECT, **Study.model_json_schema()}
