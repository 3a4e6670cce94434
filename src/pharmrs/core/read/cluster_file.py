"""The file of `--cluster`: YAML in, every mistake at once."""

from __future__ import annotations

from pathlib import Path

from pharmrs.core.read.declarations import read_declaration
from pharmrs.core.records.declared_cluster import ClusterPlan

_WHEN_MISSING = "check the path; docs/scale.md has an example"


def read_cluster(path: str | Path) -> ClusterPlan:
    """Read and check the declaration of a batch system. Raises `InputError` with every mistake in it."""
    return read_declaration(path, ClusterPlan, _WHEN_MISSING)
